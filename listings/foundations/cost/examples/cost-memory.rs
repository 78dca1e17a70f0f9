//! What telemetry adds to the resident set of a service under load, in KiB: with its queues in use, and with them full.
//! `cargo xtask bench foundations/cost` runs it and keeps the rows.

use std::process::Command;
use std::time::Duration;

use cost::Rate;
use cost::load::{Load, NOBODY_LISTENS, SETUPS, run, serve};
use serde_json::json;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("service") {
        return Ok(serve().await?);
    }
    let (rounds, seconds) = if argument.as_deref() == Some("--quick") { (1, 1) } else { (3, 5) };
    let (rate, warm_up, measured) = (Rate::per_second(2_000.0), Duration::ZERO, Duration::from_secs(seconds));
    let mut rows = Vec::new();
    for setup in SETUPS.iter().chain([&NOBODY_LISTENS]) {
        let mut kib = Vec::new();
        for round in 1..=rounds {
            eprintln!("round {round} of {rounds}: {}", setup.name);
            let mut service = Command::new(std::env::current_exe()?);
            service.arg("service");
            kib.push(run(service, setup, Load { rate, warm_up, measured }).await?.resident_kib);
        }
        kib.sort_unstable();
        let (low, value, high) = (kib[0], kib[kib.len() / 2], kib[kib.len() - 1]);
        rows.push(json!({ "case": "resident set", "subject": setup.name, "value": value, "low": low, "high": high }));
    }
    println!("{}", json!({ "versions": {}, "rows": rows }));
    Ok(())
}
