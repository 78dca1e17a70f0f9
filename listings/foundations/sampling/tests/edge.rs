//! A shop behind its edge: rules by route, strangers, and traces that somebody asked for.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use common::Hand;
use opentelemetry_sdk::trace::Sampler;
use sampling::debug::DebugOr;
use sampling::edge::{Edge, TOKEN, edge};
use sampling::limit::Limit;
use sampling::ratio::Ratio;
use sampling::rules::Rules;
use telemetry::http::{Server, trace};
use telemetry::{Telemetry, scope};
use testkit::{Capture, Receiver, Registry, assert_capture, check, serve};

/// No health check, every checkout, nothing else unless it is asked for.
fn rules() -> Rules {
    Rules::otherwise(Ratio::new(0.0)).route("/health", Ratio::new(0.0)).route("/checkout", Ratio::new(1.0))
}

struct Shop {
    receiver: Receiver,
    telemetry: Telemetry,
    address: SocketAddr,
    client: reqwest::Client,
}

impl Shop {
    /// Two traces a second may be asked for, by a clock that stands still: two in all.
    async fn open(token: Option<&str>) -> Self {
        let receiver = Receiver::http().await;
        let limit = Limit::with_clock(2.try_into().unwrap(), 2.try_into().unwrap(), Hand::default());
        let sampler = Sampler::parent_based(DebugOr::new(Arc::new(limit), rules()));
        let telemetry = receiver.telemetry("shop").sampler(sampler).build().unwrap();
        let traced = from_fn_with_state(Server::new(&telemetry.meter(scope("shop", "0"))), trace);
        let mut router = Router::new()
            .route("/health", get(async || "ok"))
            .route("/checkout", get(async || tracing::info_span!("pay").in_scope(|| "ok")))
            .route("/orders/{id}", get(async || tracing::info_span!("load").in_scope(|| "ok")))
            .layer(traced);
        if let Some(token) = token {
            router = router.layer(from_fn_with_state(Edge::new(token), edge)); // the last layer is the outermost
        }
        let address = serve(router, telemetry.dispatch()).await;
        Self { receiver, telemetry, address, client: reqwest::Client::new() }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) {
        let request = self.client.get(format!("http://{}{path}", self.address));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    async fn close(self) -> Capture {
        self.telemetry.shutdown().unwrap();
        self.receiver.capture().await
    }
}

const FORGED: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6ffffffffffffffff-00f067aa0ba902b7-01");
const MARK: (&str, &str) = ("baggage", "trace.debug=true");

// ANCHOR: edge
#[tokio::test]
async fn each_route_has_its_rule_and_the_token_its_traces() {
    let shop = Shop::open(Some("secret")).await;
    for _ in 0..5 {
        shop.get("/health", &[]).await;
        shop.get("/orders/7", &[FORGED, MARK]).await;
        shop.get("/orders/7", &[(TOKEN.as_str(), "guessed")]).await;
    }
    shop.get("/checkout", &[]).await;
    shop.get("/orders/7", &[(TOKEN.as_str(), "secret")]).await;
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "GET /checkout\n  pay\nGET /orders/{id}\n  load\n");
    assert_eq!(check(&capture, &Registry::read("telemetry/registry.toml")), []);
    assert_capture!(capture, "telemetry/edge.json");
}
// ANCHOR_END: edge

#[tokio::test]
async fn symptom_without_an_edge_a_flag_or_a_mark_is_enough() {
    let shop = Shop::open(None).await;
    shop.get("/health", &[FORGED]).await;
    shop.get("/health", &[MARK]).await;
    assert_eq!(shop.close().await.tree(), "GET /health\nGET /health\n");
}

#[tokio::test]
async fn whoever_has_the_token_gets_no_more_than_the_limit() {
    let shop = Shop::open(Some("secret")).await;
    for _ in 0..20 {
        shop.get("/orders/7", &[(TOKEN.as_str(), "secret")]).await;
    }
    assert_eq!(shop.close().await.spans_named("load").count(), 2);
}

#[tokio::test]
async fn an_empty_token_is_known_to_nobody() {
    let shop = Shop::open(Some("")).await;
    shop.get("/orders/7", &[(TOKEN.as_str(), "")]).await;
    assert_eq!(shop.close().await.tree(), "");
}

#[tokio::test]
async fn a_trace_begins_at_the_edge() {
    let shop = Shop::open(Some("secret")).await;
    shop.get("/checkout", &[FORGED]).await;
    let capture = shop.close().await;
    assert!(!capture.spans[0].remote_parent, "{capture}");
}
