//! What the bank says over OTLP: exact span trees, metrics and logs, and the context that events carry.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Bank, say};
use event_sourcing::bank::{Balances, Customer, Teller};
use event_sourcing::service::api;
use event_sourcing::{Metadata, Poison, Subscription, rebuild, scope};
use serde_json::{Value, json};
use testkit::{Capture, Registry, assert_capture, check, serve};
use tracing::instrument::WithSubscriber;
use uuid::Uuid;

/// Every name in it is in the conventions or in this listing's registry.
fn check_conventions(capture: &Capture) {
    let violations = check(capture, &Registry::read("telemetry/registry.toml"));
    assert_eq!(violations.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
}

/// An account in the name of Ann, whose opening nobody records.
async fn account(bank: &Bank) -> Uuid {
    let account = Uuid::from_u128(7);
    let customer = Customer { number: Uuid::from_u128(1), name: "Ann".into() };
    Teller::new(bank.store.clone()).open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    account
}

impl Bank {
    /// Over HTTP; the address of the bank.
    async fn http(&self) -> String {
        let router = api::router(self.store.clone(), &self.telemetry.meter(scope()));
        format!("http://{}", serve(router, self.telemetry.dispatch()).await)
    }
}

// ANCHOR: deposit
#[tokio::test]
async fn a_deposit_is_followed_from_the_request_to_the_read_model() {
    let bank = Bank::alone().await;
    let account = account(&bank).await;
    let balances = Subscription::new(bank.store.clone(), Balances::of(&bank.store));
    balances.step().await.unwrap(); // the opening
    let (address, customer) = (bank.http().await, reqwest::Client::new());

    let deposit = customer.post(format!("{address}/accounts/{account}/deposits"));
    let deposit = deposit.header("idempotency-key", Uuid::new_v4().to_string());
    let deposit = deposit.header("content-type", "application/json").body(r#"{"cents":500}"#);
    let done = deposit.send().await.unwrap();
    assert_eq!(done.status(), 200);
    let done: Value = serde_json::from_str(&done.text().await.unwrap()).unwrap();

    let dispatch = bank.telemetry.dispatch();
    assert_eq!(balances.step().with_subscriber(dispatch.clone()).await.unwrap(), 1);
    assert_eq!(balances.step().with_subscriber(dispatch).await.unwrap(), 0, "and nothing more, which leaves no span");
    let position = done["position"].as_str().unwrap();
    let answer = customer.get(format!("{address}/accounts/{account}?after={position}")).send().await.unwrap();
    let balance: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(balance["cents"], 500);

    let capture = bank.close().await;
    let tree = "POST /accounts/{account}/deposits\n  SELECT snapshots\n  SELECT events\n  send account\n    INSERT events\n\
                process balances → send account\n  SELECT checkpoints\n  INSERT balances\n  UPDATE checkpoints\n\
                GET /accounts/{account}\n  SELECT balances\n";
    assert_eq!(capture.tree(), tree);
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/deposit.json");
}
// ANCHOR_END: deposit

// ANCHOR: conflict
#[tokio::test]
async fn a_conflict_is_counted_and_the_span_says_so() {
    let bank = Bank::alone().await;
    let said = async {
        say(&bank.store, "a", 0, 1).await.unwrap();
        say(&bank.store, "a", 0, 2).await.unwrap_err();
        say(&bank.store, "a", 1, 2).await.unwrap();
    };
    said.with_subscriber(bank.telemetry.dispatch()).await;
    let capture = bank.close().await;
    let tree = "send talk\n  INSERT events\nsend talk ✗ conflict\n  INSERT events\n  SELECT events\n  SELECT events\n\
                send talk\n  INSERT events\n";
    assert_eq!(capture.tree(), tree);
    let category = [("eventstore.stream.category", "talk")];
    assert_eq!(capture.metric("eventstore.append.conflicts", &category), Some(&json!(1)));
    assert_eq!(capture.metric("eventstore.append.events", &category), Some(&json!(2)));
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/conflict.json");
}
// ANCHOR_END: conflict

// ANCHOR: unavailable
#[tokio::test]
async fn a_command_while_the_database_is_away_is_an_error_that_may_be_sent_again() {
    let bank = Bank::alone().await;
    let (address, customer) = (bank.http().await, reqwest::Client::new());
    bank.server.as_ref().unwrap().stop();
    let deposit = customer.post(format!("{address}/accounts/{}/deposits", Uuid::from_u128(7)));
    let deposit = deposit.header("idempotency-key", Uuid::new_v4().to_string());
    let refused = deposit.header("content-type", "application/json").body(r#"{"cents":500}"#).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));

    let capture = bank.close().await;
    let server = capture.spans_named("POST /accounts/{account}/deposits").next().unwrap();
    assert_eq!(server.attributes["error.type"], "503");
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/unavailable.json");
}
// ANCHOR_END: unavailable

// ANCHOR: rebuild
#[tokio::test]
async fn a_rebuild_begins_traces_of_its_own_and_links_to_the_old_ones() {
    let bank = Bank::alone().await;
    let account = account(&bank).await;
    let deposits = async {
        let teller = Teller::new(bank.store.clone());
        for _ in 0..2 {
            teller.deposit(account, 500, Uuid::new_v4(), Metadata::default()).await.unwrap();
        }
    };
    deposits.with_subscriber(bank.telemetry.dispatch()).await;
    let balances = Subscription::new(bank.store.clone(), Balances::of(&bank.store));
    rebuild(balances).with_subscriber(bank.telemetry.dispatch()).await.unwrap();

    let capture = bank.close().await;
    let process = capture.spans_named("process balances.rebuild").next().unwrap();
    assert_eq!((process.parent, process.links.len()), (None, 2), "{capture}");
    for link in &process.links {
        let producer = capture.spans.iter().find(|span| span.id == *link).unwrap();
        assert_eq!(producer.name, "send account");
        assert_ne!(producer.trace, process.trace, "what is long over gets no new children");
    }
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/rebuild.json");
}
// ANCHOR_END: rebuild

// ANCHOR: skipped
#[tokio::test]
async fn an_event_that_was_left_out_is_an_error_in_the_log_and_counted() {
    let bank = Bank::alone().await;
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'account-7', 1, 'account_closed', 1, '{}', '{}', '{}')";
    sqlx::query(insert).execute(bank.pool()).await.unwrap();
    let balances = Subscription::new(bank.store.clone(), Balances::of(&bank.store)).poison(Poison::Skip);
    balances.step().with_subscriber(bank.telemetry.dispatch()).await.unwrap();

    let capture = bank.close().await;
    let [log] = capture.logs.as_slice() else { panic!("one record:\n{capture}") };
    assert_eq!((log.event_name.as_deref(), &*log.severity), (Some("projection.skipped"), "ERROR"));
    assert_eq!(log.attributes["exception.message"], r#"unknown kind of event "account_closed""#);
    assert_eq!(capture.metric("projection.skipped", &[("projection.name", "balances")]), Some(&json!(1)));
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/skipped.json");
}
// ANCHOR_END: skipped

#[tokio::test]
async fn an_event_carries_the_trace_of_its_append_and_no_baggage() {
    let bank = Bank::open().await;
    say(&bank.store, "a", 0, 1).with_subscriber(bank.telemetry.dispatch()).await.unwrap();
    let events = bank.all().await;
    let metadata: Metadata = serde_json::from_str(&events[0].metadata).unwrap();
    let parent = metadata.traceparent.clone().unwrap();
    assert!(parent.starts_with("00-") && parent.ends_with("-01"), "{parent}");
    let context = metadata.span_context();
    tracing::dispatcher::with_default(&bank.telemetry.dispatch(), || {
        let context = metadata.span_context().unwrap();
        assert_eq!(format!("00-{}-{}-01", context.trace_id(), context.span_id()), parent);
    });
    drop(context);
    assert!(!events[0].metadata.contains("baggage"));
}

#[tokio::test]
async fn lag_is_the_age_of_what_waits_also_after_a_restart_and_under_load() {
    let bank = Bank::alone().await;
    let lag = async |balances: &Subscription<Balances>| {
        balances.report().await.unwrap();
        bank.telemetry.flush().unwrap();
        let capture = bank.receiver.capture().await;
        capture.metric("projection.lag.time", &[("projection.name", "balances")]).unwrap().as_f64().unwrap()
    };
    say(&bank.store, "a", 0, 1).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let balances = || Subscription::new(bank.store.clone(), Balances::of(&bank.store)).batch(1);
    assert!(lag(&balances()).await >= 0.3, "one that has just started knows how old the event is");
    // The next one is there before this one is applied: never everything is.
    let balances = balances();
    for number in 1..3 {
        say(&bank.store, "a", number, 1).await.unwrap();
        balances.step().await.unwrap();
    }
    assert!(lag(&balances).await < 0.3, "of the newest, not since everything was applied");
}

#[tokio::test]
async fn lag_is_told_while_there_is_more_and_ends_at_zero() {
    let bank = Bank::alone().await;
    account(&bank).await;
    let teller = Teller::new(bank.store.clone());
    for _ in 0..9 {
        teller.deposit(Uuid::from_u128(7), 500, Uuid::new_v4(), Metadata::default()).await.unwrap();
    }
    let balances = Subscription::new(bank.store.clone(), Balances::of(&bank.store)).batch(4);
    let lag = async |step: i64| {
        balances.step().await.unwrap();
        bank.telemetry.flush().unwrap();
        let capture = bank.receiver.capture().await;
        let name = [("projection.name", "balances")];
        let value = |metric: &str| capture.metric(metric, &name).unwrap().clone();
        assert_eq!(value("projection.checkpoint.position"), json!(step));
        value("projection.lag.events")
    };
    assert_eq!((lag(4).await, lag(8).await, lag(10).await), (json!(6), json!(2), json!(0)));
}
