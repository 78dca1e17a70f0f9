//! What happens to the shop when the world around it breaks, and what survives.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use circuit_breaker::service::payments;
use circuit_breaker::service::upstream::Mode;
use circuit_breaker::{Config, PreciseClock, Rate, SlidingWindow, State};
use common::{Shop, WAIT, eventually, order};
use testkit::{Fault, FaultProxy};
use tracing::Dispatch;

/// A provider that accepts every order.
async fn provider() -> SocketAddr {
    let charge = async || r#"{"order":"A-1","payment":"accepted"}"#;
    testkit::serve(Router::new().route("/charge", post(charge)), Dispatch::none()).await
}

/// A provider behind a network that can be broken, and a shop in front of it.
async fn shop_behind_a_proxy(timeout: Duration, settings: impl FnOnce(Config) -> Config) -> (Shop, FaultProxy) {
    let proxy = FaultProxy::new(provider().await).await;
    (Shop::before(proxy.address(), timeout, settings).await, proxy)
}

/// Brings down a shop by `fault`, with `status` for the customers who are first, and up again.
async fn opens_and_recovers(shop: &Shop, proxy: &FaultProxy, fault: Fault, status: u16) {
    assert_eq!(shop.order().await, 200);
    proxy.set(fault);
    while shop.breaker.state() == State::Closed {
        assert_eq!(shop.order().await, status);
    }
    assert_eq!(shop.order().await, 503, "the fallback answers");

    proxy.set(Fault::Pass);
    assert_eq!(shop.order().await, 503, "also while the provider is back and nobody knows");
    shop.clock.advance(WAIT);
    while shop.breaker.state() != State::Closed {
        assert_eq!(shop.order().await, 200);
    }
}

// ANCHOR: down
#[tokio::test]
async fn dependency_down_opens_and_recovers() {
    let (shop, proxy) = shop_behind_a_proxy(payments::TIMEOUT, |config| config).await;
    opens_and_recovers(&shop, &proxy, Fault::Refuse, 502).await;
    let calls = shop.breaker.calls();
    assert_eq!((calls.failure, calls.success, calls.rejected), (9, 4, 2), "nine failures of ten, three probes");
    let capture = shop.close().await;
    let mut errors: Vec<_> = capture.spans_named("POST").filter_map(|span| span.attributes.get("error.type")).collect();
    errors.dedup();
    assert!(!errors.is_empty() && errors.iter().all(|error| ["connect", "_OTHER"].contains(&error.as_str().unwrap())));
}
// ANCHOR_END: down

#[tokio::test]
async fn dependency_slow_opens_by_slow_call_rate() {
    let settings = |config| Config {
        clock: Arc::new(PreciseClock),
        slow_call_duration_threshold: Some(Duration::from_millis(30)),
        failure_rate_threshold: Rate::percent(100.0).unwrap(),
        sliding_window: SlidingWindow::Count(4),
        minimum_number_of_calls: 4,
        ..config
    };
    let (shop, proxy) = shop_behind_a_proxy(payments::TIMEOUT, settings).await;
    proxy.set(Fault::Delay(Duration::from_millis(30)));
    for _ in 0..4 {
        assert_eq!(shop.order().await, 200, "slow is not wrong");
    }
    assert_eq!(shop.breaker.state(), State::Open);
    assert_eq!(shop.breaker.calls().failure, 0);
    assert_eq!(shop.order().await, 503);
    let capture = shop.close().await;
    let opened = capture.logs.iter().find(|log| log.severity == "WARN").unwrap();
    assert_eq!(opened.attributes["circuit_breaker.slow_call_rate"], serde_json::json!(100.0));
}

#[tokio::test]
async fn dependency_hanging_costs_one_timeout_a_call_and_then_nothing() {
    let timeout = Duration::from_millis(50);
    let shop = Shop::open_with_timeout(timeout).await;
    shop.weather.set(Mode::Hang);
    let began = Instant::now();
    while shop.breaker.state() == State::Closed {
        assert_eq!(shop.order().await, 504);
    }
    let waited = began.elapsed();
    assert!(waited >= 10 * timeout && waited < 10 * payments::TIMEOUT, "{waited:?}");
    assert_eq!(shop.order().await, 503);
    let capture = shop.close().await;
    let timed_out = capture.spans_named("POST").filter(|span| span.attributes["error.type"] == "timeout");
    assert_eq!(timed_out.count(), 10, "{capture}");
}

#[tokio::test]
async fn garbled_answers_count_as_failures() {
    let (shop, proxy) = shop_behind_a_proxy(payments::TIMEOUT, |config| config).await;
    opens_and_recovers(&shop, &proxy, Fault::Garble, 502).await;
    assert_eq!(shop.breaker.calls().failure, 9);
}

#[tokio::test]
async fn an_answer_that_breaks_off_counts_as_a_failure() {
    let (shop, proxy) = shop_behind_a_proxy(payments::TIMEOUT, |config| config).await;
    // The status line has passed, so the CLIENT span has no error. The receipt has not.
    opens_and_recovers(&shop, &proxy, Fault::Cut(140), 502).await;
    assert_eq!(shop.breaker.calls().failure, 9);
    let capture = shop.close().await;
    assert!(capture.spans_named("POST").all(|span| span.status == "unset"), "{capture}");
}

#[tokio::test]
async fn an_answer_for_another_order_or_without_end_counts_as_a_failure() {
    let endless = "x".repeat(64 * 1024);
    for answer in [r#"{"order":"B-2","payment":"accepted"}"#.to_owned(), "paid".to_owned(), endless] {
        let charge = post(async move || answer);
        let upstream = testkit::serve(Router::new().route("/charge", charge), Dispatch::none()).await;
        let shop = Shop::before(upstream, payments::TIMEOUT, |config| config).await;
        assert_eq!(shop.order().await, 502);
        assert_eq!(shop.breaker.calls().failure, 1);
    }
}

// ANCHOR: client_gone
#[tokio::test]
async fn client_gone_is_accounted() {
    let shop = Shop::open().await;
    shop.weather.set(Mode::Hang);
    for (leaves_after, buffered) in [(Duration::ZERO, 0), (payments::TIMEOUT / 2, 1)] {
        let before = shop.breaker.calls().cancelled;
        let call = tokio::spawn(shop.send(order(shop.checkout_url())));
        eventually("the provider has the call", || shop.weather.callers() == 1).await;
        shop.clock.advance(leaves_after);
        call.abort(); // closes the customer's connection
        eventually("the call is cancelled", || shop.breaker.calls().cancelled > before).await;
        eventually("the provider is rid of it too", || shop.weather.callers() == 0).await;
        assert_eq!(shop.breaker.snapshot().buffered_calls, buffered, "who leaves at once is no evidence");
    }
    let calls = shop.breaker.calls();
    assert_eq!((calls.cancelled, calls.success, calls.failure), (2, 0, 0));
}
// ANCHOR_END: client_gone

#[tokio::test]
async fn a_probe_whose_client_is_gone_returns_its_permit() {
    let shop = Shop::open().await;
    shop.nearly_trip().await;
    assert_eq!(shop.order().await, 502);
    shop.clock.advance(WAIT);
    shop.weather.set(Mode::Hang);
    for _ in 0..5 {
        let probe = tokio::spawn(shop.send(order(shop.checkout_url())));
        eventually("the probe is out", || shop.weather.callers() == 1).await;
        probe.abort();
        eventually("the probe is back", || shop.weather.callers() == 0).await;
    }
    eventually("all are accounted for", || shop.breaker.calls().cancelled == 5).await;
    assert_eq!(shop.breaker.state(), State::HalfOpen);
    shop.weather.set(Mode::Ok);
    for _ in 0..3 {
        assert_eq!(shop.order().await, 200, "five probes were lost, and three permits are still there");
    }
    assert_eq!(shop.breaker.state(), State::Closed);
}
