//! Read models: exactly once, in order, and again from the beginning.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Bank, Said, say};
use event_sourcing::bank::{Balances, Customer, Statement, Teller, balance, statement};
use event_sourcing::{
    EventStore, Metadata, Poison, Position, Projected, Projection, RebuildError, Subscription, SubscriptionError,
    rebuild,
};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// What was said, by number; it cannot stomach negative ones, and adds what it is told to each.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    plus: i64,
}

impl Projection for Heard {
    type Event = Said;
    const NAME: &'static str = "heard";
    const CATEGORIES: &'static [&'static str] = &["talk"];
    const TABLES: &'static [&'static str] = &["heard"];

    async fn apply(&self, events: &[Projected<Said>], transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
        let numbers: Vec<i64> = events.iter().map(|projected| projected.event.0 + self.plus).collect();
        sqlx::query("INSERT INTO heard (number) SELECT * FROM unnest($1::bigint[])")
            .bind(numbers)
            .execute(transaction)
            .await?;
        Ok(())
    }
}

async fn with_heard() -> Bank {
    let bank = Bank::open().await;
    let table =
        "CREATE TABLE heard (place bigint GENERATED ALWAYS AS IDENTITY, number bigint NOT NULL CHECK (number >= 0))";
    sqlx::query(table).execute(bank.pool()).await.unwrap();
    bank
}

async fn heard(bank: &Bank) -> Vec<i64> {
    let rows = sqlx::query("SELECT number FROM heard ORDER BY place").fetch_all(bank.pool()).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// One step after the other, until there is nothing new.
async fn catch_up<P: Projection>(bank: &Bank, subscription: &Subscription<P>) -> Result<(), SubscriptionError> {
    bank.settle().await;
    while subscription.step().await? > 0 {}
    Ok(())
}

#[tokio::test]
async fn a_projection_applies_each_event_once_and_in_order() {
    let bank = with_heard().await;
    let subscription = Subscription::new(bank.store.clone(), Heard::default()).batch(3);
    for number in 0..10 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    catch_up(&bank, &subscription).await.unwrap();
    catch_up(&bank, &subscription).await.unwrap();
    assert_eq!(heard(&bank).await, (0..10).collect::<Vec<_>>());
    assert_eq!(subscription.checkpoint().await.unwrap(), bank.store.head().await.unwrap());
}

// ANCHOR: two
#[tokio::test]
async fn two_programs_with_one_projection_apply_each_event_once() {
    let bank = with_heard().await;
    for number in 0..200 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    bank.settle().await;
    let both = (0..2).map(|_| {
        let subscription = Subscription::new(bank.store.clone(), Heard::default()).batch(7);
        tokio::spawn(async move {
            while subscription.checkpoint().await.unwrap() < subscription_head(&subscription).await {
                subscription.step().await.unwrap();
            }
        })
    });
    for one in both.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(heard(&bank).await, (0..200).collect::<Vec<_>>());
}
// ANCHOR_END: two

async fn subscription_head(subscription: &Subscription<Heard>) -> Position {
    subscription.store().head().await.unwrap()
}

// ANCHOR: together
#[tokio::test]
async fn checkpoint_and_read_model_move_together_or_not_at_all() {
    let bank = with_heard().await;
    let subscription = Subscription::new(bank.store.clone(), Heard::default());
    say(&bank.store, "a", 0, 1).await.unwrap();
    catch_up(&bank, &subscription).await.unwrap();
    let before = subscription.checkpoint().await.unwrap();

    // The commit fails, after everything in it has been done.
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$";
    sqlx::query(refuse).execute(bank.pool()).await.unwrap();
    let trigger = "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON checkpoints
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()";
    sqlx::query(trigger).execute(bank.pool()).await.unwrap();
    say(&bank.store, "a", 1, 2).await.unwrap();
    bank.settle().await;
    let error = subscription.step().await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Database(_)), "worth another try: {error}");
    assert_eq!((heard(&bank).await, subscription.checkpoint().await.unwrap()), (vec![1], before));

    sqlx::query("DROP TRIGGER refuse ON checkpoints").execute(bank.pool()).await.unwrap();
    catch_up(&bank, &subscription).await.unwrap();
    assert_eq!(heard(&bank).await, [1, 2]);
}
// ANCHOR_END: together

// ANCHOR: poison
#[tokio::test]
async fn symptom_an_event_that_cannot_be_applied_stops_the_projection_before_it() {
    let bank = with_heard().await;
    for (place, number) in [1, 2, -3, 4].into_iter().enumerate() {
        say(&bank.store, "a", place as i64, number).await.unwrap();
    }
    let subscription = Subscription::new(bank.store.clone(), Heard::default());
    let error = catch_up(&bank, &subscription).await.unwrap_err();
    let SubscriptionError::Poison { position, .. } = &error else { panic!("{error}") };
    assert_eq!(*position, bank.all().await[2].position, "the error names it: {error}");
    assert_eq!(heard(&bank).await, [1, 2], "what came before it is applied");
}

#[tokio::test]
async fn with_the_policy_to_skip_it_is_written_down_and_the_rest_goes_on() {
    let bank = with_heard().await;
    for (place, number) in [1, 2, -3, 4].into_iter().enumerate() {
        say(&bank.store, "a", place as i64, number).await.unwrap();
    }
    let subscription = Subscription::new(bank.store.clone(), Heard::default()).poison(Poison::Skip);
    catch_up(&bank, &subscription).await.unwrap();
    assert_eq!(heard(&bank).await, [1, 2, 4]);
    let skipped = sqlx::query("SELECT position, reason FROM skipped WHERE name = 'heard'");
    let skipped = skipped.fetch_one(bank.pool()).await.unwrap();
    assert_eq!(skipped.get::<i64, _>("position"), bank.all().await[2].position.number);
    assert!(skipped.get::<String, _>("reason").contains("heard_number_check"));
}
// ANCHOR_END: poison

#[tokio::test]
async fn who_finds_another_at_work_does_not_wait_for_it() {
    let bank = with_heard().await;
    say(&bank.store, "a", 0, 1).await.unwrap();
    let subscription = Subscription::new(bank.store.clone(), Heard::default());
    subscription.checkpoint().await.unwrap();
    bank.settle().await;
    let mut other = bank.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM checkpoints FOR UPDATE").execute(&mut *other).await.unwrap();
    assert_eq!(subscription.step().await.unwrap(), 0);
    other.rollback().await.unwrap();
    assert_eq!(subscription.step().await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_newer_version_has_written_is_left_to_it_and_never_skipped() {
    let bank = with_heard().await;
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'talk-a', $1, 'said', $2, '7', '{}', '{}')";
    for (version, schema) in [(1_i64, 1_i16), (2, 2), (3, 1)] {
        sqlx::query(insert).bind(version).bind(schema).execute(bank.pool()).await.unwrap();
    }
    bank.settle().await;
    let old = Subscription::new(bank.store.clone(), Heard::default()).poison(Poison::Skip);
    for _attempt in 0..2 {
        let error = old.step().await.unwrap_err();
        assert!(matches!(error, SubscriptionError::Newer { .. }), "{error}");
    }
    assert_eq!(heard(&bank).await, [7], "what comes before it is applied");
    let skipped: i64 = sqlx::query("SELECT count(*) FROM skipped").fetch_one(bank.pool()).await.unwrap().get(0);
    assert_eq!(skipped, 0);
}

#[tokio::test]
async fn events_of_other_categories_are_passed_by() {
    let bank = with_heard().await;
    let (teller, customer) = (Teller::new(bank.store.clone()), Customer { number: Uuid::new_v4(), name: "Ann".into() });
    teller.open(Uuid::new_v4(), &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    say(&bank.store, "a", 0, 1).await.unwrap();
    let subscription = Subscription::new(bank.store.clone(), Heard::default());
    catch_up(&bank, &subscription).await.unwrap();
    assert_eq!(heard(&bank).await, [1]);
}

// ANCHOR: follow
#[tokio::test]
async fn an_event_is_seen_soon_after_its_append() {
    let bank = with_heard().await;
    let subscription = Subscription::new(bank.store.clone(), Heard::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move { subscription.run(async { drop(stopped.await) }).await });
    for number in 0..5 {
        say(&bank.store, "a", number, number).await.unwrap();
        eventually(&bank, number as usize + 1).await;
    }
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_notification_that_is_lost_costs_a_moment() {
    let bank = with_heard().await;
    let subscription = Subscription::new(bank.store.clone(), Heard::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move { subscription.run(async { drop(stopped.await) }).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    // By hand, so that nobody is told.
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'talk-a', 1, 'said', 1, '7', '{}', '{}')";
    sqlx::query(insert).execute(bank.pool()).await.unwrap();
    eventually(&bank, 1).await;
    drop(stop);
    running.await.unwrap().unwrap();
}
// ANCHOR_END: follow

async fn eventually(bank: &Bank, events: usize) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while heard(bank).await.len() < events {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", heard(bank).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

// ANCHOR: rebuild
#[tokio::test]
async fn a_rebuild_goes_on_beside_the_live_projection_and_takes_its_place() {
    let bank = with_heard().await;
    let live = || Subscription::new(bank.store.clone(), Heard::default()).batch(10);
    for number in 0..50 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    catch_up(&bank, &live()).await.unwrap();

    // Writers and the live projection go on meanwhile.
    let (store, subscription) = (bank.store.clone(), live());
    let busy = tokio::spawn(async move {
        for number in 50..150 {
            say(&store, "a", number, number).await.unwrap();
            let _ = subscription.step().await; // waits for the lock while the tables change places
        }
    });
    rebuild(Subscription::new(bank.store.clone(), Heard { plus: 1_000 })).await.unwrap();
    busy.await.unwrap();

    catch_up(&bank, &live()).await.unwrap();
    let heard = heard(&bank).await;
    assert_eq!(heard.len(), 150, "each event once");
    assert_eq!(heard.iter().map(|number| number % 1_000).collect::<Vec<_>>(), (0..150).collect::<Vec<_>>());
    assert!(heard[..50].iter().all(|number| *number >= 1_000), "made anew");
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM checkpoints").fetch_all(bank.pool()).await.unwrap();
    assert_eq!(names, ["heard"], "nothing is left over");
}

#[tokio::test]
async fn a_rebuild_that_is_cut_off_leaves_the_old_read_model() {
    let bank = with_heard().await;
    say(&bank.store, "a", 0, 5).await.unwrap();
    catch_up(&bank, &Subscription::new(bank.store.clone(), Heard::default())).await.unwrap();
    let again = async |plus| rebuild(Subscription::new(bank.store.clone(), Heard { plus })).await;
    let error = again(-10).await.unwrap_err();
    assert!(matches!(error, RebuildError::Failed(SubscriptionError::Poison { .. })), "{error}");
    assert_eq!(heard(&bank).await, [5]);
    assert_eq!(again(10).await.unwrap(), 1, "the next one begins anew");
    assert_eq!(heard(&bank).await, [15]);
}
// ANCHOR_END: rebuild

async fn story(store: &EventStore) -> (Uuid, Uuid) {
    let teller = Teller::new(store.clone());
    let (from, to) = (Uuid::new_v4(), Uuid::new_v4());
    for account in [from, to] {
        let customer = Customer { number: Uuid::new_v4(), name: "Ann".into() };
        teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    }
    teller.deposit(from, 900, Uuid::new_v4(), Metadata::default()).await.unwrap();
    teller.transfer(from, to, 400, Uuid::new_v4(), Metadata::default()).await.unwrap();
    (from, to)
}

#[tokio::test]
async fn the_read_models_of_the_bank_say_what_has_happened() {
    let bank = Bank::open().await;
    let (from, to) = story(&bank.store).await;
    // One event at a time, and all at once, come to the same.
    catch_up(&bank, &Subscription::new(bank.store.clone(), Balances::of(&bank.store)).batch(1)).await.unwrap();
    catch_up(&bank, &Subscription::new(bank.store.clone(), Statement::of(&bank.store))).await.unwrap();
    for _ in 0..2 {
        let cents = async |account| balance(&bank.store, account).await.unwrap().map(|balance| balance.cents);
        assert_eq!((cents(from).await, cents(to).await, cents(Uuid::nil()).await), (Some(500), Some(400), None));
        let lines = statement(&bank.store, from, 10).await.unwrap();
        let lines: Vec<_> = lines.iter().map(|line| (line.version, line.what.clone(), line.cents)).collect();
        assert_eq!(lines, [(3, format!("to {to}"), -400), (2, "deposit".into(), 900)]);
        rebuild(Subscription::new(bank.store.clone(), Balances::of(&bank.store))).await.unwrap();
        rebuild(Subscription::new(bank.store.clone(), Statement::of(&bank.store))).await.unwrap();
    }
}
