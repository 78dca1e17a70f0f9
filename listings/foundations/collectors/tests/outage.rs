//! The backend is away, and the collector may be as well.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use collectors::Settings;
use common::{before, config, jobs, program, work};
use testkit::{Capture, Fault, Receiver};

/// A collector whose queue lies in `folder`.
fn agent(receiver: &Receiver, folder: &tempfile::TempDir) -> Settings {
    before(receiver, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy())
}

#[tokio::test]
async fn the_backend_returns_and_everything_is_delivered_once() {
    let receiver = Receiver::grpc().await;
    let collector = before(&receiver, "relay.yaml").start().unwrap();
    receiver.set(Fault::Refuse);
    let telemetry = program("shop", &collector);
    work(&telemetry, 0..10);
    telemetry.shutdown().unwrap(); // the program is done: the rest is the collector's
    collector.says("Will retry the request").unwrap();
    receiver.set(Fault::Pass);
    receiver
        .eventually("every job", |capture| (capture.spans.len() == 10 && capture.logs.len() == 10).then_some(()))
        .await;
    collector.stop().unwrap();
    let capture = receiver.capture().await;
    assert_eq!(jobs(&capture), (0..10).collect::<Vec<_>>(), "each once");
}

/// Ten jobs come to a collector while its backend is away. It is killed, and started again when the backend is back; then
/// comes one job more. Which jobs arrive?
async fn killed_meanwhile(receiver: &Receiver, settings: &Settings) -> Vec<i64> {
    receiver.set(Fault::Refuse);
    let collector = settings.start().unwrap();
    let telemetry = program("shop", &collector);
    work(&telemetry, 0..10);
    telemetry.shutdown().unwrap(); // accepted
    collector.kill();

    receiver.set(Fault::Pass);
    let collector = settings.start().unwrap();
    let telemetry = program("shop", &collector);
    work(&telemetry, 10..11);
    telemetry.shutdown().unwrap();
    receiver.eventually("the last job", |capture| jobs(capture).contains(&10).then_some(())).await;
    collector.stop().unwrap();
    jobs(&receiver.capture().await)
}

// ANCHOR: kill
#[tokio::test]
async fn a_queue_on_disk_survives_kill_9() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let arrived = killed_meanwhile(&receiver, &agent(&receiver, &folder)).await;
    assert_eq!(arrived, (0..=10).collect::<Vec<_>>(), "every job, each once");
}

#[tokio::test]
async fn symptom_kill_9_empties_a_queue_in_memory() {
    let receiver = Receiver::grpc().await;
    let arrived = killed_meanwhile(&receiver, &before(&receiver, "relay.yaml")).await;
    assert_eq!(arrived, [10], "what came after the restart, and nothing else");
}

#[tokio::test]
async fn symptom_kill_9_empties_the_batch_processor_before_a_queue_on_disk() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let arrived = killed_meanwhile(&receiver, &agent(&receiver, &folder).and(config("old-batch.yaml"))).await;
    assert_eq!(arrived, [10], "what waited for the batch was in no queue");
}
// ANCHOR_END: kill

#[tokio::test]
async fn symptom_kill_9_takes_the_traces_that_wait_for_their_decision() {
    let receiver = Receiver::grpc().await;
    let gateway = before(&receiver, "gateway.yaml").set("processors.tail_sampling.decision_wait", "1s");
    let gateway = gateway.set("processors.tail_sampling.policies", "[{ name: all, type: always_sample }]");
    assert_eq!(killed_meanwhile(&receiver, &gateway).await, [10]);
}
#[tokio::test]
async fn symptom_an_answer_that_comes_too_late_delivers_twice() {
    let receiver = Receiver::grpc().await;
    let collector = before(&receiver, "relay.yaml").set("exporters.otlp_grpc.timeout", "500ms").start().unwrap();
    let telemetry = program("shop", &collector);
    work(&telemetry, 0..1); // the connection stands
    telemetry.flush().unwrap();
    receiver.eventually("the first job", |capture| (jobs(capture) == [0]).then_some(())).await;

    receiver.set(Fault::Delay(Duration::from_secs(2)));
    work(&telemetry, 1..2);
    telemetry.flush().unwrap();
    let twice = |capture: &Capture| jobs(capture).iter().filter(|job| **job == 1).nth(1).map(|_| ());
    receiver.eventually("the second job, twice", twice).await;
}
