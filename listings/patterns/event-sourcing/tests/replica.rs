//! A replica for readers: what it shows, and in which order.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Bank, say};
use event_sourcing::{EventStore, Position, connect, scope};
use sqlx::{Executor, Row};
use testkit::Postgres;

async fn read(store: &EventStore) -> Vec<String> {
    let page = store.page(Position::START, 10).await.unwrap();
    page.iter().map(|event| event.stream.to_string()).collect()
}

/// Waits until the replica has what the primary has written.
async fn replayed(primary: &EventStore, replica: &EventStore) {
    let written: String =
        sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(primary.pool()).await.unwrap();
    let behind = "SELECT pg_last_wal_replay_lsn() < $1::pg_lsn";
    while sqlx::query(behind).bind(&written).fetch_one(replica.pool()).await.unwrap().get::<bool, _>(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

// ANCHOR: replica
#[tokio::test]
async fn a_replica_waits_for_the_same_writers_and_shows_the_same_order() {
    let primary = Postgres::start(&[("fsync", "off")]);
    let bank = Bank::on(primary.url("postgres").parse().unwrap(), "bank").await;
    let replica = Postgres::with(&[("fsync", "off")], |data| {
        let mut backup = Postgres::program("pg_basebackup");
        backup.args(["--checkpoint=fast", "--write-recovery-conf", "--dbname", &primary.url("postgres"), "--pgdata"]);
        assert!(backup.arg(data).status().unwrap().success());
    });
    let pool = connect(replica.url("bank").parse().unwrap(), 4).await.unwrap();
    let store = EventStore::new(pool, &bank.telemetry.meter(scope()));

    let mut slow = bank.connection().await;
    slow.execute("BEGIN").await.unwrap();
    slow.execute("SELECT pg_current_xact_id()").await.unwrap(); // has a number, and has written nothing
    say(&bank.store, "fast", 0, 1).await.unwrap();
    replayed(&bank.store, &store).await;
    assert!(store.head().await.unwrap() > Position::START, "the event is on the replica");
    assert!(read(&store).await.is_empty(), "and waits there as well");

    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), 'talk-slow', 1, 'said', 1, '1', '{}', '{}')";
    slow.execute(insert).await.unwrap();
    slow.execute("COMMIT").await.unwrap();
    replayed(&bank.store, &store).await;
    assert_eq!(read(&store).await, ["talk-slow", "talk-fast"]);
    assert_eq!(read(&bank.store).await, ["talk-slow", "talk-fast"]);

    let error = store.pool().execute("LISTEN events").await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("25006"), "no bell rings there: {error}");
}
// ANCHOR_END: replica
