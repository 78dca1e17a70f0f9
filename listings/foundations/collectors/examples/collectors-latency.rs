//! How long requests take while the collector is in trouble, in microseconds. `cargo xtask bench foundations/collectors`
//! runs it and keeps the rows.

mod weather;

use weather::Case;

const CASES: [Case; 2] = [
    ("latency, median", |outcome| outcome.noticed.median.as_secs_f64() * 1e6),
    ("latency, 99th percentile", |outcome| outcome.noticed.p99.as_secs_f64() * 1e6),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    weather::main(&CASES).await
}
