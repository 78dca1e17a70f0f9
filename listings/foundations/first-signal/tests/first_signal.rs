//! What arrives of the examples, and why sometimes nothing does.
#![allow(clippy::unwrap_used)]

use std::process::Output;

use testkit::{Receiver, example};

/// Runs an example to its end.
async fn run(name: &str, endpoint: &str, protocol: &str) -> Output {
    let mut command = example(name);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

const PROTOBUF: &str = "http/protobuf";

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn a_span_arrives() {
    let receiver = Receiver::http().await;
    run("first-signal", &receiver.endpoint(), PROTOBUF).await;
    assert_eq!(receiver.capture().await.tree(), "order\n  pack\n");
}

#[tokio::test]
async fn all_three_signals_arrive() {
    let receiver = Receiver::http().await;
    run("first-signal-all", &receiver.endpoint(), PROTOBUF).await;
    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "order\n  pack\n");
    assert_eq!(capture.metric("order.packed", &[]), Some(&1.into()));
    assert_eq!((capture.logs[0].body.as_str(), capture.logs[0].span), ("packed", Some(1)));
}

// ANCHOR: symptoms
#[tokio::test]
async fn symptom_nothing_arrives_because_nobody_shut_down() {
    let receiver = Receiver::http().await;
    let output = run("first-signal-forgotten", &receiver.endpoint(), PROTOBUF).await;
    assert_eq!((receiver.span_count().await, stderr(&output).as_str()), (0, ""), "no span, and not a word");
}

#[tokio::test]
async fn symptom_nothing_arrives_because_nobody_listens() {
    let output = run("first-signal", "http://127.0.0.1:9", PROTOBUF).await;
    assert_eq!(stderr(&output), "", "shutdown says that all is well");
}

#[tokio::test]
async fn symptom_nothing_arrives_because_the_door_is_another_protocols() {
    let receiver = Receiver::grpc().await;
    let output = run("first-signal", &receiver.endpoint(), PROTOBUF).await;
    assert_eq!((receiver.span_count().await, stderr(&output).as_str()), (0, ""));
}

#[tokio::test]
async fn symptom_nothing_arrives_because_a_feature_chose_json() {
    // The empty variable counts as not set, and `telemetry` switches on the feature `http-json` for the whole workspace.
    let (protobuf, json) = (Receiver::http().await, Receiver::http_json().await);
    run("first-signal", &protobuf.endpoint(), "").await;
    run("first-signal", &json.endpoint(), "").await;
    assert_eq!((protobuf.span_count().await, json.span_count().await), (0, 2));
}
// ANCHOR_END: symptoms

#[tokio::test]
async fn with_a_subscriber_the_loss_is_said() {
    let grpc = Receiver::grpc().await;
    for endpoint in ["http://127.0.0.1:9", &grpc.endpoint()] {
        let said = stderr(&run("first-signal-all", endpoint, PROTOBUF).await);
        assert!(said.contains("telemetry was not delivered: "), "{endpoint}: {said}");
    }
}
