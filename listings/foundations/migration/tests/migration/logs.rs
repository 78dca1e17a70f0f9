use std::collections::BTreeMap;

use migration::logs;
use opentelemetry::trace::Status;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

/// What `work` said: one span and one record.
fn recorded(work: impl FnOnce()) -> (SpanData, opentelemetry_sdk::logs::in_memory_exporter::LogDataWithResource) {
    let (spans, records) = (InMemorySpanExporter::default(), InMemoryLogExporter::default());
    let tracer_provider = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    let logger_provider = SdkLoggerProvider::builder().with_simple_exporter(records.clone()).build();
    crate::with(logs::subscriber(&tracer_provider, &logger_provider), work);
    let span = spans.get_finished_spans().unwrap().remove(0);
    (span, records.get_emitted_logs().unwrap().remove(0))
}

// ANCHOR: record
#[test]
fn a_record_knows_its_span_without_a_feature() {
    let (span, log) = recorded(|| tracing::info_span!("work").in_scope(|| tracing::info!("packed")));
    let context = log.record.trace_context().unwrap();
    assert_eq!((context.trace_id, context.span_id), (span.span_context.trace_id(), span.span_context.span_id()));
}

#[test]
fn changed_an_error_becomes_exception_message() {
    let error: &dyn std::error::Error = &OTelSdkError::AlreadyShutdown;
    let (_, log) = recorded(|| tracing::info_span!("work").in_scope(|| tracing::error!(error, "lost")));
    let keys: Vec<_> = log.record.attributes_iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["exception.message"], "and not `error`");
}

#[test]
fn changed_the_target_is_the_scope() {
    let (_, log) = recorded(|| tracing::info_span!("work").in_scope(|| tracing::info!(target: "stock", "packed")));
    assert_eq!(log.instrumentation.name(), "", "over OTLP the exporter puts the target here");
    assert_eq!(log.record.target().unwrap(), "stock");
}
// ANCHOR_END: record

#[test]
fn changed_the_status_is_described_by_another_field() {
    let work = || {
        let span = tracing::info_span!("work", otel.status_code = "ERROR", otel.status_message = "old");
        span.in_scope(|| tracing::info!("packed"));
    };
    assert_eq!(recorded(work).0.status, Status::error(""), "the old field is an attribute like any other");
    let work = || {
        let span = tracing::info_span!("work", otel.status_code = "ERROR", otel.status_description = "new");
        span.in_scope(|| tracing::info!("packed"));
    };
    assert_eq!(recorded(work).0.status, Status::error("new"));
}

#[test]
fn changed_the_place_in_the_code_has_other_names() {
    let (span, _) = recorded(|| tracing::info_span!("work").in_scope(|| tracing::info!("packed")));
    let attributes: BTreeMap<_, _> = span.attributes.iter().map(|kv| (kv.key.as_str(), &kv.value)).collect();
    let code: Vec<_> = attributes.keys().filter(|key| key.starts_with("code.")).collect();
    assert_eq!(code, [&"code.file.path", &"code.line.number", &"code.module.name"]);
}
