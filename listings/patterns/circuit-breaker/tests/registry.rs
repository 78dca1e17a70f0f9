//! One breaker for each name, in bounded memory.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use circuit_breaker::{CircuitBreaker, Config, Outcome, Registry, SlidingWindow, State, scope};
use opentelemetry::metrics::{AsyncInstrumentBuilder, InstrumentProvider, Meter, ObservableGauge};
use testkit::Receiver;

fn config() -> Config {
    Config { sliding_window: SlidingWindow::Count(4), minimum_number_of_calls: 4, ..Config::default() }
}

fn fail(breaker: CircuitBreaker) {
    breaker.try_acquire().unwrap().finish(Outcome::Failure);
}

#[test]
fn it_makes_each_breaker_once() {
    let registry = Registry::new(8, config()).unwrap();
    (0..4).for_each(|_| fail(registry.get("payments").unwrap()));
    assert_eq!(registry.get("payments").unwrap().state(), State::Open, "the same breaker");
    assert_eq!(registry.find("stock").map(|breaker| breaker.state()), None);
    assert_eq!(registry.get("stock").unwrap().state(), State::Closed);
    assert_eq!(registry.all().iter().map(CircuitBreaker::name).collect::<Vec<_>>(), ["payments", "stock"]);
}

#[test]
fn it_forgets_the_least_recently_used() {
    let registry = Registry::new(8, config()).unwrap();
    for host in 0..1_000 {
        registry.get(&format!("host-{host}")).unwrap();
    }
    assert!(registry.all().len() <= 8 + 1_000 / 8, "bounded, give or take what is not yet evicted");
}

#[test]
fn a_newcomer_is_not_forgotten_in_favour_of_what_was_popular_once() {
    let registry = Registry::new(8, config()).unwrap();
    let popular = |calls| (0..calls).for_each(|call| drop(registry.get(&format!("host-{}", call % 7)).unwrap()));
    popular(70_000);
    registry.get("forgotten").unwrap();
    for _ in 0..4 {
        fail(registry.get("newcomer").unwrap());
        popular(7_000);
    }
    assert_eq!(registry.get("newcomer").unwrap().state(), State::Open);
}

/// Counts the callbacks that a meter was given, which nobody can take back.
#[derive(Default)]
struct Callbacks(AtomicUsize);

impl InstrumentProvider for Callbacks {
    fn u64_observable_gauge(&self, _: AsyncInstrumentBuilder<'_, ObservableGauge<u64>, u64>) -> ObservableGauge<u64> {
        self.0.fetch_add(1, Ordering::SeqCst);
        ObservableGauge::new()
    }
}

#[test]
fn its_metrics_do_not_grow_with_the_names_that_it_has_seen() {
    let callbacks = Arc::new(Callbacks::default());
    let registry = Registry::new(2, config()).unwrap().observe(Meter::new(callbacks.clone()));
    for host in 0..1_000 {
        registry.get(&format!("host-{host}")).unwrap();
    }
    assert_eq!(callbacks.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn its_metrics_are_those_of_the_breakers_that_it_holds() {
    let receiver = Receiver::grpc().await;
    let telemetry = receiver.telemetry("test").build().unwrap();
    let registry = Registry::new(2, config()).unwrap().observe(telemetry.meter(scope()));
    for host in 0..1_000 {
        fail(registry.get(&format!("host-{host}")).unwrap());
    }
    let kept = registry.all().len();
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    let state = capture.metrics.iter().find(|metric| metric.name == "circuit_breaker.state").unwrap();
    assert!(state.points.len() <= kept * State::ALL.len(), "{} points of {kept} breakers", state.points.len());
}
