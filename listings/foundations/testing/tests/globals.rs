//! Two tests in one process, and something that there is once. A program with one test: what it provokes is global.
#![allow(clippy::unwrap_used)]

use std::sync::{Barrier, LazyLock};

use opentelemetry::global;
use opentelemetry::metrics::Counter;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing_subscriber::prelude::*;

/// Made with the provider of whoever comes first, and kept for ever.
static ORDERS: LazyLock<Counter<u64>> = LazyLock::new(|| global::meter("shop").u64_counter("shop.orders").build());

fn provider() -> (SdkTracerProvider, InMemorySpanExporter) {
    let exporter = InMemorySpanExporter::default();
    (SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build(), exporter)
}

/// Runs `test` twice side by side, as Cargo does, and returns how many spans each of the two found, the fewer first.
fn side_by_side(test: impl Fn(&Barrier) -> usize + Sync) -> [usize; 2] {
    let step = Barrier::new(2);
    let mut found = std::thread::scope(|scope| {
        [scope.spawn(|| test(&step)), scope.spawn(|| test(&step))].map(|test| test.join().unwrap())
    });
    found.sort_unstable();
    found
}

// ANCHOR: globals
#[test]
fn symptom_two_tests_with_a_global_find_each_others_spans() {
    let provider_test = |step: &Barrier| {
        let (provider, exporter) = provider();
        global::set_tracer_provider(provider); // replaces the other test's
        step.wait();
        global::tracer("shop").in_span("order", |_context| ());
        step.wait();
        exporter.get_finished_spans().unwrap().len()
    };
    assert_eq!(side_by_side(provider_test), [0, 2]);

    let subscriber_test = |step: &Barrier| {
        let (provider, exporter) = provider();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("shop"));
        let _ = tracing_subscriber::registry().with(layer).try_init(); // the second is refused
        step.wait();
        tracing::info_span!("order").in_scope(|| ());
        step.wait();
        exporter.get_finished_spans().unwrap().len()
    };
    assert_eq!(side_by_side(subscriber_test), [0, 2]);

    let count_of_another_test = || {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
        global::set_meter_provider(provider.clone());
        ORDERS.add(1, &[]);
        provider.force_flush().unwrap();
        exporter.get_finished_metrics().unwrap().len()
    };
    let counts = [count_of_another_test(), count_of_another_test()];
    assert_eq!(counts, [1, 0], "a static instrument stays with the first");
}
// ANCHOR_END: globals
