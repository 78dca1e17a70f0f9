//! The local OTLP receiver, `ci/receive`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::Context;

use crate::process::cargo;

/// Becomes the receiver, so that signals and the exit code are its own.
pub fn run(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let mut receive = cargo();
    receive.args(["run", "--quiet", "--locked", "--package", "receive", "--"]).args(arguments);
    Err(receive.exec()).context("cannot run cargo")
}
