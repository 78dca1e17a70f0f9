//! Records of the crate `log`. Its logger is global, so each case is a process of its own.
#![allow(clippy::unwrap_used)]

use testkit::{Capture, Receiver, example};

async fn received(bridge: &'static str) -> Capture {
    let receiver = Receiver::http().await;
    let mut command = example("logs-log-crate");
    command.arg(bridge).env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    receiver.capture().await
}

#[tokio::test]
async fn lost_when_a_library_writes_to_log_and_nobody_listens() {
    let capture = received("alone").await;
    assert_eq!((capture.tree().as_str(), capture.logs.len()), ("order\n", 0));
}

#[tokio::test]
async fn kept_by_a_log_tracer() {
    let capture = received("bridged").await;
    let [record] = capture.logs.as_slice() else { panic!("{capture}") };
    assert_eq!((record.body.as_str(), record.severity.as_str()), ("packed by the old library", "WARN"));
    assert_eq!((record.span, &record.attributes["log.target"]), (Some(0), &"old_library".into()));
    assert_eq!(record.event_name.as_deref(), Some("log event"), "all of them have this name, and the scope `log`");
}
