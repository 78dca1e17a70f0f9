//! How many events a second come out of the store, in order and decoded. `cargo xtask bench patterns/event-sourcing` runs it
//! and keeps the rows.

mod measure;

use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::ensure;
use event_sourcing::bank::{Account, AccountEvent};
use event_sourcing::{Aggregate, EventStore, Position};
use measure::{MEMORY, ROUNDS, Rows, fill, quick, store};
use testkit::Postgres;
use tokio_stream::StreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (events, rounds) = if quick() { (100_000, 3) } else { (1_000_000, ROUNDS) };
    let server = Postgres::start(&[MEMORY, ("fsync", "off")]);
    let (store, options) = store(&server, 4).await?;
    fill(&store, events).await?;
    let case = format!("replay of {events} events");
    let mut rows = Rows::new();

    let database = server.url(options.get_database().unwrap_or_default());
    rows.add(&case, "COPY, thrown away", rates(events, rounds, async || copy(&database)).await?);
    rows.add(&case, "event-sourcing, replay", rates(events, rounds, async || replay(&store, events).await).await?);
    rows.add(
        &case,
        "event-sourcing, pages of 1,000",
        rates(events, rounds, async || pages(&store, events).await).await?,
    );
    rows.peers("replay", &server, &[])?;
    rows.print();
    Ok(())
}

/// Events a second, round by round.
async fn rates(events: usize, rounds: usize, work: impl AsyncFn() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    work().await?; // warms up
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        work().await?;
        rates.push(events as f64 / began.elapsed().as_secs_f64());
    }
    Ok(rates)
}

/// The limit: the whole table in PostgreSQL's own format, in its own client, in no order, into nowhere.
fn copy(database: &str) -> anyhow::Result<()> {
    let copy = "COPY events TO STDOUT (FORMAT binary)";
    let status = Command::new("psql").args([database, "-qc", copy]).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "psql failed");
    Ok(())
}

/// In order, decoded, and applied to a state.
async fn replay(store: &EventStore, events: usize) -> anyhow::Result<()> {
    let (mut state, mut count) = (Account::default(), 0);
    let mut replay = pin!(store.replay(Position::START));
    while let Some(event) = replay.next().await {
        state.apply(event?.decode::<AccountEvent>()?);
        count += 1;
    }
    ensure!(count == events && state.cents > 0, "{count} events, {} cents", state.cents);
    Ok(())
}

/// The same, a page after the other.
async fn pages(store: &EventStore, events: usize) -> anyhow::Result<()> {
    let (mut state, mut count, mut position) = (Account::default(), 0, Position::START);
    loop {
        let page = store.page(position, 1_000).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        for event in &page {
            state.apply(event.decode::<AccountEvent>()?);
        }
        count += page.len();
    }
    ensure!(count == events && state.cents > 0, "{count} events, {} cents", state.cents);
    Ok(())
}
