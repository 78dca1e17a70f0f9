//! Everything that needs no test run.

use std::collections::BTreeSet;

use book::{Book, Pairs, Results};

use crate::parts::part;
use crate::process::{cargo, run as execute};
use crate::root::{listing, listings, root};
use crate::steps::Steps;
use crate::{guards, manifests, outputs, queries, readme, serve, typography};

/// `cargo xtask check`.
pub fn run() -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let result = everything(&mut steps);
    steps.table();
    result
}

fn everything(steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("bring what is missing", || {
        ["validators", "mdbook", "mdbook-mermaid", "postgresql"].map(part).iter().try_for_each(|part| part.ensure())
    })?;
    reading(steps)?;
    lints(steps)?;
    steps.step("queries are what the database says", || queries::run(true))?;
    steps.step("build the site's programs", serve::build_site)?;
    book(steps, &BTreeSet::new())
}

/// What needs nothing but to be read: seconds, so it comes first.
pub fn reading(steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("format", || execute(cargo().args(["fmt", "--all", "--check"])))?;
    steps.step("one opentelemetry, no asynchronous reqwest in the exporter", guards::run)?;
    steps.step("both editions say the same", editions)?;
    steps.step("tests that pages name", || book::fail_on(&book::names::check(&Book::open(root())?)?))?;
    steps.step("Chinese typography", typography::run)?;
    steps.step("both README know the folders and the commands", readme::run)?;
    steps.step("results are complete", results)?;
    steps.step("deployment files", manifests::listings_valid)?;
    steps.step("workflows", manifests::workflows_valid)
}

/// Lints of all code, tests and benches included.
pub fn lints(steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("lints", || {
        execute(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]))
    })
}

/// The finished book. The site's programs are built before. Of the packages that are `unchanged`, outputs are not compared
/// again.
pub fn book(steps: &mut Steps, unchanged: &BTreeSet<&str>) -> anyhow::Result<()> {
    steps.step("the book builds, with every region and figure", serve::build_book)?;
    steps.step("links and anchors", || execute(serve::site_command()?.args(["links", "book/html"])))?;
    steps.step("outputs on pages are what the commands print", || outputs::run(true, unchanged))
}

fn editions() -> anyhow::Result<()> {
    let book = Book::open(root())?;
    let pairs = Pairs::load(&book)?;
    let problems: Vec<_> = book::parity::check(&book)?.into_iter().chain(pairs.check(&book)?).collect();
    book::fail_on(&problems)
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
