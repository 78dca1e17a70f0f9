//! Programs that need a dependency tree of their own: a package each below `fixtures/`, outside of the workspace.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs Cargo in a fixture, with the target folder of these tests: what the workspace has compiled is not compiled again.
pub fn cargo(fixture: &str, arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).arg("--locked").current_dir(folder).env("CARGO_TARGET_DIR", target());
    cargo.output().unwrap()
}

/// Builds a program of a fixture, and returns where it is.
pub fn build(fixture: &str, program: &str, features: &str) -> PathBuf {
    let built = cargo(fixture, &["build", "--bin", program, "--features", features]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target().join("debug").join(program)
}

/// `target/debug/deps/<this test>`.
fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}
