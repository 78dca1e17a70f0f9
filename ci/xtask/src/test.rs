//! Everything: bring what is missing, check, test.

use crate::check;
use crate::parts::PARTS;
use crate::process::{cargo, run as execute};
use crate::root::{listing, listings, package};
use crate::stamps::Stamps;
use crate::steps::Steps;

/// Runs all steps. Packages that have passed on this machine as they are, are left out unless `all`.
pub fn run(all: bool) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.step("bring what is missing", || PARTS.iter().try_for_each(|part| part.ensure()))?;
    check::steps(&mut steps)?;

    let stamps = Stamps::read()?;
    let passed = if all { Default::default() } else { stamps.passed() };
    let due: Vec<&str> = stamps.all().filter(|name| !passed.contains(name)).collect();
    if !passed.is_empty() {
        let names: Vec<&str> = passed.into_iter().collect();
        println!("\nunchanged since they passed on this machine, and not tested again: {}", names.join(", "));
    }
    if due.len() == stamps.all().count() {
        // One build for all: with single packages cargo would choose features anew for each.
        steps.step("test the workspace", || execute(cargo().args(["test", "--workspace", "--locked"])))?;
    }
    for name in &due {
        if due.len() < stamps.all().count() {
            steps.step(&format!("test {name}"), || execute(cargo().args(["test", "--locked", "--package", name])))?;
        }
        if has_model(name)? {
            steps.step(&format!("every interleaving of {name}"), || model(name))?;
        }
    }
    stamps.keep(due)?;
    steps.table();
    Ok(())
}

/// Whether a listing has a loom model of its shared state.
fn has_model(name: &str) -> anyhow::Result<bool> {
    let Some(slug) = listings()?.into_iter().find(|slug| package(slug) == name) else { return Ok(false) };
    Ok(listing(&slug)?.join("src/model.rs").is_file())
}

fn model(name: &str) -> anyhow::Result<()> {
    execute(cargo().args(["test", "--locked", "--package", name, "--features", "loom", "--lib", "model"]))
}
