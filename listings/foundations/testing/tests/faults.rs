//! An order while the stock, or the telemetry, is ill.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use common::Shop;
use testing::OrderError;
use testkit::Fault;

// ANCHOR: receiver
/// An order while the receiver is ill: whether the shutdown says that all was delivered, and how often
/// its span arrived.
async fn order(fault: Fault, patience: Duration) -> (bool, usize) {
    let shop = Shop::open(StatusCode::CREATED).await;
    shop.receiver.set(fault);
    let started = Instant::now();
    shop.orders.place(2).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "{fault:?}: an order does not wait");
    let (delivered, capture) = shop.close_within(patience).await;
    (delivered.is_ok(), capture.spans_named("order.place").count())
}

#[tokio::test]
async fn a_slow_receiver_costs_an_order_nothing() {
    assert_eq!(order(Fault::Delay(Duration::from_millis(50)), Duration::from_secs(5)).await, (true, 1));
}

#[tokio::test]
async fn a_receiver_that_is_gone_costs_an_order_nothing() {
    assert_eq!(order(Fault::Refuse, Duration::from_secs(5)).await, (false, 0));
    assert_eq!(
        order(Fault::Silent, Duration::from_millis(500)).await,
        (false, 0),
        "within the bound that it was given"
    );
}

#[tokio::test]
async fn symptom_what_a_shutdown_calls_lost_may_have_arrived() {
    let (delivered, spans) = order(Fault::Garble, Duration::from_secs(5)).await;
    assert!(!delivered && spans > 1, "every attempt arrived, and no answer was understood: {spans}");
}
// ANCHOR_END: receiver

// ANCHOR: stock
#[tokio::test]
async fn a_stock_that_is_silent_is_a_failed_order_with_a_reason() {
    let shop = Shop::open(StatusCode::CREATED).await;
    shop.network.set(Fault::Silent);
    assert!(matches!(shop.orders.place(2).await, Err(OrderError::Stock(_))));
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "order.place ✗ failed\n  POST ✗ timeout\n", "{capture}");
    assert_eq!(capture.metric("shop.orders", &[("shop.order.outcome", "failed")]), Some(&1.into()));
}
// ANCHOR_END: stock

#[tokio::test]
async fn a_stock_that_talks_nonsense_is_a_failed_order() {
    let shop = Shop::open(StatusCode::CREATED).await;
    shop.network.set(Fault::Garble);
    assert!(matches!(shop.orders.place(2).await, Err(OrderError::Stock(_))));
    let capture = shop.close().await;
    let order = capture.spans_named("order.place").next().unwrap();
    assert_eq!((order.status.as_str(), &order.attributes["error.type"]), ("error", &"failed".into()), "{capture}");
}
