//! The name of an event.

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use tracing_subscriber::prelude::*;

/// The event name of the one log record that `work` writes.
fn event_name(work: impl FnOnce()) -> &'static str {
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let subscriber = tracing_subscriber::registry().with(OpenTelemetryTracingBridge::new(&provider));
    tracing::subscriber::with_default(subscriber, work);
    exporter.get_emitted_logs().unwrap()[0].record.event_name().unwrap()
}

// ANCHOR: name
#[test]
fn symptom_an_event_without_a_name_is_named_after_its_line() {
    let name = event_name(|| tracing::info!("packed"));
    let file = "event listings/foundations/conventions/tests/conventions/event.rs:";
    assert!(name.starts_with(file), "{name}");
}

#[test]
fn an_event_keeps_the_name_that_it_was_given() {
    assert_eq!(event_name(|| tracing::info!(name: "shop.order.packed", "packed")), "shop.order.packed");
}
// ANCHOR_END: name
