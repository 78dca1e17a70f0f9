//! How many events a second go into the store. `cargo xtask bench patterns/event-sourcing` runs it and keeps the rows.

mod measure;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use event_sourcing::{Append, EventStore, StreamId, Version};
use measure::{MEMORY, ROUNDS, Rows, deposit, opening, quick, store};
use testkit::Postgres;
use uuid::Uuid;

/// How many events in one append, and on how many connections.
const CASES: [(&str, usize, u32); 5] = [
    ("one event, 1 connection", 1, 1),
    ("one event, 4 connections", 1, 4),
    ("one event, 16 connections", 1, 16),
    ("batches of 100, 1 connection", 100, 1),
    ("batches of 100, 4 connections", 100, 4),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut rows = Rows::new();
    for fsync in ["on", "off"] {
        let server = Postgres::start(&[MEMORY, ("fsync", fsync), ("max_connections", "100")]);
        for (case, batch, connections) in CASES {
            let rates = rates(&server, batch, connections).await?;
            rows.add(&format!("{case}, fsync {fsync}"), "event-sourcing", rates);
            // Right after: what a machine does in a second is not what it did ten minutes ago.
            rows.peers("append", &server, &["--fsync", fsync, "--case", case])?;
        }
    }
    rows.print();
    Ok(())
}

/// Events a second, round by round.
async fn rates(server: &Postgres, batch: usize, connections: u32) -> anyhow::Result<Vec<f64>> {
    let (rounds, round) = if quick() { (3, Duration::from_millis(300)) } else { (ROUNDS, Duration::from_secs(2)) };
    let (store, _) = store(server, connections + 1).await?; // one for the bell
    append(&store, batch, connections, round / 4).await?; // warms up
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        let events = append(&store, batch, connections, round).await?;
        rates.push(events as f64 / began.elapsed().as_secs_f64());
    }
    Ok(rates)
}

/// Each connection appends to accounts of its own, a hundred events to each.
async fn append(store: &EventStore, batch: usize, connections: u32, round: Duration) -> anyhow::Result<usize> {
    let appended = Arc::new(AtomicUsize::new(0));
    let end = Instant::now() + round;
    let writers = (0..connections).map(|_| {
        let (store, appended) = (store.clone(), appended.clone());
        tokio::spawn(async move {
            while Instant::now() < end {
                let stream = StreamId::new("account", Uuid::new_v4());
                let mut story = std::iter::once(opening()).chain((1..100).map(deposit));
                for version in (0..100).step_by(batch) {
                    let events: Vec<_> = story.by_ref().take(batch).collect();
                    store.append(Append::to(stream.clone(), Version(version), events)).await?;
                    appended.fetch_add(batch, Ordering::Relaxed);
                    if Instant::now() >= end {
                        break;
                    }
                }
            }
            Ok::<_, event_sourcing::AppendError>(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    Ok(appended.load(Ordering::Relaxed))
}
