//! One subscriber, three sinks.

use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter, time::SystemTime};
use tracing_subscriber::prelude::*;

use crate::lines::JsonLines;

// ANCHOR: subscriber
/// Spans and records to the providers down to `export`, lines to `writer` as `console` says. Each filter stands on its
/// own layer: on the subscriber it would be the filter of all three.
pub fn subscriber<W>(
    (traces, logs): (&SdkTracerProvider, &SdkLoggerProvider),
    export: LevelFilter,
    console: EnvFilter,
    writer: W,
) -> Dispatch
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer("shop"));
    let records = OpenTelemetryTracingBridge::new(logs);
    let lines = fmt::layer().event_format(JsonLines(SystemTime)).with_writer(writer);
    tracing_subscriber::registry()
        .with(spans.with_filter(quiet(export).and(filter_fn(|it| it.is_span()))))
        .with(records.with_filter(quiet(export)))
        .with(lines.with_filter(console))
        .into()
}
// ANCHOR_END: subscriber

// ANCHOR: quiet
/// Everything down to `level`, except what the libraries on the way to the collector say.
pub fn quiet(level: LevelFilter) -> Targets {
    const WAY: [&str; 8] = ["h2", "hyper", "hyper_util", "opentelemetry", "reqwest", "rustls", "tonic", "tower"];
    Targets::new().with_default(level).with_targets(WAY.map(|target| (target, LevelFilter::OFF)))
}
// ANCHOR_END: quiet
