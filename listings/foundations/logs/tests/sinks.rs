//! Standard output beside OTLP.
#![allow(clippy::unwrap_used)]

mod common;

use common::Pipeline;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use testkit::example;
use tracing::dispatcher::with_default;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, debug, info, info_span, trace};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, registry};

#[tokio::test]
async fn each_sink_has_a_level_of_its_own() {
    let work = || {
        info!("important");
        debug!("detail");
        trace!("noise");
    };
    let pipeline = Pipeline::plain().await;
    let (capture, lines) = pipeline.run(LevelFilter::INFO, "debug", work).await;
    assert_eq!((capture.logs.len(), lines.json().len()), (1, 2));

    let pipeline = Pipeline::plain().await;
    let (capture, lines) = pipeline.run(LevelFilter::TRACE, "off", work).await;
    assert_eq!((capture.logs.len(), lines.json().len()), (3, 0));
}

#[tokio::test]
async fn symptom_a_filter_on_the_subscriber_is_the_filter_of_all() {
    let pipeline = Pipeline::plain().await;
    let dispatch: Dispatch = registry()
        .with(EnvFilter::new("warn")) // was meant for the console
        .with(tracing_opentelemetry::layer().with_tracer(pipeline.traces.tracer("shop")))
        .with(OpenTelemetryTracingBridge::new(&pipeline.logs))
        .into();
    let work = || with_default(&dispatch, || info_span!("order").in_scope(|| info!("packed")));
    let (capture, _) = pipeline.run(LevelFilter::INFO, "off", work).await;
    assert_eq!((capture.spans.len(), capture.logs.len()), (0, 0), "no spans either");
}

#[tokio::test]
async fn a_line_and_a_record_have_the_same_ids() {
    let pipeline = Pipeline::plain().await;
    let mut seen = None;
    let work = || {
        info_span!("order").in_scope(|| {
            info!(order.items = 3_u64, done = true, "packed");
            let context = opentelemetry::Context::current();
            let span = opentelemetry::trace::TraceContextExt::span(&context).span_context().clone();
            seen = Some((span.trace_id().to_string(), span.span_id().to_string()));
        });
        info!("idle");
    };
    let (capture, lines) = pipeline.run(LevelFilter::INFO, "info", work).await;
    let lines = lines.json();
    let (trace_id, span_id) = seen.unwrap();
    assert_eq!((&lines[0]["trace_id"], &lines[0]["span_id"]), (&trace_id.into(), &span_id.into()));
    assert_eq!(
        (&lines[0]["message"], &lines[0]["order.items"], &lines[0]["done"]),
        (&"packed".into(), &3.into(), &true.into())
    );
    assert!(lines[1].get("trace_id").is_none(), "outside of spans there is none: {}", lines[1]);
    assert_eq!(capture.logs.iter().map(|log| log.span).collect::<Vec<_>>(), [Some(0), None]);
}

#[test]
fn when_the_collector_is_away_the_lines_are_still_there_and_the_program_ends_well() {
    let mut command = example("logs-log-crate");
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9").arg("bridged");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("packed by the old library"), "{said}");
    assert!(said.contains("opentelemetry"), "the SDK says that it cannot deliver: {said}");
}
