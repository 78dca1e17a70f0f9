//! Any number of writers, in any order, and a reader in between: it sees every event once, and in an order that never changes.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::Bank;
use event_sourcing::Position;
use proptest::prelude::*;
use sqlx::{PgConnection, Row};

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A writer begins, or writes an event, as the case may be.
    Write(usize),
    /// A writer's transaction takes effect.
    Commit(usize),
    /// Or does not.
    RollBack(usize),
    /// Nobody else in the server is in the way any more.
    Settle,
    /// The reader looks.
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let writer = 0..4_usize;
    let step = prop_oneof![
        4 => writer.clone().prop_map(Step::Write),
        2 => writer.clone().prop_map(Step::Commit),
        1 => writer.prop_map(Step::RollBack),
        3 => Just(Step::Read),
    ];
    prop::collection::vec(step, 10..60)
}

/// What the three readers have seen.
#[derive(Default)]
struct Seen {
    ours: Vec<String>,
    by_number: Vec<String>,
    by_number_below_the_horizon: Vec<String>,
}

/// Runs the steps, ends what is open, reads once more. Returns what was committed and what was seen.
async fn run(bank: &Bank, steps: &[Step]) -> (Vec<String>, Seen) {
    let mut writers = Vec::new();
    for _ in 0..4 {
        writers.push(bank.connection().await);
    }
    let (mut open, mut committed, mut written) = (BTreeMap::<usize, Vec<String>>::new(), Vec::new(), 0);
    let (mut seen, mut position, mut numbers) = (Seen::default(), Position::START, [0_i64; 2]);
    let ending = (0..4).map(Step::Commit).chain([Step::Settle, Step::Read]);
    for step in steps.iter().copied().chain(ending) {
        match step {
            // A transaction gets its number by what it does first, which need not be an event.
            Step::Write(writer) if !open.contains_key(&writer) => {
                run_one(&mut writers[writer], "BEGIN").await;
                run_one(&mut writers[writer], "SELECT pg_current_xact_id()").await;
                open.insert(writer, Vec::new());
            }
            Step::Write(writer) => {
                let stream = format!("talk-{written}");
                written += 1;
                let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
                    VALUES (gen_random_uuid(), $1, 1, 'said', 1, '1', '{}', '{}')";
                sqlx::query(insert).bind(&stream).execute(&mut writers[writer]).await.unwrap();
                open.get_mut(&writer).unwrap().push(stream);
            }
            Step::Commit(writer) => {
                run_one(&mut writers[writer], "COMMIT").await;
                committed.extend(open.remove(&writer).unwrap_or_default());
            }
            Step::RollBack(writer) => {
                run_one(&mut writers[writer], "ROLLBACK").await;
                open.remove(&writer);
            }
            Step::Settle => bank.settle().await,
            Step::Read => {
                let page = bank.store.page(position, 1_000).await.unwrap();
                position = page.last().map_or(position, |event| event.position);
                seen.ours.extend(page.iter().map(|event| event.stream.to_string()));
                let horizon = "AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
                for (reader, also) in ["", horizon].into_iter().enumerate() {
                    let select =
                        format!("SELECT stream, position FROM events WHERE position > $1 {also} ORDER BY position");
                    let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(numbers[reader]);
                    for row in rows.fetch_all(bank.pool()).await.unwrap() {
                        numbers[reader] = row.get("position");
                        let list = [&mut seen.by_number, &mut seen.by_number_below_the_horizon];
                        list.into_iter().nth(reader).unwrap().push(row.get("stream"));
                    }
                }
            }
        }
    }
    (committed, seen)
}

async fn run_one(connection: &mut PgConnection, statement: &'static str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

fn sorted(mut streams: Vec<String>) -> Vec<String> {
    streams.sort();
    streams
}

// ANCHOR: interleaving
#[test]
fn whatever_the_order_of_commits_each_event_is_read_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let missed = std::cell::Cell::new([0, 0]);
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps())| {
        let (committed, seen, all) = runtime.block_on(async {
            let bank = Bank::open().await;
            let (committed, seen) = run(&bank, &steps).await;
            let all = bank.all().await;
            (committed, seen, all.iter().map(|event| event.stream.to_string()).collect::<Vec<_>>())
        });
        prop_assert_eq!(&seen.ours, &all, "in pieces as at once: the order has not changed");
        let committed = sorted(committed);
        prop_assert_eq!(sorted(seen.ours), &*committed, "each once");
        let [number, horizon] = missed.get();
        missed.set([
            number + usize::from(sorted(seen.by_number) != committed),
            horizon + usize::from(sorted(seen.by_number_below_the_horizon) != committed),
        ]);
    });
    let [number, horizon] = missed.get();
    assert!(number > 0, "polling by number must have missed an event in one of the runs");
    assert!(horizon > 0, "and so must the horizon with the number alone");
}
// ANCHOR_END: interleaving
