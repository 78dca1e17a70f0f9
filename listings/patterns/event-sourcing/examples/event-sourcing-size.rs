//! What an event takes on the disk, in bytes. `cargo xtask bench patterns/event-sourcing` runs it and keeps the rows.

mod measure;

use measure::{MEMORY, Rows, fill, quick, store};
use testkit::Postgres;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sizes: &[usize] = if quick() { &[10_000] } else { &[100_000, 1_000_000] };
    let server = Postgres::start(&[MEMORY, ("fsync", "off")]);
    let mut rows = Rows::new();
    for events in sizes {
        let (store, _) = store(&server, 2).await?;
        fill(&store, *events).await?;
        let sizes = "SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c
            WHERE c.relname LIKE 'events%' AND c.relkind IN ('r', 'i') ORDER BY c.relkind DESC, c.relname";
        let sizes: Vec<(String, i64)> = sqlx::query_as(sizes).fetch_all(store.pool()).await?;
        for (name, bytes) in sizes {
            rows.add(&format!("a deposit, of {events} events"), &name, vec![bytes as f64 / *events as f64]);
        }
    }
    rows.print();
    Ok(())
}
