//! How many events a second go into a read model. `cargo xtask bench patterns/event-sourcing` runs it and keeps the rows.

mod measure;

use std::time::Instant;

use event_sourcing::Subscription;
use event_sourcing::bank::Balances;
use measure::{MEMORY, ROUNDS, Rows, fill, quick, store};
use testkit::Postgres;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (events, rounds) = if quick() { (10_000, 3) } else { (100_000, ROUNDS) };
    let server = Postgres::start(&[MEMORY, ("fsync", "off")]);
    let (store, _) = store(&server, 4).await?;
    fill(&store, events).await?;
    let case = format!("projection of {events} events into a table of balances");
    let mut rows = Rows::new();
    for batch in [1, 100, 500, 5_000] {
        if batch == 1 && !quick() {
            continue; // takes minutes, and nobody does it
        }
        let mut rates = Vec::new();
        for _ in 0..rounds {
            sqlx::raw_sql("TRUNCATE balances; DELETE FROM checkpoints").execute(store.pool()).await?;
            let balances = Subscription::new(store.clone(), Balances::of(&store)).batch(batch);
            let began = Instant::now();
            while balances.step().await? > 0 {}
            rates.push(events as f64 / began.elapsed().as_secs_f64());
        }
        rows.add(&case, &format!("event-sourcing, batches of {batch}"), rates);
    }
    rows.peers("projection", &server, &[])?;
    rows.print();
    Ok(())
}
