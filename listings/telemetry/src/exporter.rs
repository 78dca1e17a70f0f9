//! OTLP exporters for the three signals, and the runtime they live on.

use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithTonicConfig,
};

// ANCHOR: runtime
/// A gRPC exporter lives on the Tokio runtime on which it is built. On the program's own runtime that is a trap: with
/// one thread, a shutdown waits for an export which waits for that same thread. So the exporters get a runtime with one
/// worker of its own, and it does not matter how the program runs, or whether it has a runtime at all.
#[derive(Debug)]
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("otlp").enable_all().build().map(|runtime| Self(Some(runtime)))
    }

    /// While the guard lives, what this thread builds takes root on this runtime.
    pub(crate) fn enter(&self) -> Option<tokio::runtime::EnterGuard<'_>> {
        self.0.as_ref().map(tokio::runtime::Runtime::enter)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background(); // does not block, so it is allowed on a thread of another runtime
        }
    }
}
// ANCHOR_END: runtime

// ANCHOR: exporters
/// One exporter for each signal, built in the same way. Without an `endpoint` the exporter finds it in
/// `OTEL_EXPORTER_OTLP_ENDPOINT` or in the signal's own variable; `_HEADERS`, `_TIMEOUT` and `_COMPRESSION` it reads in
/// any case.
macro_rules! exporter {
    ($exporter:ident, $function:ident, $signal:literal, $path:literal) => {
        pub(crate) fn $function(protocol: Protocol, endpoint: Option<&str>) -> Result<$exporter, ExporterBuildError> {
            if protocol == Protocol::Grpc {
                let mut builder = $exporter::builder().with_tonic();
                if is_encrypted($signal, endpoint) {
                    builder = builder.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
                }
                return builder.with_endpoint(endpoint.unwrap_or_default()).build();
            }
            let endpoint = endpoint.map(|endpoint| format!("{}{}", endpoint.trim_end_matches('/'), $path));
            let builder = $exporter::builder().with_http().with_protocol(protocol);
            builder.with_endpoint(endpoint.unwrap_or_default()).build() // empty means: as the environment says
        }
    };
}

exporter!(SpanExporter, spans, "TRACES", "/v1/traces");
exporter!(MetricExporter, metrics, "METRICS", "/v1/metrics");
exporter!(LogExporter, logs, "LOGS", "/v1/logs");
// ANCHOR_END: exporters

/// Whether gRPC needs the certificates of the system, which the SDK does not load by itself. They are not loaded for
/// nothing, because an image without any would then fail on a plain connection too.
fn is_encrypted(signal: &str, endpoint: Option<&str>) -> bool {
    let set = |name: String| std::env::var(name).ok().filter(|value| !value.is_empty());
    endpoint
        .map(str::to_owned)
        .or_else(|| set(format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")))
        .or_else(|| set("OTEL_EXPORTER_OTLP_ENDPOINT".into()))
        .is_some_and(|endpoint| !endpoint.starts_with("http://"))
}
