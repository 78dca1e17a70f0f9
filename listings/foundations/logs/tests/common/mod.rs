//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::logs::{BatchLogProcessor, LoggerProviderBuilder, SdkLoggerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use telemetry::Telemetry;
use testkit::{Capture, Receiver};
use tracing::dispatcher::with_default;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Runs `work` under this book's telemetry, and returns what was received.
pub async fn received(work: impl FnOnce(&Telemetry)) -> Capture {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    with_default(&telemetry.dispatch(), || work(&telemetry));
    telemetry.shutdown().unwrap();
    receiver.capture().await
}

/// What goes to standard output in a program.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The lines so far.
    pub fn json(&self) -> Vec<serde_json::Value> {
        let bytes = self.0.lock().unwrap();
        serde_json::Deserializer::from_slice(&bytes).into_iter().collect::<Result<_, _>>().unwrap()
    }
}

/// Sends the records of these processors, and all spans that `sampler` takes, to a receiver of its own.
pub struct Pipeline {
    receiver: Receiver,
    pub traces: SdkTracerProvider,
    pub logs: SdkLoggerProvider,
    pub lines: Lines,
}

impl Pipeline {
    pub async fn new(
        sampler: Sampler,
        processors: impl FnOnce(LoggerProviderBuilder, BatchLogProcessor) -> LoggerProviderBuilder,
    ) -> Self {
        let receiver = Receiver::http().await;
        let to = |path| format!("{}/v1/{path}", receiver.endpoint());
        let spans = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(to("traces"));
        let records = LogExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(to("logs"));
        let traces = SdkTracerProvider::builder().with_sampler(sampler).with_batch_exporter(spans.build().unwrap());
        let batches = BatchLogProcessor::builder(records.build().unwrap()).build();
        let logs = processors(SdkLoggerProvider::builder(), batches).build();
        Self { receiver, traces: traces.build(), logs, lines: Lines::default() }
    }

    /// With nothing in front of the batches.
    pub async fn plain() -> Self {
        Self::new(Sampler::AlwaysOn, LoggerProviderBuilder::with_log_processor).await
    }

    /// Runs `work` with these levels for export and console, and returns what was received.
    pub async fn run(self, export: LevelFilter, console: &str, work: impl FnOnce()) -> (Capture, Lines) {
        let (console, lines) = (EnvFilter::new(console), self.lines.clone());
        let dispatch = logs::setup::subscriber((&self.traces, &self.logs), export, console, move || lines.clone());
        with_default(&dispatch, work);
        self.traces.shutdown().unwrap();
        self.logs.shutdown().unwrap();
        (self.receiver.capture().await, self.lines)
    }
}
