//! What becomes slower when there are more events, in microseconds. `cargo xtask bench patterns/event-sourcing` runs it and keeps
//! the rows.

mod measure;

use std::time::Instant;

use event_sourcing::bank::Account;
use event_sourcing::{Append, EventStore, Position, StreamId, Version};
use measure::{MEMORY, ROUNDS, Rows, deposit, quick, store};
use sqlx::AssertSqlSafe;
use testkit::Postgres;
use uuid::Uuid;

/// Calls in a round.
const CALLS: usize = 500;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sizes: &[usize] = if quick() { &[10_000, 100_000] } else { &[1_000_000, 10_000_000] };
    let mut rows = Rows::new();
    for events in sizes {
        let server = Postgres::start(&[MEMORY, ("fsync", "off"), ("max_wal_size", "8GB")]);
        let (store, _) = store(&server, 4).await?;
        grow(&store, *events).await?;
        let subject = format!("{events} events");
        let accounts = events / 100;
        let any = || fastrand::usize(0..accounts);
        rows.add(
            "append one event",
            &subject,
            rounds(async || {
                let stream = StreamId::new("account", Uuid::new_v4());
                store.append(Append::to(stream, Version::NONE, vec![deposit(1)])).await?;
                Ok(())
            })
            .await?,
        );
        rows.add(
            "load an account of 100 events",
            &subject,
            rounds(async || {
                store.load::<Account>(any()).await?;
                Ok(())
            })
            .await?,
        );
        let middle = store.page(Position::START, 1).await?[0].position;
        rows.add(
            "page of 500 events",
            &subject,
            rounds(async || {
                let number = fastrand::i64(1..*events as i64 - 1_000);
                store.page(Position { number, ..middle }, 500).await?;
                Ok(())
            })
            .await?,
        );
    }
    rows.print();
    Ok(())
}

/// Written by the server itself, in one transaction for each million: it is about what is there, and not how it came.
async fn grow(store: &EventStore, events: usize) -> anyhow::Result<()> {
    let mut connection = store.pool().acquire().await?;
    sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
    for begin in (0..events).step_by(1_000_000) {
        let end = (begin + 1_000_000).min(events) - 1;
        let insert = format!(
            "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
             SELECT gen_random_uuid(), 'account-' || n / 100, n % 100 + 1,
                 CASE n % 100 WHEN 0 THEN 'account_opened' ELSE 'money_deposited' END, CASE n % 100 WHEN 0 THEN 2 ELSE 1 END,
                 CASE n % 100 WHEN 0 THEN '{{\"owner\":\"7\",\"name\":\"c2VhbGVk\",\"currency\":\"EUR\"}}' ELSE '{{\"cents\":5}}' END::json,
                 '{{\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}}', '{{}}'
             FROM generate_series({begin}::bigint, {end}) AS n"
        );
        sqlx::query(AssertSqlSafe(insert)).execute(&mut *connection).await?;
        eprintln!("{} events", end + 1);
    }
    sqlx::query("VACUUM ANALYZE events").execute(&mut *connection).await?;
    Ok(())
}

/// Microseconds of a call, on average in each round.
async fn rounds(call: impl AsyncFn() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..=ROUNDS {
        let began = Instant::now();
        for _ in 0..CALLS {
            call().await?;
        }
        times.push(began.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
    }
    Ok(times.split_off(1)) // the first warms up
}
