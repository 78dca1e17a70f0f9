//! Between services, messages and processes: what crosses, and what must not.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use context::message::Message;
use context::service::{TakeContextLayer, send_context};
use context::{baggage, incoming, process};
use http::{HeaderMap, HeaderValue};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::{Context, KeyValue};
use telemetry::{Telemetry, propagation};
use testkit::{Capture, Receiver, example, serve};
use tonic::service::Routes;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;
use tracing::dispatcher::with_default;
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, info_span};

/// A shop that exports, and what has arrived of it.
struct Shop {
    receiver: Receiver,
    telemetry: Telemetry,
}

impl Shop {
    async fn new() -> Self {
        let receiver = Receiver::http().await;
        let telemetry = receiver.telemetry("shop").build().unwrap();
        Self { receiver, telemetry }
    }

    fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        with_default(&self.telemetry.dispatch(), work)
    }

    async fn close(self) -> Capture {
        self.telemetry.shutdown().unwrap();
        self.receiver.capture().await
    }
}

/// Asks the health service at `address`, over gRPC, in the span `order`.
async fn ask(address: SocketAddr, sends: bool) {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.timeout(Duration::from_secs(10)).connect().await.unwrap();
    let asked = match sends {
        true => {
            let channel = ServiceBuilder::new().layer(MapRequestLayer::new(send_context)).service(channel);
            HealthClient::new(channel).check(HealthCheckRequest::default()).await
        }
        false => HealthClient::new(channel).check(HealthCheckRequest::default()).await,
    };
    assert_eq!(asked.unwrap().into_inner().status, 1, "it serves");
}

/// What arrives of a call over gRPC.
async fn grpc(sends: bool) -> Capture {
    let shop = Shop::new().await;
    let (_reporter, health) = health_reporter();
    let router = Routes::new(health).into_axum_router().layer(TakeContextLayer);
    let address = serve(router, shop.telemetry.dispatch()).await;
    let call = async { ask(address, sends).instrument(info_span!("order")).await };
    call.with_subscriber(shop.telemetry.dispatch()).await;
    shop.close().await
}

#[tokio::test]
async fn kept_over_grpc() {
    assert_eq!(grpc(true).await.tree(), "order\n  handle\n");
}

#[tokio::test]
async fn lost_over_grpc_when_nobody_sends_it() {
    let capture = grpc(false).await;
    assert!(capture.spans.iter().all(|span| span.parent.is_none()), "{capture}");
    assert_eq!(capture.spans.len(), 2);
}

#[tokio::test]
async fn kept_by_a_message_that_outlives_its_sender() {
    let shop = Shop::new().await;
    let message = shop.run(|| info_span!("send").in_scope(|| Message::new("A-1")));
    shop.run(|| message.process(|payload| assert_eq!(payload, b"A-1")));
    let capture = shop.close().await;
    assert_eq!(capture.tree(), "send\nprocess → send\n");
    assert_ne!(capture.spans[0].trace, capture.spans[1].trace);
}

/// Runs the child below the span `order`, with the environment that `prepare` gives it.
async fn child(prepare: impl FnOnce(&mut std::process::Command) + Send + 'static) -> Capture {
    let shop = Shop::new().await;
    let mut command = example("context-child");
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", shop.receiver.endpoint());
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", shop.receiver.protocol());
    command.env("TRACEPARENT", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"); // somebody's grandparent
    shop.run(|| info_span!("order").in_scope(|| prepare(&mut command)));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    shop.close().await
}

#[tokio::test]
async fn kept_by_a_child_process() {
    let capture = child(|command| {
        process::with_context(command);
    })
    .await;
    assert_eq!(capture.tree(), "order\n  pack\n");
}

#[tokio::test]
async fn lost_to_the_grandparent_when_the_environment_is_inherited() {
    let capture = child(|_command| ()).await;
    let pack = capture.spans_named("pack").next().unwrap();
    assert!(pack.remote_parent, "its parent is none of ours: {capture}");
}

/// Baggage as it comes in: a tenant we know, and a name that is nobody's business.
fn incoming_headers() -> HeaderMap {
    HeaderMap::from_iter([(
        http::header::HeaderName::from_static("baggage"),
        HeaderValue::from_static("tenant=acme,email=ann@shop.example"),
    )])
}

#[tokio::test]
async fn lost_to_a_third_party_unless_the_baggage_is_cut() {
    let shop = Shop::new().await;
    let sent = |context: &Context| {
        let mut headers = HeaderMap::new();
        shop.run(|| propagation::inject(context, &mut headers));
        headers["baggage"].to_str().unwrap().to_owned()
    };
    let context = shop.run(|| propagation::extract(&incoming_headers()));
    assert!(sent(&context).contains("ann@shop.example"), "whatever came in goes out, to everybody");
    assert_eq!(sent(&baggage::only(&context, &["tenant"])), "tenant=acme");
}

#[tokio::test]
async fn baggage_is_on_no_span_until_somebody_writes_it_there() {
    let shop = Shop::new().await;
    let context = Context::new().with_baggage([KeyValue::new("tenant", "acme")]);
    shop.run(|| {
        let _attached = context.clone().attach();
        info_span!("silent").in_scope(|| ());
        let span = info_span!("said");
        baggage::record(&span, &["tenant", "absent"]);
    });
    let capture = shop.close().await;
    let tenant = |name| capture.spans_named(name).next().unwrap().attributes.get("tenant");
    assert_eq!((tenant("silent"), tenant("said")), (None, Some(&"acme".into())));
}

#[tokio::test]
async fn baggage_reaches_the_handler_of_the_next_service() {
    let shop = Shop::new().await;
    let handler = async || Context::current().baggage().get("tenant").unwrap().to_string();
    let router = Router::new().route("/", get(handler)).layer(TakeContextLayer);
    let address = serve(router, shop.telemetry.dispatch()).await;
    let request = reqwest::Client::new().get(format!("http://{address}/")).headers(incoming_headers());
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "acme");
    shop.close().await;
}

#[tokio::test]
async fn a_stranger_is_linked_and_is_no_parent() {
    let shop = Shop::new().await;
    let caller = shop.run(|| info_span!("stranger").in_scope(|| Message::new("")));
    shop.run(|| {
        let caller = propagation::extract(&caller.headers);
        incoming::beside(info_span!("order"), &caller).in_scope(|| ());
    });
    assert_eq!(shop.close().await.tree(), "stranger\norder → stranger\n");
}
