//! The guard: what keeps telemetry alive, and what flushes it before the program ends.

use std::time::{Duration, Instant};

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, global};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Runtime;
use tracing::Dispatch;

use crate::builder::InitError;

/// Telemetry that could not be delivered before the deadline, signal by signal.
#[derive(Debug, thiserror::Error)]
#[error("telemetry was lost at shutdown: {}", .0.iter().map(|(signal, error)| format!("{signal}: {error}")).collect::<Vec<_>>().join("; "))]
pub struct ShutdownError(Vec<(&'static str, OTelSdkError)>);

/// Keeps the providers. Hold it in `main` until the end; dropping it flushes, within the same bound as [`shutdown`].
///
/// [`shutdown`]: Telemetry::shutdown
#[must_use = "telemetry stops when the guard is dropped"]
#[derive(Debug)]
pub struct Telemetry {
    tracer_provider: SdkTracerProvider,
    meter_provider: SdkMeterProvider,
    logger_provider: SdkLoggerProvider,
    dispatch: Dispatch,
    /// Owned here because the exporters must outlive the last flush. `None` after shutdown.
    runtime: Option<Runtime>,
    shutdown_timeout: Duration,
}

impl Telemetry {
    pub(crate) fn new(
        (tracer_provider, meter_provider, logger_provider): (SdkTracerProvider, SdkMeterProvider, SdkLoggerProvider),
        dispatch: Dispatch,
        runtime: Runtime,
        shutdown_timeout: Duration,
    ) -> Self {
        Self { tracer_provider, meter_provider, logger_provider, dispatch, runtime: Some(runtime), shutdown_timeout }
    }

    /// Makes this the telemetry of the whole process.
    ///
    /// # Errors
    ///
    /// [`InitError::AlreadyInstalled`] when a `tracing` subscriber is there already.
    pub fn install(self) -> Result<Self, InitError> {
        tracing::dispatcher::set_global_default(self.dispatch.clone()).map_err(|_| InitError::AlreadyInstalled)?;
        global::set_tracer_provider(self.tracer_provider.clone());
        global::set_meter_provider(self.meter_provider.clone());
        Ok(self)
    }

    /// The `tracing` subscriber that feeds this telemetry, for code that does not use the global one.
    pub fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }

    /// A meter of these providers.
    pub fn meter(&self, scope: InstrumentationScope) -> Meter {
        self.meter_provider.meter_with_scope(scope)
    }

    /// Exports what is waiting, now. Blocks this thread.
    ///
    /// # Errors
    ///
    /// The first signal that could not be delivered.
    pub fn flush(&self) -> Result<(), OTelSdkError> {
        self.tracer_provider.force_flush()?;
        self.meter_provider.force_flush()?;
        self.logger_provider.force_flush()
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

    /// The three signals stop side by side, so that the bound holds for all of them together.
    fn stop(&mut self) -> Result<(), ShutdownError> {
        let Some(runtime) = self.runtime.take() else { return Ok(()) };
        let deadline = Instant::now() + self.shutdown_timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        let results = std::thread::scope(|scope| {
            let traces = scope.spawn(|| self.tracer_provider.shutdown_with_timeout(left()));
            let metrics = scope.spawn(|| self.meter_provider.shutdown_with_timeout(left()));
            let logs = scope.spawn(|| self.logger_provider.shutdown_with_timeout(left()));
            [("traces", traces.join()), ("metrics", metrics.join()), ("logs", logs.join())]
        });
        runtime.shutdown_background(); // never blocks, so it is allowed inside another runtime
        let failed = |(signal, joined): (_, std::thread::Result<Result<(), OTelSdkError>>)| match joined {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some((signal, error)),
            Err(_) => Some((signal, OTelSdkError::InternalFailure("the exporter panicked".into()))),
        };
        let lost: Vec<_> = results.into_iter().filter_map(failed).collect();
        if lost.is_empty() { Ok(()) } else { Err(ShutdownError(lost)) }
    }
}

/// The exits nobody planned: an early `?`, a panic that unwinds.
impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("{error}");
        }
    }
}
// ANCHOR_END: shutdown
