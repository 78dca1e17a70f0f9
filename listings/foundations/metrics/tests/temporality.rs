//! What each collection sends, read from the example's table, and the two traps of delta.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{value, with_temporality};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::Temporality;
use testkit::example;

/// What the example prints.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let output = example("metrics-temporality").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// The six collections of a row.
fn row(temporality: &str, label: &str) -> Vec<&'static str> {
    let table = TABLE.split("\n\n").find(|table| table.starts_with(temporality)).unwrap();
    let row = table.lines().find(|line| line.starts_with(label)).unwrap();
    row[label.len()..].split_whitespace().filter(|cell| *cell != "|").collect()
}

#[test]
fn cumulative_repeats_the_total_until_a_restart() {
    assert_eq!(row("cumulative", "orders by card"), ["3", "5", "5", "5", "1", "2"], "{}", *TABLE);
    assert_eq!(row("cumulative", "orders by invoice"), ["1", "1", "1", "2", "–", "–"], "{}", *TABLE);
}

#[test]
fn delta_sends_what_happened_and_nothing_for_nothing() {
    assert_eq!(row("delta", "orders by card"), ["3", "2", "–", "–", "1", "1"], "{}", *TABLE);
    assert_eq!(row("delta", "orders by invoice"), ["1", "–", "–", "1", "–", "–"], "{}", *TABLE);
}

#[test]
fn an_up_down_counter_stays_cumulative() {
    for temporality in ["cumulative", "delta", "lowmemory"] {
        assert_eq!(row(temporality, "carts, up-down"), ["2", "1", "1", "1", "1", "1"], "{}", *TABLE);
    }
}

#[test]
fn lowmemory_is_delta_except_for_what_is_observed() {
    assert_eq!(row("lowmemory", "orders by card"), row("delta", "orders by card"), "{}", *TABLE);
    assert_eq!(row("lowmemory", "bytes, observed"), ["100", "200", "300", "400", "100", "200"], "{}", *TABLE);
    assert_eq!(row("delta", "bytes, observed"), ["100"; 6], "{}", *TABLE);
}

#[test]
fn a_restart_shows_in_the_start_time() {
    let starts: Vec<_> = (0..2)
        .map(|_process| {
            let (peek, provider) = with_temporality(Temporality::Cumulative);
            let orders = provider.meter("shop").u64_counter("orders").build();
            orders.add(1, &[]);
            let first = peek.collect(&provider)[0].since.unwrap();
            orders.add(1, &[]);
            assert_eq!(peek.collect(&provider)[0].since, Some(first), "it stays while the process runs");
            first
        })
        .collect();
    assert!(starts[0] < starts[1]);
}

#[test]
fn under_delta_each_collection_begins_where_the_last_one_ended() {
    let (peek, provider) = with_temporality(Temporality::Delta);
    let orders = provider.meter("shop").u64_counter("orders").build();
    orders.add(1, &[]);
    let first = peek.collect(&provider)[0].since.unwrap();
    orders.add(1, &[]);
    assert!(peek.collect(&provider)[0].since.unwrap() > first);
}

// ANCHOR: missed
#[test]
fn symptom_under_delta_a_missed_observation_counts_everything_again() {
    let (peek, provider) = with_temporality(Temporality::Delta);
    let is_there = Arc::new(AtomicBool::new(true));
    let looks = is_there.clone();
    let meter = provider.meter("shop");
    let read = meter.u64_observable_counter("read").with_unit("By");
    read.with_callback(move |observer| {
        if looks.load(Ordering::Relaxed) {
            observer.observe(1_000, &[]);
        }
    })
    .build();
    assert_eq!(value(&peek.collect(&provider), "read", ""), Some(1_000.0));
    assert_eq!(value(&peek.collect(&provider), "read", ""), Some(0.0), "nothing new");
    is_there.store(false, Ordering::Relaxed);
    assert_eq!(value(&peek.collect(&provider), "read", ""), None);
    is_there.store(true, Ordering::Relaxed);
    assert_eq!(value(&peek.collect(&provider), "read", ""), Some(1_000.0), "nothing new, and counted again");
}
// ANCHOR_END: missed

#[test]
fn the_environment_chooses_and_a_misspelling_is_cumulative() {
    for (variable, temporality) in
        [("delta", "Delta"), ("LowMemory", "LowMemory"), ("cumulative", "Cumulative"), ("deltas", "Cumulative")]
    {
        let mut program = example("metrics-preference");
        let output = program.env("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", variable).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), temporality, "{variable}");
    }
}
