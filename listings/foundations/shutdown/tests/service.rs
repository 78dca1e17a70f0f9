//! The whole service, as a process: requests go through it, and SIGTERM ends it.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use testkit::{Capture, Receiver, example, serve};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tracing::Dispatch;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The service, and what it talks to. Killed when dropped.
struct Service {
    receiver: Receiver,
    process: Child,
    address: SocketAddr,
    asked: mpsc::Receiver<()>,
}

impl Service {
    /// In front of a stock that answers after `pause`. It says when it is asked: from then on a request is in flight.
    async fn start(drain: &str, pause: Duration) -> Self {
        let (receiver, (ask, asked)) = (Receiver::grpc().await, mpsc::channel(8));
        let stock = get(async move || {
            ask.send(()).await.unwrap();
            tokio::time::sleep(pause).await;
        });
        let stock = serve(Router::new().route("/stock/{id}", stock), Dispatch::none()).await;
        let mut process = example("shutdown-service")
            .env("STOCK_URL", format!("http://{stock}"))
            .env("DRAIN_MS", drain)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
        Self { receiver, process, address, asked }
    }

    /// Sends an order; the answer, when it comes. Returns when the stock has been asked.
    async fn order(&mut self) -> tokio::task::JoinHandle<reqwest::Result<String>> {
        let order =
            reqwest::Client::new().post(format!("http://{}/orders/7", self.address)).header("traceparent", CALLER);
        let answer = tokio::spawn(async { order.send().await?.text().await });
        tokio::time::timeout(Duration::from_secs(10), self.asked.recv()).await.expect("the stock is asked").unwrap();
        answer
    }

    fn terminate(&self) {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
    }

    /// Waits for the end, ten seconds at most: what has arrived.
    async fn ended(&mut self) -> Capture {
        let patience = Instant::now() + Duration::from_secs(10);
        let status = loop {
            match self.process.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < patience, "it does not end"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert!(status.success(), "{status}");
        self.receiver.capture().await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill(); // an error means that it has ended
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_request_in_flight_survives_sigterm_and_all_of_it_arrives() {
    let mut service = Service::start("10000", Duration::from_millis(300)).await;
    let answer = service.order().await;
    service.terminate();
    assert_eq!(answer.await.unwrap().unwrap(), "accepted");

    let capture = service.ended().await;
    let server = capture.spans_named("POST /orders/{id}").next().unwrap_or_else(|| panic!("{capture}"));
    assert!(server.remote_parent, "it continues the caller's trace");
    let client = capture.spans.iter().find(|span| span.parent == Some(server.id)).unwrap();
    assert_eq!((client.kind.as_str(), client.name.as_str()), ("client", "GET"));
    assert!(capture.spans_named("tidy up").all(|span| span.parent.is_none()), "{capture}");
    let accepted = capture.logs.iter().find(|log| log.event_name.as_deref() == Some("order.accepted")).unwrap();
    assert_eq!(accepted.span, Some(server.id));
    assert_eq!(capture.metric("order.accepted", &[]), Some(&1.into()));
    assert!(capture.metric("http.server.request.duration", &[("http.route", "/orders/{id}")]).is_some(), "{capture}");
}

#[tokio::test]
async fn half_a_request_head_does_not_hold_up_the_end() {
    let mut service = Service::start("300", Duration::ZERO).await;
    assert_eq!(service.order().await.await.unwrap().unwrap(), "accepted");
    let mut half = TcpStream::connect(service.address).await.unwrap();
    half.write_all(b"POST /orders/7 HTTP/1.1\r\nHos").await.unwrap();
    assert_eq!(service.order().await.await.unwrap().unwrap(), "accepted"); // by now the half is read as well
    service.terminate();

    let capture = service.ended().await;
    assert_eq!(capture.spans_named("POST /orders/{id}").count(), 2, "{capture}");
    assert_eq!(capture.metric("order.accepted", &[]), Some(&2.into()));
    drop(half);
}

#[tokio::test]
async fn a_request_that_the_drain_cuts_off_arrives_without_a_status() {
    let mut service = Service::start("100", Duration::from_secs(60)).await;
    let answer = service.order().await;
    service.terminate();

    let capture = service.ended().await;
    answer.await.unwrap().expect_err("nobody answers it");
    let server = capture.spans_named("POST /orders/{id}").next().unwrap_or_else(|| panic!("{capture}"));
    let client = capture.spans_named("GET").next().unwrap_or_else(|| panic!("{capture}"));
    assert_eq!(client.parent, Some(server.id));
    for (span, duration) in [(server, "http.server.request.duration"), (client, "http.client.request.duration")] {
        assert_eq!(span.status, "unset");
        let points = &capture.metrics.iter().find(|metric| metric.name == duration).unwrap().points;
        for absent in ["http.response.status_code", "error.type"] {
            assert!(!span.attributes.contains_key(absent), "{span:?}");
            assert!(points.iter().all(|point| !point.attributes.contains_key(absent)), "{points:?}");
        }
    }
    assert!(capture.logs.iter().any(|log| log.event_name.as_deref() == Some("drain.cut")), "{capture}");
}
