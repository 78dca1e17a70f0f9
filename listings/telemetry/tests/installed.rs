//! Telemetry that is installed for the whole process, exporters and receiver included. A test program with one test,
//! because there is one process.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use telemetry::InitError;
use testkit::{Capture, Receiver};
use tracing::level_filters::LevelFilter;

#[tokio::test]
async fn an_idle_program_says_nothing_about_its_own_network_calls() {
    let receiver = Receiver::grpc().await;
    let telemetry = receiver.telemetry("idle").export_interval(Duration::from_millis(10)).level(LevelFilter::TRACE);
    let telemetry = telemetry.install().unwrap();
    let again = receiver.telemetry("again").install().unwrap_err();
    assert!(matches!(again, InitError::AlreadyInstalled), "{again}");

    let beats = opentelemetry::global::meter("idle").u64_counter("beats").build();
    for beat in 1..=50 {
        beats.add(1, &[]);
        let reached = |value: &serde_json::Value| value.as_u64().filter(|value| *value >= beat);
        let said = |capture: &Capture| (capture.spans.len(), capture.logs.len());
        let export = |capture: &Capture| capture.metric("beats", &[]).and_then(reached).map(|_| said(capture));
        assert_eq!(receiver.eventually("the next export", export).await, (0, 0), "after {beat} exports");
        telemetry.flush().unwrap();
    }

    tracing::info_span!("work").in_scope(|| tracing::info!("at last"));
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!((capture.tree().as_str(), capture.logs.len()), ("work\n", 1), "it could have said something");
}
