//! The guard: what keeps telemetry alive, and what flushes it before the program ends.

use std::io::Write as _;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, global};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Dispatch;

use crate::builder::{Builder, InitError};
use crate::config::Format;
use crate::exporter::Runtime;
use crate::propagation;

/// Telemetry that could not be delivered in time, signal by signal.
#[derive(Debug, thiserror::Error)]
#[error("telemetry was not delivered: {}", .0.iter().map(|(signal, error)| format!("{signal}: {error}")).collect::<Vec<_>>().join("; "))]
pub struct ShutdownError(Vec<(&'static str, OTelSdkError)>);

impl ShutdownError {
    /// The signals that lost something: `traces`, `metrics`, `logs`.
    pub fn signals(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(signal, _)| *signal)
    }
}

/// Keeps the providers. Hold it in `main` until the end: dropping it flushes, within the same bound as
/// [`shutdown`](Telemetry::shutdown).
#[must_use = "telemetry stops when the guard is dropped"]
#[derive(Debug)]
pub struct Telemetry {
    pub(crate) traces: SdkTracerProvider,
    pub(crate) metrics: SdkMeterProvider,
    pub(crate) logs: SdkLoggerProvider,
    pub(crate) propagators: Vec<Format>,
    pub(crate) dispatch: Dispatch,
    /// Owned here because the exporters need it until the last flush. `None` after shutdown.
    pub(crate) runtime: Option<Runtime>,
    pub(crate) shutdown_timeout: Duration,
}

impl Telemetry {
    /// Starts from the process environment. `service_name` is the default for `OTEL_SERVICE_NAME`.
    pub fn builder(service_name: impl Into<std::borrow::Cow<'static, str>>) -> Builder {
        Builder::new(service_name)
    }

    /// Makes this the telemetry of the whole process.
    ///
    /// # Errors
    ///
    /// [`InitError::AlreadyInstalled`] when a `tracing` subscriber is there already.
    pub fn install(self) -> Result<Self, InitError> {
        tracing::dispatcher::set_global_default(self.dispatch.clone()).map_err(|_| InitError::AlreadyInstalled)?;
        global::set_tracer_provider(self.traces.clone());
        global::set_meter_provider(self.metrics.clone());
        global::set_text_map_propagator(propagation::composite(&self.propagators));
        Ok(self)
    }

    /// The `tracing` subscriber that feeds this telemetry, for code that does not use the global one.
    pub fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }

    /// A meter of these providers.
    pub fn meter(&self, scope: InstrumentationScope) -> Meter {
        self.metrics.meter_with_scope(scope)
    }

    /// A tracer of these providers, for spans at the edge that `tracing` cannot express.
    pub fn tracer(&self, scope: InstrumentationScope) -> SdkTracer {
        self.traces.tracer_with_scope(scope)
    }

    /// Exports what is waiting, now. Blocks this thread for at most the shutdown timeout.
    ///
    /// # Errors
    ///
    /// [`ShutdownError`] names the signals that could not be delivered; the program goes on.
    pub fn flush(&self) -> Result<(), ShutdownError> {
        let (traces, metrics, logs) = (self.traces.clone(), self.metrics.clone(), self.logs.clone());
        side_by_side(
            self.shutdown_timeout,
            [
                ("traces", Box::new(move || traces.force_flush())),
                ("metrics", Box::new(move || metrics.force_flush())),
                ("logs", Box::new(move || logs.force_flush())),
            ],
        )
    }

    // ANCHOR: shutdown
    /// Exports what is waiting and stops. Blocks this thread for at most the shutdown timeout, on any kind of runtime.
    ///
    /// # Errors
    ///
    /// [`ShutdownError`] when the collector did not take everything in time. The program may end with success all the
    /// same: losing telemetry is not losing data.
    pub fn shutdown(mut self) -> Result<(), ShutdownError> {
        self.stop()
    }

    /// [`shutdown`](Self::shutdown), within `timeout` for all signals together.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_with_timeout(mut self, timeout: Duration) -> Result<(), ShutdownError> {
        self.shutdown_timeout = timeout;
        self.stop()
    }

    fn stop(&mut self) -> Result<(), ShutdownError> {
        let Some(_exporters_need_it) = self.runtime.take() else { return Ok(()) }; // stopped before
        let (traces, metrics, logs) = (self.traces.clone(), self.metrics.clone(), self.logs.clone());
        let timeout = self.shutdown_timeout;
        // A shutdown of traces or logs is a success even when its export failed; a flush before tells the truth.
        side_by_side(
            timeout,
            [
                ("traces", Box::new(move || traces.force_flush().and(traces.shutdown_with_timeout(timeout)))),
                ("metrics", Box::new(move || metrics.shutdown_with_timeout(timeout))),
                ("logs", Box::new(move || logs.force_flush().and(logs.shutdown_with_timeout(timeout)))),
            ],
        )
    }
    // ANCHOR_END: shutdown
}

/// The exits nobody planned: an early `?`, a panic that unwinds.
impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            // Not `eprintln!`: it panics when standard error is closed, and a panic while unwinding aborts.
            let _ = writeln!(std::io::stderr(), "{error}");
        }
    }
}

type Job = Box<dyn FnOnce() -> OTelSdkResult + Send>;

// ANCHOR: side_by_side
/// Each signal on a thread of its own, all under one deadline. A thread that is late is left behind: the SDK's own
/// waits cannot be shortened (metrics wait 5 s, whatever they are told), and the process is about to end anyway.
fn side_by_side(timeout: Duration, jobs: [(&'static str, Job); 3]) -> Result<(), ShutdownError> {
    let deadline = Instant::now() + timeout;
    let mut waiting: Vec<_> = jobs.iter().map(|(signal, _)| *signal).collect();
    let mut failed = Vec::new();
    let (done, results) = mpsc::channel();
    for (signal, job) in jobs {
        let done = done.clone();
        let thread = std::thread::Builder::new().name(format!("flush {signal}"));
        // Nobody listens any more after the deadline. Without a thread the signal stays in `waiting`.
        let _ = thread.spawn(move || drop(done.send((signal, job()))));
    }
    drop(done);
    while let Ok((signal, result)) = results.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        waiting.retain(|other| *other != signal);
        match result {
            Ok(()) | Err(OTelSdkError::AlreadyShutdown) => {}
            Err(error) => failed.push((signal, error)),
        }
    }
    failed.extend(waiting.into_iter().map(|signal| (signal, OTelSdkError::Timeout(timeout))));
    if failed.is_empty() { Ok(()) } else { Err(ShutdownError(failed)) }
}
// ANCHOR_END: side_by_side
