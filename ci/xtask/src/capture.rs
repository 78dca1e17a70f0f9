//! The telemetry that pages show, received anew.

use crate::process::{cargo, run as execute};
use crate::root::{listing, package};

/// Runs the listing's telemetry tests in the mode that writes captures.
pub fn run(slug: &str) -> anyhow::Result<()> {
    listing(slug)?;
    let arguments = ["test", "--locked", "--package", package(slug), "--test", "telemetry"];
    execute(cargo().args(arguments).env("BLESS", "1"))?;
    println!("look at the change before you commit it: git diff listings/{slug}/telemetry");
    Ok(())
}
