//! Everything: bring what is missing, check, test.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::ensure;

use crate::check;
use crate::gate::{self, Ran};
use crate::parts::PARTS;
use crate::process::{cargo, run as execute};
use crate::queries;
use crate::stamps::Stamps;
use crate::steps::Steps;

/// Runs all steps. Packages that have passed on this machine as they are, are left out unless `all`.
pub fn run(all: bool) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let result = everything(&mut steps, all);
    steps.table();
    println!("\n{}", result?);
    Ok(())
}

fn everything(steps: &mut Steps, all: bool) -> anyhow::Result<String> {
    steps.step("bring what is missing", || PARTS.iter().try_for_each(|part| part.ensure()))?;
    check::reading(steps)?;
    check::lints(steps)?;
    steps.step("build crates, tests, snippets and examples", || {
        execute(cargo().args(["test", "--workspace", "--locked", "--no-run"]))
    })?;

    steps.step("queries are what the database says", || queries::run(true))?;

    let stamps = Stamps::read()?;
    let passed = if all { BTreeMap::new() } else { stamps.passed() };
    check::book(steps, &passed.keys().copied().collect())?;

    if !passed.is_empty() {
        let names: Vec<&str> = passed.keys().copied().collect();
        println!("\nunchanged since they passed on this machine, and not tested again: {}", names.join(", "));
    }
    let tested = tests(steps, &stamps, &passed);
    let earlier: u64 = passed.values().sum();
    tested.map(|ran| summary(&ran, earlier))
}

/// Runs the tests and models of all packages but those in `passed`, and keeps which passed.
fn tests(steps: &mut Steps, stamps: &Stamps, passed: &BTreeMap<&str, u64>) -> anyhow::Result<Vec<Ran>> {
    let unchanged: BTreeSet<&str> = passed.keys().copied().collect();
    let due: BTreeSet<&str> = stamps.all().filter(|name| !unchanged.contains(name)).collect();
    let mut ran = Vec::new();
    let mut content = true;
    if !due.is_empty() {
        let mut cargo = cargo();
        cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
        content &= session(steps, "test", &mut cargo, &unchanged, &mut ran)?;
    }
    let models: BTreeSet<&str> = stamps.models().intersection(&due).copied().collect();
    if !models.is_empty() {
        let features: Vec<String> = models.iter().map(|name| format!("{name}/loom")).collect();
        let others = stamps.all().filter(|name| !models.contains(name)).collect();
        let mut cargo = cargo();
        cargo.args(["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--features", &features.join(",")]);
        content &= session(steps, "every interleaving of the models", cargo.arg("model"), &others, &mut ran)?;
    }

    let failed: BTreeSet<&str> = ran.iter().filter(|ran| !ran.ok).map(|ran| ran.package.as_str()).collect();
    ensure!(content || !failed.is_empty(), "cargo test failed before it ran all tests, see above");
    for name in due.iter().filter(|name| !failed.contains(*name)) {
        let tests = ran.iter().filter(|ran| ran.package == **name).map(|ran| ran.passed).sum();
        stamps.keep(name, tests)?;
    }
    let names: Vec<&str> = failed.into_iter().collect();
    ensure!(names.is_empty(), "{}; see above for {}", summary(&ran, passed.values().sum()), names.join(", "));
    Ok(ran)
}

/// Runs one `cargo test`, and adds what ran to the table and to `ran`.
fn session(
    steps: &mut Steps,
    name: &str,
    cargo: &mut std::process::Command,
    unchanged: &BTreeSet<&str>,
    ran: &mut Vec<Ran>,
) -> anyhow::Result<bool> {
    let (new, content) = steps.step(name, || gate::through(cargo, unchanged))?;
    for (part, seconds) in shares(&new) {
        steps.part(&part, Duration::from_secs_f64(seconds));
    }
    ran.extend(new);
    Ok(content)
}

/// The time of each package, the longest first; what takes longer than a minute by itself has a row of its own.
fn shares(ran: &[Ran]) -> Vec<(String, f64)> {
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    for Ran { package, target, seconds, .. } in ran {
        let name = if *seconds > 60.0 { format!("{package}: {target}") } else { package.clone() };
        *shares.entry(name).or_default() += seconds;
    }
    let mut shares: Vec<_> = shares.into_iter().collect();
    shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    shares
}

fn summary(ran: &[Ran], earlier: u64) -> String {
    let sum = |count: fn(&Ran) -> u64| ran.iter().map(count).sum::<u64>();
    let (passed, failed, ignored) = (sum(|ran| ran.passed), sum(|ran| ran.failed), sum(|ran| ran.ignored));
    let of_them = if earlier > 0 { format!(" ({earlier} of them earlier, unchanged since)") } else { String::new() };
    format!("{} passed{of_them}, {failed} failed, {ignored} ignored", passed + earlier)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(package: &str, target: &str, passed: u64, seconds: f64) -> Ran {
        Ran { package: package.into(), target: target.into(), ok: true, passed, failed: 0, ignored: 1, seconds }
    }

    #[test]
    fn a_package_has_a_row_and_what_is_slow_has_its_own() {
        let ran = [ran("site", "site", 5, 2.0), ran("site", "browser", 9, 61.0), ran("book", "book", 3, 4.0)];
        let shares = shares(&ran);
        let names: Vec<&str> = shares.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["site: browser", "book", "site"]);
    }

    #[test]
    fn the_last_line_counts() {
        let ran = [ran("site", "site", 5, 2.0), ran("book", "book", 3, 4.0)];
        assert_eq!(summary(&ran, 0), "8 passed, 0 failed, 2 ignored");
        assert_eq!(summary(&ran, 4), "12 passed (4 of them earlier, unchanged since), 0 failed, 2 ignored");
    }
}
