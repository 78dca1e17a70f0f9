//! Stands between cargo and every test program: passes over what has passed unchanged, and counts the rest.
//!
//! `cargo test --workspace` chooses the features of all dependencies once. With `--package` it would choose them anew for
//! that package, and build tokio, axum and OpenTelemetry a second time. So every package is always in, and what has
//! passed already is passed over here: cargo calls `xtask gate PROGRAM …` as its runner, and as its rustdoc.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::{fs::PermissionsExt, process::CommandExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::root::target;

/// The packages to pass over, with a space between.
const UNCHANGED: &str = "XTASK_UNCHANGED";
/// The file that takes a line for each test program.
const TALLY: &str = "XTASK_TALLY";
/// This program, for the script that stands in for rustdoc.
const XTASK: &str = "XTASK_PROGRAM";
/// How long a program that has ended may leave its output open, for example in a process it did not stop.
const LINGER: Duration = Duration::from_secs(5);

/// What a test program did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Whose tests they are.
    pub package: String,
    /// The test target, or `doctests`.
    pub target: String,
    /// Whether it ended well.
    pub ok: bool,
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were left out by their author.
    pub ignored: u64,
    /// The time it took.
    pub seconds: f64,
}

/// Runs a `cargo test` with the gate in it, and says what ran, and whether cargo was content.
pub fn through(cargo: &mut Command, unchanged: &BTreeSet<&str>) -> anyhow::Result<(Vec<Ran>, bool)> {
    let folder = target().join("passed");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let (tally, rustdoc) = (folder.join(".tally"), folder.join(".rustdoc"));
    fs::write(&tally, "")?;
    fs::write(&rustdoc, format!("#!/bin/sh\nexec \"${XTASK}\" gate rustdoc \"$@\"\n"))?;
    fs::set_permissions(&rustdoc, fs::Permissions::from_mode(0o755))?;

    let xtask = std::env::current_exe()?;
    let runner = toml::Value::from(vec![xtask.to_str().context("the target folder's path is text")?, "gate"]);
    let unchanged: Vec<&str> = unchanged.iter().copied().collect();
    cargo.args(["--config", &format!("target.'cfg(all())'.runner={runner}")]);
    cargo.env("RUSTDOC", &rustdoc).env(XTASK, &xtask).env(TALLY, &tally).env(UNCHANGED, unchanged.join(" "));
    let status = cargo.status().context("cannot run cargo")?;

    let ran = fs::read_to_string(&tally)?;
    let ran = ran.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("the gate's own file")?;
    Ok((ran, status.success()))
}

/// `xtask gate PROGRAM ARGUMENTS…`: what cargo calls.
pub fn run(program: &OsStr, arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let is_rustdoc = program == "rustdoc";
    let mut command = Command::new(program);
    command.args(arguments);
    for name in ["RUSTDOC", UNCHANGED, TALLY, XTASK] {
        command.env_remove(name);
    }
    let tests = !is_rustdoc || arguments.iter().any(|argument| argument == "--test");
    let (Some(tally), true) = (std::env::var_os(TALLY), tests) else {
        return Err(command.exec()).with_context(|| format!("cannot run {}", program.display()));
    };
    let package = std::env::var("CARGO_PKG_NAME").context("cargo names the package")?;
    if std::env::var(UNCHANGED).unwrap_or_default().split(' ').any(|name| name == package) {
        return Ok(ExitCode::SUCCESS);
    }
    let target = if is_rustdoc { "doctests".into() } else { target_of(Path::new(program)) };
    let (ran, code) = count(command, Ran { package, target, ..Ran::empty() }, io::stdout())?;
    let line = serde_json::to_string(&ran)? + "\n";
    OpenOptions::new().append(true).open(PathBuf::from(tally))?.write_all(line.as_bytes())?;
    Ok(code)
}

/// Runs it, hands its output on, and adds up the results it prints.
fn count(mut command: Command, mut ran: Ran, to: impl Write + Send + 'static) -> anyhow::Result<(Ran, ExitCode)> {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run the tests")?;
    let output = child.stdout.take().context("its output is piped")?;
    let (sender, results) = mpsc::channel();
    std::thread::spawn(move || pass_on(output, to, &sender));
    let status = child.wait()?;
    let until = Instant::now() + LINGER;
    // Ends with the output, or soon after the program.
    while let Ok([passed, failed, ignored]) = results.recv_timeout(until.saturating_duration_since(Instant::now())) {
        (ran.passed, ran.failed, ran.ignored) = (ran.passed + passed, ran.failed + failed, ran.ignored + ignored);
    }
    (ran.ok, ran.seconds) = (status.success(), began.elapsed().as_secs_f64());
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101);
    Ok((ran, ExitCode::from(code)))
}

fn pass_on(output: impl Read, mut to: impl Write, results: &mpsc::Sender<[u64; 3]>) {
    let (mut output, mut line) = (BufReader::new(output), Vec::new());
    while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
        if let Some(result) = parse(&String::from_utf8_lossy(&line)) {
            let _ = results.send(result);
        }
        line.clear();
    }
}

/// Passed, failed and ignored of `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn parse(line: &str) -> Option<[u64; 3]> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        let part = counts.split("; ").find(|part| part.trim_end().ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some([number("passed")?, number("failed")?, number("ignored")?])
}

/// `deps/browser-0123456789abcdef` is `browser`.
fn target_of(program: &Path) -> String {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once('-').map_or(&*name, |(name, _)| name).to_owned()
}

impl Ran {
    fn empty() -> Self {
        Self {
            package: String::new(),
            target: String::new(),
            ok: false,
            passed: 0,
            failed: 0,
            ignored: 0,
            seconds: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_harness_prints() {
        let line =
            "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s\n";
        assert_eq!(parse(line), Some([3, 2, 1]));
        assert_eq!(parse("test result: ok. 3 passed\n"), None);
        assert_eq!(parse("test a ... ok\n"), None);
        assert_eq!(target_of(Path::new("/t/debug/deps/bad_input-0123456789abcdef")), "bad_input");
    }

    #[test]
    fn counts_all_harnesses_of_a_program_and_keeps_its_code() {
        let result = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let mut command = Command::new("sh");
        command.args(["-c", &format!("echo '{result}'; echo '{result}'; exit 7")]);
        let (ran, _) = count(command, Ran::empty(), io::sink()).unwrap();
        assert_eq!((ran.ok, ran.passed, ran.failed), (false, 4, 0));
    }

    #[test]
    fn does_not_wait_for_a_process_that_a_test_left_behind() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo started"]);
        let (ran, _) = count(command, Ran::empty(), io::sink()).unwrap();
        assert!(ran.ok && ran.seconds < 30.0, "{ran:?}");
    }
}
