//! How an event comes to be there twice, and what it costs to have it once.
#![allow(clippy::unwrap_used)]

use api::layers;
use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use testkit::{Capture, Receiver};
use tracing::dispatcher::with_default;
use tracing::{Dispatch, info_span};

/// Runs `work` on the layers that `join` makes of two providers, and returns what was received.
async fn received(join: fn(&SdkTracerProvider, &SdkLoggerProvider) -> Dispatch, work: fn()) -> Capture {
    let receiver = Receiver::http().await;
    let to = |path| format!("{}/v1/{path}", receiver.endpoint());
    let spans = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(to("traces"));
    let records = LogExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(to("logs"));
    let traces = SdkTracerProvider::builder().with_batch_exporter(spans.build().unwrap()).build();
    let logs = SdkLoggerProvider::builder().with_batch_exporter(records.build().unwrap()).build();
    with_default(&join(&traces, &logs), work);
    traces.shutdown().unwrap();
    logs.shutdown().unwrap();
    receiver.capture().await
}

fn refuse() {
    info_span!("pay").in_scope(|| tracing::error!("the card is refused"));
}

// ANCHOR: twice
#[tokio::test]
async fn symptom_an_event_arrives_twice() {
    let capture = received(layers::twice, refuse).await;
    assert_eq!(capture.spans[0].events, ["the card is refused"], "once on the span");
    assert_eq!(capture.logs[0].body, "the card is refused", "and once as a log record");
}

#[tokio::test]
async fn once_with_a_filter_on_each_layer() {
    let capture = received(layers::once, refuse).await;
    assert_eq!((capture.spans[0].events.len(), capture.logs.len()), (0, 1));
}
// ANCHOR_END: twice

#[tokio::test]
async fn an_error_event_that_reaches_the_span_layer_makes_the_span_an_error() {
    assert_eq!(received(layers::twice, refuse).await.spans[0].status, "error");
}

#[tokio::test]
async fn with_the_filter_the_status_is_set_by_those_who_know() {
    assert_eq!(received(layers::once, refuse).await.spans[0].status, "unset");
}
