//! Snapshots are a cache: right or not used.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Bank, Said, saying};
use event_sourcing::{Aggregate, Append, NewEvent, Snapshots, StreamId, Version};
use serde::{Deserialize, Serialize};
use sqlx::Row;

/// The sum of what was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Sum(i64);

impl Aggregate for Sum {
    type Event = Said;
    const CATEGORY: &'static str = "talk";
    const SNAPSHOTS: Option<Snapshots> = Some(Snapshots { every: 10, shape: 1 });

    fn apply(&mut self, Said(number): Said) {
        self.0 += number;
    }
}

/// The same after somebody has changed what `apply` does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Squares(i64);

impl Aggregate for Squares {
    type Event = Said;
    const CATEGORY: &'static str = "talk";
    const SNAPSHOTS: Option<Snapshots> = Some(Snapshots { every: 10, shape: 2 });

    fn apply(&mut self, Said(number): Said) {
        self.0 += number * number;
    }
}

async fn with_events(count: i64) -> Bank {
    let bank = Bank::open().await;
    let events = (1..=count).map(|number| NewEvent::of(&Said(number)).unwrap()).collect();
    bank.store.append(Append::to(StreamId::new("talk", "a"), Version::NONE, events)).await.unwrap();
    bank
}

// ANCHOR: snapshot
#[tokio::test]
async fn with_a_snapshot_only_what_came_after_it_is_read() {
    let bank = with_events(25).await;
    let first = bank.store.load::<Sum>("a").await.unwrap();
    assert_eq!((first.state, first.version, first.replayed), (Sum(325), Version(25), 25));
    let second = bank.store.load::<Sum>("a").await.unwrap();
    assert_eq!((second.state, second.version, second.replayed), (Sum(325), Version(25), 0));
    bank.store.append(saying("a", 25, 100)).await.unwrap();
    let third = bank.store.load::<Sum>("a").await.unwrap();
    assert_eq!((third.state, third.version, third.replayed), (Sum(425), Version(26), 1));
}

#[tokio::test]
async fn a_snapshot_of_another_shape_is_not_used() {
    let bank = with_events(25).await;
    bank.store.load::<Sum>("a").await.unwrap();
    let squares = bank.store.load::<Squares>("a").await.unwrap();
    assert_eq!((squares.state, squares.replayed), (Squares(5_525), 25), "from the events, and kept in its place");
    assert_eq!(bank.store.load::<Squares>("a").await.unwrap().replayed, 0);
}
// ANCHOR_END: snapshot

#[tokio::test]
async fn a_snapshot_that_cannot_be_read_is_as_good_as_none() {
    let bank = with_events(25).await;
    bank.store.load::<Sum>("a").await.unwrap();
    sqlx::query(r#"UPDATE snapshots SET state = '"?"'"#).execute(bank.pool()).await.unwrap();
    assert_eq!(bank.store.load::<Sum>("a").await.unwrap().state, Sum(325));
}

#[tokio::test]
async fn an_older_snapshot_does_not_replace_a_newer_one() {
    let bank = with_events(25).await;
    bank.store.load::<Sum>("a").await.unwrap();
    let save = "INSERT INTO snapshots (stream, version, shape, state) VALUES ('talk-a', 3, 1, '6')
        ON CONFLICT (stream) DO UPDATE SET version = excluded.version, shape = excluded.shape, state = excluded.state
        WHERE snapshots.shape <> excluded.shape OR snapshots.version < excluded.version";
    sqlx::query(save).execute(bank.pool()).await.unwrap();
    let row = sqlx::query("SELECT version FROM snapshots").fetch_one(bank.pool()).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 25);
}
