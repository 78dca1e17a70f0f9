//! The bank as the platform runs it: started with an environment, stopped with a signal, or without one.
#![allow(dead_code, reason = "each program uses its own part of it")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// The bank in a process of its own, on a port of its own. Killed when dropped.
pub struct Child {
    process: std::process::Child,
    said: Option<JoinHandle<String>>,
    pub port: u16,
}

/// Tests are told where the program is. An example lies in a folder beside it.
fn program() -> PathBuf {
    option_env!("CARGO_BIN_EXE_bank").map(PathBuf::from).unwrap_or_else(|| {
        let example = std::env::current_exe().unwrap();
        let bank = example.ancestors().nth(2).unwrap().join("bank");
        assert!(bank.exists(), "{} is missing: cargo build --bin bank", bank.display());
        bank
    })
}

/// The command, with nothing in its environment that a developer's shell has put there.
pub fn bank(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    command.env_clear().env("PORT", "0").envs(environment.iter().copied());
    command
}

/// `bank migrate`.
pub fn migrate(database: &str) {
    let mut migrate = bank(&[("DATABASE_URL", database), ("OTEL_SDK_DISABLED", "true")]);
    let output = migrate.arg("migrate").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Child {
    /// Returns when it listens. Blocks: what it needs meanwhile must have a thread of its own.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let mut process = bank(environment).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let (mut line, mut before) = (String::new(), String::new());
        while !line.contains("listening") {
            before.push_str(&line);
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before it listened: {before}");
        }
        let port = line.split("server.port=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let port = port.unwrap().parse().unwrap();
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said); // who is killed stops in the middle of a word
            said
        });
        Self { process, said: Some(said), port }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let kill = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
    }

    /// `kill -9`. It is gone when this returns.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for the end; how it ended, and what it said on standard error.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let patience = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status, self.said.take().unwrap().join().unwrap());
            }
            assert!(tokio::time::Instant::now() < patience, "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What it holds in memory, in bytes.
    #[cfg(target_os = "linux")]
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill(); // an error means that it has ended
        let _ = self.process.wait();
    }
}
