//! A Redis that a test owns.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::keeper::Keeper;
use crate::postgres::free_port;

/// How long a server may take to answer. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// A throwaway server on a port of its own. Ends with its owner, however that ends.
#[derive(Debug)]
pub struct Redis {
    server: Child,
    folder: PathBuf,
    port: u16,
    _keeper: Keeper,
}

impl Redis {
    /// Starts one, which keeps nothing on disk.
    ///
    /// # Panics
    ///
    /// When Redis is not installed, with the command that brings it, or does not start.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("redis-").tempdir().expect("a folder").keep();
        let keeper = Keeper::of(&folder, "pid").expect("a shell");
        let port = free_port();
        let server = Self::run(&folder, port);
        Self { server, folder, port, _keeper: keeper }
    }

    fn run(folder: &PathBuf, port: u16) -> Child {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(folder).arg("--pidfile").arg(folder.join("pid"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = command.spawn().unwrap_or_else(|error| {
            panic!("redis-server: {error}; `cargo xtask test` or `apt-get install redis-server` brings it")
        });
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "Redis does not start");
            thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// `redis://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`; what it knew is gone.
    pub fn kill(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Starts it again, empty.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn resume(&mut self) {
        self.server = Self::run(&self.folder, self.port);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
