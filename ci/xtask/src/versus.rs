//! The peers outside Rust: `listings/<crate>/versus/<peer>/run`.
//!
//! The program is called with one word, `calls` or `memory`. It prints one JSON object on standard output, and progress
//! on standard error:
//!
//! ```json
//! {"versions": {"resilience4j": "2.3.0"},
//!  "rows": [{"case": "closed call, 1 thread", "subject": "resilience4j", "value": 1.0, "low": 0.9, "high": 1.1}]}
//! ```
//!
//! The rows of `calls` are nanoseconds and become `results/<peer>.json`; those of `memory` are KiB and become
//! `results/<peer>-memory.json`.

use std::collections::BTreeMap;

use anyhow::Context;
use book::results::Row;
use serde::Deserialize;

use crate::bench::{round, save};
use crate::process::{command, output};
use crate::root::listing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Of what was measured.
    pub versions: BTreeMap<String, String>,
    /// The numbers.
    pub rows: Vec<Row>,
}

impl Answer {
    /// Reads what a peer printed.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut answer: Self = serde_json::from_str(text).context("see `versus` in ci/xtask for the format")?;
        for row in &mut answer.rows {
            (row.value, row.low, row.high) = (round(row.value), round(row.low), round(row.high));
        }
        Ok(answer)
    }
}

/// Runs every peer.
pub fn run(slug: &str) -> anyhow::Result<()> {
    let versus = listing(slug)?.join("versus");
    let mut peers: Vec<_> = std::fs::read_dir(&versus)
        .with_context(|| format!("listings/{slug} has no peers: versus/ is missing"))?
        .collect::<Result<_, _>>()?;
    peers.sort_by_key(std::fs::DirEntry::file_name);
    for peer in peers {
        let name = peer.file_name().to_string_lossy().into_owned();
        for (what, unit, result) in [("calls", "ns", name.clone()), ("memory", "KiB", format!("{name}-memory"))] {
            println!("versus/{name}/run {what}");
            let answer = output(command(peer.path().join("run")).arg(what))?;
            let answer = Answer::parse(&answer)?;
            save(slug, &result, &format!("cargo xtask versus {slug}"), unit, answer.rows, answer.versions)?;
        }
    }
    Ok(())
}
