//! The lock file of an archive: the versions of the repository's, without what the archive does not need.
//!
//! Only Cargo knows which features, and so which packages, fall away with the other crates. It takes about a second, so
//! the answer is kept in the target folder for as long as the manifests and the repository's lock file stay the same.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use anyhow::{Context, ensure};

use super::Files;

/// The scratch folder is named after the process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What Cargo makes of the lock file in `root` for a workspace of these files.
pub(super) fn resolve(root: &Path, files: &Files) -> anyhow::Result<String> {
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
    let mut key = lock.clone();
    for (path, (manifest, _)) in files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        key += &format!("\n{path}\n{}", String::from_utf8_lossy(manifest));
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let kept = target.join("archive-locks").join(format!("{}.lock", book::sha256(key)));
    if let Ok(known) = fs::read_to_string(&kept) {
        return Ok(known);
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let scratch = kept.with_extension(std::process::id().to_string());
    for (path, (content, _)) in files {
        let path = scratch.join(path);
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        fs::write(path, content)?;
    }
    fs::write(scratch.join("Cargo.lock"), lock)?;
    let updated = update(&scratch).and_then(|()| Ok(fs::rename(scratch.join("Cargo.lock"), &kept)?));
    fs::remove_dir_all(&scratch)?;
    updated?;
    fs::read_to_string(&kept).with_context(|| kept.display().to_string())
}

/// Fits the lock file to the workspace in `folder`; no version changes.
fn update(folder: &Path) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let update = ["update", "--workspace", "--offline", "--quiet"];
    let output = Command::new(&cargo).args(update).current_dir(folder).output().context("cargo does not run")?;
    ensure!(output.status.success(), "cargo update: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
