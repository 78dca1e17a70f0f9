//! A span that one thread switches off for all. A program with one test: what it provokes needs a process with a single
//! subscriber.
#![allow(clippy::unwrap_used)]

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing::Dispatch;
use tracing::dispatcher::with_default;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::prelude::*;

// ANCHOR: callsite
/// The code that two tests share.
fn order() {
    tracing::info_span!("order").in_scope(|| ());
}

#[test]
fn symptom_a_test_without_a_subscriber_switches_a_span_off_for_all_others() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let subscriber = Dispatch::from(tracing_subscriber::registry().with(layer));
    let spans = || exporter.get_finished_spans().unwrap().len();

    std::thread::spawn(order).join().unwrap(); // the other test: nobody listens on its thread
    with_default(&subscriber, order);
    assert_eq!(spans(), 0, "this line of code is off, for every thread of the process");

    let _second = Dispatch::new(NoSubscriber::new()); // with two subscribers, each is asked
    with_default(&subscriber, order);
    assert_eq!(spans(), 1);
}
// ANCHOR_END: callsite
