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

use anyhow::{Context, ensure};
use book::results::Row;
use serde::Deserialize;

use crate::bench::{Measured, round, save};
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
    peers.retain(|peer| peer.path().join("run").is_file());
    peers.sort_by_key(std::fs::DirEntry::file_name);
    ensure!(!peers.is_empty(), "listings/{slug}/versus has no peer: a folder with a program `run`");
    for peer in peers {
        let name = peer.file_name().to_string_lossy().into_owned();
        for (what, unit, result) in [("calls", "ns", name.clone()), ("memory", "KiB", format!("{name}-memory"))] {
            println!("versus/{name}/run {what}");
            let answer = output(command(peer.path().join("run")).arg(what))?;
            let Answer { versions, rows } =
                Answer::parse(&answer).with_context(|| format!("versus/{name}/run {what}"))?;
            let sources = vec![format!("{slug}/versus/{name}")];
            let command = format!("cargo xtask versus {slug}");
            save(slug, Measured { name: result, command, unit: unit.into(), sources, versions, rows })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_s_answer_is_read_or_refused_with_a_reason() {
        let row = r#"{"case":"closed call","subject":"resilience4j","value":277.12345,"low":270,"high":281}"#;
        let answer = Answer::parse(&format!(r#"{{"versions":{{"resilience4j":"2.3.0"}},"rows":[{row}]}}"#)).unwrap();
        assert_eq!((answer.rows[0].value, answer.rows[0].high), (277.123, 281.0));
        for broken in ["", "Benchmark  Mode", r#"{"versions":{},"rows":[],"extra":1}"#] {
            let error = format!("{:#}", Answer::parse(broken).err().unwrap());
            assert!(error.starts_with("see `versus` in ci/xtask"), "{error}");
        }
    }
}
