//! Who records an error, and how often.
#![allow(clippy::unwrap_used)]

mod common;

use common::received;
use logs::order::{PackError, StockError, handle};
use testkit::{Registry, assert_capture, check};
use tracing::instrument;

#[instrument(err)]
fn reserve() -> Result<u64, StockError> {
    Err(StockError::Empty)
}

#[instrument(err)]
fn pack() -> Result<u64, PackError> {
    Ok(reserve()?)
}

// ANCHOR: once
#[tokio::test]
async fn symptom_an_error_that_everybody_logs_is_there_three_times() {
    let capture = received(|_| drop(pack().inspect_err(|error| tracing::error!("request failed: {error}")))).await;
    assert_eq!(capture.logs.len(), 3);
    assert!(capture.spans.iter().all(|span| span.status == "unset"), "and no span says that it failed");
}

#[tokio::test]
async fn an_error_is_recorded_once_where_it_ends() {
    let capture = received(|_| assert_eq!(handle(|| Err(StockError::Empty.into())), 503)).await;
    assert_eq!(capture.tree(), "POST /orders ✗ out_of_stock\n");
    let [record] = capture.logs.as_slice() else { panic!("{capture}") };
    assert_eq!(record.attributes["exception.message"], "the order cannot be packed: no stock is left");
    assert_eq!(record.attributes["error.type"], capture.spans[0].attributes["error.type"]);
    // ANCHOR_END: once
    assert_eq!((record.event_name.as_deref(), record.severity.as_str()), (Some("order.pack.exception"), "ERROR"));
    assert_eq!((record.span, &record.attributes["exception.type"]), (Some(0), &"logs::order::PackError".into()));
    assert_eq!((capture.spans[0].status.as_str(), capture.spans[0].events.len()), ("error", 0));
    let violations = check(&capture, &Registry::read("telemetry/registry.toml"));
    assert_eq!(violations, []);
    assert_capture!(capture, "telemetry/failure.json");
}

#[tokio::test]
async fn a_request_that_succeeds_has_an_event_and_no_status() {
    let capture = received(|_| assert_eq!(handle(|| Ok(3)), 201)).await;
    assert_eq!((capture.tree().as_str(), capture.spans[0].status.as_str()), ("POST /orders\n", "unset"));
    assert_eq!(capture.logs[0].event_name.as_deref(), Some("order.packed"));
    assert_eq!(check(&capture, &Registry::read("telemetry/registry.toml")), []);
}

#[tokio::test]
async fn symptom_an_error_as_a_field_loses_its_name_and_its_causes() {
    let error = PackError(StockError::Timeout);
    let capture = received(|_| tracing::error!(cause = &error as &dyn std::error::Error, "failed")).await;
    let attributes = &capture.logs[0].attributes;
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["exception.message"]);
    assert_eq!(attributes["exception.message"], "the order cannot be packed", "the warehouse is not mentioned");
}
