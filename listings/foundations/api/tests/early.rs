//! A tracer that is taken before there is a provider. A test program with one test, because providers are global.
#![allow(clippy::unwrap_used)]

use opentelemetry::global;
use opentelemetry::trace::Tracer;
use testkit::Receiver;

#[tokio::test]
async fn symptom_a_tracer_and_an_instrument_that_are_taken_too_early_are_deaf_for_ever() {
    let early = (global::tracer("shop"), global::meter("shop").u64_counter("early").build());
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").install().unwrap();
    let late = (global::tracer("shop"), global::meter("shop").u64_counter("late").build());
    for ((tracer, counter), name) in [(early, "early"), (late, "late")] {
        tracer.in_span(name, |_context| counter.add(1, &[]));
    }
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "late\n");
    assert_eq!(capture.metrics.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["late"]);
}
