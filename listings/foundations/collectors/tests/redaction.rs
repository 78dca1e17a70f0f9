//! What must not leave.
#![allow(clippy::unwrap_used)]

mod common;

use collectors::Settings;
use common::{before, program};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, SpanBuilder, Status, Tracer};
use telemetry::{Telemetry, scope};
use testkit::{Capture, Fault, Receiver};

const CARD: &str = "4012-8888-8888-1881";
const ADDRESS: &str = "ada@example.com";

/// A program that says too much, in every place where it can.
fn indiscreet(telemetry: &Telemetry) {
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        let paid = tracing::info_span!("pay", card = CARD, number = 5105_1051_0510_5100_i64, api_token = "s3cr3t");
        paid.in_scope(|| tracing::info!(user = ADDRESS, "receipt sent to {ADDRESS}"));
    });
    let mut span = telemetry.tracer(scope("shop", "1.0.0")).build(SpanBuilder::from_name(format!("mail {ADDRESS}")));
    span.add_event("sent", vec![KeyValue::new("to", ADDRESS)]);
    span.set_status(Status::error(format!("no such mailbox: {ADDRESS}")));
    span.end();
    let logins = telemetry.meter(scope("shop", "1.0.0")).u64_counter("shop.logins").build();
    logins.add(1, &[KeyValue::new("user", ADDRESS), KeyValue::new("door", "front")]);
}

/// What arrives when it runs behind a collector.
async fn arrives(settings: impl Fn(&Receiver) -> Settings) -> Capture {
    let receiver = Receiver::grpc().await;
    let collector = settings(&receiver).start().unwrap();
    let telemetry = program("shop", &collector);
    indiscreet(&telemetry);
    telemetry.shutdown().unwrap();
    let complete = |capture: &Capture| {
        let complete = (capture.spans.len(), capture.logs.len(), capture.metrics.len()) == (2, 1, 1);
        complete.then(|| capture.clone())
    };
    receiver.eventually("all signals", complete).await
}

// ANCHOR: redaction
#[tokio::test]
async fn no_card_and_no_address_reaches_the_backend() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().to_string_lossy();
    let capture = arrives(|receiver| before(receiver, "agent.yaml").variable("QUEUE", queue.clone())).await;
    let everything = serde_json::to_string(&capture).unwrap();
    for secret in [CARD, "5105105105105100", ADDRESS, "s3cr3t"] {
        assert!(!everything.contains(secret), "{secret} arrived: {everything}");
    }
    assert_eq!(capture.logs[0].body, "receipt sent to ****");
    assert_eq!(capture.metric("shop.logins", &[("user", "****"), ("door", "front")]), Some(&1.into()));
}
// ANCHOR_END: redaction

#[tokio::test]
async fn nothing_of_it_lies_in_the_queue_on_disk() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    receiver.set(Fault::Refuse);
    let agent = before(&receiver, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy());
    let collector = agent.start().unwrap();
    let telemetry = program("shop", &collector);
    indiscreet(&telemetry);
    telemetry.shutdown().unwrap();
    collector.kill();
    let files = std::fs::read_dir(folder.path()).unwrap();
    let queue: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let holds = |text: &str| queue.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("receipt sent to ****"), "what lies there can be read");
    assert!(![CARD, ADDRESS, "s3cr3t"].into_iter().any(holds));
}

#[tokio::test]
async fn without_a_processor_everything_reaches_it() {
    let everything = serde_json::to_string(&arrives(|receiver| before(receiver, "relay.yaml")).await).unwrap();
    for secret in [CARD, "5105105105105100", ADDRESS, "s3cr3t"] {
        assert!(everything.contains(secret), "{secret} did not arrive: the test above shows nothing: {everything}");
    }
}

/// What the collector itself prints of the spans that it sends: for what a capture does not hold.
fn printing(settings: Settings) -> Settings {
    let exporters = "service.pipelines.traces.exporters";
    settings.set("exporters.debug.verbosity", "detailed").set(exporters, "[otlp_grpc, debug]")
}

#[tokio::test]
async fn the_transform_processor_reads_both() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let agent = before(&receiver, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy());
    let collector = printing(agent).start().unwrap();
    let telemetry = program("shop", &collector);
    indiscreet(&telemetry);
    telemetry.shutdown().unwrap();
    collector.says("mail ****").unwrap();
    collector.says("no such mailbox: ****").unwrap();
}

#[tokio::test]
async fn symptom_the_redaction_processor_reads_no_span_name_and_no_status_message() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let agent = before(&receiver, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy());
    let alone = agent.set("service.pipelines.traces.processors", "[memory_limiter, redaction]");
    let collector = printing(alone).start().unwrap();
    let telemetry = program("shop", &collector);
    indiscreet(&telemetry);
    telemetry.shutdown().unwrap();
    collector.says("mail ada@example.com").unwrap();
    collector.says("no such mailbox: ada@example.com").unwrap();
}
