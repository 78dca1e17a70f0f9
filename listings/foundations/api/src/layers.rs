//! From `tracing` to the providers.

use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Dispatch;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

// ANCHOR: twice
/// Each layer takes all it can get. An event inside a span is then exported twice.
pub fn twice(traces: &SdkTracerProvider, logs: &SdkLoggerProvider) -> Dispatch {
    let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer("shop"));
    let records = OpenTelemetryTracingBridge::new(logs);
    registry().with(spans).with(records).into()
}
// ANCHOR_END: twice

// ANCHOR: once
/// Spans to one layer, events to the other.
pub fn once(traces: &SdkTracerProvider, logs: &SdkLoggerProvider) -> Dispatch {
    let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer("shop"));
    let records = OpenTelemetryTracingBridge::new(logs);
    registry()
        .with(spans.with_filter(filter_fn(|it| it.is_span())))
        .with(records.with_filter(filter_fn(|it| it.is_event())))
        .into()
}
// ANCHOR_END: once
