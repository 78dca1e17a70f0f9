//! Exporter, resource and provider.

use opentelemetry::global;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

// ANCHOR: exporter
/// An exporter begins with its signal. The pipelines went in 0.27, the transports' own
/// builders in 0.33.
///
/// ```compile_fail,E0425
/// let pipeline = opentelemetry_otlp::new_pipeline().tracing();
/// ```
///
/// ```compile_fail,E0425
/// let exporter = opentelemetry_otlp::new_exporter().tonic();
/// ```
///
/// ```compile_fail,E0603
/// use opentelemetry_otlp::{HttpExporterBuilder, TonicExporterBuilder};
/// ```
pub fn exporter(endpoint: &str) -> Result<SpanExporter, ExporterBuildError> {
    let builder = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    builder.with_endpoint(format!("{endpoint}/v1/traces")).build()
}
// ANCHOR_END: exporter

// ANCHOR: provider
/// The SDK's provider has a name of its own, takes its settings itself, and needs no
/// runtime: it exports on its own thread. All three since 0.28.
///
/// ```compile_fail,E0433
/// let builder = opentelemetry_sdk::trace::TracerProvider::builder();
/// ```
///
/// ```compile_fail,E0599
/// use opentelemetry_sdk::trace::{Config, Sampler};
/// let config = Config::default().with_sampler(Sampler::AlwaysOn);
/// ```
///
/// ```compile_fail,E0433
/// let runtime = opentelemetry_sdk::runtime::Tokio; // without its feature
/// ```
///
/// ```compile_fail,E0061
/// # struct Tokio;
/// let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
/// let builder = opentelemetry_sdk::trace::SdkTracerProvider::builder();
/// builder.with_batch_exporter(exporter, Tokio);
/// ```
pub fn provider(exporter: SpanExporter) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource())
        .build()
}
// ANCHOR_END: provider

// ANCHOR: resource
/// A resource has a builder (0.28). `builder` reads the environment as well,
/// `builder_empty` has only what you give it.
///
/// ```compile_fail,E0624
/// # use opentelemetry_sdk::Resource;
/// let resource = Resource::new(vec![opentelemetry::KeyValue::new("service.name", "checkout")]);
/// ```
///
/// ```compile_fail,E0599
/// # use opentelemetry_sdk::Resource;
/// let resource = Resource::default();
/// ```
pub fn resource() -> Resource {
    Resource::builder().with_service_name("checkout").build()
}
// ANCHOR_END: resource

// ANCHOR: environment
/// Without a transport in the code the environment decides (0.32):
/// `OTEL_EXPORTER_OTLP_PROTOCOL`, else the features. The struct `ExportConfig` went in
/// 0.32, the constant for the endpoint, which was HTTP's even for gRPC, in 0.33.
///
/// ```compile_fail,E0432
/// use opentelemetry_otlp::ExportConfig;
/// ```
///
/// ```compile_fail,E0599
/// opentelemetry_otlp::SpanExporter::builder().with_http().with_export_config(());
/// ```
///
/// ```compile_fail,E0425
/// let endpoint = opentelemetry_otlp::OTEL_EXPORTER_OTLP_ENDPOINT_DEFAULT;
/// ```
pub fn exporter_from_environment() -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder().build()
}
// ANCHOR_END: environment

// ANCHOR: protocol
/// `Protocol` and `Compression` may grow, so a match needs a last arm (0.33).
///
/// ```compile_fail,E0004
/// # use opentelemetry_otlp::Protocol;
/// let name = match Protocol::default() {
///     Protocol::Grpc => "grpc",
///     Protocol::HttpBinary => "http/protobuf",
///     Protocol::HttpJson => "http/json",
/// };
/// ```
pub fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Grpc => "grpc",
        Protocol::HttpBinary => "http/protobuf",
        Protocol::HttpJson => "http/json",
        _ => "unknown",
    }
}
// ANCHOR_END: protocol

// ANCHOR: build_error
/// Building fails with an error of its own (0.29), which has two variants (0.33).
///
/// ```compile_fail,E0432
/// use opentelemetry::trace::TraceError;
/// ```
///
/// ```compile_fail,E0599
/// # use opentelemetry_otlp::ExporterBuildError;
/// # let error = ExporterBuildError::InternalFailure(String::new());
/// let is_ours = matches!(error, ExporterBuildError::InvalidUri(..));
/// ```
pub fn advice(error: &ExporterBuildError) -> String {
    match error {
        ExporterBuildError::InvalidConfiguration(message) => format!("correct the configuration: {message}"),
        ExporterBuildError::InternalFailure(message) => format!("not your mistake: {message}"),
    }
}
// ANCHOR_END: build_error

// ANCHOR: install
/// `set_tracer_provider` returns nothing (0.31). Keep the provider: who installs it
/// shuts it down.
///
/// ```compile_fail,E0308
/// # let provider = opentelemetry_sdk::trace::SdkTracerProvider::default();
/// use opentelemetry::global::{self, GlobalTracerProvider};
/// let before: GlobalTracerProvider = global::set_tracer_provider(provider);
/// ```
///
/// ```
/// # let provider = opentelemetry_sdk::trace::SdkTracerProvider::default();
/// migration::setup::install(&provider);
/// provider.shutdown()?;
/// # Ok::<(), opentelemetry_sdk::error::OTelSdkError>(())
/// ```
pub fn install(provider: &SdkTracerProvider) {
    global::set_tracer_provider(provider.clone());
}
// ANCHOR_END: install
