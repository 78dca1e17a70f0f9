//! HTTP between a client and a server, each with telemetry of its own, as it arrives over OTLP.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use opentelemetry::KeyValue;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::context::FutureExt;
use opentelemetry::trace::TraceContextExt;
use telemetry::http::{ClientLayer, ClientService, Server, trace};
use telemetry::{Config, Telemetry, propagation, scope};
use testkit::{Capture, Receiver, Registry, assert_capture, check, serve};
use tower::{Layer, ServiceExt};
use tracing::instrument::WithSubscriber;

/// A shop and its customer.
struct Wire {
    telemetry: [Telemetry; 2],
    receiver: Receiver,
    shop: SocketAddr,
    client: ClientService<reqwest::Client>,
}

impl Wire {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    /// With a shop that is configured in another way.
    async fn with(config: Config) -> Self {
        let receiver = Receiver::grpc().await;
        let shop = receiver.telemetry("shop").config(config).build().unwrap();
        let customer = receiver.telemetry("customer").build().unwrap();
        let router = Router::new()
            .route("/orders/{id}", get(order))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(3600)).await))
            .route("/echo", get(echo))
            .layer(from_fn_with_state(Server::new(&shop.meter(scope("shop", "0"))), trace));
        let address = serve(router, shop.dispatch()).await;
        let layer = ClientLayer::new(&customer.meter(scope("customer", "0")));
        let client = layer.with_attributes(|| vec![KeyValue::new("http.request.resend_count", 1)]);
        let client = client.layer(reqwest::Client::new());
        Self { telemetry: [shop, customer], receiver, shop: address, client }
    }

    fn request(&self, path: &str) -> reqwest::Request {
        reqwest::Request::new(Method::GET, format!("http://{}{path}", self.shop).parse().unwrap())
    }

    /// What the customer gets.
    async fn ask(&self, request: reqwest::Request) -> Result<reqwest::Response, reqwest::Error> {
        self.client.clone().oneshot(request).with_subscriber(self.telemetry[1].dispatch()).await
    }

    async fn close(self) -> Capture {
        for telemetry in self.telemetry {
            telemetry.shutdown().unwrap();
        }
        self.receiver.capture().await
    }
}

async fn order(Path(id): Path<u32>) -> StatusCode {
    tracing::info!("looking");
    match id {
        0 => StatusCode::INTERNAL_SERVER_ERROR,
        7 => StatusCode::OK,
        _ => StatusCode::NOT_FOUND,
    }
}

/// What the handler sees of its caller, and what it would send along.
async fn echo(headers: HeaderMap) -> String {
    let tenant = opentelemetry::Context::current().baggage().get("tenant").map(|tenant| tenant.to_string());
    let mut onward = HeaderMap::new();
    propagation::inject(&propagation::context_of(&tracing::Span::current()), &mut onward);
    let [came, goes] = [&headers, &onward].map(|headers| headers["traceparent"].to_str().unwrap().to_owned());
    format!("{} {} {:?} {:?}", tenant.unwrap_or_default(), came == goes, onward["tracestate"], onward["baggage"])
}

#[tokio::test]
async fn one_request_is_one_trace_of_two_services() {
    let wire = Wire::new().await;
    assert_eq!(wire.ask(wire.request("/orders/7?sig=secret")).await.unwrap().status(), 200);
    let capture = wire.close().await;
    assert_eq!(capture.tree(), "GET\n  GET /orders/{id}\n");
    let [client, server] = capture.spans.as_slice() else { panic!("{capture}") };
    assert_eq!([client.kind.as_str(), server.kind.as_str()], ["client", "server"]);
    assert_eq!([client.service.as_str(), server.service.as_str()], ["customer", "shop"]);
    assert_eq!(capture.logs[0].span, Some(1), "the handler ran inside the server's span");
    assert_eq!(check(&capture, &Registry::default()), []);
    assert_capture!(capture, "telemetry/request.json");
}

#[tokio::test]
async fn an_error_is_one_where_the_conventions_say_so() {
    let wire = Wire::new().await;
    for (path, status) in [("/orders/8", 404), ("/orders/0", 500), ("/nowhere", 404)] {
        assert_eq!(wire.ask(wire.request(path)).await.unwrap().status(), status);
    }
    let capture = wire.close().await;
    let tree = "GET ✗ 404\n  GET /orders/{id}\nGET ✗ 500\n  GET /orders/{id} ✗ 500\nGET ✗ 404\n  GET\n";
    assert_eq!(capture.tree(), tree, "a 404 is the client's error; without a route there is no path in the name");
    let statuses: Vec<_> = capture.spans.iter().map(|span| span.status.as_str()).collect();
    assert_eq!(statuses, ["error", "unset", "error", "error", "error", "unset"]);
    let count = |route, code: i64| {
        let metric = capture.metrics.iter().find(|metric| metric.name == "http.server.request.duration").unwrap();
        let point = metric.points.iter().find(|point| {
            point.attributes.get("http.route").and_then(|route| route.as_str()) == route
                && point.attributes["http.response.status_code"] == code
        });
        point.map(|point| (point.value["count"].clone(), point.attributes.contains_key("error.type")))
    };
    let route = Some("/orders/{id}");
    assert_eq!(count(route, 404), Some((1.into(), false)));
    assert_eq!(count(route, 500), Some((1.into(), true)));
    assert_eq!(count(None, 404), Some((1.into(), false)));
    assert_eq!(check(&capture, &Registry::default()), []);
}

#[tokio::test]
async fn a_server_that_is_not_there_has_a_kind_and_no_status() {
    let wire = Wire::new().await;
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let request = reqwest::Request::new(Method::GET, format!("http://{gone}/").parse().unwrap());
    wire.ask(request).await.unwrap_err();
    let mut slow = wire.request("/slow");
    *slow.timeout_mut() = Some(Duration::from_millis(50));
    wire.ask(slow).await.unwrap_err();
    let capture = wire.close().await;
    let errors: Vec<_> = capture.spans_named("GET").map(|span| span.attributes["error.type"].clone()).collect();
    assert_eq!(errors, ["connect", "timeout"]);
    assert!(!capture.spans[0].attributes.contains_key("http.response.status_code"));
}

#[tokio::test]
async fn who_goes_away_is_counted_and_is_no_error() {
    let wire = Wire::new().await;
    let gave_up = tokio::time::timeout(Duration::from_millis(50), wire.ask(wire.request("/slow"))).await;
    assert!(gave_up.is_err());
    // The server notices when its connection closes, and nothing announces that.
    let patience = tokio::time::Instant::now() + Duration::from_secs(10);
    while wire.receiver.capture().await.spans_named("GET /slow").next().is_none() {
        assert!(tokio::time::Instant::now() < patience, "the server's span did not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
        wire.telemetry[0].flush().unwrap();
    }
    let capture = wire.close().await;
    assert_eq!(capture.tree(), "GET\n  GET /slow\n");
    for name in ["http.client.request.duration", "http.server.request.duration"] {
        let metric = capture.metrics.iter().find(|metric| metric.name == name).unwrap();
        let [point] = metric.points.as_slice() else { panic!("{capture}") };
        assert_eq!(point.value["count"], 1);
        for absent in ["error.type", "http.response.status_code"] {
            assert!(!point.attributes.contains_key(absent), "{name} {absent}");
        }
    }
}

#[tokio::test]
async fn the_callers_context_comes_through() {
    let wire = Wire::new().await;
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap());
    headers.insert("tracestate", "vendor=opaque".parse().unwrap());
    headers.insert("baggage", "tenant=acme".parse().unwrap());
    let subscriber = wire.telemetry[1].dispatch();
    let caller = tracing::dispatcher::with_default(&subscriber, || propagation::extract(&headers));
    assert!(caller.span().span_context().is_remote());
    let answer = wire.ask(wire.request("/echo")).with_context(caller).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"acme false "vendor=opaque" "tenant=acme""#);
    let capture = wire.close().await;
    assert_eq!(capture.tree(), "GET\n  GET /echo\n");
    assert!(capture.spans[0].remote_parent, "the client's span continues the caller's trace");
}

#[tokio::test]
async fn a_service_without_telemetry_hands_the_context_on() {
    let disabled = Config::from_lookup(|name| (name == "OTEL_SDK_DISABLED").then(|| "true".into()));
    let wire = Wire::with(disabled).await;
    let mut request = wire.request("/echo");
    request.headers_mut().insert("baggage", "tenant=acme".parse().unwrap());
    let answer = wire.ask(request).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"acme true "" "tenant=acme""#);
    assert_eq!(wire.close().await.tree(), "GET\n");
}

#[tokio::test]
async fn a_caller_that_does_not_sample_leaves_no_span_and_is_counted() {
    let wire = Wire::new().await;
    let mut request = reqwest::Request::new(Method::GET, format!("http://{}/orders/7", wire.shop).parse().unwrap());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".parse().unwrap();
    request.headers_mut().insert("traceparent", parent);
    assert_eq!(reqwest::Client::new().execute(request).await.unwrap().status(), 200);
    let capture = wire.close().await;
    assert_eq!(capture.tree(), "");
    let duration = capture.metric("http.server.request.duration", &[("http.route", "/orders/{id}")]).unwrap();
    assert_eq!(duration["count"], 1);
}
