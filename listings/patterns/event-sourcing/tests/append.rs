//! Adding events.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Bank, Said, say, saying};
use event_sourcing::{Append, AppendError, EventId, Metadata, NewEvent, Position, Query, StreamId, Tag, Version};
use sqlx::Row;

fn said(number: i64) -> NewEvent {
    NewEvent::of(&Said(number)).unwrap()
}

async fn count(bank: &Bank) -> i64 {
    sqlx::query("SELECT count(*) FROM events").fetch_one(bank.pool()).await.unwrap().get(0)
}

#[tokio::test]
async fn an_event_comes_back_as_it_went() {
    let bank = Bank::open().await;
    let metadata = Metadata {
        correlation: Some("order 7".into()),
        causation: Some(EventId::new()),
        tenant: Some("north".into()),
        ..Metadata::default()
    };
    let appended = bank.store.append(saying("a", 0, 42).with(metadata.clone())).await.unwrap();
    let page = bank.all().await;
    let [event] = page.as_slice() else { panic!("one event, but {page:?}") };
    assert_eq!((event.position, appended.again), (appended.position, false));
    assert_eq!((event.stream.as_str(), event.version, &*event.kind, event.schema), ("talk-a", Version(1), "said", 1));
    assert_eq!(event.decode::<Said>().unwrap(), Said(42));
    let read: Metadata = serde_json::from_str(&event.metadata).unwrap();
    assert_eq!(
        (read.correlation, read.causation, read.tenant),
        (metadata.correlation, metadata.causation, metadata.tenant)
    );
}

// ANCHOR: conflict
#[tokio::test]
async fn a_conflict_names_both_versions_and_adds_nothing() {
    let bank = Bank::open().await;
    say(&bank.store, "a", 0, 1).await.unwrap();
    say(&bank.store, "a", 1, 2).await.unwrap();
    for expected in [0, 1, 3] {
        let error = say(&bank.store, "a", expected, 3).await.unwrap_err();
        let AppendError::Conflict { stream, expected: told, actual } = error else { panic!("{error}") };
        assert_eq!((stream.as_str(), told, actual), ("talk-a", Version(expected), Version(2)));
    }
    assert_eq!(count(&bank).await, 2);
}
// ANCHOR_END: conflict

// ANCHOR: race
#[tokio::test]
async fn of_sixteen_writers_with_one_version_one_wins() {
    let bank = Bank::open().await;
    let writers = (0..16).map(|number| {
        let store = bank.store.clone();
        tokio::spawn(async move { say(&store, "a", 0, number).await })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(_) => won += 1,
            Err(AppendError::Conflict { actual, .. }) => assert_eq!(actual, Version(1)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((won, count(&bank).await), (1, 1));
}
// ANCHOR_END: race

// ANCHOR: again
#[tokio::test]
async fn the_same_append_twice_is_one() {
    let bank = Bank::open().await;
    let append = saying("a", 0, 1);
    let first = bank.store.append(append.clone()).await.unwrap();
    let second = bank.store.append(append).await.unwrap();
    assert_eq!((second.position, first.again, second.again), (first.position, false, true));
    assert_eq!(count(&bank).await, 1);
}
// ANCHOR_END: again

#[tokio::test]
async fn the_id_of_another_event_is_refused() {
    let bank = Bank::open().await;
    let id = EventId::new();
    let with = |stream, events| Append::to(StreamId::new("talk", stream), Version::NONE, events);
    bank.store.append(with("a", vec![said(1).with_id(id)])).await.unwrap();
    let error = bank.store.append(with("b", vec![said(1), said(2).with_id(id)])).await.unwrap_err();
    assert!(matches!(error, AppendError::Reused), "{error}");
    assert_eq!(count(&bank).await, 1);
}

#[tokio::test]
async fn several_streams_change_together_or_not_at_all() {
    let bank = Bank::open().await;
    say(&bank.store, "b", 0, 1).await.unwrap();
    let both = |expected| {
        let (a, b) = (StreamId::new("talk", "a"), StreamId::new("talk", "b"));
        Append::to(b, Version(expected), vec![said(2)]).and(a, Version::NONE, vec![said(3), said(4)])
    };
    let error = bank.store.append(both(0)).await.unwrap_err();
    assert!(matches!(&error, AppendError::Conflict { stream, .. } if stream.as_str() == "talk-b"), "{error}");
    assert_eq!(count(&bank).await, 1);
    bank.store.append(both(1)).await.unwrap();
    let page = bank.all().await;
    let order: Vec<_> = page.iter().map(|event| (event.stream.to_string(), event.version.0, &*event.data)).collect();
    let expected = [("talk-b", 1, "1"), ("talk-a", 1, "3"), ("talk-a", 2, "4"), ("talk-b", 2, "2")];
    assert_eq!(order, expected.map(|(stream, version, data)| (stream.to_owned(), version, data)));
    assert_eq!(page[1].position.transaction, page[3].position.transaction, "one transaction");
}

#[tokio::test]
async fn two_appends_to_the_same_streams_in_another_order_do_not_block_each_other() {
    let bank = Bank::open().await;
    for round in 0..20 {
        let streams = [format!("a{round}"), format!("b{round}")];
        let append = |first: &String, second: &String| {
            let stream = |name| StreamId::new("talk", name);
            Append::to(stream(first), Version::NONE, vec![said(1)]).and(stream(second), Version::NONE, vec![said(2)])
        };
        let (one, other) = (append(&streams[0], &streams[1]), append(&streams[1], &streams[0]));
        let (one, other) = tokio::join!(bank.store.append(one), bank.store.append(other));
        let won = usize::from(one.is_ok()) + usize::from(other.is_ok());
        let deadlock = |result: &Result<_, AppendError>| {
            result.as_ref().is_err_and(|error| error.to_string().contains("deadlock"))
        };
        assert!(won == 1 && !deadlock(&one) && !deadlock(&other), "{one:?} {other:?}");
    }
}

// ANCHOR: condition
#[tokio::test]
async fn of_decisions_with_one_condition_one_wins() {
    let bank = Bank::open().await;
    let tag = Tag::new("owner", "ann").unwrap();
    let hers = Query::tagged([tag.clone()]).of_kinds(["said"]);
    let (events, seen) = bank.store.matching(&hers).await.unwrap();
    assert!(events.is_empty());
    let decisions = (0..8).map(|number| {
        let stream = StreamId::new("talk", number); // of a stream of its own each
        let append = Append::to(stream, Version::NONE, vec![said(number).tagged([tag.clone()])]);
        let (store, append) = (bank.store.clone(), append.unless(hers.clone(), seen));
        tokio::spawn(async move { store.append(append).await })
    });
    let mut won = 0;
    for decision in decisions.collect::<Vec<_>>() {
        match decision.await.unwrap() {
            Ok(_) => won += 1,
            Err(AppendError::Overtaken { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((won, count(&bank).await), (1, 1));
}
// ANCHOR_END: condition

#[tokio::test]
async fn the_same_append_twice_is_one_even_if_its_own_event_matches_the_condition() {
    let bank = Bank::open().await;
    let tag = Tag::new("owner", "ann").unwrap();
    let events = vec![said(1).tagged([tag.clone()]), said(2).tagged([tag.clone()])];
    let append = Append::to(StreamId::new("talk", "a"), Version::NONE, events);
    let append = append.unless(Query::tagged([tag.clone()]), Position::START);
    let first = bank.store.append(append.clone()).await.unwrap();
    let second = bank.store.append(append).await.unwrap();
    assert_eq!((second.position, second.again), (first.position, true), "that of the last event, as the first time");

    let other = Append::to(StreamId::new("talk", "b"), Version::NONE, vec![said(3)]);
    let overtaken = bank.store.append(other.unless(Query::tagged([tag]), Position::START)).await;
    assert!(matches!(overtaken, Err(AppendError::Overtaken { .. })), "{overtaken:?}");
    assert_eq!(count(&bank).await, 2);
}

#[tokio::test]
async fn a_store_in_use_is_no_restored_dump() {
    let bank = Bank::open().await;
    let writers = (0..4).map(|writer| {
        let store = bank.store.clone();
        tokio::spawn(async move {
            for number in 0.. {
                say(&store, &writer.to_string(), number, number).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..500 {
        bank.store.verify().await.unwrap();
    }
    writers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_condition_sees_what_carries_its_tags_and_is_of_its_kinds() {
    let bank = Bank::open().await;
    let (ann, red) = (Tag::new("owner", "ann").unwrap(), Tag::new("colour", "red").unwrap());
    let stream = |name: &str| StreamId::new("talk", name);
    let tagged = Append::to(stream("a"), Version::NONE, vec![said(1).tagged([ann.clone(), red.clone()])]);
    bank.store.append(tagged).await.unwrap();
    say(&bank.store, "b", 0, 2).await.unwrap();

    let found = async |query: Query| bank.store.matching(&query).await.unwrap().0.len();
    assert_eq!(found(Query::tagged([ann.clone()])).await, 1);
    assert_eq!(found(Query::tagged([ann.clone(), red.clone()])).await, 1);
    assert_eq!(found(Query::tagged([ann.clone()]).of_kinds(["other"])).await, 0);
    assert_eq!(found(Query::tagged([Tag::new("owner", "bob").unwrap()])).await, 0);

    let other = Append::to(stream("c"), Version::NONE, vec![said(3)]);
    let condition = Query::tagged([ann]).of_kinds(["other"]);
    bank.store.append(other.unless(condition, Position::START)).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_appended_does_not_reach_the_database() {
    let bank = Bank::open().await;
    let a = || StreamId::new("talk", "a");
    for malformed in [
        Append::to(a(), Version::NONE, vec![]),
        Append::to(a(), Version::NONE, vec![said(1)]).and(a(), Version(1), vec![said(2)]),
        Append::to(a(), Version(-1), vec![said(1)]),
        Append::to(a(), Version::NONE, vec![said(1)]).unless(Query::tagged([]), Position::START),
    ] {
        let error = bank.store.append(malformed).await.unwrap_err();
        assert!(matches!(error, AppendError::Malformed(_)), "{error}");
    }
    assert!(Tag::new("owner", "ann smith").is_err() && Tag::new("", "").is_err());
    assert_eq!(count(&bank).await, 0);
}

#[tokio::test]
async fn a_batch_is_one_transaction_and_keeps_its_order() {
    let bank = Bank::open().await;
    let events = (0..500).map(said).collect();
    bank.store.append(Append::to(StreamId::new("talk", "a"), Version::NONE, events)).await.unwrap();
    let page = bank.all().await;
    let numbers: Vec<i64> = page.iter().map(|event| event.decode::<Said>().unwrap().0).collect();
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());
    assert!(page.iter().all(|event| event.position.transaction == page[0].position.transaction));
}
