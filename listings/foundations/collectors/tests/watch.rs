//! The collector watches itself.
#![allow(clippy::unwrap_used)]

mod common;

use common::{before, config, program, spans};
use testkit::{Capture, Fault, Receiver};
#[tokio::test]
async fn the_collector_counts_what_waits_and_what_it_refused() {
    let (backend, monitor, folder) = (Receiver::grpc().await, Receiver::grpc().await, tempfile::tempdir().unwrap());
    let queue = "exporters.otlp_grpc.sending_queue";
    let settings = before(&backend, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy());
    let settings = settings.set(&format!("{queue}.queue_size"), "10").set(&format!("{queue}.batch.min_size"), "1");
    let settings = settings.and(config("watch.yaml")).variable("MONITOR", monitor.endpoint());
    let settings = settings.variable("MONITOR_EVERY", "200").set("service.telemetry.metrics.level", "normal");
    let collector = settings.start().unwrap();

    backend.set(Fault::Refuse);
    let telemetry = program("shop", &collector);
    for _ in 0..2 {
        spans(&telemetry, 0..5);
        telemetry.flush().unwrap(); // ten are in the queue
    }
    spans(&telemetry, 0..5);
    telemetry.flush().unwrap_err();

    let number = |capture: &Capture, name| capture.metric(name, &[]).and_then(serde_json::Value::as_i64);
    // Five spans and three retries: what the collector refuses is counted each time.
    let refused = |capture: &Capture| number(capture, "otelcol_receiver_refused_spans").filter(|spans| *spans == 20);
    monitor.eventually("every refusal", refused).await;
    let capture = monitor.capture().await;
    assert_eq!(number(&capture, "otelcol_exporter_enqueue_failed_spans"), Some(20));
    assert_eq!(number(&capture, "otelcol_receiver_accepted_spans"), Some(10));
    for (name, expected) in [("otelcol_exporter_queue_size", 10), ("otelcol_exporter_queue_capacity", 10)] {
        assert_eq!(capture.metric(name, &[("data_type", "traces")]), Some(&expected.into()), "{name}");
    }
}
