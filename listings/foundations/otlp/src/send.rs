//! From spans to one request, with an exporter of the SDK and nothing around it: no queue, no thread.

use std::time::Duration;

use opentelemetry_otlp::{
    Compression, ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
    WithTonicConfig,
};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

/// How to send.
#[derive(Debug, Clone)]
pub struct Settings {
    /// gRPC, or HTTP with protobuf or JSON.
    pub protocol: Protocol,
    /// Whether the request is compressed.
    pub gzip: bool,
    /// For all attempts together: `OTEL_EXPORTER_OTLP_TIMEOUT`.
    pub timeout: Duration,
    /// How often and how soon to try again.
    pub retries: RetryPolicy,
}

/// Protobuf over HTTP, and what the exporter does when nobody says anything: ten seconds, three retries.
impl Default for Settings {
    fn default() -> Self {
        let (protocol, timeout) = (Protocol::HttpBinary, Duration::from_secs(10));
        Self { protocol, gzip: false, timeout, retries: RetryPolicy::recommended() }
    }
}

impl Settings {
    /// Over another protocol.
    pub fn protocol(protocol: Protocol) -> Self {
        Self { protocol, ..Self::default() }
    }

    /// The same retries, without the waiting between them.
    pub fn impatient(mut self) -> Self {
        let at_once = Duration::from_millis(1);
        self.retries = self.retries.with_initial_delay(at_once).with_max_delay(at_once).with_max_jitter(at_once);
        self
    }
}

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The exporter cannot be built.
    #[error(transparent)]
    Build(#[from] ExporterBuildError),
    /// What the exporter says after its last attempt.
    #[error(transparent)]
    Export(#[from] OTelSdkError),
    /// gRPC needs a runtime, and there is none to be had.
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Sends `spans` in one request, and waits for the exporter's verdict. Blocks; not for asynchronous code.
///
/// # Errors
///
/// [`SendError`], after the last retry.
pub fn send(spans: Vec<SpanData>, endpoint: &str, settings: &Settings) -> Result<(), SendError> {
    let Settings { protocol, gzip, timeout, retries } = settings.clone();
    let compression = gzip.then_some(Compression::Gzip);
    if protocol == Protocol::Grpc {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let _entered = runtime.enter(); // tonic takes root on the runtime that is entered
        let builder = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
        let mut builder = builder.with_timeout(timeout).with_retry_policy(retries);
        if let Some(compression) = compression {
            builder = builder.with_compression(compression);
        }
        let mut exporter = builder.build()?;
        exporter.set_resource(&crate::order::resource());
        return Ok(runtime.block_on(exporter.export(spans))?);
    }
    let builder = SpanExporter::builder().with_http().with_protocol(protocol);
    let builder = builder.with_endpoint(format!("{endpoint}/v1/traces")); // in code, the path is yours to add
    let mut builder = builder.with_timeout(timeout).with_retry_policy(retries);
    if let Some(compression) = compression {
        builder = builder.with_compression(compression);
    }
    let mut exporter = builder.build()?;
    exporter.set_resource(&crate::order::resource());
    Ok(futures_executor::block_on(exporter.export(spans))?) // its client blocks, so no runtime may be near
}
