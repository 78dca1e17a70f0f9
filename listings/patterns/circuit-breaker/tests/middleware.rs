//! The breaker as a Tower layer, alone and among others.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::get;
use circuit_breaker::{
    Calls, CircuitBreaker, CircuitBreakerLayer, Config, Error, Outcome, SlidingWindow, State, TokioClock,
};
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

#[tokio::test]
async fn a_rejection_does_not_queue_for_a_place_in_a_full_bulkhead() {
    let breaker = breaker();
    let hanging = service_fn(|()| std::future::pending::<Result<(), BoxError>>());
    let mut service =
        ServiceBuilder::new().layer(CircuitBreakerLayer::new(breaker.clone())).concurrency_limit(1).service(hanging);
    let mut other = service.clone();
    let _in_flight = service.ready().await.unwrap().call(());
    breaker.transition_to(State::ForcedOpen);
    let at_once = Duration::from_millis(10);
    tokio::time::timeout(at_once, other.ready()).await.expect("a full bulkhead is no reason to wait").unwrap();

    // Readiness holds until the call, whatever happens in between, and then no longer; a clone knows nothing of it.
    breaker.reset();
    assert!(tokio::time::timeout(at_once, other.clone().ready()).await.is_err(), "the bulkhead is full");
    tokio::time::timeout(at_once, other.ready()).await.expect("it is as ready as it was").unwrap();
    assert!(matches!(other.call(()).await, Err(Error::Rejected(_))), "the service inside was not asked");
    assert!(tokio::time::timeout(at_once, other.ready()).await.is_err(), "the bulkhead is still full");
}

// ANCHOR: axum
/// axum's routes cannot fail, and their services have no error for a rejection. `HandleErrorLayer` makes a response of it.
#[tokio::test]
async fn in_front_of_axum_a_rejection_is_a_response_for_every_route() {
    async fn rejected(error: Error<Infallible>) -> StatusCode {
        match error {
            Error::Rejected(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Inner(never) => match never {},
        }
    }
    let judge = |result: &Result<Response, Infallible>| match result {
        Ok(response) if response.status().is_server_error() => Outcome::Failure,
        _ => Outcome::Success,
    };
    let breaker = breaker();
    let guarded = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(rejected))
        .layer(CircuitBreakerLayer::new(breaker.clone()).classify(judge));
    let router = Router::new()
        .route("/pay", get(async || StatusCode::BAD_GATEWAY))
        .route("/refund", get(async || StatusCode::OK))
        .layer(guarded);
    let status = async |path| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    for _ in 0..4 {
        assert_eq!(status("/pay").await, StatusCode::BAD_GATEWAY);
    }
    assert_eq!(status("/refund").await, StatusCode::SERVICE_UNAVAILABLE, "one breaker for both routes");
    assert_eq!(breaker.calls(), Calls { failure: 4, rejected: 1, ..Calls::default() });
}
// ANCHOR_END: axum
