//! What `#[instrument]` and the bridge make of arguments and of fields.
#![allow(clippy::unwrap_used)]

mod common;

use api::{arguments, name};
use common::received;
use opentelemetry::trace::Status;
use tracing::field::Empty;
use tracing::{info_span, instrument};
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: arguments
#[tokio::test]
async fn symptom_instrument_exports_the_password() {
    let capture = received(|_| assert!(arguments::log_in("ada", "correct horse"))).await;
    assert_eq!(capture.spans[0].attributes["password"], "correct horse");
}

#[tokio::test]
async fn kept_back_by_skip_all() {
    let capture = received(|_| assert!(arguments::log_in_safely("ada", "correct horse"))).await;
    assert_eq!(capture.spans[0].attributes.keys().collect::<Vec<_>>(), ["user.id"]);
}
// ANCHOR_END: arguments

#[instrument(err)]
fn inner() -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[instrument(err)]
fn outer() -> Result<(), std::fmt::Error> {
    inner()
}

#[tokio::test]
async fn symptom_err_says_the_same_error_at_every_level_and_sets_no_status() {
    let capture = received(|_| assert!(outer().is_err())).await;
    assert_eq!(capture.tree(), "outer\n  inner\n");
    assert_eq!(capture.logs.iter().map(|log| log.span).collect::<Vec<_>>(), [Some(1), Some(0)]);
    assert_eq!(capture.spans.iter().map(|span| span.status.as_str()).collect::<Vec<_>>(), ["unset"; 2]);
}

#[tokio::test]
async fn otel_name_is_the_name() {
    let capture = received(|_| info_span!("request", otel.name = "GET /orders/{id}").in_scope(|| ())).await;
    assert_eq!((capture.tree().as_str(), capture.spans[0].attributes.len()), ("GET /orders/{id}\n", 0));
}

// ANCHOR: rename
#[tokio::test]
async fn symptom_a_name_that_comes_later_is_ignored() {
    let capture = received(|_| {
        let span = info_span!("request", otel.name = Empty);
        span.in_scope(|| span.record("otel.name", "GET /orders/{id}"));
    })
    .await;
    assert_eq!(capture.tree(), "request\n");
}

#[tokio::test]
async fn renamed_through_the_api() {
    let capture = received(|_| {
        let span = info_span!("request");
        span.in_scope(|| name::rename(&span, "GET /orders/{id}"));
    })
    .await;
    assert_eq!(capture.tree(), "GET /orders/{id}\n");
}
// ANCHOR_END: rename

#[tokio::test]
async fn otel_kind_ignores_a_word_that_is_no_kind() {
    let capture = received(|_| {
        info_span!("a", otel.kind = "client").in_scope(|| ());
        info_span!("b", otel.kind = "PRODUCER").in_scope(|| ());
        info_span!("c", otel.kind = "sever").in_scope(|| ());
    })
    .await;
    let kinds: Vec<_> = capture.spans.iter().map(|span| span.kind.as_str()).collect();
    assert_eq!(kinds, ["client", "producer", "internal"]);
}

#[tokio::test]
async fn otel_status_code_and_description_are_the_status() {
    let capture = received(|_| {
        info_span!("a", otel.status_code = "ERROR").in_scope(|| ());
        info_span!("b", otel.status_code = "OK").in_scope(|| ());
        info_span!("c", otel.status_description = "no stock is left").in_scope(|| ());
        info_span!("d", otel.status_code = "broken").in_scope(|| ());
    })
    .await;
    let statuses: Vec<_> = capture.spans.iter().map(|span| span.status.as_str()).collect();
    assert_eq!(statuses, ["error", "ok", "error", "unset"], "a description alone means an error");
    assert!(capture.spans.iter().all(|span| span.attributes.is_empty()));
}

#[tokio::test]
async fn symptom_otel_status_message_is_an_attribute_now() {
    let capture = received(|_| info_span!("a", otel.status_message = "no stock is left").in_scope(|| ())).await;
    assert_eq!(capture.spans[0].status, "unset");
    assert_eq!(capture.spans[0].attributes["otel.status_message"], "no stock is left");
}

#[tokio::test]
async fn symptom_a_field_that_was_not_declared_is_dropped() {
    let capture = received(|_| {
        let span = info_span!("pack");
        span.in_scope(|| span.record("order.items", 3));
    })
    .await;
    assert_eq!(capture.spans[0].attributes.len(), 0);
}

#[tokio::test]
async fn what_was_not_declared_is_set_through_the_extension() {
    let capture = received(|_| {
        let span = info_span!("pack");
        span.in_scope(|| {
            span.set_attribute("order.items", 3);
            span.set_status(Status::error("no stock is left"));
        });
    })
    .await;
    assert_eq!((capture.spans[0].status.as_str(), &capture.spans[0].attributes["order.items"]), ("error", &3.into()));
}

#[tokio::test]
async fn symptom_a_long_span_is_not_there_before_it_ends() {
    let receiver = testkit::Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        let _job = info_span!("job").entered();
        info_span!("round").in_scope(|| ());
        telemetry.flush().unwrap();
    });
    assert_eq!(receiver.capture().await.tree(), "round\n", "its parent is still running");
    telemetry.shutdown().unwrap();
    assert_eq!(receiver.capture().await.tree(), "job\n  round\n");
}
