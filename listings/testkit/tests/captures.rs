//! A capture is the same in every run, and differs as soon as something differs.

use opentelemetry::trace::TraceContextExt;
use testkit::{Capture, Receiver};
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
    capture(Receiver::grpc().await, "last").await.assert_matches("t", &path);

    let other = capture(Receiver::grpc().await, "other").await;
    let panic = std::panic::catch_unwind(|| other.assert_matches("t", &path)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("-      \"name\": \"last\"") && message.contains("+      \"name\": \"other\""),
        "{message}"
    );
    assert!(message.contains("cargo xtask capture"), "{message}");
}

#[tokio::test]
#[should_panic(expected = "a span did not arrive")]
async fn what_never_arrives_is_a_failure_that_says_what_was_awaited() {
    tokio::time::pause(); // ten seconds pass at once
    let receiver = Receiver::grpc().await;
    receiver.eventually("a span", |capture| capture.spans.first().cloned()).await;
}
