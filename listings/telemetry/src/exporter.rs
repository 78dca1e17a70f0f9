//! OTLP exporters for the three signals, and the runtime they live on.

use opentelemetry_otlp::{ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig};
use tokio::runtime::Runtime;

/// Where to send, when the program and not the environment decides. Tests use it; services leave it unset.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub protocol: Protocol,
    pub endpoint: String,
}

// ANCHOR: runtime
/// A gRPC exporter lives on the Tokio runtime on which it is built. On the program's own runtime that is a trap: with
/// one thread, a shutdown waits for an export which waits for that same thread. So the exporters get a runtime with one
/// worker of its own, and it does not matter how the program runs, or whether it has a runtime at all.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("otlp").enable_all().build()
}
// ANCHOR_END: runtime

// ANCHOR: exporters
/// One exporter builder serves all three signals: they differ in type and in the path of the endpoint.
macro_rules! exporter {
    ($exporter:ident, $name:ident, $path:literal) => {
        pub(crate) fn $name(target: Option<&Target>) -> Result<$exporter, ExporterBuildError> {
            let builder = $exporter::builder();
            match target {
                // The environment decides: OTEL_EXPORTER_OTLP_PROTOCOL, _ENDPOINT, _HEADERS, _TIMEOUT, _COMPRESSION.
                None => builder.build(),
                Some(Target { protocol: Protocol::Grpc, endpoint }) => {
                    builder.with_tonic().with_endpoint(endpoint).build()
                }
                Some(Target { protocol, endpoint }) => {
                    builder.with_http().with_protocol(*protocol).with_endpoint(format!("{endpoint}{}", $path)).build()
                }
            }
        }
    };
}

exporter!(SpanExporter, spans, "/v1/traces");
exporter!(MetricExporter, metrics, "/v1/metrics");
exporter!(LogExporter, logs, "/v1/logs");
// ANCHOR_END: exporters
