//! The end of a provider, and what it says when something goes wrong.

use std::time::Duration;

use opentelemetry_otlp::{ExporterBuildError, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, prelude::*};

// ANCHOR: shutdown
/// The provider that you kept is shut down (0.28), within a time that you choose
/// (0.30).
///
/// ```compile_fail,E0425
/// opentelemetry::global::shutdown_tracer_provider();
/// ```
pub fn end(provider: &SdkTracerProvider) -> OTelSdkResult {
    provider.shutdown_with_timeout(Duration::from_secs(5))
}
// ANCHOR_END: shutdown

// ANCHOR: result
/// One error for all signals (0.28). `LogError` went in 0.29, `MetricError` in 0.30 for
/// whoever has no experimental feature, and the last of `TraceError` in 0.32.
///
/// ```compile_fail,E0432
/// use opentelemetry_sdk::logs::{LogError, LogResult};
/// ```
///
/// ```compile_fail,E0432
/// use opentelemetry_sdk::trace::TraceError;
/// ```
pub fn is_lost(result: &OTelSdkResult) -> bool {
    match result {
        Ok(()) | Err(OTelSdkError::AlreadyShutdown) => false,
        Err(OTelSdkError::Timeout(_) | OTelSdkError::InternalFailure(_)) => true,
    }
}
// ANCHOR_END: result

// ANCHOR: errors
/// The SDK reports its problems as events of `tracing`, with targets that begin with
/// `opentelemetry` (0.27). Without a subscriber nobody hears them.
///
/// ```compile_fail,E0425
/// opentelemetry::global::set_error_handler(|error| eprintln!("{error}"));
/// ```
pub fn subscriber<W>(writer: W) -> impl Subscriber
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let problems = Targets::new().with_target("opentelemetry", LevelFilter::WARN);
    tracing_subscriber::registry().with(tracing_subscriber::fmt::layer().with_writer(writer).with_filter(problems))
}
// ANCHOR_END: errors

// ANCHOR: patience
/// The processor has no timeout of its own any more (0.28), the exporter has. A failed
/// export is tried again, three times by default (0.33).
///
/// ```compile_fail,E0599
/// # use opentelemetry_sdk::trace::BatchConfigBuilder;
/// # use std::time::Duration;
/// BatchConfigBuilder::default().with_max_export_timeout(Duration::from_secs(3));
/// ```
///
/// ```compile_fail,E0603
/// use opentelemetry_otlp::retry::RetryPolicy; // 0.31, behind a feature that is gone
/// ```
pub fn impatient(endpoint: &str) -> Result<SpanExporter, ExporterBuildError> {
    let builder = SpanExporter::builder().with_http().with_endpoint(format!("{endpoint}/v1/traces"));
    builder.with_timeout(Duration::from_secs(3)).with_retry_policy(RetryPolicy::disabled()).build()
}
// ANCHOR_END: patience
