//! The order of all events: what it must be, and what does not keep it.
#![allow(clippy::unwrap_used)]

mod common;

use common::Bank;
use event_sourcing::{EventStore, Position};
use sqlx::{Connection, PgConnection, Row};

// ANCHOR: writers
/// A transaction that has a number.
async fn begin(connection: &mut PgConnection) {
    sqlx::query("BEGIN").execute(&mut *connection).await.unwrap();
    sqlx::query("SELECT pg_current_xact_id()").execute(connection).await.unwrap();
}

/// A transaction that has written its event and not yet ended.
async fn write(connection: &mut PgConnection, stream: &str) {
    begin(connection).await;
    insert(connection, stream).await;
}

async fn insert(connection: &mut PgConnection, stream: &str) {
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), $1, 1, 'said', 1, '1', '{}', '{}')";
    sqlx::query(insert).bind(stream).execute(connection).await.unwrap();
}

async fn commit(connection: &mut PgConnection) {
    sqlx::query("COMMIT").execute(connection).await.unwrap();
}
// ANCHOR_END: writers

// ANCHOR: between
/// A reader that asks with `query` for what comes after the last event it has seen. Two writers come, and their transactions
/// end in the other order. Which streams does it see, and in which order?
async fn read_between_two_writers(query: &'static str) -> Vec<String> {
    let bank = Bank::alone().await;
    let (mut slow, mut fast) = (bank.connection().await, bank.connection().await);
    let (mut seen, mut checkpoint) = (Vec::new(), 0_i64);
    let mut read = async || {
        let rows = sqlx::query(query).bind(checkpoint).fetch_all(bank.pool()).await.unwrap();
        for row in rows {
            seen.push(row.get("stream"));
            checkpoint = row.get("position");
        }
    };
    write(&mut slow, "talk-slow").await; // has position 1
    write(&mut fast, "talk-fast").await; // has position 2
    commit(&mut fast).await;
    read().await;
    commit(&mut slow).await;
    read().await;
    seen
}
// ANCHOR_END: between

// ANCHOR: naive
#[tokio::test]
async fn symptom_polling_by_number_skips_what_commits_later() {
    let query = "SELECT stream, position FROM events WHERE position > $1 ORDER BY position";
    assert_eq!(read_between_two_writers(query).await, ["talk-fast"], "slow is never seen");
}
// ANCHOR_END: naive

// ANCHOR: waits
#[tokio::test]
async fn the_page_waits_for_the_slow_one() {
    let bank = Bank::alone().await;
    let (mut slow, mut fast) = (bank.connection().await, bank.connection().await);
    write(&mut slow, "talk-slow").await;
    write(&mut fast, "talk-fast").await;
    commit(&mut fast).await;
    assert!(streams(&bank.store, Position::START).await.0.is_empty(), "fast is there, and slow may come before it");
    commit(&mut slow).await;
    assert_eq!(streams(&bank.store, Position::START).await.0, ["talk-slow", "talk-fast"]);
}
// ANCHOR_END: waits

async fn streams(store: &EventStore, after: Position) -> (Vec<String>, Position) {
    let page = store.page(after, 100).await.unwrap();
    let last = page.last().map_or(after, |event| event.position);
    (page.iter().map(|event| event.stream.to_string()).collect(), last)
}

// ANCHOR: half
/// The horizon alone is no cure: a transaction can have the lower number and the event the higher one.
#[tokio::test]
async fn symptom_the_horizon_with_the_number_alone_skips() {
    let bank = Bank::alone().await;
    let (mut first, mut second) = (bank.connection().await, bank.connection().await);
    begin(&mut first).await; // has the lower transaction number
    write(&mut second, "talk-second").await; // has event number 1
    insert(&mut first, "talk-first").await; // has event number 2
    commit(&mut first).await;

    let number_alone = "SELECT stream, position FROM events
        WHERE position > $1 AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY position";
    let read = async |after: i64| {
        let rows = sqlx::query(number_alone).bind(after).fetch_all(bank.pool()).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("stream")).collect::<Vec<_>>()
    };
    // Event 2 may be read: only the second transaction is under way, and it has a higher number.
    let (streams_before, checkpoint) = streams(&bank.store, Position::START).await;
    assert_eq!((read(0).await, streams_before), (vec!["talk-first".into()], vec!["talk-first".into()]));
    commit(&mut second).await;
    assert!(read(2).await.is_empty(), "the reader that keeps a number is past event 1, and never sees it");
    assert_eq!(streams(&bank.store, checkpoint).await.0, ["talk-second"], "the one that keeps a position does");
}
// ANCHOR_END: half

// ANCHOR: elsewhere
#[tokio::test]
async fn symptom_a_transaction_in_another_database_holds_everybody_back() {
    let bank = Bank::alone().await;
    let mut elsewhere = PgConnection::connect_with(&bank.options.clone().database("postgres")).await.unwrap();
    begin(&mut elsewhere).await; // it has written, or is about to
    common::say(&bank.store, "a", 0, 1).await.unwrap();
    assert!(streams(&bank.store, Position::START).await.0.is_empty(), "there, and not yet in order");
    assert!(bank.store.head().await.unwrap() > Position::START);
    commit(&mut elsewhere).await;
    assert_eq!(streams(&bank.store, Position::START).await.0, ["talk-a"]);
}

#[tokio::test]
async fn a_transaction_that_only_reads_holds_nobody_back() {
    let bank = Bank::alone().await;
    let mut reader = bank.connection().await;
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ").execute(&mut reader).await.unwrap();
    sqlx::query("SELECT count(*) FROM events").execute(&mut reader).await.unwrap();
    common::say(&bank.store, "a", 0, 1).await.unwrap();
    assert_eq!(streams(&bank.store, Position::START).await.0, ["talk-a"]);
}
// ANCHOR_END: elsewhere
