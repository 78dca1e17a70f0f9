//! What was measured: `listings/<crate>/results/<name>.json`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::hash_source;

/// One session of measurements, complete enough to be repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The file's name without `.json`.
    pub name: String,
    /// The unit of every row: `ns`, `KiB`, `requests/s`.
    pub unit: String,
    /// Which way is up.
    pub better: Better,
    /// What was run.
    pub command: String,
    /// When: `2026-11-24`.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// Compiler, runtimes and peers with their versions.
    pub versions: BTreeMap<String, String>,
    /// The [`crate::hash_source`] of each path below `listings/` that the numbers depend on.
    pub sources: BTreeMap<String, String>,
    /// The numbers, in the order of the figure.
    pub rows: Vec<Row>,
}

/// Whether a low or a high value is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Times, sizes.
    Lower,
    /// Rates.
    Higher,
}

/// What it was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// How many of its cores.
    pub cores: u64,
    /// Main memory.
    pub memory_gib: u64,
    /// The operating system.
    pub os: String,
    /// Its kernel.
    pub kernel: String,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The situation: rows of one case are compared with one another.
    pub case: String,
    /// What was measured: a listing's crate or a peer.
    pub subject: String,
    /// The estimate.
    pub value: f64,
    /// The interval's lower end; the same as `value` where there is no interval.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Results {
    /// Reads result `name` of the crate in the folder `listing`.
    ///
    /// # Errors
    ///
    /// When it is missing, not understood, empty, or does not say where, when and how it was measured.
    pub fn load(listing: &Path, name: &str) -> anyhow::Result<Self> {
        let path = listing.join("results").join(format!("{name}.json"));
        let write = "`cargo xtask bench` or `cargo xtask versus` writes it";
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} is missing; {write}", path.display()))?;
        let results: Self = serde_json::from_str(&text).with_context(|| format!("{}; {write}", path.display()))?;
        results.check(name).with_context(|| path.display().to_string())?;
        Ok(results)
    }

    /// Writes it to where [`Results::load`] finds it.
    ///
    /// # Errors
    ///
    /// When it would not load, or cannot be written.
    pub fn save(&self, listing: &Path) -> anyhow::Result<()> {
        self.check(&self.name)?;
        let folder = listing.join("results");
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let path = folder.join(format!("{}.json", self.name));
        let json = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(&path, json).with_context(|| path.display().to_string())
    }

    /// The sources that have changed since, or are gone.
    pub fn changed_sources(&self, listings: &Path) -> Vec<&str> {
        let changed = |path: &str, hash: &str| !hash_source(listings, path).is_ok_and(|today| today == hash);
        self.sources.iter().filter(|(path, hash)| changed(path, hash)).map(|(path, _)| path.as_str()).collect()
    }

    fn check(&self, name: &str) -> anyhow::Result<()> {
        ensure!(self.name == name, "its `name` is `{}`", self.name);
        let machine = [&self.machine.cpu, &self.machine.os, &self.machine.kernel];
        ensure!(!self.command.is_empty(), "`command` is empty");
        ensure!(machine.iter().all(|text| !text.is_empty()) && self.machine.cores > 0, "`machine` is incomplete");
        ensure!(is_date(&self.date), "`date` is not like 2026-11-24");
        ensure!(!self.versions.is_empty(), "`versions` is empty");
        ensure!(!self.sources.is_empty(), "`sources` is empty: name the code that was measured");
        ensure!(!self.rows.is_empty(), "`rows` is empty");
        for Row { case, subject, value, low, high } in &self.rows {
            let ordered = 0.0 <= *low && low <= value && value <= high && high.is_finite();
            ensure!(ordered, "{case}, {subject}: {low} ≤ {value} ≤ {high} is not so");
        }
        Ok(())
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_sources;
    use crate::testing::{tree, write};

    fn results(root: &Path) -> Results {
        Results {
            name: "call".into(),
            unit: "ns".into(),
            better: Better::Lower,
            command: "cargo xtask bench a".into(),
            date: "2026-11-24".into(),
            machine: Machine { cpu: "C".into(), cores: 2, memory_gib: 8, os: "O".into(), kernel: "6.1".into() },
            versions: BTreeMap::from([("rustc".into(), "1.95.0".into())]),
            sources: hash_sources(root, &["a/src"]).unwrap(),
            rows: vec![Row { case: "one".into(), subject: "a".into(), value: 2.0, low: 1.0, high: 3.0 }],
        }
    }

    #[test]
    fn saved_and_loaded_and_marked_when_the_code_moves_on() {
        let root = tree(&[("a/src/lib.rs", "a")]);
        let (saved, listing) = (results(root.path()), root.path().join("a"));
        saved.save(&listing).unwrap();
        let loaded = Results::load(&listing, "call").unwrap();
        assert_eq!(loaded, saved);
        assert!(loaded.changed_sources(root.path()).is_empty());
        write(root.path(), "a/src/lib.rs", "b");
        assert_eq!(loaded.changed_sources(root.path()), ["a/src"]);
    }

    #[test]
    fn a_number_without_its_circumstances_is_an_error() {
        let root = tree(&[("a/src/lib.rs", "a")]);
        let error = |change: fn(&mut Results)| {
            let mut results = results(root.path());
            change(&mut results);
            results.save(root.path()).unwrap_err().to_string()
        };
        assert_eq!(error(|r| r.command.clear()), "`command` is empty");
        assert_eq!(error(|r| r.machine.cpu.clear()), "`machine` is incomplete");
        assert_eq!(error(|r| r.date = "yesterday".into()), "`date` is not like 2026-11-24");
        assert_eq!(error(|r| r.versions.clear()), "`versions` is empty");
        assert!(error(|r| r.sources.clear()).starts_with("`sources` is empty"));
        assert_eq!(error(|r| r.rows.clear()), "`rows` is empty");
        assert_eq!(error(|r| r.rows[0].high = 1.5), "one, a: 1 ≤ 2 ≤ 1.5 is not so");
        assert!(
            format!("{:#}", Results::load(root.path(), "call").unwrap_err())
                .contains("call.json is missing; `cargo xtask bench`")
        );
    }
}
