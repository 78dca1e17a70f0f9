//! The shutdown matrix: each case is a process that makes five spans and ends; a receiver counts what arrived.

use std::thread;
use std::time::Duration;

mod cases;

use cases::{Case, Outcome, RUNTIMES, SETUPS, SPANS, TRANSPORTS, case_of_arguments, observe};

const ENDINGS: [&str; 7] = ["shutdown", "in task", "flush", "return", "early ?", "panic", "SIGTERM"];

fn main() -> anyhow::Result<()> {
    case_of_arguments().unwrap_or_else(table)
}

/// Runs every case, a row at a time, and prints what arrived.
fn table() -> anyhow::Result<()> {
    for setup in SETUPS {
        println!("{setup}: spans that arrived, of {SPANS}");
        println!("{:15} {:5} {}", "runtime", "over", ENDINGS.map(|ending| format!("{ending:>10}")).concat());
        for runtime in RUNTIMES {
            for transport in TRANSPORTS {
                let row: Vec<_> = ENDINGS
                    .map(|ending| thread::spawn(move || cell([setup, runtime, transport, ending])))
                    .into_iter()
                    .map(|case| case.join().expect("a case is an error and no panic"))
                    .collect::<Result<_, _>>()?;
                let cells: String = row.iter().map(|cell| format!("{cell:>10}")).collect();
                println!("{runtime:15} {transport:5} {cells}");
            }
        }
        println!();
    }
    Ok(())
}

/// One case in a word. It hangs when the ending took as long as the SDK's patience, five seconds: what arrives after that
/// is a matter of luck, so it is not counted.
fn cell(case: Case) -> anyhow::Result<String> {
    Ok(match observe(case)? {
        Outcome::Impossible => "–".into(),
        Outcome::Panicked => "panic".into(),
        Outcome::Ended { time, .. } if time > Duration::from_secs(3) => "hangs".into(),
        Outcome::Ended { spans, .. } => spans.to_string(),
    })
}
