//! What the program sees of a collector that has no room.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use collectors::{Collector, Settings};
use common::{before, config, jobs, program, spans};
use testkit::{Fault, Receiver};

/// A queue for ten spans.
fn small(receiver: &Receiver, folder: &tempfile::TempDir) -> Settings {
    let settings = before(receiver, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy());
    let queue = "exporters.otlp_grpc.sending_queue";
    settings.set(&format!("{queue}.queue_size"), "10").set(&format!("{queue}.batch.min_size"), "1")
}

/// Sends spans one by one while the backend is away, until `enough`. Returns how many the program believes delivered, and
/// how many it knows to be lost.
fn send(collector: &Collector, enough: impl Fn(i64, i64) -> bool) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let telemetry = program("shop", collector);
    let (mut accepted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for number in 0.. {
        spans(&telemetry, number..number + 1);
        match telemetry.flush() {
            Ok(()) => accepted.insert(number),
            Err(_) => refused.insert(number),
        };
        if enough(accepted.len() as i64, refused.len() as i64) {
            break;
        }
    }
    (accepted, refused)
}
#[tokio::test]
async fn a_full_queue_is_an_error_in_the_program() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let collector = small(&receiver, &folder).start().unwrap();
    receiver.set(Fault::Refuse);
    let (accepted, refused) = send(&collector, |accepted, refused| accepted >= 100 || refused == 2);
    assert_eq!(refused.len(), 2, "of {}", accepted.len());

    receiver.set(Fault::Pass);
    receiver.eventually("what was accepted", |capture| (jobs(capture).len() >= accepted.len()).then_some(())).await;
    collector.stop().unwrap();
    let arrived: BTreeSet<_> = jobs(&receiver.capture().await).into_iter().collect();
    assert!(arrived.is_superset(&accepted), "{accepted:?} but {arrived:?}");
}

// ANCHOR: swallowed
#[tokio::test]
async fn symptom_the_batch_processor_swallows_what_a_full_queue_refuses() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let settings = small(&receiver, &folder).and(config("old-batch.yaml")).set("processors.batch.timeout", "10ms");
    let collector = settings.start().unwrap();
    receiver.set(Fault::Refuse);
    let (accepted, refused) = send(&collector, |accepted, _| accepted >= 100);
    assert!(refused.is_empty(), "the program hears of nothing");

    collector.says("Sender failed").unwrap(); // the collector does
    collector.stop().unwrap();
    receiver.set(Fault::Pass);
    let collector = small(&receiver, &folder).start().unwrap(); // delivers what lies on the disk
    let telemetry = program("shop", &collector);
    spans(&telemetry, 1_000..1_001);
    telemetry.flush().unwrap();
    receiver.eventually("the last job", |capture| jobs(capture).contains(&1_000).then_some(())).await;
    collector.stop().unwrap();
    let arrived = jobs(&receiver.capture().await).len() - 1;
    assert!((1..50).contains(&arrived), "{arrived} of {}", accepted.len());
}
// ANCHOR_END: swallowed
#[tokio::test]
async fn symptom_a_collector_short_of_memory_refuses_and_the_program_gives_up() {
    let (receiver, folder) = (Receiver::grpc().await, tempfile::tempdir().unwrap());
    let agent = before(&receiver, "agent.yaml").variable("QUEUE", folder.path().to_string_lossy());
    let agent =
        agent.set("processors.memory_limiter.limit_mib", "2").set("processors.memory_limiter.spike_limit_mib", "1");
    let collector = agent.set("processors.memory_limiter.check_interval", "50ms").start().unwrap();
    collector.says("Refusing data").unwrap(); // a collector alone needs more than that

    let telemetry = program("shop", &collector);
    spans(&telemetry, 0..1);
    let began = Instant::now();
    let error = telemetry.flush().unwrap_err();
    let tried = began.elapsed();
    assert!(error.to_string().contains("Unavailable"), "{error}");
    assert!(Duration::from_millis(700) < tried && tried < Duration::from_secs(4), "three retries in {tried:?}");
    collector.stop().unwrap();
    assert_eq!(receiver.span_count().await, 0);
}
