//! What breaks, and what survives: the crash matrix, and each of its cases by itself.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::time::Duration;

use common::child::Child;
use common::crash::{Outcome, Report, connection_cut, database_killed, service_killed};
use common::customer::{account, deposit, has};
use common::gate::Gate;
use common::load::{ACCOUNTS, COMMANDS, client, position, post};
use common::running::Running;
use common::{Bank, Said, count, in_time, say};
use event_sourcing::bank::{Account, balance};
use event_sourcing::{AppendError, EventStore, Position, connect, scope};
use serde_json::json;
use sqlx::{ConnectOptions, Executor, Row};
use testkit::{Capture, LogRecord, Postgres, Receiver};
use uuid::Uuid;

// ANCHOR: survived
/// What is the same whatever breaks: nothing is missing, nothing is there twice, and the projections went on from where
/// they had been.
fn survived(report: &Report) {
    assert_eq!(report.outcome, Outcome::WHOLE);
    assert_eq!(report.balances, report.due);
    let opened = 2 * ACCOUNTS as i64; // opened, and some money on it
    assert_eq!(report.end.events, opened + COMMANDS as i64 / 2 * 3, "a deposit is one event, a transfer two");
    let mut before = (opened, Position::START);
    for moment in report.faults.iter().chain([&report.end]) {
        assert!(moment.events > before.0 && moment.checkpoint >= before.1, "{moment:?} comes after {before:?}");
        assert!(moment.checkpoint > Position::START, "it does not begin anew");
        before = (moment.events, moment.checkpoint);
    }
}
// ANCHOR_END: survived

// ANCHOR: matrix
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_the_service_loses_nothing_and_repeats_nothing() {
    let report = service_killed(&Postgres::shared()).await;
    survived(&report);
    assert!(report.broken > 0, "somebody had to send it again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_postgresql_loses_nothing_and_repeats_nothing() {
    let report = database_killed(&Postgres::start(&[("fsync", "on")])).await;
    survived(&report);
    assert!(report.unavailable > 0, "the service said that it could not");

    // What is recorded afterwards comes after all that was acknowledged before.
    let (killed, all) = (report.faults[0].at, report.acknowledged.values());
    let before = all.clone().filter(|one| one.at < killed).map(|one| one.position).max().unwrap();
    let after = all.filter(|one| one.sent > killed).map(|one| one.position).min().unwrap();
    assert!(after > before, "{after} comes after {before}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing_and_repeat_nothing() {
    let report = connection_cut(&Postgres::shared()).await;
    survived(&report);
    assert!(report.unavailable >= 10, "at least one for each cut");
}
// ANCHOR_END: matrix

/// The service on the database of a test.
fn service(bank: &Bank, more: &[(&str, &str)]) -> Child {
    let url = bank.options.to_url_lossy();
    let environment = [&[("DATABASE_URL", url.as_str())], more].concat();
    Child::start(&environment)
}

// ANCHOR: in_doubt
#[tokio::test]
async fn what_was_recorded_and_never_answered_happens_once_when_it_is_sent_again() {
    let bank = Bank::open().await;
    let (account, command, client) = (account(&bank).await, Uuid::new_v4(), client());
    let send = |service: &Child| {
        let (client, url) = (client.clone(), format!("{}/accounts/{account}/deposits", service.url()));
        tokio::spawn(async move { post(&client, &url, command, &json!({ "cents": 500 })).await })
    };
    let mut gate = Gate::at_insert(&bank, "events").await;
    let mut first = service(&bank, &[("OTEL_SDK_DISABLED", "true")]);
    let request = send(&first);
    gate.waiting(1).await; // PostgreSQL is about to write it
    first.kill();
    assert!(request.await.unwrap().is_err(), "nobody answers");
    gate.open().await; // PostgreSQL does not know, and writes it
    let recorded = bank.recorded(2).await;

    let second = service(&bank, &[("OTEL_SDK_DISABLED", "true")]);
    let answer = send(&second).await.unwrap().unwrap();
    assert_eq!((answer.status().as_u16(), position(answer).await.unwrap()), (200, recorded));
    assert_eq!(count(bank.pool()).await, 2);
}
// ANCHOR_END: in_doubt

// ANCHOR: idle
#[tokio::test]
async fn symptom_a_writer_that_does_nothing_holds_projections_back_until_its_session_is_ended() {
    let bank = Bank::open().await;
    let hasty = bank.hasty("idle_in_transaction_session_timeout", "500").await;
    let (account, running) = (account(&bank).await, Running::start(&bank.store, bank.telemetry.dispatch()));
    has(&bank, account, 0).await;

    let mut idle = hasty.pool().begin().await.unwrap();
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'talk-a', 1, 'said', 1, '7', '{}', '{}')";
    idle.execute(insert).await.unwrap();
    deposit(&bank.store, account, Uuid::new_v4()).await.unwrap(); // comes after it in the order
    has(&bank, account, 500).await;
    let ended = idle.commit().await.unwrap_err(); // or the projection would not have gone on
    assert!(ended.as_database_error().is_none_or(|answer| answer.code().unwrap() == "25P03"), "{ended}");
    assert_eq!(count(bank.pool()).await, 2, "what it had written is gone");
    running.stop().await;
}
// ANCHOR_END: idle

// ANCHOR: disk
#[tokio::test]
async fn a_projection_waits_while_the_disk_is_full_and_goes_on_when_there_is_room() {
    let bank = Bank::open().await;
    let (account, running) = (account(&bank).await, Running::start(&bank.store, bank.telemetry.dispatch()));
    has(&bank, account, 0).await;
    let checkpoint = bank.store.progress("balances").await.unwrap();
    // The commit fails, as it does when there is no room; a sequence counts, because it is not rolled back.
    let full = "CREATE SEQUENCE attempts;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('attempts'); RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
        CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON checkpoints
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();";
    sqlx::raw_sql(full).execute(bank.pool()).await.unwrap();
    deposit(&bank.store, account, Uuid::new_v4()).await.unwrap();
    let attempts = async || -> i64 {
        let attempts = sqlx::query("SELECT last_value FROM attempts").fetch_one(bank.pool());
        attempts.await.unwrap().get(0)
    };
    in_time(async {
        while attempts().await < 4 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(balance(&bank.store, account).await.unwrap().unwrap().cents, 0, "as far as the checkpoint");
    assert_eq!(bank.store.progress("balances").await.unwrap(), checkpoint);

    bank.pool().execute("DROP TRIGGER refuse ON checkpoints").await.unwrap();
    has(&bank, account, 500).await;
    deposit(&bank.store, account, Uuid::new_v4()).await.unwrap();
    has(&bank, account, 1_000).await;
    running.stop().await;
    let capture = bank.close().await;
    let waiting = capture.logs.iter().filter(|log| log.event_name.as_deref() == Some("projection.waiting"));
    assert!(waiting.count() >= 4, "it says so each time");
}
// ANCHOR_END: disk

// ANCHOR: writers
/// Says each number, at the version that the stream has. Returns where they are, and how many conflicts there were.
async fn write(store: EventStore, numbers: Range<i64>) -> (Vec<(i64, i64, Position)>, usize) {
    let (mut version, mut acknowledged, mut conflicts) = (0, Vec::new(), 0);
    for number in numbers {
        loop {
            match say(&store, "a", version, number).await {
                Ok(appended) => break acknowledged.push((version + 1, number, appended.position)),
                Err(AppendError::Conflict { actual, .. }) => (version, conflicts) = (actual.0, conflicts + 1),
                Err(error) => panic!("{error}"),
            }
        }
        version += 1;
    }
    (acknowledged, conflicts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_one_stream_lose_nothing_and_leave_no_gap() {
    const ROUNDS: i64 = 100;
    let bank = Bank::open().await;
    let mut writers = Vec::new();
    for first in [0, ROUNDS] {
        let pool = connect(bank.options.clone(), 2).await.unwrap(); // as another process would
        let store = EventStore::new(pool, &bank.telemetry.meter(scope()));
        writers.push(tokio::spawn(write(store, first..first + ROUNDS)));
    }
    let (mut acknowledged, mut conflicts) = (Vec::new(), 0);
    for writer in writers {
        let (places, refused) = in_time(writer).await.unwrap();
        acknowledged.extend(places);
        conflicts += refused;
    }
    assert!(conflicts > 0, "they got into each other's way");
    acknowledged.sort_unstable();
    let recorded = bank.all().await;
    let recorded = recorded.iter().map(|event| (event.version.0, event.decode::<Said>().unwrap().0, event.position));
    assert_eq!(recorded.collect::<Vec<_>>(), acknowledged, "each where its writer was told");
    assert_eq!(acknowledged.iter().map(|one| one.0).collect::<Vec<_>>(), (1..=2 * ROUNDS).collect::<Vec<_>>());
}
// ANCHOR_END: writers

// ANCHOR: sigterm
#[tokio::test]
async fn sigterm_answers_what_is_under_way_finishes_the_batch_and_loses_no_span() {
    let bank = Bank::open().await;
    let account = account(&bank).await;
    let before = deposit(&bank.store, account, Uuid::new_v4()).await.unwrap().position;
    let mut gate = Gate::at_insert(&bank, "balances").await;
    let receiver = Receiver::grpc().await;
    let service = service(
        &bank,
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()),
            ("OTEL_BSP_SCHEDULE_DELAY", "60000"), // so that what arrives was flushed at the end
        ],
    );
    gate.waiting(1).await; // a projection, with both events
    Gate::widen(&bank, "events").await;
    let url = format!("{}/accounts/{account}/deposits", service.url());
    let request = tokio::spawn(async move { post(&client(), &url, Uuid::new_v4(), &json!({ "cents": 7 })).await });
    gate.waiting(2).await; // and a customer

    service.terminate();
    let port = service.port;
    in_time(async {
        while TcpStream::connect(("127.0.0.1", port)).is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    gate.open().await;
    assert_eq!(request.await.unwrap().unwrap().status(), 200, "what was under way is finished");
    let (status, said) = service.ended().await;
    assert!(status.success(), "{said}");
    assert_eq!(bank.store.progress("balances").await.unwrap(), before, "the batch is finished");
    assert_eq!(balance(&bank.store, account).await.unwrap().unwrap().cents, 500);

    let capture = receiver.capture().await;
    let names = ["POST /accounts/{account}/deposits", "send account", "process balances"];
    assert_eq!(names.map(|name| capture.spans_named(name).count()), [1, 1, 1], "{capture}");
}
// ANCHOR_END: sigterm

// ANCHOR: stopped
#[tokio::test]
async fn symptom_a_projection_has_stopped_and_customers_are_still_served() {
    let bank = Bank::open().await;
    let account = account(&bank).await;
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'account-strange', 1, 'account_frozen', 1, '{}', '{}', '{}')";
    sqlx::query(insert).execute(bank.pool()).await.unwrap();
    let receiver = Receiver::grpc().await;
    let environment = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
    ];
    let service = service(&bank, &environment);
    let stopped = |capture: &Capture| {
        let named = |log: &&LogRecord| log.event_name.as_deref() == Some("projection.stopped");
        let log = capture.logs.iter().find(|log| named(log) && log.attributes["projection.name"] == "balances")?;
        Some((log.severity.clone(), log.attributes["exception.message"].to_string()))
    };
    let (severity, why) = receiver.eventually("an error in the log", stopped).await;
    assert!(severity == "ERROR" && why.contains("unknown kind of event"), "{severity} {why}");

    let deposits = format!("{}/accounts/{account}/deposits", service.url());
    let answer = post(&client(), &deposits, Uuid::new_v4(), &json!({ "cents": 500 })).await.unwrap();
    assert_eq!(answer.status(), 200);
    let behind = |capture: &Capture| {
        let lag = |metric| capture.metric(metric, &[("projection.name", "balances")])?.as_f64();
        (lag("projection.lag.events")? >= 2.0).then(|| lag("projection.lag.time"))?
    };
    let before = receiver.eventually("the lag of what has stopped", behind).await;
    receiver.eventually("a lag that grows", |capture| behind(capture).filter(|&now| now > before + 0.5)).await;
}
// ANCHOR_END: stopped

// ANCHOR: collector
#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_collector_the_service_goes_on_in_the_same_memory() {
    let bank = Bank::open().await;
    let account = account(&bank).await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts, and never answers
    let collector = format!("http://{}", silent.local_addr().unwrap());
    let environment = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)];
    let service = service(&bank, &[&environment[..], &[("OTEL_BSP_MAX_QUEUE_SIZE", "256")]].concat());
    let (client, url) = (client(), format!("{}/accounts/{account}/deposits", service.url()));
    let deposits = async |count| {
        for _ in 0..count {
            let answer = post(&client, &url, Uuid::new_v4(), &json!({ "cents": 1 })).await.unwrap();
            assert_eq!(answer.status(), 200);
        }
    };
    deposits(60).await; // five spans each, and those of the projections: more than the queue holds
    let before = service.resident();
    deposits(120).await; // twice as many
    let grown = service.resident().saturating_sub(before);
    assert!(grown < 1024 * 1024, "it has grown by {grown} bytes while nobody listened");

    drop(silent); // and now there is nobody at all
    service.terminate();
    let (status, said) = service.ended().await;
    assert!(status.success() && said.contains("telemetry was not delivered"), "{said}");
    assert_eq!(bank.store.load::<Account>(account).await.unwrap().state.cents, 180);
}
// ANCHOR_END: collector
