//! Callbacks run on the thread that collects, and they stay.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use common::cumulative;
use metrics::instruments::{Warehouse, observe};
use metrics::peek::Peek;
use metrics::readers;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};

/// An observable instrument whose callback counts how often it runs.
fn counted(meter: &Meter) -> Arc<AtomicUsize> {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let gauge = meter.u64_observable_gauge("stock");
    gauge.with_callback(move |_observer| _ = counter.fetch_add(1, Ordering::Relaxed)).build(); // and gone
    runs
}

#[test]
fn symptom_a_callback_stays_when_its_instrument_is_gone() {
    let (peek, provider) = cumulative();
    let runs = counted(&provider.meter("shop"));
    peek.collect(&provider);
    peek.collect(&provider);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[test]
fn symptom_an_observable_made_for_each_request_adds_a_callback_for_each() {
    let (peek, provider) = cumulative();
    let runs: Vec<_> = (0..100).map(|_request| counted(&provider.meter("shop"))).collect();
    peek.collect(&provider);
    assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1), "a hundred callbacks of one instrument");
}

#[test]
fn with_a_weak_reference_what_is_gone_is_no_longer_reported() {
    let (peek, provider) = cumulative();
    let warehouse = Arc::new(Warehouse::default());
    observe(&provider.meter("shop"), &warehouse);
    assert_eq!(peek.collect(&provider).len(), 3);
    drop(warehouse);
    assert_eq!(peek.collect(&provider), []);
}

#[test]
fn symptom_a_callback_that_waits_holds_up_every_metric() {
    let (peek, provider) = cumulative();
    let meter = provider.meter("shop");
    meter.u64_counter("orders").build().add(1, &[]);
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let slow = meter.u64_observable_gauge("database.size");
    slow.with_callback(move |_observer| _ = released.lock().unwrap().recv()).build();

    let (done, is_done) = mpsc::channel();
    let (collector, collected) = (peek.clone(), provider.clone());
    std::thread::spawn(move || drop(done.send(collector.collect(&collected))));
    assert!(is_done.recv_timeout(Duration::from_millis(200)).is_err(), "the counter waits for the gauge");
    drop(release);
    assert_eq!(is_done.recv_timeout(Duration::from_secs(10)).unwrap()[0].name, "orders");
}

#[test]
fn symptom_a_callback_that_panics_ends_the_export_for_good() {
    let (peek, provider) = cumulative();
    let meter = provider.meter("shop");
    meter.u64_counter("orders").build().add(1, &[]);
    assert_eq!(peek.collect(&provider).len(), 1);
    let broken = meter.u64_observable_gauge("broken");
    broken.with_callback(|_observer| std::panic::resume_unwind(Box::new("on purpose"))).build();
    for _ in 0..3 {
        assert!(provider.force_flush().is_err());
    }
    assert!(peek.collections().is_empty(), "the counter is not exported either");
}

#[test]
fn with_two_readers_a_callback_runs_for_each() {
    let peek = Peek::new(Temporality::Cumulative);
    let (builder, registry) = readers::both(SdkMeterProvider::builder(), peek.clone()).unwrap();
    let provider = builder.build();
    let runs = counted(&provider.meter("shop"));
    provider.force_flush().unwrap();
    registry.gather();
    registry.gather();
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}
