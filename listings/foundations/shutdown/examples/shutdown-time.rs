//! How long a program takes to end, in milliseconds: the cases of the matrix that call `shutdown`.
//! `cargo xtask bench foundations/shutdown` runs it and keeps the rows.

mod cases;

use anyhow::Context;
use cases::{Outcome, RUNTIMES, SETUPS, TRANSPORTS, case_of_arguments, observe};
use serde_json::json;

fn main() -> anyhow::Result<()> {
    case_of_arguments().unwrap_or_else(rows)
}

/// One case after the other, each several times: the middle one, the shortest and the longest.
fn rows() -> anyhow::Result<()> {
    let times = if std::env::args().any(|argument| argument == "--quick") { 1 } else { 9 };
    let mut rows = Vec::new();
    for (ending, place) in [("shutdown", "in main"), ("in task", "in a task")] {
        for runtime in RUNTIMES {
            for transport in TRANSPORTS {
                for setup in SETUPS {
                    let mut took = Vec::new();
                    for _ in 0..times {
                        if let Outcome::Ended { time, spans } = observe([setup, runtime, transport, ending])? {
                            eprintln!("{place}, {runtime}, {transport}, {setup}: {time:?}, {spans} spans");
                            took.push(time.as_secs_f64() * 1e3);
                        }
                    }
                    took.sort_by(f64::total_cmp);
                    let Some((low, high)) = took.first().zip(took.last()) else { continue };
                    let value = took.get(took.len() / 2).context("there is a first one, so there is a middle one")?;
                    let case = format!("{place}, {runtime}, {transport}");
                    rows.push(json!({ "case": case, "subject": setup, "value": value, "low": low, "high": high }));
                }
            }
        }
    }
    println!("{}", json!({ "versions": {}, "rows": rows }));
    Ok(())
}
