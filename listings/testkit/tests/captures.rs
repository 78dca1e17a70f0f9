//! A capture is the same in every run, and differs as soon as something differs.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use opentelemetry::trace::TraceContextExt;
use testkit::{Capture, Fault, Receiver};
use tracing::instrument::WithSubscriber;
use tracing_opentelemetry::OpenTelemetrySpanExt;

async fn capture(receiver: Receiver, last: &'static str) -> Capture {
    let telemetry = receiver.telemetry("test").build().unwrap();
    async {
        let root = tracing::info_span!("root");
        let child =
            tracing::info_span!(parent: &root, "child", server.port = 4317, url.full = "http://127.0.0.1:4317/x");
        child.in_scope(|| tracing::warn!(name: "it.happened", "careful"));
        let linked = tracing::info_span!("linked", otel.name = last);
        linked.add_link(child.context().span().span_context().clone());
    }
    .with_subscriber(telemetry.dispatch())
    .await;
    telemetry.shutdown().unwrap();
    receiver.capture().await
}

#[tokio::test]
async fn every_protocol_delivers_the_same_capture() {
    let grpc = capture(Receiver::grpc().await, "last").await;
    assert_eq!(grpc.tree(), "root\n  child\nlast → child\n");
    assert_eq!(grpc.spans[1].attributes["url.full"], "http://127.0.0.1:<port>/x");
    assert_eq!(grpc.logs[0].event_name.as_deref(), Some("it.happened"));
    assert_eq!(grpc.logs[0].span, Some(1));
    for receiver in [Receiver::http().await, Receiver::http_json().await] {
        let protocol = receiver.protocol();
        assert_eq!(capture(receiver, "last").await.tree(), grpc.tree(), "{protocol}");
    }
}

#[tokio::test]
async fn a_committed_capture_matches_another_run_and_not_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut first = capture(Receiver::grpc().await, "last").await;
    first.test = "t".into();
    std::fs::write(&path, serde_json::to_string(&first).unwrap()).unwrap();
    capture(Receiver::grpc().await, "last").await.compare("t", &path).unwrap();

    let other = capture(Receiver::grpc().await, "other").await;
    let difference = other.compare("t", &path).unwrap_err();
    assert!(
        difference.contains("run.json: it differs from what was received; run `cargo xtask capture`"),
        "{difference}"
    );
    let lines = ["-      \"name\": \"last\"", "+      \"name\": \"other\""];
    assert!(lines.iter().all(|line| difference.contains(line)), "{difference}");

    let missing = Capture::default().compare("t", &folder.path().join("none.json")).unwrap_err();
    assert!(missing.contains("none.json: No such file or directory"), "{missing}");
}

#[tokio::test]
async fn a_capture_says_which_test_wrote_it() {
    fn here() {}
    let name = testkit::test_name(file!(), std::any::type_name_of_val(&here));
    assert_eq!(name, "tests/captures.rs::a_capture_says_which_test_wrote_it");
}

#[tokio::test]
async fn a_receiver_that_was_down_gets_what_was_retried_as_soon_as_it_is_up() {
    let receiver = Receiver::http().await;
    receiver.set(Fault::Silent);
    let telemetry = receiver.telemetry("test").build().unwrap();
    tracing::dispatcher::with_default(&telemetry.dispatch(), || tracing::info_span!("patient").in_scope(|| ()));
    let flushing = std::thread::spawn(move || telemetry.flush());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.span_count().await, 0);

    receiver.set(Fault::Pass);
    let asked = Instant::now();
    let name = receiver.eventually("the span", |capture| capture.spans.first().map(|span| span.name.clone())).await;
    assert_eq!(name, "patient");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    flushing.join().unwrap().unwrap();
}

#[tokio::test]
async fn series_that_differ_in_a_port_stay_apart() {
    let receiver = Receiver::grpc().await;
    let telemetry = receiver.telemetry("ports").build().unwrap();
    let jobs = telemetry.meter(telemetry::scope("test", "0")).u64_counter("jobs").build();
    for (port, count) in [(9, 1), (8, 3), (7, 2)] {
        jobs.add(count, &[opentelemetry::KeyValue::new("server.port", port)]);
    }
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    let values: Vec<_> = capture.metrics[0].points.iter().map(|point| point.value.as_u64()).collect();
    assert_eq!(values, [Some(1), Some(2), Some(3)]);
    assert!(capture.metrics[0].points.iter().all(|point| point.attributes["server.port"] == "<port>"));
}

#[tokio::test]
async fn services_with_the_same_metric_stay_apart() {
    let receiver = Receiver::grpc().await;
    for (service, count) in [("a", 1), ("b", 2)] {
        let telemetry = receiver.telemetry(service).build().unwrap();
        telemetry.meter(telemetry::scope("test", "0")).u64_counter("jobs").build().add(count, &[]);
        telemetry.shutdown().unwrap();
    }
    let capture = receiver.capture().await;
    let values: Vec<_> = capture.metrics.iter().map(|metric| metric.points[0].value.as_u64()).collect();
    assert_eq!(values, [Some(1), Some(2)]);
    assert_eq!(capture.resources.len(), 2);
}

#[tokio::test]
#[should_panic(expected = "a span did not arrive")]
async fn what_never_arrives_is_a_failure_that_says_what_was_awaited() {
    tokio::time::pause(); // ten seconds pass at once
    let receiver = Receiver::grpc().await;
    receiver.eventually("a span", |capture| capture.spans.first().cloned()).await;
}
