//! Everything that needs no test run.

use std::process::Stdio;

use book::{Book, Pairs, Results};

use crate::parts::part;
use crate::process::{cargo, run as execute};
use crate::root::{listing, listings, root};
use crate::steps::Steps;
use crate::{guards, manifests, outputs, serve};

/// `cargo xtask check`.
pub fn run() -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.step("bring the validators", || part("validators").ensure())?;
    self::steps(&mut steps)?;
    steps.table();
    Ok(())
}

/// The steps, also for `cargo xtask test`.
pub fn steps(steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("format", || execute(cargo().args(["fmt", "--all", "--check"])))?;
    steps.step("one opentelemetry, no asynchronous reqwest in the exporter", guards::run)?;
    steps.step("both editions say the same", || {
        let book = Book::open(root())?;
        book::fail_on(&book::parity::check(&book)?)?;
        book::fail_on(&Pairs::load(&book)?.check(&book)?)
    })?;
    steps.step("results are complete", results)?;
    steps.step("deployment files and workflows", manifests::run_all)?;
    steps.step("lints", || {
        execute(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]))
    })?;
    steps.step("the book builds, with every region and figure", serve::build)?;
    steps.step("links and anchors", || {
        execute(cargo().args(["run", "--quiet", "--package", "site", "--", "links", "book/html"]).stdin(Stdio::null()))
    })?;
    steps.step("outputs on pages are what the commands print", || outputs::run(true))
}

/// Every committed result can be read, and names the machine, the versions and the code it measured.
fn results() -> anyhow::Result<()> {
    for slug in listings()? {
        let folder = listing(&slug)?;
        let results = folder.join("results");
        if !results.is_dir() {
            continue;
        }
        for file in book::files(&results)? {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let result = Results::load(&folder, &name)?;
            for changed in result.changed_sources(&root().join("listings")) {
                println!("listings/{slug}/results/{name}.json: {changed} has changed since; the page says so");
            }
        }
    }
    Ok(())
}
