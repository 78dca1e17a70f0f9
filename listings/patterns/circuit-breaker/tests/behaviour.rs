//! What the breaker does, item by item of the chapter's checklist.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::{
    Calls, Cancellation, CircuitBreaker, Config, Error, Event, ManualClock, Outcome, Rate, SlidingWindow, State,
    TokioClock, Wait,
};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

const SECOND: Duration = Duration::from_secs(1);

/// Ten calls, half of them decide, one second of wait, two probes.
fn config(clock: &ManualClock) -> Config {
    Config {
        sliding_window: SlidingWindow::Count(10),
        minimum_number_of_calls: 4,
        slow_call_duration_threshold: Some(SECOND),
        wait_in_open_state: Wait::fixed(SECOND),
        permitted_calls_in_half_open_state: 2,
        max_wait_in_half_open_state: 10 * SECOND,
        clock: Arc::new(clock.clone()),
        ..Config::default()
    }
}

fn breaker(clock: &ManualClock) -> CircuitBreaker {
    CircuitBreaker::new("test", config(clock)).unwrap()
}

fn end(breaker: &CircuitBreaker, outcomes: &[Outcome]) {
    for outcome in outcomes {
        breaker.try_acquire().unwrap().finish(*outcome);
    }
}

fn open(breaker: &CircuitBreaker) {
    end(breaker, &[Outcome::Failure; 4]);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn the_defaults_are_those_that_experts_know() {
    let config = Config::default();
    assert_eq!(config.failure_rate_threshold.as_percent(), 50.0);
    assert_eq!(config.slow_call_rate_threshold.as_percent(), 100.0);
    assert_eq!(config.slow_call_duration_threshold, Some(60 * SECOND));
    assert_eq!(config.sliding_window, SlidingWindow::Count(100));
    assert_eq!(config.minimum_number_of_calls, 100);
    assert_eq!(config.wait_in_open_state.after(1), 60 * SECOND);
    assert_eq!(config.permitted_calls_in_half_open_state, 10);
}

#[test]
fn opens_when_the_failure_rate_is_reached_and_not_before_the_minimum() {
    let breaker = breaker(&ManualClock::default());
    end(&breaker, &[Outcome::Failure; 3]);
    assert_eq!(breaker.state(), State::Closed, "three calls are too few to judge");
    end(&breaker, &[Outcome::Success]);
    assert_eq!(breaker.state(), State::Open, "three of four have failed, and the fourth makes it a sample");
}

#[test]
fn a_count_window_forgets_the_oldest_call() {
    let breaker = breaker(&ManualClock::default());
    end(&breaker, &[Outcome::Success; 1_000]);
    end(&breaker, &[Outcome::Failure; 4]);
    assert_eq!(breaker.snapshot().failure_rate, Rate::percent(40.0).unwrap());
    end(&breaker, &[Outcome::Failure]);
    assert_eq!(breaker.state(), State::Open, "five of the last ten, whatever came before");
}

#[test]
fn a_late_call_of_an_earlier_cycle_takes_no_place_in_the_window() {
    let breaker = breaker(&ManualClock::default());
    let late: Vec<_> = (0..5).map(|_| breaker.try_acquire().unwrap()).collect();
    breaker.reset();
    end(&breaker, &[Outcome::Success; 7]);
    late.into_iter().for_each(|permit| permit.finish(Outcome::Failure));
    end(&breaker, &[Outcome::Success; 3]);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.buffered_calls, snapshot.failure_rate.as_percent()), (10, 0.0));
    assert_eq!(breaker.calls(), Calls { success: 10, failure: 5, ..Calls::default() });
}

#[test]
fn the_largest_window_can_be_full() {
    let sliding_window = SlidingWindow::Count(32_768);
    let config = Config { sliding_window, ..config(&ManualClock::default()) };
    let breaker = CircuitBreaker::new("test", config).unwrap();
    breaker.transition_to(State::MetricsOnly);
    end(&breaker, &[Outcome::Failure; 32_768]);
    end(&breaker, &[Outcome::Success]);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.buffered_calls, snapshot.failure_rate.as_percent()), (32_768, 99.99));
}

#[test]
fn a_time_window_forgets_the_past() {
    let clock = ManualClock::default();
    let window = SlidingWindow::Time { buckets: 10, width: SECOND };
    let breaker = CircuitBreaker::new("test", Config { sliding_window: window, ..config(&clock) }).unwrap();
    end(&breaker, &[Outcome::Failure; 3]);
    clock.advance(10 * SECOND);
    end(&breaker, &[Outcome::Failure; 3]);
    assert_eq!(breaker.state(), State::Closed, "six failures, but never four in ten seconds");
    assert_eq!(breaker.snapshot().buffered_calls, 3);
    end(&breaker, &[Outcome::Failure]);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn slow_calls_open_it_although_none_fails() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    for _ in 0..4 {
        let permit = breaker.try_acquire().unwrap();
        clock.advance(SECOND);
        permit.finish(Outcome::Success);
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.calls(), Calls { success: 4, ..Calls::default() });
}

#[test]
fn an_open_breaker_rejects_and_says_when_to_come_back() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    open(&breaker);
    clock.advance(SECOND / 4);
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!((rejected.state, rejected.retry_after), (State::Open, Some(SECOND * 3 / 4)));
    assert_eq!(rejected.to_string(), "circuit breaker test is open");
    assert_eq!(breaker.calls(), Calls { failure: 4, rejected: 1, ..Calls::default() });
}

#[test]
fn after_the_wait_a_few_probes_decide() {
    let clock = ManualClock::default();
    for (second, then) in [(Outcome::Success, State::Closed), (Outcome::Failure, State::Open)] {
        let breaker = breaker(&clock);
        open(&breaker);
        clock.advance(SECOND);
        let (first, other) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
        assert_eq!(breaker.state(), State::HalfOpen);
        assert_eq!(breaker.try_acquire().unwrap_err().state, State::HalfOpen, "both probes are out");
        first.finish(Outcome::Success);
        assert_eq!(breaker.state(), State::HalfOpen, "the verdict waits for all of them");
        other.finish(second);
        assert_eq!(breaker.state(), then);
        assert_eq!(breaker.snapshot().buffered_calls, 0, "every state begins with an empty window");
    }
}

#[test]
fn a_probe_that_never_returns_does_not_hold_the_breaker_for_ever() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    open(&breaker);
    clock.advance(SECOND);
    let lost = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    clock.advance(10 * SECOND);
    assert_eq!(breaker.try_acquire().unwrap_err().state, State::Open, "the probes' time is over");
    clock.advance(SECOND);
    let probe = breaker.try_acquire().unwrap();
    lost.0.finish(Outcome::Failure);
    lost.1.finish(Outcome::Failure);
    assert_eq!(breaker.state(), State::HalfOpen, "late probes of an earlier cycle decide nothing");
    probe.finish(Outcome::Success);
    end(&breaker, &[Outcome::Success]);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_probe_without_a_result_leaves_its_place_to_another() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    open(&breaker);
    clock.advance(SECOND);
    let (dropped, unused) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    assert_eq!(breaker.try_acquire().unwrap_err().retry_after, Some(10 * SECOND), "until the probes' time is over");
    drop(dropped);
    unused.release();
    end(&breaker, &[Outcome::Success; 2]);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.calls(), Calls { success: 2, failure: 4, cancelled: 1, rejected: 1, ..Calls::default() });
}

#[test]
fn a_permit_that_was_not_used_is_no_call() {
    let config = Config { cancellation: Cancellation::Failure, ..config(&ManualClock::default()) };
    let breaker = CircuitBreaker::new("test", config).unwrap();
    (0..10).for_each(|_| breaker.try_acquire().unwrap().release());
    assert_eq!((breaker.state(), breaker.snapshot().buffered_calls), (State::Closed, 0));
    assert_eq!(breaker.calls(), Calls::default());
}

#[test]
fn it_knows_the_span_in_which_it_was_opened() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    let within = |id: u64, what: &dyn Fn()| {
        let (trace, span) = (TraceId::from(u128::from(id)), SpanId::from(id));
        let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE);
        let _guard = Context::new().with_remote_span_context(span).attach();
        what();
    };
    let tripped_by = || breaker.tripped_by().map(|span| span.span_id());
    assert_eq!(tripped_by(), None);
    within(1, &|| open(&breaker));
    assert_eq!(tripped_by(), Some(SpanId::from(1)));

    clock.advance(SECOND);
    let _lost = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    clock.advance(10 * SECOND);
    within(2, &|| assert_eq!(breaker.try_acquire().unwrap_err().state, State::Open));
    assert_eq!(tripped_by(), Some(SpanId::from(1)), "whoever found the probes missing has tripped nothing");

    within(3, &|| breaker.transition_to(State::ForcedOpen));
    assert_eq!(tripped_by(), Some(SpanId::from(3)), "an operator's request is a reason as well");
}

#[test]
fn the_wait_grows_while_recovery_fails_and_starts_anew_after_it() {
    let clock = ManualClock::default();
    let wait = Wait::exponential(SECOND, 60 * SECOND);
    let breaker = CircuitBreaker::new("test", Config { wait_in_open_state: wait, ..config(&clock) }).unwrap();
    let retry_after = || breaker.try_acquire().unwrap_err().retry_after.unwrap();
    open(&breaker);
    for seconds in [1, 2, 4] {
        assert_eq!(retry_after(), seconds * SECOND);
        clock.advance(seconds * SECOND);
        end(&breaker, &[Outcome::Failure; 2]);
    }
    clock.advance(8 * SECOND);
    end(&breaker, &[Outcome::Success; 2]);
    open(&breaker);
    assert_eq!(retry_after(), SECOND);
}

#[test]
fn jitter_spreads_the_wait_within_its_share() {
    let wait = Wait::fixed(100 * SECOND).with_jitter(0.2);
    let waits: Vec<_> = (0..100).map(|_| wait.after(1)).collect();
    assert!(waits.iter().all(|wait| (80 * SECOND..=120 * SECOND).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait != waits[0]));
    let for_ever = Wait::fixed(Duration::MAX).with_jitter(0.2);
    assert!((0..100).all(|_| for_ever.after(1) > 100 * SECOND), "no wait is too long to be spread");
    assert_eq!(Wait::fixed(SECOND).with_jitter(f64::NAN).after(1), SECOND);
}

#[test]
fn an_ignored_result_says_nothing_and_frees_its_probe() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    end(&breaker, &[Outcome::Ignored; 100]);
    assert_eq!((breaker.state(), breaker.snapshot().buffered_calls), (State::Closed, 0));
    open(&breaker);
    clock.advance(SECOND);
    end(&breaker, &[Outcome::Ignored; 5]);
    end(&breaker, &[Outcome::Success; 2]);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn the_states_set_by_hand_do_what_they_say() {
    let breaker = breaker(&ManualClock::default());
    breaker.transition_to(State::MetricsOnly);
    end(&breaker, &[Outcome::Failure; 10]);
    assert_eq!((breaker.state(), breaker.snapshot().failure_rate.as_percent()), (State::MetricsOnly, 100.0));

    breaker.transition_to(State::Disabled);
    end(&breaker, &[Outcome::Failure; 10]);
    assert_eq!((breaker.state(), breaker.snapshot().buffered_calls), (State::Disabled, 0));
    assert_eq!(breaker.calls().failure, 10, "a disabled breaker counts nothing");

    breaker.transition_to(State::ForcedOpen);
    assert_eq!(breaker.try_acquire().unwrap_err().retry_after, None);

    breaker.reset();
    assert_eq!((breaker.state(), breaker.snapshot().buffered_calls), (State::Closed, 0));
    assert_eq!("half_open".parse(), Ok(State::HalfOpen));
    assert!("ajar".parse::<State>().unwrap_err().to_string().contains("expected closed, open"));
}

#[test]
fn who_listens_hears_everything_and_slows_nobody_down() {
    let clock = ManualClock::default();
    let breaker = breaker(&clock);
    let mut events = breaker.subscribe();
    end(&breaker, &[Outcome::Success, Outcome::Ignored, Outcome::Failure, Outcome::Failure, Outcome::Failure]);
    drop(breaker.try_acquire());
    let mut heard = Vec::new();
    while let Ok(event) = events.try_recv() {
        heard.push(event);
    }
    let half = Rate::percent(75.0).unwrap();
    assert_eq!(heard[..4], [Event::Success, Event::Ignored, Event::Failure, Event::Failure]);
    assert_eq!(heard[4], Event::FailureRateExceeded(half));
    let Event::Transition(transition) = &heard[5] else { panic!("{heard:?}") };
    assert_eq!((transition.from, transition.to, transition.wait), (State::Closed, State::Open, Some(SECOND)));
    assert_eq!(heard[6..], [Event::Failure, Event::NotPermitted]);

    breaker.reset();
    end(&breaker, &[Outcome::Success; 1_000]);
    assert!(
        matches!(events.try_recv(), Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_))),
        "told of the loss"
    );
}

#[tokio::test]
async fn a_dropped_call_is_counted_by_policy() {
    let cases = [
        (Cancellation::Ignore, SECOND, 0, 0.0),
        (Cancellation::Failure, Duration::ZERO, 1, 100.0),
        (Cancellation::Slow, Duration::ZERO, 0, 0.0),
        (Cancellation::Slow, SECOND, 1, 0.0),
    ];
    for (cancellation, lasted, recorded, failure_rate) in cases {
        let clock = ManualClock::default();
        let breaker = CircuitBreaker::new("test", Config { cancellation, ..config(&clock) }).unwrap();
        let mut call = Box::pin(breaker.call(std::future::pending::<Result<(), ()>>()));
        assert!(futures_poll(&mut call).await.is_none());
        clock.advance(lasted);
        drop(call);
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.buffered_calls, recorded, "{cancellation:?} after {lasted:?}");
        assert_eq!(snapshot.failure_rate.as_percent(), failure_rate);
        assert_eq!(breaker.calls(), Calls { cancelled: 1, ..Calls::default() });
    }
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn a_panic_counts_as_a_failure() {
    let breaker = breaker(&ManualClock::default());
    for _ in 0..4 {
        let panicking = breaker.clone();
        let call = move || panicking.call_blocking(|| -> Result<(), ()> { panic!("on purpose") });
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.calls(), Calls { failure: 4, ..Calls::default() });
}

#[tokio::test]
async fn errors_come_back_as_they_were() {
    let breaker = breaker(&ManualClock::default());
    assert_eq!(breaker.call(async { Ok::<_, &str>(1) }).await, Ok(1));
    assert_eq!(breaker.call_blocking(|| Err::<(), _>("refused")), Err(Error::Inner("refused")));
    let not_found = |result: &Result<u16, &str>| match result {
        Ok(500..) | Err(_) => Outcome::Failure,
        Ok(400..) => Outcome::Ignored,
        Ok(_) => Outcome::Success,
    };
    for status in [200, 404, 503] {
        assert_eq!(breaker.call_with(not_found, async { Ok(status) }).await, Ok(status));
    }
    assert_eq!(breaker.calls(), Calls { success: 2, failure: 2, ignored: 1, ..Calls::default() });
}

#[tokio::test(start_paused = true)]
async fn tokio_s_paused_clock_drives_it_too() {
    let clock = Arc::new(TokioClock::new());
    let breaker = CircuitBreaker::new("test", Config { clock, ..config(&ManualClock::default()) }).unwrap();
    open(&breaker);
    tokio::time::sleep(SECOND).await;
    end(&breaker, &[Outcome::Success; 2]);
    assert_eq!(breaker.state(), State::Closed);
}
