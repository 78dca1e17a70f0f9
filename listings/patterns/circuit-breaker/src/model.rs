//! Every interleaving of a few threads, tried by loom: `cargo test -p circuit-breaker --features loom --lib`.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::window::{CountWindow, Mark};
use crate::{CircuitBreaker, Config, ManualClock, Outcome, Rate, SlidingWindow, State, Wait};

const OK: Mark = Mark { failed: false, slow: false };
const FAILED: Mark = Mark { failed: true, slow: false };

// ANCHOR: model
/// One thread still reports a failure of the old cycle while another begins a new one. Whatever the order: once both
/// are done, the totals say what the ring holds, and nothing of the old cycle is in them.
#[test]
fn a_late_failure_does_not_reach_the_next_cycle() {
    loom::model(|| {
        let window = Arc::new(CountWindow::new(1));
        window.record(0, OK);
        let late = thread::spawn({
            let window = window.clone();
            move || window.record(0, FAILED).is_some()
        });
        window.reset(1);
        window.record(1, OK);
        late.join().unwrap();
        assert_eq!(window.totals(), window.recount());
        assert_eq!(window.totals().failed, 0, "the failure belongs to cycle 0");
    });
}

/// Two calls end at once, and compete for the oldest place in the ring.
#[test]
fn the_totals_say_what_the_ring_holds() {
    loom::model(|| {
        let window = Arc::new(CountWindow::new(1));
        let other = thread::spawn({
            let window = window.clone();
            move || window.record(0, FAILED).is_some()
        });
        window.record(0, OK);
        other.join().unwrap();
        assert_eq!(window.totals(), window.recount());
        assert_eq!(window.totals().recorded, 1);
    });
}
// ANCHOR_END: model

/// A counter of successes that goes back looks like a restart of the process. One that is too high is worse: a failure
/// that is being counted was taken for a success.
#[test]
fn a_failure_is_never_read_as_a_success() {
    loom::model(|| {
        let breaker = breaker(&ManualClock::default());
        let failing = thread::spawn({
            let breaker = breaker.clone();
            move || breaker.try_acquire().expect("it is closed").finish(Outcome::Failure)
        });
        assert_eq!(breaker.calls().success, 0);
        failing.join().unwrap();
        assert_eq!((breaker.calls().success, breaker.calls().failure), (0, 1));
    });
}

/// A breaker that opens after two failures, with one probe.
fn breaker(clock: &ManualClock) -> CircuitBreaker {
    let config = Config {
        failure_rate_threshold: Rate::percent(100.0).unwrap(),
        slow_call_duration_threshold: None,
        sliding_window: SlidingWindow::Count(2),
        minimum_number_of_calls: 2,
        wait_in_open_state: Wait::fixed(Duration::from_secs(1)),
        permitted_calls_in_half_open_state: 1,
        clock: std::sync::Arc::new(clock.clone()),
        ..Config::default()
    };
    CircuitBreaker::new("model", config).unwrap()
}

#[test]
fn two_calls_that_cross_the_threshold_together_open_it_once() {
    loom::model(|| {
        let clock = ManualClock::default();
        let breaker = breaker(&clock);
        let fail = |breaker: &CircuitBreaker| {
            if let Ok(permit) = breaker.try_acquire() {
                permit.finish(Outcome::Failure);
            }
        };
        let other = thread::spawn({
            let breaker = breaker.clone();
            move || fail(&breaker)
        });
        fail(&breaker);
        other.join().unwrap();
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.calls().failure, 2);
        assert_eq!(breaker.cycles(), 1, "opened once");
    });
}

#[test]
fn of_two_calls_after_the_wait_one_is_the_probe() {
    loom::model(|| {
        let clock = ManualClock::default();
        let breaker = breaker(&clock);
        breaker.transition_to(State::Open);
        clock.advance(Duration::from_secs(1));
        let probe = |breaker: &CircuitBreaker| match breaker.try_acquire() {
            Ok(permit) => {
                permit.finish(Outcome::Success);
                1
            }
            Err(_) => 0,
        };
        let other = thread::spawn({
            let breaker = breaker.clone();
            move || probe(&breaker)
        });
        let made = probe(&breaker) + other.join().unwrap();
        // The second may come after the first has closed the breaker; it is never rejected for ever, and never lost.
        assert!(made >= 1);
        assert_eq!(breaker.state(), State::Closed);
        let calls = breaker.calls();
        assert_eq!(calls.success + calls.rejected, 2);
    });
}

#[test]
fn a_cancelled_probe_leaves_its_place_to_another() {
    loom::model(|| {
        let clock = ManualClock::default();
        let breaker = breaker(&clock);
        breaker.transition_to(State::Open);
        clock.advance(Duration::from_secs(1));
        let cancelled = thread::spawn({
            let breaker = breaker.clone();
            move || drop(breaker.try_acquire())
        });
        drop(breaker.try_acquire());
        cancelled.join().unwrap();
        assert_eq!(breaker.state(), State::HalfOpen);
        breaker.try_acquire().expect("the place is free again").finish(Outcome::Success);
        assert_eq!(breaker.state(), State::Closed);
    });
}

/// The probe of one cycle comes back while somebody begins the next: it decides about its own cycle, or about nothing.
#[test]
fn a_late_probe_does_not_decide_about_the_next_cycle() {
    loom::model(|| {
        let clock = ManualClock::default();
        let breaker = breaker(&clock);
        breaker.transition_to(State::HalfOpen);
        let late = thread::spawn({
            let breaker = breaker.clone();
            move || breaker.try_acquire().map(|permit| permit.finish(Outcome::Failure)).is_ok()
        });
        breaker.transition_to(State::HalfOpen);
        let probed = breaker.try_acquire().map(|permit| permit.finish(Outcome::Success)).is_ok();
        let late = late.join().unwrap();
        match breaker.state() {
            State::Closed => assert!(probed),
            State::Open => assert!(late),
            state => panic!("{state}: a probe was made, and nobody has heard of it"),
        }
    });
}

/// With all probes out the door is shut without a lock. Whoever comes back without a result opens it again, whatever the
/// order: a breaker that stays shut with no probe out would never close.
#[test]
fn the_door_is_never_shut_with_no_probe_out() {
    loom::model(|| {
        let clock = ManualClock::default();
        let breaker = breaker(&clock);
        breaker.transition_to(State::HalfOpen);
        let cancelled = |breaker: &CircuitBreaker| drop(breaker.try_acquire());
        let other = thread::spawn({
            let breaker = breaker.clone();
            move || cancelled(&breaker)
        });
        cancelled(&breaker);
        other.join().unwrap();
        assert!(breaker.refusal().is_none());
        breaker.try_acquire().expect("the place is free").release();
        assert!(breaker.refusal().is_none());
    });
}
