//! The whole service, as a process: a request goes through it, and SIGTERM ends it.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use testkit::{Receiver, example, serve};
use tracing::Dispatch;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_request_in_flight_survives_sigterm_and_all_of_it_arrives() {
    let (receiver, asked) = (Receiver::grpc().await, tokio::sync::mpsc::channel(1));
    let (ask, mut asked) = asked;
    let stock = get(async move || {
        ask.send(()).await.unwrap(); // from here on the request is in flight
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    let stock = serve(Router::new().route("/stock/{id}", stock), Dispatch::none()).await;
    let mut service = example("shutdown-service")
        .env("STOCK_URL", format!("http://{stock}"))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = format!("http://{}/orders/7", line.trim().strip_prefix("listening on ").unwrap());

    let request = reqwest::Client::new().post(url).header("traceparent", CALLER);
    let answer = tokio::spawn(request.send());
    tokio::time::timeout(Duration::from_secs(10), asked.recv()).await.expect("the stock is asked").unwrap();
    assert!(Command::new("kill").arg(service.id().to_string()).status().unwrap().success());
    assert_eq!(answer.await.unwrap().unwrap().text().await.unwrap(), "accepted");
    let ended = tokio::task::spawn_blocking(move || service.wait().unwrap()).await.unwrap();
    assert!(ended.success(), "{ended}");

    let capture = receiver.capture().await;
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
