//! The largest resident set of a program that replays, in KiB. `cargo xtask bench patterns/event-sourcing` runs it and keeps the
//! rows.

mod measure;

use std::fs;
use std::pin::pin;

use anyhow::Context;
use event_sourcing::bank::{Account, AccountEvent};
use event_sourcing::{Aggregate, EventStore, Position};
use measure::{MEMORY, Rows, fill, quick, store};
use testkit::Postgres;
use tokio_stream::StreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sizes: &[usize] = if quick() { &[1_000, 10_000] } else { &[10_000, 100_000, 1_000_000] };
    let server = Postgres::start(&[MEMORY, ("fsync", "off")]);
    let mut rows = Rows::new();
    for events in sizes {
        let (store, _) = store(&server, 2).await?;
        fill(&store, *events).await?;
        let mut peaks = Vec::new();
        for _ in 0..3 {
            fs::write("/proc/self/clear_refs", "5").context("the peak cannot be forgotten")?;
            replay(&store).await?;
            peaks.push(peak()?);
        }
        rows.add(&format!("replay of {events} events"), "event-sourcing", peaks);
    }
    rows.print();
    Ok(())
}

async fn replay(store: &EventStore) -> anyhow::Result<()> {
    let mut state = Account::default();
    let mut replay = pin!(store.replay(Position::START));
    while let Some(event) = replay.next().await {
        state.apply(event?.decode::<AccountEvent>()?);
    }
    Ok(())
}

/// KiB.
fn peak() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("Linux says the peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
