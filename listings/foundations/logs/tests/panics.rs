//! What is left of a program that panicked and was gone.
#![allow(clippy::unwrap_used)]

use testkit::{Capture, Receiver, example};

/// Runs the example, which ends by an abort, and returns what was received.
async fn received(hook: &'static str) -> Capture {
    let receiver = Receiver::http().await;
    let mut command = example("logs-panic");
    command.arg(hook).env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("the shelf is empty"), "{said}");
    receiver.capture().await
}

#[tokio::test]
async fn symptom_a_panic_is_on_standard_error_and_nowhere_else() {
    assert_eq!(received("none").await.logs, []);
}

#[tokio::test]
async fn lost_when_nobody_flushes_before_the_abort() {
    assert_eq!(received("record").await.logs, []);
}

#[tokio::test]
async fn kept_by_a_hook_that_records_and_flushes() {
    let capture = received("record and flush").await;
    let [record] = capture.logs.as_slice() else { panic!("{capture}") };
    assert_eq!((record.event_name.as_deref(), record.severity.as_str()), (Some("exception"), "ERROR"));
    let attribute = |key: &str| record.attributes[key].as_str().unwrap();
    assert_eq!((attribute("exception.type"), attribute("exception.message")), ("panic", "the shelf is empty"));
    assert!(attribute("exception.stacktrace").contains("logs_panic"), "{}", attribute("exception.stacktrace"));
    assert!(attribute("code.file.path").ends_with("logs-panic.rs"));
    assert!(record.attributes["code.line.number"].is_u64() && attribute("thread.name") == "main");
}
