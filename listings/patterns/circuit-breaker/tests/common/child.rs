//! A program of this listing as the platform runs it: started with an environment, stopped with a signal.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Url;

/// The checkout service in a process of its own, on ports of its own. Killed when dropped.
pub struct Child {
    process: std::process::Child,
    said: Option<JoinHandle<String>>,
    public: u16,
    pub admin: SocketAddr,
}

/// The command, with nothing in its environment that a developer's shell has put there.
pub fn checkout(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checkout"));
    command.env_clear().envs([("PORT", "0"), ("ADMIN_PORT", "0")]).envs(environment.iter().copied());
    command
}

impl Child {
    /// Returns when it listens.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let mut process = checkout(environment).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before it listened");
        }
        let address = |key: &str| -> SocketAddr {
            line.split(key).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().parse().unwrap()
        };
        let (public, admin) = (address("public=").port(), address("admin="));
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self { process, said: Some(said), public, admin }
    }

    pub fn public(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.public).into()
    }

    pub fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.public()).parse().unwrap()
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let kill = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
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
