//! The telemetry that pages show, received anew.

use crate::process::{cargo, run as execute};
use crate::root::{listing, listings, package};

/// Runs the telemetry tests of a listing, or of all that have any, in the mode that writes captures.
pub fn run(slug: Option<&str>) -> anyhow::Result<()> {
    let Some(slug) = slug else {
        let mut slugs = listings()?;
        slugs.retain(|slug| listing(slug).is_ok_and(|folder| folder.join("tests/telemetry.rs").is_file()));
        return slugs.iter().try_for_each(|slug| run(Some(slug)));
    };
    listing(slug)?;
    let arguments = ["test", "--locked", "--package", package(slug), "--test", "telemetry"];
    execute(cargo().args(arguments).env("BLESS", "1"))?;
    println!("look at the change before you commit it: git diff listings/{slug}/telemetry");
    Ok(())
}
