//! What a request costs with one signal after the other: processor time and latency, in microseconds.
//! `cargo xtask bench foundations/cost` runs it and keeps the rows.

use std::process::Command;
use std::time::Duration;

use cost::Rate;
use cost::load::{Cost, Load, SETUPS, run, serve};
use serde_json::json;

type Of = fn(&Cost) -> Duration;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("service") {
        return Ok(serve().await?);
    }
    let (rounds, seconds) = if argument.as_deref() == Some("--quick") { (1, 1) } else { (7, 5) };
    let load = Load {
        rate: Rate::per_second(2_000.0),
        warm_up: Duration::from_secs(1),
        measured: Duration::from_secs(seconds),
    };
    let mut costs = vec![Vec::new(); SETUPS.len()];
    // Round by round, so that what else the machine does falls on all of them.
    for round in 1..=rounds {
        for (setup, costs) in SETUPS.iter().zip(&mut costs) {
            eprintln!("round {round} of {rounds}: {}", setup.name);
            let mut service = Command::new(std::env::current_exe()?);
            service.arg("service");
            costs.push(run(service, setup, load).await?);
        }
    }
    let cases: [(&str, Of); 3] = [
        ("CPU time per request", |it| it.cpu),
        ("latency, median", |it| it.median),
        ("latency, 99th percentile", |it| it.p99),
    ];
    let mut rows = Vec::new();
    for (case, of) in cases {
        for (setup, costs) in SETUPS.iter().zip(&costs) {
            let mut times: Vec<f64> = costs.iter().map(|cost| of(cost).as_secs_f64() * 1e6).collect();
            times.sort_by(f64::total_cmp);
            let (low, value, high) = (times[0], times[times.len() / 2], times[times.len() - 1]);
            rows.push(json!({ "case": case, "subject": setup.name, "value": value, "low": low, "high": high }));
        }
    }
    println!("{}", json!({ "versions": {}, "rows": rows }));
    Ok(())
}
