//! A program of this listing as the platform runs it: started with an environment, stopped with a signal.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Url;

/// A program of this listing in a process of its own, on ports of its own. Killed when dropped.
pub struct Child {
    process: std::process::Child,
    said: Option<JoinHandle<String>>,
    public: u16,
    admin: Option<SocketAddr>,
}

/// The checkout service, with nothing in its environment that a developer's shell has put there.
pub fn checkout(environment: &[(&str, &str)]) -> Command {
    command(env!("CARGO_BIN_EXE_checkout"), environment)
}

fn command(program: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs([("PORT", "0"), ("ADMIN_PORT", "0")]).envs(environment.iter().copied());
    command
}

impl Child {
    /// The checkout service. Returns when both of its ports are open.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        Self::spawn(checkout(environment), ["PORT", "ADMIN_PORT"])
    }

    /// The flaky payment provider. Returns when its port is open.
    pub fn payments(environment: &[(&str, &str)]) -> Self {
        Self::spawn(command(env!("CARGO_BIN_EXE_payments"), environment), ["PORT"])
    }

    fn spawn<const PORTS: usize>(mut command: Command, ports: [&str; PORTS]) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let addresses = ports.map(|port| opened(&mut stderr, port));
        let (public, admin) = (addresses[0].port(), addresses.get(1).copied());
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self { process, said: Some(said), public, admin }
    }

    /// Where operators come in. The payment provider has no such place.
    pub fn admin(&self) -> SocketAddr {
        self.admin.unwrap()
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

/// Reads on until the port is open that this variable chose, and returns its address.
fn opened(stderr: &mut impl BufRead, variable: &str) -> SocketAddr {
    let mut line = String::new();
    while !line.contains(&format!(" {variable} is open")) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before {variable} was open");
    }
    let value = |key: &str| line.split(key).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    format!("{}:{}", value("server.address="), value("server.port=")).parse().unwrap()
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill(); // an error means that it has ended
        let _ = self.process.wait();
    }
}
