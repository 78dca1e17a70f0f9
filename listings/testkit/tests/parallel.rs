//! Tests side by side do not switch off each other's spans and events. A test program with one test, because what it
//! provokes needs a process with one subscriber.
#![allow(clippy::unwrap_used)]

use testkit::Receiver;

/// The same lines of code for everybody.
fn work() {
    tracing::info_span!("job").in_scope(|| tracing::info!("done"));
}

#[tokio::test]
async fn code_that_ran_without_a_subscriber_first_is_observed_all_the_same() {
    let receiver = Receiver::grpc().await;
    let telemetry = receiver.telemetry("second").build().unwrap();
    std::thread::spawn(work).join().unwrap(); // a neighbour that observes nothing
    tracing::dispatcher::with_default(&telemetry.dispatch(), work);
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!((capture.spans.len(), capture.logs.len()), (1, 1), "{capture}");
}
