//! Event stores by others, doing the same work as the chapter's in the same server.
//!
//! `event-sourcing-peers append|replay|rehydrate|projection|lag URL [--quick] [--fsync on|off] [--case CASE]`, where `URL` is the server's
//! database `postgres`. The chapter's own programs call it, `Rows::peers` in `examples/measure/mod.rs`. It prints one JSON
//! object with versions and rows, and what it is doing on standard error.

mod bench;
mod with_disintegrate;
mod with_postgres_es;

use anyhow::bail;
use bench::Bench;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (what, mut bench) = Bench::from_arguments().await?;
    match what.as_str() {
        "append" => {
            with_postgres_es::append(&mut bench).await?;
            with_disintegrate::append(&mut bench).await?;
        }
        "replay" => {
            with_postgres_es::replay(&mut bench).await?;
            with_disintegrate::replay(&mut bench).await?;
        }
        "rehydrate" => {
            with_postgres_es::rehydrate(&mut bench).await?;
            with_disintegrate::rehydrate(&mut bench).await?;
        }
        "projection" => {
            with_postgres_es::projection(&mut bench).await?;
            with_disintegrate::projection(&mut bench).await?;
        }
        "lag" => {
            with_postgres_es::lag(&mut bench).await?;
            with_disintegrate::lag(&mut bench).await?;
        }
        other => bail!("{other}? There are append, replay, rehydrate, projection and lag"),
    }
    bench.print();
    Ok(())
}
