//! A PostgreSQL that a test owns, or that the tests of one program share.

use std::env;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::keeper::Keeper;

/// How long a server may take to answer. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the server runs as when the tests run as root, which it refuses to be.
const NOBODY: &str = "nobody";

/// A throwaway server with its own data, on a port of its own. Ends with its owner, however that ends.
#[derive(Debug)]
pub struct Postgres {
    server: Mutex<Option<Child>>,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    /// Last: it removes the folder.
    _keeper: Keeper,
}

impl Postgres {
    /// The server that all tests of this program share: that of `DATABASE_URL`, or else a throwaway one. Each test makes a
    /// database of its own in it.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn shared() -> String {
        static SERVER: LazyLock<Postgres> = LazyLock::new(|| Postgres::start(&[("fsync", "off")]));
        env::var("DATABASE_URL").unwrap_or_else(|_| SERVER.url("postgres"))
    }

    /// Starts one. `settings` are lines of `postgresql.conf`.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, with the command that brings it, or does not start, with what it said.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let empty = |data: &Path| {
            let mut initdb = Self::program("initdb");
            initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]);
            run(initdb.arg("--pgdata").arg(data));
        };
        Self::with(settings, empty)
    }

    /// Starts one with the data that `prepare` puts into a folder which does not exist yet: a backup.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn with(settings: &[(&str, &str)], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a folder for the data").keep();
        let postgres = Self {
            server: Mutex::default(),
            port: free_port(),
            settings: settings.iter().map(|(name, value)| format!("--{name}={value}")).collect(),
            _keeper: Keeper::of(&folder, "data/postmaster.pid").expect("a shell"),
            folder,
        };
        if geteuid().is_root() {
            let owner = Command::new("chown").arg(NOBODY).arg(&postgres.folder).status();
            assert!(owner.is_ok_and(|status| status.success()), "the data cannot be given to {NOBODY}");
        }
        prepare(&postgres.data());
        postgres.resume();
        postgres
    }

    /// Where one of its databases is. `postgres` is always there.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port, on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// One of PostgreSQL's programs, `pg_dump`, as the user that owns the data: none of them runs as root.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, with the command that brings it.
    pub fn program(name: &str) -> Command {
        let binary = binary(name);
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// `kill -9`, for the server and all that belongs to it.
    pub fn kill(&self) {
        self.end(Signal::KILL);
    }

    /// Ends it as an operator would who cannot wait.
    pub fn stop(&self) {
        self.end(Signal::INT);
    }

    /// Starts it again, with the data that it has.
    ///
    /// # Panics
    ///
    /// When it does not start, with what it said.
    pub fn resume(&self) {
        let log = self.folder.join("log");
        let file = File::create(&log).expect("a file for what it says");
        let mut server = Self::program("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        server.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).args(&self.settings);
        server.stdout(Stdio::null()).stderr(file);
        *self.server() = Some(server.spawn().expect("postgres can be run"));
        let began = Instant::now();
        while !self.answers() {
            let ended = self.server().as_mut().and_then(|server| server.try_wait().ok().flatten());
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "PostgreSQL does not start: {}", said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn answers(&self) -> bool {
        let mut ready = Command::new(binary("pg_isready"));
        ready.args(["--quiet", "--host=127.0.0.1", "--port", &self.port.to_string()]);
        ready.status().is_ok_and(|status| status.success())
    }

    fn end(&self, signal: Signal) {
        if let Some(mut server) = self.server().take() {
            let helpers = if signal == Signal::KILL { helpers(&server) } else { Vec::new() };
            let _ = kill_process(Pid::from_child(&server), signal);
            for helper in &helpers {
                let _ = kill_process(*helper, signal);
            }
            let _ = server.wait();
            let began = Instant::now();
            while helpers.iter().any(|helper| is_alive(*helper)) && began.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn server(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

/// Its processes: one for each connection, and some for itself. A signal to the server alone would let them finish what they
/// are at. (Where there is no `/proc`, that is what happens.)
fn helpers(server: &Child) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{0}/task/{0}/children", server.id())).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Who has ended, and was not yet asked how, has no command line any more.
fn is_alive(process: Pid) -> bool {
    fs::read(format!("/proc/{}/cmdline", process.as_raw_nonzero())).is_ok_and(|line| !line.is_empty())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// From the path, or from where Debian keeps its versions, the newest first.
fn binary(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|folder| {
        let version = folder.file_name().and_then(|name| name.to_string_lossy().parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    folders.extend(versions.into_iter().map(|version| version.join("bin")));
    let found = folders.iter().map(|folder| folder.join(name)).find(|file| Path::is_file(file));
    found.unwrap_or_else(|| panic!("PostgreSQL's `{name}` is missing; `cargo xtask test` or `apt-get install postgresql` brings it, or set DATABASE_URL"))
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback");
    listener.local_addr().expect("it is bound").port()
}
