//! How long it takes to load one account, in microseconds. `cargo xtask bench patterns/event-sourcing` runs it and keeps the
//! rows.

mod measure;

use std::time::Instant;

use event_sourcing::bank::{Account, AccountEvent};
use event_sourcing::{Aggregate, Append, EventStore, Snapshots, StreamId, Version};
use measure::{MEMORY, ROUNDS, Rows, deposit, fill, opening, quick, store};
use serde::{Deserialize, Serialize};
use testkit::Postgres;

/// How many events has what is loaded.
const AGGREGATES: [usize; 4] = [10, 100, 1_000, 10_000];

/// The same account, and nobody keeps snapshots of it.
#[derive(Default, Serialize, Deserialize)]
struct Plain(Account);

impl Aggregate for Plain {
    type Event = AccountEvent;
    const CATEGORY: &'static str = "account";
    const SNAPSHOTS: Option<Snapshots> = None;

    fn apply(&mut self, event: AccountEvent) {
        self.0.apply(event);
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = Postgres::start(&[MEMORY, ("fsync", "off")]);
    let (store, _) = store(&server, 2).await?;
    let mut rows = Rows::new();
    fill(&store, if quick() { 10_000 } else { 100_000 }).await?; // others
    for events in AGGREGATES {
        let stream = StreamId::new("account", events);
        let story = std::iter::once(opening()).chain((1..events as i64).map(deposit)).collect();
        store.append(Append::to(stream, Version::NONE, story)).await?;
        store.load::<Account>(events).await?; // keeps a snapshot, where there are enough events
    }
    sqlx::query("VACUUM ANALYZE events, snapshots").execute(store.pool()).await?;
    for events in AGGREGATES {
        let case = format!("an aggregate of {events} events");
        rows.add(&case, "event-sourcing", times::<Plain>(&store, events).await?);
        rows.add(&case, "event-sourcing, snapshot", times::<Account>(&store, events).await?);
    }
    rows.peers("rehydrate", &server, &[])?;
    rows.print();
    Ok(())
}

/// Microseconds of a load, on average in each round.
async fn times<A: Aggregate>(store: &EventStore, events: usize) -> anyhow::Result<Vec<f64>> {
    let loads = if quick() { 20 } else { 200_000 / events.max(200) };
    let mut times = Vec::new();
    for _ in 0..=ROUNDS {
        let began = Instant::now();
        for _ in 0..loads {
            store.load::<A>(events).await?;
        }
        times.push(began.elapsed().as_secs_f64() * 1e6 / loads as f64);
    }
    Ok(times.split_off(1)) // the first warms up
}
