//! What a database says of the queries of a listing, for builds that have none: `.sqlx`.

use anyhow::Context;

use crate::process::{cargo, run as execute};
use crate::root::{listing, listings};

/// Asks a throwaway PostgreSQL, and writes or compares.
pub fn run(check: bool) -> anyhow::Result<()> {
    for slug in listings()? {
        let folder = listing(&slug)?;
        if !folder.join("queries").is_dir() {
            continue;
        }
        let mut cargo = cargo();
        cargo.args(["run", "--quiet", "--locked", "--package", "testkit", "--example", "testkit-queries", "--"]);
        cargo.arg(&folder).args(check.then_some("--check"));
        execute(&mut cargo).with_context(|| format!("listings/{slug}/queries"))?;
    }
    Ok(())
}
