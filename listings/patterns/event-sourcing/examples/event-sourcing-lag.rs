//! From the call that appends to the read model that shows it, in milliseconds. `cargo xtask bench patterns/event-sourcing` runs
//! it and keeps the rows.

mod measure;

use std::time::{Duration, Instant};

use event_sourcing::bank::{Balances, balance};
use event_sourcing::{Append, StreamId, Subscription, Version};
use measure::{MEMORY, Rows, deposit, opening, quick, store};
use testkit::Postgres;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = Postgres::start(&[MEMORY, ("fsync", "on")]);
    let (store, _) = store(&server, 8).await?;
    let (stop, account) = (CancellationToken::new(), Uuid::from_u128(7));
    let balances = Subscription::new(store.clone(), Balances::of(&store));
    let stopped = stop.clone();
    let running = tokio::spawn(async move { balances.run(stopped.cancelled()).await });
    let append = async |version, event| {
        let append = Append::to(StreamId::new("account", account), Version(version), vec![event]);
        store.append(append).await
    };
    append(0, opening()).await?;
    let mut lags = Vec::new();
    for version in 1..=if quick() { 20 } else { 220 } {
        tokio::time::sleep(Duration::from_millis(20)).await; // everybody sleeps
        let began = Instant::now();
        append(version, deposit(1)).await?;
        while balance(&store, account).await?.is_none_or(|balance| balance.version <= version) {}
        lags.push(began.elapsed().as_secs_f64() * 1e3);
    }
    stop.cancel();
    running.await??;
    let mut rows = Rows::new();
    rows.spread("append to read model", "event-sourcing", lags.split_off(lags.len() / 11)); // the first warm up
    rows.peers("lag", &server, &[])?;
    rows.print();
    Ok(())
}
