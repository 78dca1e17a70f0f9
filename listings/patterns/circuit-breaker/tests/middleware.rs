//! The breaker as a Tower layer, alone and among others.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use circuit_breaker::{Calls, CircuitBreaker, CircuitBreakerLayer, Config, Error, SlidingWindow, State, TokioClock};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

fn breaker() -> CircuitBreaker {
    let config = Config {
        sliding_window: SlidingWindow::Count(4),
        minimum_number_of_calls: 4,
        clock: Arc::new(TokioClock::new()),
        ..Config::default()
    };
    CircuitBreaker::new("test", config).unwrap()
}

#[tokio::test]
async fn every_service_of_one_layer_shares_the_breaker() {
    let breaker = breaker();
    let layer = CircuitBreakerLayer::new(breaker.clone());
    let failing = || service_fn(|()| async { Err::<(), _>("refused") });
    let (mut first, mut second) = (layer.layer(failing()), layer.layer(failing()));
    for _ in 0..2 {
        assert_eq!(first.ready().await.unwrap().call(()).await, Err(Error::Inner("refused")));
        assert_eq!(second.clone().oneshot(()).await, Err(Error::Inner("refused")));
    }
    assert_eq!(breaker.state(), State::Open);
    assert!(matches!(second.ready().await.unwrap().call(()).await, Err(Error::Rejected(_))));
}

#[tokio::test]
async fn readiness_takes_no_permit() {
    let breaker = breaker();
    let mut service = CircuitBreakerLayer::new(breaker.clone()).layer(service_fn(|()| async { Ok::<_, ()>(()) }));
    breaker.transition_to(State::HalfOpen);
    for _ in 0..100 {
        service.ready().await.unwrap(); // and never called
    }
    service.ready().await.unwrap().call(()).await.unwrap();
    assert_eq!(breaker.calls(), Calls { success: 1, ..Calls::default() });
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_the_breaker_is_a_failure_and_outside_it_is_a_cancellation() {
    let hanging = || service_fn(|()| async { std::future::pending::<Result<(), BoxError>>().await });
    let timeout = Duration::from_secs(1);

    let inside = breaker();
    let mut service =
        ServiceBuilder::new().layer(CircuitBreakerLayer::new(inside.clone())).timeout(timeout).service(hanging());
    for _ in 0..4 {
        service.ready().await.unwrap().call(()).await.unwrap_err();
    }
    assert_eq!((inside.state(), inside.calls().failure), (State::Open, 4));

    let outside = breaker();
    let mut service =
        ServiceBuilder::new().timeout(timeout).layer(CircuitBreakerLayer::new(outside.clone())).service(hanging());
    for _ in 0..4 {
        service.ready().await.unwrap().call(()).await.unwrap_err();
    }
    assert_eq!((outside.state(), outside.calls().cancelled), (State::Closed, 4), "the breaker learns nothing");
}

/// Retries twice, whatever the error.
#[derive(Clone)]
struct Twice(u32);

impl<T> tower::retry::Policy<(), T, Error<&'static str>> for Twice {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut (), result: &mut Result<T, Error<&'static str>>) -> Option<Self::Future> {
        // A rejection is not retried: the breaker has said when to come back.
        let again = matches!(result, Err(Error::Inner(_))) && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        again.then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

#[tokio::test]
async fn a_retry_outside_the_breaker_stops_when_it_opens() {
    let (breaker, reached) = (breaker(), Arc::new(AtomicU32::new(0)));
    let counted = reached.clone();
    let service = service_fn(move |()| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Err::<(), _>("refused") }
    });
    let mut service =
        ServiceBuilder::new().retry(Twice(2)).layer(CircuitBreakerLayer::new(breaker.clone())).service(service);
    for _ in 0..10 {
        service.ready().await.unwrap().call(()).await.unwrap_err();
    }
    assert_eq!(reached.load(Ordering::SeqCst), 4, "thirty attempts were wanted; four were made");
    assert_eq!(breaker.calls().failure, 4);
}

#[tokio::test]
async fn a_bulkhead_inside_the_breaker_never_reserves_a_probe() {
    let breaker = breaker();
    breaker.transition_to(State::HalfOpen);
    let service = service_fn(|()| async { Ok::<_, BoxError>(()) });
    let mut service =
        ServiceBuilder::new().layer(CircuitBreakerLayer::new(breaker.clone())).concurrency_limit(1).service(service);
    let held = service.ready().await.unwrap().call(());
    assert!(tokio::time::timeout(Duration::from_millis(10), service.ready()).await.is_err(), "the bulkhead is full");
    held.await.unwrap();
    service.ready().await.unwrap().call(()).await.unwrap();
    assert_eq!(breaker.calls().success, 2);
}
