//! Everything again, through the fast path.
#![allow(clippy::unwrap_used)]

mod common;

use std::pin::pin;

use common::{Bank, Said, say};
use event_sourcing::{Append, NewEvent, Position, Recorded, StreamId, Version};
use tokio_stream::StreamExt;

async fn replayed(bank: &Bank, after: Position) -> Vec<Recorded> {
    let events: Vec<_> = bank.store.replay(after).collect().await;
    events.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_copy_brings_what_a_query_brings() {
    let bank = Bank::open().await;
    let text = ["plain", "中文，和 emoji 🦀", "a \"quote\" and a \\ backslash", ""];
    for (version, text) in text.iter().enumerate() {
        let event = NewEvent::of(&common::Told((*text).to_owned())).unwrap();
        let append = Append::to(StreamId::new("tale", "a"), Version(version as i64), vec![event]);
        bank.store.append(append).await.unwrap();
    }
    let (queried, copied) = (bank.all().await, replayed(&bank, Position::START).await);
    assert_eq!(format!("{queried:?}"), format!("{copied:?}"));
    let told: Vec<String> = copied.iter().map(|event| event.decode::<common::Told>().unwrap().0).collect();
    assert_eq!(told, text);
}

#[tokio::test]
async fn a_replay_begins_after_any_position_and_an_empty_one_ends_at_once() {
    let bank = Bank::open().await;
    assert!(replayed(&bank, Position::START).await.is_empty());
    for number in 0..5 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    let all = bank.all().await;
    let rest = replayed(&bank, all[2].position).await;
    assert_eq!(rest.iter().map(|event| event.decode::<Said>().unwrap().0).collect::<Vec<_>>(), [3, 4]);
    assert!(replayed(&bank, all[4].position).await.is_empty());
}

#[tokio::test]
async fn a_replay_that_is_dropped_leaves_no_connection() {
    let bank = Bank::open().await;
    let events = (0..2_000).map(|number| NewEvent::of(&Said(number)).unwrap()).collect();
    bank.store.append(Append::to(StreamId::new("talk", "a"), Version::NONE, events)).await.unwrap();
    bank.settle().await;
    {
        let mut events = pin!(bank.store.replay(Position::START));
        assert!(events.next().await.unwrap().is_ok());
    }
    let copies = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'";
    while sqlx::query_scalar::<_, i64>(copies).fetch_one(bank.pool()).await.unwrap() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    say(&bank.store, "a", 2_000, 1).await.unwrap();
}
