//! Nothing waits without end, and what was given up is not recorded.
#![allow(clippy::unwrap_used)]

mod common;

use common::gate::Gate;
use common::{Bank, count, in_time, saying, tagged};
use event_sourcing::AppendError;
use sqlx::{Executor, Row};

/// What the database refused with.
fn refusal(error: AppendError) -> String {
    match error {
        AppendError::Refused(sqlx::Error::Database(answer)) => answer.code().unwrap().into_owned(),
        AppendError::Refused(error) => error.to_string(),
        other => panic!("it is known that nothing was recorded, but: {other}"),
    }
}

// ANCHOR: limits
#[tokio::test]
async fn every_connection_has_limits() {
    let bank = Bank::open().await;
    for (limit, expected) in
        [("statement_timeout", "10s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "5s")]
    {
        let setting = sqlx::query("SELECT current_setting($1)").bind(limit).fetch_one(bank.pool()).await.unwrap();
        assert_eq!(setting.get::<&str, _>(0), expected, "{limit}");
    }
}
// ANCHOR_END: limits

// ANCHOR: lock
#[tokio::test]
async fn symptom_a_lock_that_is_not_released_costs_its_time_out_and_records_nothing() {
    let bank = Bank::open().await;
    // Somebody has written this version, and does not say whether it stays.
    let mut somebody = bank.connection().await;
    somebody.execute("BEGIN").await.unwrap();
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'talk-a', 1, 'said', 1, '7', '{}', '{}')";
    somebody.execute(insert).await.unwrap();
    let gate = Gate::at_tag(&bank, "owner:ann").await;
    let (untagged, tagged) = (saying("a", 0, 1), tagged(2));
    let both = async || tokio::join!(bank.store.append(untagged.clone()), bank.store.append(tagged.clone()));

    let (one, other) = in_time(both()).await;
    assert_eq!((refusal(one.unwrap_err()), refusal(other.unwrap_err())), ("55P03".into(), "55P03".into()));
    somebody.execute("ROLLBACK").await.unwrap();
    gate.open().await;
    assert_eq!(count(bank.pool()).await, 0);
    let (one, other) = both().await;
    assert!(!one.unwrap().again && !other.unwrap().again, "now there is nothing in the way");
}
// ANCHOR_END: lock

// ANCHOR: statement
#[tokio::test]
async fn symptom_a_statement_that_does_not_end_costs_its_time_out_and_records_nothing() {
    let bank = Bank::open().await;
    let (store, gate) = (bank.hasty("statement_timeout", "200").await, Gate::at_insert(&bank, "events").await);
    let append = saying("a", 0, 1);
    assert_eq!(refusal(in_time(store.append(append.clone())).await.unwrap_err()), "57014");
    gate.open().await;
    assert_eq!(count(bank.pool()).await, 0);
    assert!(!store.append(append).await.unwrap().again);
}
// ANCHOR_END: statement

// ANCHOR: pool
#[tokio::test]
async fn symptom_a_pool_without_a_free_connection_costs_its_time_out_and_records_nothing() {
    let bank = Bank::open().await;
    let mut taken = Vec::new();
    for _ in 0..bank.pool().options().get_max_connections() {
        taken.push(bank.pool().acquire().await.unwrap());
    }
    let append = saying("a", 0, 1);
    let refusal = refusal(in_time(bank.store.append(append.clone())).await.unwrap_err());
    assert_eq!(refusal, sqlx::Error::PoolTimedOut.to_string());
    drop(taken);
    assert_eq!(count(bank.pool()).await, 0);
    assert!(!bank.store.append(append).await.unwrap().again);
}
// ANCHOR_END: pool
