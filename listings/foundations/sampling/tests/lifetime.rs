//! When the decision is made, and what is known by then.
#![allow(clippy::unwrap_used)]

mod common;

use common::Spy;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use testkit::Receiver;
use tracing::dispatcher::with_default;
use tracing::{Level, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The attributes that the sampler saw, of the spans that `work` makes through `tracing`.
async fn seen(work: impl FnOnce()) -> Vec<Vec<String>> {
    let receiver = Receiver::http().await;
    let spy = Spy::default();
    let telemetry = receiver.telemetry("shop").sampler(spy.clone()).build().unwrap();
    with_default(&telemetry.dispatch(), work);
    telemetry.shutdown().unwrap();
    spy.keys()
}

// ANCHOR: late
#[tokio::test]
async fn symptom_what_is_recorded_later_comes_too_late() {
    let work = || {
        let span = info_span!("request", http.request.method = "GET", http.response.status_code = field::Empty);
        span.in_scope(|| span.record("http.response.status_code", 500));
    };
    assert_eq!(seen(work).await, [["http.request.method"]]);
}

#[tokio::test]
async fn what_is_recorded_before_the_span_is_entered_is_seen() {
    let work = || {
        let span = info_span!("request", http.route = field::Empty);
        span.record("http.route", "/orders/{id}");
        span.in_scope(|| ());
    };
    assert_eq!(seen(work).await, [["http.route"]]);
}

#[tokio::test]
async fn symptom_whoever_reads_the_context_early_decides_early() {
    let work = || {
        let span = info_span!("request", http.route = field::Empty);
        let _context = span.context(); // to send it along, for example
        span.record("http.route", "/orders/{id}");
    };
    assert_eq!(seen(work).await, [[""; 0]]);
}
// ANCHOR_END: late

#[test]
fn through_the_api_only_the_builders_attributes_are_seen() {
    let spy = Spy::default();
    let provider = SdkTracerProvider::builder().with_sampler(spy.clone()).build();
    let tracer = provider.tracer("shop");
    let mut span = tracer.span_builder("request").with_attributes([KeyValue::new("url.path", "/")]).start(&tracer);
    span.set_attribute(KeyValue::new("http.route", "/"));
    assert_eq!(spy.keys(), [["url.path"]]);
}

/// What arrives of three spans in each other, the middle one of the level DEBUG.
async fn tree(level: Level, sampler: Sampler) -> String {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").level(level.into()).sampler(sampler).build().unwrap();
    with_default(&telemetry.dispatch(), || {
        info_span!("order").in_scope(|| tracing::debug_span!("prices").in_scope(|| info_span!("pack").in_scope(|| ())));
    });
    telemetry.shutdown().unwrap();
    receiver.capture().await.tree()
}

// ANCHOR: level
#[tokio::test]
async fn a_level_takes_a_span_out_of_every_trace() {
    assert_eq!(tree(Level::DEBUG, Sampler::AlwaysOn).await, "order\n  prices\n    pack\n");
    assert_eq!(tree(Level::INFO, Sampler::AlwaysOn).await, "order\n  pack\n");
}

#[tokio::test]
async fn a_sampler_takes_a_trace_as_a_whole() {
    assert_eq!(tree(Level::DEBUG, Sampler::AlwaysOff).await, "");
}
// ANCHOR_END: level
