//! Each row of the decision table: the same thing, said with `tracing` and with the API.
#![allow(clippy::unwrap_used)]

mod common;

use api::{OutOfStock, with_api, with_tracing};
use common::{caller, current, received, tracer};
use opentelemetry::trace::Tracer;
use telemetry::scope;
use testkit::Capture;
use tracing::info_span;

/// Spans without their times, to be compared.
fn spans(capture: &Capture) -> Vec<testkit::Span> {
    let timeless = |span: &testkit::Span| testkit::Span { start_us: 0, duration_us: 0, ..span.clone() };
    capture.spans.iter().map(timeless).collect()
}

// ANCHOR: same
#[tokio::test]
async fn an_operation_is_the_same_span_from_both() {
    let ours = received(|_| with_tracing::operation(|| ())).await;
    let theirs = received(|telemetry| with_api::operation(&tracer(telemetry), || ())).await;
    assert_eq!(spans(&ours), spans(&theirs));
    assert_eq!((ours.tree().as_str(), &ours.spans[0].attributes["order.items"]), ("pack\n", &3.into()));
}
// ANCHOR_END: same

#[tokio::test]
async fn a_request_is_the_same_span_from_both() {
    let ours = received(|_| with_tracing::request(caller(), || ()).unwrap()).await;
    let theirs = received(|telemetry| with_api::request(&tracer(telemetry), &caller(), || ())).await;
    assert_eq!(spans(&ours), spans(&theirs));
    assert_eq!((ours.spans[0].kind.as_str(), ours.spans[0].remote_parent), ("server", true));
}

#[tokio::test]
async fn a_moment_is_a_log_record_from_tracing_and_a_span_event_from_the_api() {
    let ours = received(|_| with_tracing::moment()).await;
    assert_eq!(ours.spans[0].events, [""; 0]);
    assert_eq!((ours.logs[0].event_name.as_deref(), ours.logs[0].span), (Some("order.packed"), Some(0)));
    let theirs = received(|telemetry| with_api::moment(&tracer(telemetry))).await;
    assert_eq!((theirs.spans[0].events.as_slice(), theirs.logs.len()), (["order.packed".to_owned()].as_slice(), 0));
}

#[tokio::test]
async fn a_failure_is_the_same_span_from_both() {
    let ours = received(|_| assert!(with_tracing::failure(|| Err(OutOfStock)).is_err())).await;
    let fail = |tracer: &_| assert!(with_api::failure(tracer, || Err(OutOfStock)).is_err());
    let theirs = received(|telemetry| fail(&tracer(telemetry))).await;
    assert_eq!(spans(&ours), spans(&theirs));
    assert_eq!((ours.tree().as_str(), ours.spans[0].status.as_str()), ("pack ✗ out_of_stock\n", "error"));
}

#[tokio::test]
async fn a_success_leaves_the_status_unset_in_both() {
    let ours = received(|_| with_tracing::failure(|| Ok(())).unwrap()).await;
    let theirs = received(|telemetry| with_api::failure(&tracer(telemetry), || Ok(())).unwrap()).await;
    assert_eq!(spans(&ours), spans(&theirs));
    assert_eq!((ours.spans[0].status.as_str(), ours.spans[0].attributes.len()), ("unset", 0));
}

#[tokio::test]
async fn a_number_in_an_event_is_no_metric() {
    let ours = received(|_| with_tracing::number()).await;
    assert_eq!((ours.metrics.len(), &ours.logs[0].attributes["order.items"]), (0, &3.into()));
}

#[tokio::test]
async fn a_number_in_an_instrument_is_a_metric() {
    let theirs = received(|telemetry| with_api::number(&telemetry.meter(scope("shop", "1.0.0")))).await;
    assert_eq!((theirs.metric("order.packed", &[]), theirs.logs.len()), (Some(&3.into()), 0));
}

#[tokio::test]
async fn a_field_of_a_span_is_on_that_span_alone() {
    let mut headers = http::HeaderMap::new();
    let ours = received(|_| headers = with_tracing::value()).await;
    assert_eq!(ours.tree(), "order\n  pack\n");
    let has = |span: &testkit::Span| span.attributes.contains_key("shop.tenant");
    assert_eq!(ours.spans.iter().map(has).collect::<Vec<_>>(), [true, false]);
    assert!(!headers.contains_key("baggage"), "{headers:?}");
}

#[tokio::test]
async fn baggage_goes_to_the_next_service_and_is_on_no_span() {
    let mut headers = http::HeaderMap::new();
    let theirs = received(|telemetry| headers = with_api::value(&tracer(telemetry))).await;
    assert_eq!(theirs.tree(), "order\n  pack\n");
    assert!(theirs.spans.iter().all(|span| !span.attributes.contains_key("shop.tenant")));
    assert_eq!(headers["baggage"], "shop.tenant=acme");
}

#[tokio::test]
async fn a_late_value_is_the_same_attribute_from_both() {
    let ours = received(|_| with_tracing::late_value()).await;
    let theirs = received(|telemetry| with_api::late_value(&tracer(telemetry))).await;
    assert_eq!(spans(&ours), spans(&theirs));
    assert_eq!(ours.spans[0].attributes["order.items"], 3);
}

#[tokio::test]
async fn a_round_of_a_job_is_a_trace_of_its_own_from_both() {
    let ours = received(|_| {
        info_span!("job").in_scope(|| (0..2).for_each(|_| with_tracing::round(&current(), || ())));
    })
    .await;
    let theirs = received(|telemetry| {
        let tracer = tracer(telemetry);
        tracer.in_span("job", |_context| (0..2).for_each(|_| with_api::round(&tracer, &current(), || ())));
    })
    .await;
    for capture in [ours, theirs] {
        assert_eq!(capture.tree(), "job\nround → job\nround → job\n");
        assert_eq!(capture.spans.iter().map(|span| span.trace).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
