//! Each symptom of the page *Observe it*: provoked, then cured.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::{
    Cancellation, CircuitBreaker, CircuitBreakerLayer, CircuitBreakerService, Config, Error, Event, ManualClock,
    Outcome, Registry, SlidingWindow, State, Wait, scope,
};
use testkit::Receiver;
use tower::layer::layer_fn;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, info_span};

const SECOND: Duration = Duration::from_secs(1);

/// Opens when two of the last four calls failed; on a clock that the test holds.
fn quick(clock: &ManualClock) -> Config {
    Config {
        sliding_window: SlidingWindow::Count(4),
        minimum_number_of_calls: 4,
        wait_in_open_state: Wait::fixed(SECOND),
        permitted_calls_in_half_open_state: 1,
        clock: Arc::new(clock.clone()),
        ..Config::default()
    }
}

fn breaker(config: Config) -> CircuitBreaker {
    CircuitBreaker::new("payments", config).unwrap()
}

async fn fail(breaker: &CircuitBreaker) -> Result<(), Error<&'static str>> {
    breaker.call(async { Err("connection refused") }).await
}

// ANCHOR: classify
/// It never opens, although every answer is an error.
#[tokio::test]
async fn symptom_it_never_opens_because_a_500_is_ok() {
    let clock = ManualClock::default();
    let always_500 = || service_fn(async |_: ()| Ok::<_, Infallible>(500));

    let blind = breaker(quick(&clock));
    let mut service = CircuitBreakerLayer::new(blind.clone()).layer(always_500());
    for _ in 0..100 {
        assert_eq!(service.ready().await.unwrap().call(()).await, Ok(500));
    }
    assert_eq!((blind.state(), blind.calls().success), (State::Closed, 100));

    let cured = breaker(quick(&clock));
    let judge = |result: &Result<u16, Infallible>| match result {
        Ok(..500) => Outcome::Success,
        _ => Outcome::Failure,
    };
    let mut service = CircuitBreakerLayer::new(cured.clone()).classify(judge).layer(always_500());
    for _ in 0..4 {
        assert_eq!(service.ready().await.unwrap().call(()).await, Ok(500));
    }
    assert_eq!(cured.state(), State::Open);
}
// ANCHOR_END: classify

// ANCHOR: minimum
/// It never opens, although every call fails.
#[tokio::test]
async fn symptom_it_never_opens_because_the_minimum_is_never_reached() {
    let open_after_a_minute = async |minimum_number_of_calls| {
        let clock = ManualClock::default();
        let sliding_window = SlidingWindow::Time { buckets: 10, width: SECOND };
        let wait_in_open_state = Wait::fixed(60 * SECOND);
        let breaker = breaker(Config { sliding_window, minimum_number_of_calls, wait_in_open_state, ..quick(&clock) });
        for _ in 0..30 {
            let _ = fail(&breaker).await;
            clock.advance(2 * SECOND);
        }
        (breaker.calls().rejected > 0, breaker.snapshot().buffered_calls)
    };
    let (opened, buffered) = open_after_a_minute(10).await;
    assert!(!opened && buffered < 10, "a call every two seconds leaves five in ten seconds: {buffered}");
    assert!(open_after_a_minute(4).await.0);
}
// ANCHOR_END: minimum

// ANCHOR: layers
/// It opens for one route and not for another.
#[tokio::test]
async fn symptom_one_route_opens_alone_because_each_has_a_breaker() {
    let clock = ManualClock::default();
    let refused = service_fn(async |_: ()| Err::<(), _>("connection refused"));
    let exhaust = async |mut route: CircuitBreakerService<_, _>| {
        for _ in 0..4 {
            let _ = ServiceExt::<()>::ready(&mut route).await.unwrap().call(()).await;
        }
    };

    // What `Router::layer` does with a layer that makes its breaker in `layer`: one for each route.
    let forgetful = layer_fn(|inner| CircuitBreakerLayer::new(breaker(quick(&clock))).layer(inner));
    let (pay, refund) = (forgetful.layer(refused), forgetful.layer(refused));
    exhaust(pay).await;
    assert_eq!(refund.oneshot(()).await, Err(Error::Inner("connection refused")), "this one still calls");

    let shared = CircuitBreakerLayer::new(breaker(quick(&clock)));
    let (pay, refund) = (shared.layer(refused), shared.layer(refused));
    exhaust(pay).await;
    assert!(matches!(refund.oneshot(()).await, Err(Error::Rejected(_))));
}
// ANCHOR_END: layers

// ANCHOR: flapping
/// It flaps.
#[tokio::test]
async fn symptom_it_flaps_because_the_wait_is_shorter_than_the_recovery() {
    let trips_in_ten_minutes = async |wait_in_open_state| {
        let clock = ManualClock::default();
        let breaker = breaker(Config { wait_in_open_state, ..quick(&clock) });
        let mut events = breaker.subscribe();
        let mut trips = 0;
        for _ in 0..600 {
            let _ = fail(&breaker).await;
            clock.advance(SECOND);
            while let Ok(event) = events.try_recv() {
                trips += usize::from(matches!(event, Event::Transition(change) if change.to == State::Open));
            }
        }
        trips
    };
    let flapping = trips_in_ten_minutes(Wait::fixed(SECOND)).await;
    let calm = trips_in_ten_minutes(Wait::exponential(SECOND, 120 * SECOND)).await;
    assert!(flapping > 500, "it opens about once a second: {flapping}");
    assert!(calm < 15, "it tries again after 1, 2, 4 … 120 seconds: {calm}");
}
// ANCHOR_END: flapping

// ANCHOR: half_open
/// It stays half-open.
#[tokio::test]
async fn symptom_it_stays_half_open_because_probes_never_return() {
    let clock = ManualClock::default();
    let forever = Duration::from_secs(365 * 24 * 3600);
    let half_open = async |max_wait_in_half_open_state| {
        let breaker = breaker(Config { max_wait_in_half_open_state, ..quick(&clock) });
        for _ in 0..4 {
            let _ = fail(&breaker).await;
        }
        clock.advance(SECOND);
        // The probe hangs: nothing inside the breaker bounds it.
        let probe = tokio::spawn({
            let breaker = breaker.clone();
            async move { breaker.call(std::future::pending::<Result<(), &str>>()).await }
        });
        while breaker.state() != State::HalfOpen {
            tokio::task::yield_now().await;
        }
        clock.advance(3600 * SECOND);
        (breaker, probe)
    };
    let healthy = async |breaker: &CircuitBreaker| breaker.call(async { Ok::<_, &str>(()) }).await.is_ok();

    let (stuck, probe) = half_open(forever).await;
    assert!(!healthy(&stuck).await && stuck.state() == State::HalfOpen, "an hour later");
    probe.abort(); // what a timeout inside the breaker does
    assert!(probe.await.unwrap_err().is_cancelled());
    assert!(healthy(&stuck).await && stuck.state() == State::Closed);

    let (bounded, probe) = half_open(60 * SECOND).await;
    assert!(!healthy(&bounded).await && bounded.state() == State::Open, "the longest wait for probes is over");
    clock.advance(SECOND);
    assert!(healthy(&bounded).await && bounded.state() == State::Closed);
    probe.abort();
}
// ANCHOR_END: half_open

// ANCHOR: cancellation
/// It opens when clients leave.
#[tokio::test]
async fn symptom_it_opens_because_clients_leave() {
    let after_ten_left = |cancellation| {
        let breaker = breaker(Config { cancellation, ..quick(&ManualClock::default()) });
        for _ in 0..10 {
            let call = breaker.try_acquire();
            drop(call); // what axum does with the handler when the connection is gone
        }
        (breaker.state(), breaker.calls().cancelled)
    };
    assert_eq!(after_ten_left(Cancellation::Failure), (State::Open, 4));
    assert_eq!(after_ten_left(Cancellation::Ignore), (State::Closed, 10));
    assert_eq!(after_ten_left(Cancellation::Slow), (State::Closed, 10), "they left at once");
}
// ANCHOR_END: cancellation

// ANCHOR: cardinality
/// The metrics backend groans.
#[tokio::test]
async fn symptom_metrics_overflow_because_names_are_urls() {
    let overflows = async |name: fn(usize) -> String| {
        let receiver = Receiver::grpc().await;
        let telemetry = receiver.telemetry("checkout").build().unwrap();
        let breakers = Registry::new(10_000, Config::default()).unwrap().observe(telemetry.meter(scope()));
        for order in 0..3_000 {
            breakers.get(&name(order)).unwrap().call_blocking(|| Ok::<_, Infallible>(())).unwrap();
        }
        telemetry.shutdown().unwrap();
        let capture = receiver.capture().await;
        let durations = capture.metrics.iter().find(|metric| metric.name == "circuit_breaker.call.duration").unwrap();
        let overflow = durations.points.iter().any(|point| point.attributes.contains_key("otel.metric.overflow"));
        (overflow, durations.points.len())
    };
    let (lost, _) = overflows(|order| format!("https://payments/orders/{order}")).await;
    assert!(lost, "beyond 2,000 series the SDK puts all others into one");
    assert_eq!(overflows(|order| format!("payments-{}", order % 3)).await, (false, 3));
}
// ANCHOR_END: cardinality

// ANCHOR: link
/// A rejection links to nothing.
#[tokio::test]
async fn symptom_a_rejection_has_no_link_because_the_span_was_lost() {
    let receiver = Receiver::grpc().await;
    let telemetry = receiver.telemetry("checkout").build().unwrap();
    let links = async |lose_the_span: bool| {
        let breaker = breaker(quick(&ManualClock::default()));
        let refused = service_fn(async |_: ()| Err::<(), _>("connection refused"));
        let guarded = ServiceBuilder::new().layer(CircuitBreakerLayer::new(breaker)).service(refused);
        for _ in 0..4 {
            let call = guarded.clone().oneshot(());
            // A spawned task begins with no span, unless it takes one along.
            let task = match lose_the_span {
                true => tokio::spawn(call.with_current_subscriber()),
                false => tokio::spawn(call.instrument(info_span!("pay")).with_current_subscriber()),
            };
            task.await.unwrap().unwrap_err();
        }
        guarded.oneshot(()).await.unwrap_err();
    };
    links(true).with_subscriber(telemetry.dispatch()).await;
    links(false).with_subscriber(telemetry.dispatch()).await;
    telemetry.shutdown().unwrap();

    let capture = receiver.capture().await;
    let [lost, kept] = capture.spans_named("circuit_breaker.reject").collect::<Vec<_>>()[..] else {
        panic!("{capture}")
    };
    assert_eq!((lost.links.len(), kept.links.len()), (0, 1));
    let traces: Vec<_> = capture.logs.iter().map(|log| log.span.is_some()).collect();
    assert_eq!(traces, [false, true], "the record of the transition has lost its trace as well");
}
// ANCHOR_END: link
