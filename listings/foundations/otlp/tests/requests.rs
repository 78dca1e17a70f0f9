//! What an exporter sends, and where to.
#![allow(clippy::unwrap_used)]

mod common;

use common::listen;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use otlp::door::{Answer, Door, Received};
use otlp::order;
use otlp::send::{Settings, send};
use telemetry::{Builder, Config};
use testkit::Receiver;

fn request(settings: &Settings) -> Received {
    let door = Door::open(vec![Answer::Accept]).unwrap();
    send(vec![order::span()], &door.endpoint(), settings).unwrap();
    door.received().remove(0)
}

#[test]
fn each_protocol_has_its_content_type_and_says_who_sends() {
    for (protocol, content_type) in [
        (Protocol::Grpc, "application/grpc"),
        (Protocol::HttpBinary, "application/x-protobuf"),
        (Protocol::HttpJson, "application/json"),
    ] {
        let request = request(&Settings::protocol(protocol));
        assert_eq!(request.header("content-type"), content_type);
        let agent = request.header("user-agent");
        assert!(agent.starts_with("OTel-OTLP-Exporter-Rust/0.33.1"), "{agent}");
    }
}

#[test]
fn each_signal_has_its_path() {
    const GRPC: [&str; 3] = [
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ];
    const HTTP: [&str; 3] = ["/v1/logs", "/v1/metrics", "/v1/traces"];
    for (protocol, expected) in [(Protocol::Grpc, GRPC), (Protocol::HttpBinary, HTTP), (Protocol::HttpJson, HTTP)] {
        let door = Door::open(vec![Answer::Accept]).unwrap();
        let builder = Builder::new("shop").config(Config::default()).endpoint(protocol, door.endpoint());
        let telemetry = builder.console(false).build().unwrap();
        telemetry.meter(telemetry::scope("shop", "1.0.0")).u64_counter("orders").build().add(1, &[]);
        tracing::dispatcher::with_default(&telemetry.dispatch(), || {
            tracing::info_span!("order").in_scope(|| tracing::info!("packed"));
        });
        telemetry.shutdown().unwrap();
        let mut paths: Vec<_> = door.received().into_iter().map(|request| request.path).collect();
        paths.sort();
        assert_eq!(paths, expected);
    }
}

#[test]
fn a_compressed_request_says_so() {
    for (protocol, header) in [(Protocol::Grpc, "grpc-encoding"), (Protocol::HttpBinary, "content-encoding")] {
        let (plain, gzip) = (Settings::protocol(protocol), Settings { gzip: true, ..Settings::protocol(protocol) });
        assert_eq!((request(&plain).header(header), request(&gzip).header(header)), ("", "gzip"));
    }
    let grpc = request(&Settings { gzip: true, ..Settings::protocol(Protocol::Grpc) });
    assert_eq!(grpc.body[0], 1, "the frame says it as well");
}

#[test]
fn symptom_an_endpoint_in_code_gets_no_path() {
    let door = Door::open(vec![Answer::Accept]).unwrap();
    let builder = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    let exporter = builder.with_endpoint(door.endpoint()).build().unwrap(); // the variable would add /v1/traces
    futures_executor::block_on(exporter.export(vec![order::span()])).unwrap();
    assert_eq!(door.received()[0].path, "/");
}

/// A span with an attribute of this many bytes.
fn large(bytes: usize) -> SpanData {
    let mut span = order::span();
    span.attributes.push(KeyValue::new("order.note", "x".repeat(bytes)));
    span
}

#[test]
fn a_request_above_64_mebibytes_is_not_sent_over_http() {
    let door = Door::open(vec![Answer::Accept]).unwrap();
    let lost = send(vec![large(64 << 20)], &door.endpoint(), &Settings::default()).unwrap_err().to_string();
    assert!(lost.contains("exceeding the configured limit of 67108864 bytes; request will not be sent"), "{lost}");
    assert!(door.received().is_empty());

    let builder = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    let builder = builder.with_endpoint(door.endpoint()).with_max_request_body_size(100);
    let exporter = builder.build().unwrap();
    futures_executor::block_on(exporter.export(vec![order::span()])).unwrap_err();
    assert!(door.received().is_empty());
}

// ANCHOR: large
#[tokio::test]
async fn symptom_grpc_sends_a_request_four_times_that_the_server_cannot_take() {
    let receiver = Receiver::grpc().await; // a tonic server with tonic's default: 4 MiB
    let (endpoint, settings) = (receiver.endpoint(), Settings::protocol(Protocol::Grpc).impatient());
    let batch: Vec<_> = (0..5).map(|_| large(1 << 20)).collect();
    let sending = move || listen(|| send(batch, &endpoint, &settings));
    let (sent, warnings) = tokio::task::spawn_blocking(sending).await.unwrap();
    assert!(sent.unwrap_err().to_string().ends_with("gRPC code: OutOfRange"));
    assert!(warnings[0].starts_with("Export.Failed.Exhausted") && warnings[0].contains("retries=3"));
    assert_eq!(receiver.span_count().await, 0);
}

#[tokio::test]
async fn the_same_spans_arrive_in_smaller_requests() {
    let receiver = Receiver::grpc().await;
    let (endpoint, settings) = (receiver.endpoint(), Settings::protocol(Protocol::Grpc));
    let send_one = move || send(vec![large(1 << 20)], &endpoint, &settings).unwrap();
    tokio::task::spawn_blocking(move || (0..5).for_each(|_| send_one())).await.unwrap();
    assert_eq!(receiver.span_count().await, 5);
}
// ANCHOR_END: large
