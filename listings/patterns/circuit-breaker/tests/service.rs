//! The programs as the platform and the operator see them.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use circuit_breaker::State;
use circuit_breaker::service::upstream::Mode;
use common::child::{Child, checkout};
use common::{Shop, eventually, order, post as json};
use reqwest::{Method, Request, Url};
use serde_json::{Value, json};
use testkit::{Receiver, Registry, check};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tracing::Dispatch;

/// A provider that holds every call until it is told to answer. Returns its address, and the gate.
async fn provider_with_a_gate() -> (SocketAddr, watch::Sender<bool>) {
    let gate = watch::Sender::new(false);
    let open = gate.clone();
    let charge = async move || {
        open.subscribe().wait_for(|open| *open).await.unwrap();
        r#"{"order":"A-1","payment":"accepted"}"#
    };
    (testkit::serve(Router::new().route("/charge", post(charge)), Dispatch::none()).await, gate)
}

/// An address where nobody listens.
fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

// ANCHOR: sigterm
#[tokio::test]
async fn sigterm_loses_no_span() {
    let receiver = Receiver::grpc().await;
    let (upstream, gate) = provider_with_a_gate().await;
    let child = Child::start(&[
        ("UPSTREAM_URL", &format!("http://{upstream}")),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint()),
        ("OTEL_BSP_SCHEDULE_DELAY", "60000"), // so that what arrives was flushed at the end
    ]);
    let customers = reqwest::Client::new();
    let orders: Vec<_> = (0..3).map(|_| tokio::spawn(customers.execute(order(child.url("/checkout"))))).collect();
    eventually("three orders are under way", || gate.receiver_count() == 3).await;

    child.terminate();
    let address = child.public();
    eventually("it takes no more orders", || TcpStream::connect(address).is_err()).await;
    gate.send_replace(true);

    for order in orders {
        assert_eq!(order.await.unwrap().unwrap().status(), 200, "what was under way is finished");
    }
    let (status, said) = child.ended().await;
    assert!(status.success(), "{said}");
    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "POST /checkout\n  POST\n".repeat(3));
    let success = [("circuit_breaker.outcome", "success")];
    assert_eq!(capture.metric("circuit_breaker.calls", &success), Some(&json!(3)));
}
// ANCHOR_END: sigterm

/// A `POST` that has begun, and never ends: its handler waits for a body.
async fn begin(address: SocketAddr, path: &str) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100", "the handler asks for the body");
    stream
}

#[tokio::test]
async fn what_the_drain_cuts_off_arrives_and_every_name_is_declared() {
    let receiver = Receiver::grpc().await;
    let endpoint = receiver.endpoint();
    let exporter =
        [("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol()), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let (checkout, payments) = (Child::start(&exporter), Child::payments(&exporter));
    let slow = Request::new(Method::PUT, payments.url("/mode/slow"));
    assert_eq!(reqwest::Client::new().execute(slow).await.unwrap().status(), 200);
    let _unfinished = (begin(checkout.public(), "/checkout").await, begin(payments.public(), "/charge").await);

    checkout.terminate();
    payments.terminate();
    for child in [checkout, payments] {
        let (status, said) = child.ended().await;
        assert!(status.success(), "{said}");
    }
    let capture = receiver.capture().await;
    for (service, name) in [("checkout", "POST /checkout"), ("payments", "POST /charge")] {
        let span = capture.spans_named(name).next().unwrap_or_else(|| panic!("no {name} in\n{capture}"));
        assert_eq!((span.service.as_str(), span.kind.as_str()), (service, "server"));
        assert!(!span.attributes.contains_key("http.response.status_code"), "nobody was answered: {span:?}");
        let durations = capture.metrics.iter().filter(|metric| metric.name == "http.server.request.duration");
        let mut points = durations.flat_map(|metric| &metric.points);
        assert!(points.any(|point| point.attributes["http.route"] == name["POST ".len()..]), "{capture}");
    }
    let names: BTreeSet<_> = capture.logs.iter().map(|log| log.event_name.as_deref().unwrap_or(&log.body)).collect();
    assert_eq!(Vec::from_iter(names), ["payments.mode_changed", "shop.drain_cut", "shop.listening"]);
    assert_eq!(check(&capture, &Registry::read("telemetry/registry.toml")), []);
}

// ANCHOR: collector_down
#[cfg(target_os = "linux")]
#[tokio::test]
async fn collector_down_leaves_the_service_alone() {
    let (upstream, collector) = (format!("http://{}", nowhere()), format!("http://{}", nowhere()));
    let child = Child::start(&[
        ("UPSTREAM_URL", &upstream),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
    ]);
    let customers = reqwest::Client::new();
    let order_many = async |count| {
        for _ in 0..count {
            let status = customers.execute(order(child.url("/checkout"))).await.unwrap().status().as_u16();
            assert!([502, 503].contains(&status), "{status}");
        }
    };
    order_many(1_500).await; // 3,000 spans: more than the queue holds
    let before = child.resident();
    order_many(3_000).await; // twice as many
    let grown = child.resident().saturating_sub(before);
    assert!(grown < 2 * 1024 * 1024, "it has grown by {grown} bytes while nobody listened");

    child.terminate();
    let (status, said) = child.ended().await;
    assert!(status.success(), "lost telemetry is worth a line and not an exit code: {said}");
    assert!(said.contains("telemetry was not delivered"), "{said}");
}
// ANCHOR_END: collector_down

#[tokio::test]
async fn a_collector_that_hangs_delays_the_end_within_the_bound() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts, and never answers
    let collector = format!("http://{}", silent.local_addr().unwrap());
    let upstream = format!("http://{}", nowhere());
    let child = Child::start(&[
        ("UPSTREAM_URL", &upstream),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
    ]);
    assert_eq!(reqwest::Client::new().execute(order(child.url("/checkout"))).await.unwrap().status(), 502);
    let began = Instant::now();
    child.terminate();
    let (status, said) = child.ended().await;
    assert!(status.success(), "{said}");
    let grace = Duration::from_secs(30); // what compose.yaml and deployment.yaml grant
    assert!(began.elapsed() < grace / 3, "telemetry took {:?} of the {grace:?}", began.elapsed());
}

#[tokio::test]
async fn the_admin_port_is_on_the_loopback_interface_only() {
    let upstream = format!("http://{}", nowhere());
    let child = Child::start(&[("UPSTREAM_URL", &upstream), ("OTEL_SDK_DISABLED", "true")]);
    assert!(child.admin().ip() == std::net::Ipv4Addr::LOCALHOST);
    let elsewhere = |port| TcpStream::connect(SocketAddr::from(([127, 0, 0, 2], port)));
    assert!(elsewhere(child.public().port()).is_ok(), "customers come in on every address");
    assert!(elsewhere(child.admin().port()).is_err());
    let on_the_public_port = reqwest::get(child.url("/admin/breakers")).await.unwrap();
    assert_eq!(on_the_public_port.status(), 404);
}

#[test]
fn a_setting_that_cannot_work_ends_the_program_with_a_clear_error() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases = [
        (("PORT", "80x80"), "PORT=\"80x80\" is not understood: expected a port from 0 to 65535"),
        (("UPSTREAM_URL", "payments"), "UPSTREAM_URL=\"payments\" is not understood: expected an address like"),
        (("PORT", &port), "is PORT taken?"),
    ];
    for (setting, message) in cases {
        let output = checkout(&[setting, ("OTEL_SDK_DISABLED", "true")]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(message), "{setting:?}: {said}");
    }
}

#[tokio::test]
async fn a_bad_order_gets_a_clear_error_and_goes_nowhere() {
    let shop = Shop::open().await;
    let answers = [
        ("{", 400, "Failed to parse the request body as JSON"),
        (r#"{"order":"A-1"}"#, 422, "missing field `cents`"),
        (r#"{"order":"A-1","cents":-1}"#, 422, "cents: invalid value: integer `-1`"),
        (r#"{"order":"A-1","cents":1,"discount":100}"#, 422, "unknown field `discount`"),
    ];
    for (body, status, message) in answers {
        let answer = shop.send(json(shop.checkout_url(), body)).await;
        assert_eq!(answer.status(), status);
        let said = answer.text().await.unwrap();
        assert!(said.contains(message), "{said}");
    }
    assert_eq!(shop.send(json(shop.checkout_url(), " ".repeat(8 * 1024))).await.status(), 413);
    assert_eq!(shop.send(Request::new(Method::GET, shop.checkout_url())).await.status(), 405);
    assert_eq!(shop.breaker.snapshot().buffered_calls, 0);

    let capture = shop.close().await;
    assert_eq!(capture.spans_named("POST").count(), 0, "nothing left the process:\n{capture}");
    assert!(capture.spans.iter().all(|span| span.status == "unset"), "a bad order is not the server's fault");
}

#[tokio::test]
async fn the_probes_of_the_platform_ignore_the_breaker_and_leave_no_span() {
    let shop = Shop::open().await;
    shop.breaker.transition_to(State::ForcedOpen);
    for path in ["/healthz", "/readyz"] {
        let url = shop.checkout_url().join(path).unwrap();
        assert_eq!(shop.send(Request::new(Method::GET, url)).await.status(), 200);
    }
    assert_eq!(shop.close().await.tree(), "");
}

async fn text(shop: &Shop, method: Method, url: Url) -> (u16, String) {
    let answer = shop.send(Request::new(method, url)).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

// ANCHOR: admin
#[tokio::test]
async fn an_operator_takes_the_provider_out_and_back() {
    let shop = Shop::open().await;
    assert_eq!(shop.order().await, 200);
    let name = shop.breaker.name().to_owned();
    let (_, list) = text(&shop, Method::GET, shop.admin_url("/admin/breakers")).await;
    let [breaker] = serde_json::from_str::<[Value; 1]>(&list).unwrap();
    assert_eq!(
        (&breaker["name"], &breaker["state"], &breaker["buffered_calls"]),
        (&json!(name), &json!("closed"), &json!(1))
    );

    let (status, _) = text(&shop, Method::POST, shop.admin_url(&format!("/admin/breakers/{name}/forced_open"))).await;
    assert_eq!((status, shop.order().await), (200, 503));
    let (status, _) = text(&shop, Method::POST, shop.admin_url(&format!("/admin/breakers/{name}/reset"))).await;
    assert_eq!((status, shop.order().await), (200, 200));
}
// ANCHOR_END: admin

#[tokio::test]
async fn an_operator_who_mistypes_learns_what_is_right() {
    let shop = Shop::open().await;
    let name = shop.breaker.name().to_owned();
    let (status, said) = text(&shop, Method::POST, shop.admin_url("/admin/breakers/paymens/open")).await;
    assert_eq!((status, said.contains("GET /admin/breakers lists them")), (404, true), "{said}");
    let (status, said) = text(&shop, Method::POST, shop.admin_url(&format!("/admin/breakers/{name}/half-open"))).await;
    assert_eq!((status, said.contains("expected closed, open, half_open")), (400, true), "{said}");
    assert_eq!(shop.breaker.state(), State::Closed);
}

#[tokio::test]
async fn a_trip_is_in_the_admin_list_with_its_trace() {
    let shop = Shop::open().await;
    shop.nearly_trip().await;
    assert_eq!(shop.order().await, 502);
    let (_, list) = text(&shop, Method::GET, shop.admin_url("/admin/breakers")).await;
    let [breaker] = serde_json::from_str::<[Value; 1]>(&list).unwrap();
    assert_eq!(breaker["state"], "open");
    assert_eq!(breaker["tripped_by_trace"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn the_weather_of_the_provider_can_be_changed_while_it_runs() {
    let shop = Shop::open().await;
    let mode = |mode: &str| shop.provider_url(&format!("/mode/{mode}"));
    let modes = [("slow", Mode::Slow, 200), ("error", Mode::Error, 502), ("ok", Mode::Ok, 200)];
    for (name, expected, status) in modes {
        assert_eq!(text(&shop, Method::PUT, mode(name)).await, (200, format!("{name}\n")));
        assert_eq!((shop.weather.mode(), shop.order().await), (expected, status));
    }
    let (status, said) = text(&shop, Method::PUT, mode("sunny")).await;
    assert_eq!((status, said.as_str()), (400, "\"sunny\" is no mode; expected ok, slow, error or hang\n"));
}
