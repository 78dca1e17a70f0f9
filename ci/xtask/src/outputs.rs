//! The outputs that pages show: `outputs/*.txt` of a listing, `$ command` first, then what it printed.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::process::{command, output};
use crate::root::{listing, listings};

/// How long a command may take, the build of what it runs included.
const LIMIT: &str = "15m";

/// Runs every command again, and writes or compares.
pub fn run(check: bool) -> anyhow::Result<()> {
    for slug in listings()? {
        let folder = listing(&slug)?;
        let outputs = folder.join("outputs");
        if !outputs.is_dir() {
            continue;
        }
        for file in book::files(&outputs)? {
            replay(&folder, &file, check).with_context(|| file.display().to_string())?;
        }
    }
    Ok(())
}

fn replay(folder: &Path, file: &Path, check: bool) -> anyhow::Result<()> {
    let committed = fs::read_to_string(file)?;
    let first = committed.lines().next().unwrap_or("");
    let line = first.strip_prefix("$ ").context("its first line must be `$ command`")?;
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
