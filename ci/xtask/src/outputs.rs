//! The outputs that pages show: `outputs/*.txt` of a listing, `$ command` first, then what it printed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::process::{command, output};
use crate::root::{listing, listings, package};

/// How long a command may take, the build of what it runs included.
const LIMIT: &str = "15m";

/// Runs every command again, and writes or compares. A command of a package that is `unchanged` since its outputs were
/// compared on this machine is left out.
pub fn run(check: bool, unchanged: &BTreeSet<&str>) -> anyhow::Result<()> {
    for slug in listings()? {
        let folder = listing(&slug)?;
        let outputs = folder.join("outputs");
        if !outputs.is_dir() {
            continue;
        }
        for file in book::files(&outputs)? {
            replay(&slug, &file, check, unchanged).with_context(|| file.display().to_string())?;
        }
    }
    Ok(())
}

/// The packages that a command runs: the listing's own, and the book's commands where it uses them.
fn runs<'a>(slug: &'a str, line: &str) -> Vec<&'a str> {
    let ours: &[&str] = if line.starts_with("cargo xtask") { &["receive", "xtask"] } else { &[] };
    std::iter::once(package(slug)).chain(ours.iter().copied()).collect()
}

fn replay(slug: &str, file: &Path, check: bool, unchanged: &BTreeSet<&str>) -> anyhow::Result<()> {
    let (folder, committed) = (listing(slug)?, fs::read_to_string(file)?);
    let first = committed.lines().next().unwrap_or("");
    let line = first.strip_prefix("$ ").context("its first line must be `$ command`")?;
    if runs(slug, line).iter().all(|package| unchanged.contains(package)) {
        return Ok(());
    }
    println!("{}: {line}", file.display());
    let printed = output(command("timeout").args([LIMIT, "bash", "-c", line]).current_dir(folder))?;
    let now = format!("$ {line}\n{}\n", printed.trim_end());
    if check {
        ensure!(now == committed, "the command prints something else now; `cargo xtask outputs` writes it:\n{now}");
    } else if now != committed {
        fs::write(file, now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_the_book_runs_its_own_packages_too() {
        assert_eq!(runs("foundations/otlp", "cargo run --quiet --example otlp-bytes"), ["otlp"]);
        assert_eq!(runs("foundations/otlp", "cargo xtask receive -- true"), ["otlp", "receive", "xtask"]);
    }
}
