//! What an order says over OTLP. The suite to copy.
#![allow(clippy::unwrap_used)]

mod common;

use axum::http::StatusCode;
use common::Shop;
use testing::OrderError;
use testkit::{Capture, Registry, assert_capture, check};

// ANCHOR: suite
#[tokio::test]
async fn an_order_is_one_trace_across_both_services() {
    let shop = Shop::open(StatusCode::CREATED).await;
    shop.orders.place(2).await.unwrap();
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "order.place\n  POST\n    POST /reservations\n", "{capture}");
    assert_eq!(orders(&capture, "accepted"), Some(1));
    assert_eq!(capture.logs[0].span, Some(0), "the record belongs to the order");
    check_names(&capture);
    assert_capture!(capture, "telemetry/accepted.json");
}

#[tokio::test]
async fn sold_out_is_an_outcome_and_no_error_of_the_order() {
    let shop = Shop::open(StatusCode::CONFLICT).await;
    assert!(matches!(shop.orders.place(2).await, Err(OrderError::SoldOut)));
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "order.place\n  POST ✗ 409\n    POST /reservations\n", "{capture}");
    assert_eq!(orders(&capture, "sold_out"), Some(1));
    check_names(&capture);
}

/// How many orders were counted that ended in this way.
fn orders(capture: &Capture, outcome: &str) -> Option<u64> {
    capture.metric("shop.orders", &[("shop.order.outcome", outcome)])?.as_u64()
}

/// Every name is in the semantic conventions, or in this crate's own registry.
fn check_names(capture: &Capture) {
    let violations = check(capture, &Registry::read("telemetry/registry.toml"));
    assert_eq!(violations.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
}
// ANCHOR_END: suite

// ANCHOR: wait
#[tokio::test]
async fn symptom_right_after_the_call_nothing_has_arrived() {
    let shop = Shop::open(StatusCode::CREATED).await;
    shop.orders.place(2).await.unwrap();
    assert_eq!(shop.receiver.span_count().await, 0, "the spans wait for their batch");
    assert_eq!(shop.close().await.spans.len(), 3);
}

#[tokio::test]
async fn eventually_looks_again_whenever_something_has_arrived() {
    let shop = Shop::open(StatusCode::CREATED).await;
    shop.orders.place(2).await.unwrap(); // no flush: as in production, the batch goes out by itself
    let place = |capture: &Capture| capture.spans_named("order.place").next().cloned();
    let span = shop.receiver.eventually("the order", place).await;
    assert_eq!(span.attributes["shop.order.items"], 2);
    shop.close().await;
}
// ANCHOR_END: wait
