//! The OpenTelemetry Collector as a child process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::log::Log;

/// How long a start or a stop may take. Long, because it is only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no collector.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `otelcol` to run.
    #[error(
        "otelcol cannot be run ({0}): `cargo xtask test` builds it with Go, into target/tools/bin; put that on the PATH"
    )]
    Missing(#[from] std::io::Error),
    /// It does not accept its configuration, or has ended for another reason.
    #[error("{config}: the collector has ended; its last words:\n{log}", config = .config.display())]
    Ended {
        /// The configuration.
        config: PathBuf,
        /// What it wrote.
        log: String,
    },
    /// It is alive, and not what was waited for.
    #[error("{what} took longer than {PATIENCE:?}; the collector's last words:\n{log}")]
    Late {
        /// What was waited for.
        what: &'static str,
        /// What it wrote.
        log: String,
    },
}
/// What to start: a configuration, the variables that it reads, and what a test makes shorter than production.
///
/// ```no_run
/// # fn main() -> Result<(), collectors::Error> {
/// let collector = collectors::Settings::new("collector/relay.yaml")
///     .variable("BACKEND", "127.0.0.1:4317")
///     .set("exporters.otlp_grpc.retry_on_failure.initial_interval", "100ms")
///     .start()?;
/// println!("send to {}", collector.endpoint());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    config: PathBuf,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl Settings {
    /// Starts from a file. Its receivers listen on free ports: `LISTEN_GRPC` and `LISTEN_HTTP` say so.
    pub fn new(config: impl Into<PathBuf>) -> Self {
        let config = config.into();
        let listen = |name: &str| (name.to_owned(), "127.0.0.1:0".to_owned());
        let arguments = ["--config", &config.display().to_string()].map(str::to_owned).to_vec();
        // Its own metrics are at port 8888 by default, where two collectors on one machine meet.
        let settings = Self { config, variables: vec![listen("LISTEN_GRPC"), listen("LISTEN_HTTP")], arguments };
        settings.set("service.telemetry.logs.encoding", "json").set("service.telemetry.metrics.level", "none")
    }

    /// Gives `${env:NAME}` a value.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Sets one property over what the file says: `exporters.otlp_grpc.timeout`.
    pub fn set(mut self, property: &str, value: &str) -> Self {
        self.arguments.push(format!("--set={property}={value}"));
        self
    }

    /// Adds a second file: its maps are joined with those of the first.
    pub fn and(mut self, config: impl AsRef<Path>) -> Self {
        self.arguments.extend(["--config".to_owned(), config.as_ref().display().to_string()]);
        self
    }

    /// Lets the collector read and check it all, and start nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`] with what is wrong.
    pub fn validate(&self) -> Result<(), Error> {
        let output = self.command().arg("validate").args(&self.arguments).output()?;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(Error::Ended { config: self.config.clone(), log }) }
    }
    /// Starts it, and returns when it takes telemetry.
    ///
    /// # Errors
    ///
    /// [`Error`], with what the collector wrote.
    pub fn start(&self) -> Result<Collector, Error> {
        let mut child = self
            .command()
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = Log::of(child.stderr.take().expect("it is piped"));
        let mut collector = Collector { child, log, grpc: None, http: None };
        let (mut grpc, mut http) = (None, None);
        // Port 0 is a free port of the system's choice, and the collector's log says which.
        let ready = collector.log.find(PATIENCE, |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let endpoint = line["endpoint"].as_str().map(|address| format!("http://{address}"));
            match line["msg"].as_str()? {
                "Starting GRPC server" => grpc = endpoint,
                "Starting HTTP server" => http = endpoint,
                ready => return ready.starts_with("Everything is ready").then_some(()),
            }
            None
        });
        (collector.grpc, collector.http) = (grpc, http);
        match ready {
            Some(()) => Ok(collector),
            None => Err(collector.failed(&self.config, "the start")),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("otelcol");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A collector that runs. Killed when dropped.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    log: Arc<Log>,
    grpc: Option<String>,
    http: Option<String>,
}

impl Collector {
    /// Where to send OTLP over gRPC: `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    ///
    /// When its configuration has no such receiver.
    pub fn endpoint(&self) -> String {
        self.grpc.clone().expect("the configuration has a receiver for gRPC")
    }

    /// Where to send OTLP over HTTP.
    ///
    /// # Panics
    ///
    /// When its configuration has no such receiver.
    pub fn http_endpoint(&self) -> String {
        self.http.clone().expect("the configuration has a receiver for HTTP")
    }

    /// Its number, for signals and for `/proc`.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until a line of its log contains `text`; lines from before count.
    ///
    /// # Errors
    ///
    /// [`Error::Late`] when none does in time.
    pub fn says(&self, text: &str) -> Result<(), Error> {
        let said = self.log.find(PATIENCE, |line| line.contains(text).then_some(()));
        said.ok_or_else(|| Error::Late { what: "what it was to say", log: self.log.tail() })
    }

    /// SIGKILL: no goodbye, nothing flushed, as when memory runs out or the machine fails.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGTERM: it flushes what it has, and ends.
    ///
    /// # Errors
    ///
    /// [`Error::Late`] when it does not end in time.
    pub fn stop(mut self) -> Result<(), Error> {
        Command::new("kill").arg(self.id().to_string()).status()?;
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(Error::Late { what: "the end", log: self.log.tail() });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn failed(mut self, config: &Path, what: &'static str) -> Error {
        let ended = self.log.ended();
        self.end();
        let log = self.log.tail();
        if ended { Error::Ended { config: config.to_owned(), log } } else { Error::Late { what, log } }
    }

    fn end(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill().and(self.child.wait());
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.end();
    }
}
