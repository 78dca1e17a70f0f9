//! Events for other systems: each once, in order, whatever happens to the broker.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Bank, Told, in_time, say};
use event_sourcing::{Append, NewEvent, Outbox, Position, StreamId, SubscriptionError, Version};
use redis::Client;
use redis::streams::StreamRangeReply;
use testkit::Redis;

fn outbox(bank: &Bank, redis: &Redis) -> Outbox {
    Outbox::new(bank.store.clone(), Client::open(redis.url()).unwrap(), "bank.events")
}

async fn publish(bank: &Bank, outbox: &Outbox) -> usize {
    bank.settle().await;
    let mut published = 0;
    loop {
        match outbox.step().await.unwrap() {
            0 => return published,
            events => published += events,
        }
    }
}

/// The numbers that were said, with their ids.
async fn entries(redis: &Redis) -> Vec<(Position, String)> {
    let mut connection = Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let range: StreamRangeReply =
        redis::cmd("XRANGE").arg("bank.events").arg("-").arg("+").query_async(&mut connection).await.unwrap();
    let entry = |entry: redis::streams::StreamId| (entry.id.parse().unwrap(), entry.get("data").unwrap());
    range.ids.into_iter().map(entry).collect()
}

async fn expected(bank: &Bank) -> Vec<(Position, String)> {
    bank.all().await.into_iter().map(|event| (event.position, event.data)).collect()
}

// ANCHOR: once
#[tokio::test]
async fn each_event_is_published_once_and_its_position_is_its_id() {
    let (bank, redis) = (Bank::open().await, Redis::start());
    for number in 0..10 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    assert_eq!(publish(&bank, &outbox(&bank, &redis)).await, 10);
    // Another one begins where the broker has come to.
    say(&bank.store, "a", 10, 10).await.unwrap();
    assert_eq!(publish(&bank, &outbox(&bank, &redis)).await, 1);
    assert_eq!(entries(&redis).await, expected(&bank).await);
}

#[tokio::test]
async fn two_that_publish_at_once_publish_each_event_once() {
    let (bank, redis) = (Bank::open().await, Redis::start());
    for number in 0..300 {
        say(&bank.store, "a", number, number).await.unwrap();
    }
    let (one, other) = (outbox(&bank, &redis), outbox(&bank, &redis));
    bank.settle().await;
    let (one, other) = tokio::join!(one.step(), other.step());
    assert_eq!(one.unwrap().max(other.unwrap()), 300);
    assert_eq!(entries(&redis).await, expected(&bank).await);
}
// ANCHOR_END: once

// ANCHOR: full
#[tokio::test]
async fn a_broker_whose_memory_is_full_takes_all_of_a_batch_or_nothing() {
    let (bank, redis) = (Bank::open().await, Redis::start());
    for number in 0..300 {
        let told = NewEvent::of(&Told("x".repeat(10_000))).unwrap();
        let append = Append::to(StreamId::new("talk", "a"), Version(number), vec![told]);
        bank.store.append(append).await.unwrap();
    }
    bank.settle().await;
    let outbox = outbox(&bank, &redis);
    command(&redis, &["CONFIG", "SET", "maxmemory", "2mb"]).await; // room for some of them
    let error = outbox.step().await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Broker(_)), "worth another try: {error}");
    assert_eq!(entries(&redis).await, []);

    command(&redis, &["CONFIG", "SET", "maxmemory", "0"]).await;
    publish(&bank, &outbox).await;
    assert_eq!(entries(&redis).await, expected(&bank).await);
}
// ANCHOR_END: full

/// A command of somebody else's.
async fn command(redis: &Redis, words: &[&str]) {
    let mut connection = Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    redis::cmd(words[0]).arg(&words[1..]).exec_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_ahead_of_the_store_stops_the_outbox() {
    let (bank, redis) = (Bank::open().await, Redis::start());
    say(&bank.store, "a", 0, 1).await.unwrap();
    let outbox = outbox(&bank, &redis);
    publish(&bank, &outbox).await;
    command(&redis, &["XADD", "bank.events", "*", "data", "0"]).await;
    say(&bank.store, "a", 1, 2).await.unwrap();
    bank.settle().await;
    let error = in_time(outbox.run(std::future::pending())).await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Ahead { .. }), "{error}");
}

// ANCHOR: lost
#[tokio::test]
async fn a_broker_that_lost_its_memory_gets_everything_again() {
    let (bank, mut redis) = (Bank::open().await, Redis::start());
    say(&bank.store, "a", 0, 1).await.unwrap();
    let outbox = outbox(&bank, &redis);
    publish(&bank, &outbox).await;

    redis.kill();
    say(&bank.store, "a", 1, 2).await.unwrap();
    let error = outbox.step().await.unwrap_err();
    assert!(matches!(error, SubscriptionError::Broker(_)), "worth another try: {error}");
    redis.resume();
    publish(&bank, &outbox).await;
    assert_eq!(entries(&redis).await, expected(&bank).await);
}
// ANCHOR_END: lost
