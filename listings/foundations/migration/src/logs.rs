//! Log records from `tracing`.

use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::prelude::*;

// ANCHOR: subscriber
/// The provider's name changed (0.28). Both layers side by side are all that a record
/// needs to know its span: the features `experimental_use_tracing_span_context` and
/// `spec_unstable_logs_enabled` are gone (0.32).
///
/// ```compile_fail,E0432
/// use opentelemetry_sdk::logs::LoggerProvider;
/// ```
pub fn subscriber(spans: &SdkTracerProvider, logs: &SdkLoggerProvider) -> impl Subscriber + Send + Sync + use<> {
    tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(spans.tracer("checkout")))
        .with(OpenTelemetryTracingBridge::new(logs))
}
// ANCHOR_END: subscriber
