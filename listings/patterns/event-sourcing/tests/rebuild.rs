//! Rebuilds in company: of each other, of writers, and of limits.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::child;
use common::gate::Gate;
use common::{Bank, Said, in_time, say};
use event_sourcing::bank::{Customer, Teller, balance};
use event_sourcing::{
    EventStore, Metadata, Poison, Projected, Projection, RebuildError, Subscription, SubscriptionError, rebuild,
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// What was said, by number.
#[derive(Default)]
enum Heard {
    #[default]
    AtOnce,
    /// Each batch waits at a gate that has the name of its first number.
    Gated,
    /// And while it listens, the next thing is said.
    Answered(Box<EventStore>, AtomicI64),
}

impl Projection for Heard {
    type Event = Said;
    const NAME: &'static str = "heard";
    const CATEGORIES: &'static [&'static str] = &["talk"];
    const TABLES: &'static [&'static str] = &["heard"];

    async fn apply(&self, events: &[Projected<Said>], transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
        let numbers: Vec<i64> = events.iter().map(|projected| projected.event.0).collect();
        match self {
            Self::AtOnce => {}
            Self::Gated => {
                let gate = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))";
                sqlx::query(gate).bind(format!("heard:{}", numbers[0])).execute(&mut *transaction).await?;
            }
            Self::Answered(store, said) => {
                let number = said.fetch_add(1, Ordering::Relaxed);
                say(store, "echo", number, number).await.unwrap();
            }
        }
        let insert = sqlx::query("INSERT INTO heard (number) SELECT * FROM unnest($1::bigint[])").bind(numbers);
        insert.execute(transaction).await?;
        Ok(())
    }
}

impl Bank {
    /// With so many events, in the live table.
    async fn heard(self, events: i64) -> Self {
        let table = "CREATE TABLE heard (number bigint NOT NULL CHECK (number >= 0))";
        self.pool().execute(table).await.unwrap();
        for number in 0..events {
            say(&self.store, "a", number, number).await.unwrap();
        }
        self.settle().await;
        self.subscription(Heard::AtOnce).step().await.unwrap();
        self
    }

    fn subscription(&self, heard: Heard) -> Subscription<Heard> {
        Subscription::new(self.store.clone(), heard)
    }

    /// For a lock that is held until the end of a transaction.
    async fn somebody_waits_for_a_batch(&self) -> bool {
        let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
            WHERE a.datname = current_database() AND NOT l.granted AND l.locktype <> 'advisory')";
        sqlx::query_scalar(waiting).fetch_one(self.pool()).await.unwrap()
    }

    async fn numbers(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT number FROM heard ORDER BY 1").fetch_all(self.pool()).await.unwrap()
    }
}

fn start(new: Subscription<Heard>) -> JoinHandle<Result<usize, RebuildError>> {
    tokio::spawn(rebuild(new))
}

// ANCHOR: two
#[tokio::test]
async fn of_two_rebuilds_at_once_the_second_is_refused() {
    let bank = Bank::open().await.heard(6).await;
    let mut gate = Gate::at_tag(&bank, "heard:2").await;
    let first = start(bank.subscription(Heard::Gated).batch(2));
    gate.waiting(1).await;
    let error = rebuild(bank.subscription(Heard::AtOnce)).await.unwrap_err();
    assert!(matches!(error, RebuildError::AtWork("heard")), "{error}");
    gate.open().await;
    assert_eq!(in_time(first).await.unwrap().unwrap(), 6);
    assert_eq!(bank.numbers().await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(rebuild(bank.subscription(Heard::AtOnce)).await.unwrap(), 6, "one after the other they may");
    assert_eq!(bank.numbers().await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_rebuild_whose_tables_are_gone_stops_and_leaves_those_in_use_alone() {
    // As the end of another rebuild leaves it; and by hand.
    let swapped = "DELETE FROM checkpoints WHERE name = 'heard.rebuild'; DROP SCHEMA rebuild_heard CASCADE";
    let dropped = "DROP SCHEMA rebuild_heard CASCADE";
    for (gone, complaint) in [(swapped, "no rows"), (dropped, "\"rebuild_heard\" does not exist")] {
        let bank = Bank::open().await.heard(50).await;
        let mut gate = Gate::at_tag(&bank, "heard:2").await;
        let rebuilding = start(bank.subscription(Heard::Gated).batch(2));
        gate.waiting(1).await;
        let mut other = bank.connection().await;
        let taking = tokio::spawn(async move { other.execute(gone).await.unwrap() });
        while !taking.is_finished() && !bank.somebody_waits_for_a_batch().await {}
        gate.open().await;
        let error = in_time(rebuilding).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
        assert_eq!(bank.numbers().await, (0..50).collect::<Vec<_>>());
        assert_eq!(rebuild(bank.subscription(Heard::AtOnce)).await.unwrap(), 50, "the next one begins anew");
    }
}
// ANCHOR_END: two

#[tokio::test]
async fn a_writer_that_never_rests_does_not_keep_a_rebuild_from_its_end() {
    let bank = Bank::alone().await.heard(3).await;
    let listening = Heard::Answered(Box::new(bank.store.clone()), AtomicI64::new(0));
    let events = in_time(rebuild(bank.subscription(listening))).await.unwrap();
    assert!(events >= 3, "{events}");
    bank.settle().await;
    while bank.subscription(Heard::AtOnce).step().await.unwrap() > 0 {}
    assert_eq!(bank.numbers().await.len() as i64, common::count(bank.pool()).await, "each event once");
}

// ANCHOR: last
#[tokio::test]
async fn the_last_events_may_take_longer_than_a_transaction_may_be_idle() {
    let bank = Bank::alone().await.heard(2).await;
    let mut blocker = bank.connection().await;
    let mut writer = blocker.begin().await.unwrap();
    writer.execute("SELECT pg_current_xact_id()").await.unwrap();
    say(&bank.store, "a", 2, 2).await.unwrap(); // which nobody sees before the other writer has ended

    let hasty = bank.hasty("idle_in_transaction_session_timeout", "500").await;
    let (mut first, mut last) = (Gate::at_tag(&bank, "heard:0").await, Gate::at_tag(&bank, "heard:2").await);
    let rebuilding = start(Subscription::new(hasty, Heard::Gated));
    first.waiting(1).await;
    writer.rollback().await.unwrap();
    assert_eq!(bank.subscription(Heard::AtOnce).step().await.unwrap(), 1, "the live projection is ahead");
    first.open().await;
    last.waiting(1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    last.open().await;
    assert_eq!(in_time(rebuilding).await.unwrap().unwrap(), 3);
    assert_eq!(bank.numbers().await, [0, 1, 2]);
}
// ANCHOR_END: last

#[tokio::test]
async fn a_rebuild_leaves_out_what_its_policy_leaves_out_and_says_so_under_the_name_of_the_projection() {
    let bank = Bank::open().await.heard(2).await;
    say(&bank.store, "a", 2, -1).await.unwrap();
    say(&bank.store, "a", 3, 3).await.unwrap();
    bank.settle().await;
    let skipping = || bank.subscription(Heard::AtOnce).poison(Poison::Skip);
    let skipped = async || {
        let names = "SELECT name FROM skipped";
        sqlx::query_scalar::<_, String>(names).fetch_all(bank.pool()).await.unwrap()
    };
    skipping().step().await.unwrap();
    assert_eq!(skipped().await, ["heard"]);
    let error = rebuild(bank.subscription(Heard::AtOnce)).await.unwrap_err();
    assert!(matches!(error, RebuildError::Failed(SubscriptionError::Poison { .. })), "{error}");
    for _ in 0..2 {
        assert_eq!(rebuild(skipping()).await.unwrap(), 4);
        assert_eq!((bank.numbers().await, skipped().await), (vec![0, 1, 3], vec!["heard".to_owned()]));
    }
}

#[tokio::test]
async fn the_program_makes_a_read_model_anew_and_knows_which_there_are() {
    let bank = Bank::alone().await;
    let (teller, account) = (Teller::new(bank.store.clone()), Uuid::new_v4());
    let customer = Customer { number: Uuid::new_v4(), name: "Ann".into() };
    teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    let database = bank.server.as_ref().unwrap().url("bank");
    let run = |name: &str| {
        let mut program = child::bank(&[("DATABASE_URL", &database), ("OTEL_SDK_DISABLED", "true")]);
        let output = program.args(["rebuild", name]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for name in ["balances", "statement"] {
        let (success, said) = run(name);
        assert!(success && said.contains("made anew from 1 events"), "{said}");
    }
    assert_eq!(balance(&bank.store, account).await.unwrap().unwrap().cents, 0);
    let (success, said) = run("balance");
    assert!(!success && said.contains("\"balance\" is no read model; expected balances or statement"), "{said}");
}
