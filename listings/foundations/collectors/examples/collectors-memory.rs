//! The largest resident set of a program while the collector is in trouble, in KiB. `cargo xtask bench
//! foundations/collectors` runs it and keeps the rows.

mod weather;

use weather::Case;

const CASES: [Case; 1] = [("resident set of the program, at its peak", |outcome| outcome.noticed.peak_kib as f64)];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    weather::main(&CASES).await
}
