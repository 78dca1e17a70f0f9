//! What the shop says over OTLP: exact span trees, metrics, logs, and the context that comes in and goes out.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use circuit_breaker::State;
use circuit_breaker::service::payments;
use circuit_breaker::service::upstream::Mode;
use common::{Shop, WAIT, order};
use serde_json::json;
use testkit::{Capture, Registry, assert_capture, check};
use tracing::Dispatch;

/// Every name in it is in the conventions or in this listing's registry.
fn check_conventions(capture: &Capture) {
    let violations = check(capture, &Registry::read("telemetry/registry.toml"));
    assert_eq!(violations.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn a_success_adds_no_span() {
    let shop = Shop::open().await;
    assert_eq!(shop.order().await, 200);
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "POST /checkout\n  POST\n    POST /charge\n");
    let client = capture.spans_named("POST").next().unwrap();
    assert_eq!(client.attributes["circuit_breaker.state"], "closed");
    assert_eq!(capture.logs, []);
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/success.json");
}

#[tokio::test]
async fn a_rejection_links_to_the_call_that_tripped() {
    let shop = Shop::open().await;
    shop.nearly_trip().await;
    assert_eq!(shop.breaker.state(), State::Closed);
    assert_eq!(shop.order().await, 502);
    assert_eq!(shop.breaker.state(), State::Open);

    let refused = shop.send(order(shop.checkout_url())).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], WAIT.as_secs().to_string());

    let capture = shop.close().await;
    let tree = "POST /checkout ✗ 502\n  POST ✗ 500\n    POST /charge ✗ 500\n\
                POST /checkout ✗ 503\n  circuit_breaker.reject ✗ circuit_open → POST /checkout\n";
    assert_eq!(capture.tree(), tree);
    let reject = capture.spans_named("circuit_breaker.reject").next().unwrap();
    assert_eq!((reject.links.as_slice(), reject.trace), ([0].as_slice(), 1), "it links into the other trace");

    let calls = |outcome| capture.metric("circuit_breaker.calls", &[("circuit_breaker.outcome", outcome)]);
    let outcomes = ["success", "failure", "ignored", "cancelled", "rejected"].map(calls);
    assert_eq!(outcomes, [Some(&json!(5)), Some(&json!(5)), Some(&json!(0)), Some(&json!(0)), Some(&json!(1))]);
    let state = |state| capture.metric("circuit_breaker.state", &[("circuit_breaker.state", state)]);
    assert_eq!((state("open"), state("closed")), (Some(&json!(1)), Some(&json!(0))));

    let [log] = capture.logs.as_slice() else { panic!("one record for one transition:\n{capture}") };
    assert_eq!(log.event_name.as_deref(), Some("circuit_breaker.state_transition"));
    assert_eq!((log.severity.as_str(), log.span), ("WARN", Some(0)), "it carries the tripping call");
    assert_eq!(log.attributes["circuit_breaker.failure_rate"], json!(50.0));
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/trip.json");
}

#[tokio::test]
async fn recovery_is_told_apart_from_traffic() {
    let shop = Shop::open().await;
    shop.nearly_trip().await;
    assert_eq!(shop.order_unsampled().await, 502);
    assert_eq!(shop.order_unsampled().await, 503);

    shop.weather.set(Mode::Ok);
    shop.clock.advance(WAIT);
    assert_eq!(shop.order().await, 200);
    assert_eq!(shop.breaker.state(), State::HalfOpen);
    assert_eq!(shop.order_unsampled().await, 200);
    assert_eq!(shop.order().await, 200);
    assert_eq!(shop.breaker.state(), State::Closed);
    assert_eq!(shop.order().await, 200);

    let capture = shop.close().await;
    let states: Vec<_> =
        capture.spans_named("POST").map(|span| span.attributes["circuit_breaker.state"].clone()).collect();
    assert_eq!(states, ["half_open", "half_open", "closed"]);
    let transitions = capture.logs.iter().map(|log| (log.attributes["circuit_breaker.to_state"].as_str(), log.span));
    let expected = [(Some("open"), None), (Some("half_open"), Some(0)), (Some("closed"), Some(3))];
    assert_eq!(transitions.collect::<Vec<_>>(), expected);
    check_conventions(&capture);
    assert_capture!(capture, "telemetry/recovery.json");
}

/// A provider that remembers the headers of the call.
async fn listening_provider() -> (std::net::SocketAddr, Arc<Mutex<HeaderMap>>) {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let heard = seen.clone();
    let charge = async move |headers: HeaderMap| {
        *heard.lock().unwrap() = headers;
        r#"{"order":"A-1","payment":"accepted"}"#
    };
    (testkit::serve(Router::new().route("/charge", post(charge)), Dispatch::none()).await, seen)
}

#[tokio::test]
async fn context_comes_in_and_goes_out() {
    let (upstream, seen) = listening_provider().await;
    let shop = Shop::before(upstream, payments::TIMEOUT, |config| config).await;
    let mut request = order(shop.checkout_url());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    request.headers_mut().insert("traceparent", format!("00-{trace}-00f067aa0ba902b7-01").parse().unwrap());
    request.headers_mut().insert("tracestate", "vendor=opaque".parse().unwrap());
    request.headers_mut().insert("baggage", "tenant=acme".parse().unwrap());
    assert_eq!(shop.send(request).await.status(), 200);

    let headers = seen.lock().unwrap().clone();
    let parent: Vec<_> = headers["traceparent"].to_str().unwrap().split('-').collect();
    assert_eq!((parent[1], parent[3]), (trace, "01"));
    assert_ne!(parent[2], "00f067aa0ba902b7", "the parent is the CLIENT span and not the customer");
    assert_eq!(headers["tracestate"], "vendor=opaque");
    assert_eq!(headers["baggage"], "tenant=acme");
    let capture = shop.close().await;
    assert!(capture.spans[0].remote_parent, "{capture}");
}

#[tokio::test]
async fn an_unsampled_request_leaves_no_span_and_is_counted() {
    let (upstream, seen) = listening_provider().await;
    let shop = Shop::before(upstream, payments::TIMEOUT, |config| config).await;
    assert_eq!(shop.order_unsampled().await, 200);
    let parent = seen.lock().unwrap()["traceparent"].to_str().unwrap().to_owned();
    assert!(parent.starts_with("00-11111111111111111111111111111111-") && parent.ends_with("-00"), "{parent}");
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "");
    let success = [("circuit_breaker.outcome", "success")];
    assert_eq!(capture.metric("circuit_breaker.calls", &success), Some(&json!(1)));
}

#[tokio::test]
async fn a_traceparent_that_cannot_be_read_starts_a_new_trace() {
    let shop = Shop::open().await;
    let mut request = order(shop.checkout_url());
    request.headers_mut().insert("traceparent", "00-zz-zz-01".parse().unwrap());
    assert_eq!(shop.send(request).await.status(), 200);
    let capture = shop.close().await;
    assert!(capture.spans[0].parent.is_none() && !capture.spans[0].remote_parent, "{capture}");
}
