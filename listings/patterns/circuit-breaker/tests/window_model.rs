//! Both windows against a model that nobody can get wrong: a list of all calls.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Clock, Config, ManualClock, Outcome, Rate, SlidingWindow, State};
use proptest::prelude::*;

// ANCHOR: property
/// What happens to a breaker: a call ends, time passes, somebody resets it.
#[derive(Debug, Clone)]
enum Step {
    Call { failed: bool, millis: u64 },
    Pass { millis: u64 },
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (any::<bool>(), 0u64..200).prop_map(|(failed, millis)| Step::Call { failed, millis }),
        3 => (0u64..3_000).prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::Reset),
    ];
    prop::collection::vec(step, 1..200)
}

/// Plays the steps on a breaker that only measures, and on a list; compares after each.
fn play(window: SlidingWindow, steps: Vec<Step>, in_window: impl Fn(&[Call], u64) -> Vec<Call>) {
    let clock = ManualClock::default();
    let slow = Duration::from_millis(100);
    let config = Config {
        sliding_window: window,
        slow_call_duration_threshold: Some(slow),
        clock: Arc::new(clock.clone()),
        ..Config::default()
    };
    let breaker = CircuitBreaker::new("model", config).unwrap();
    breaker.transition_to(State::MetricsOnly);
    let mut all = Vec::new();
    for step in steps {
        match step {
            Step::Call { failed, millis } => {
                let permit = breaker.try_acquire().unwrap();
                clock.advance(Duration::from_millis(millis));
                permit.finish(if failed { Outcome::Failure } else { Outcome::Success });
                all.push(Call { failed, slow: millis >= 100, at: clock.now().as_millis() as u64 });
            }
            Step::Pass { millis } => clock.advance(Duration::from_millis(millis)),
            Step::Reset => {
                breaker.transition_to(State::MetricsOnly);
                all.clear();
            }
        }
        let expected = in_window(&all, clock.now().as_millis() as u64);
        let snapshot = breaker.snapshot();
        let rate = |part: usize| Rate::percent((part * 10_000 / expected.len().max(1)) as f64 / 100.0).unwrap();
        assert_eq!(snapshot.buffered_calls, expected.len() as u64);
        assert_eq!(snapshot.failure_rate, rate(expected.iter().filter(|call| call.failed).count()));
        assert_eq!(snapshot.slow_call_rate, rate(expected.iter().filter(|call| call.slow).count()));
    }
}
// ANCHOR_END: property

#[derive(Debug, Clone, Copy)]
struct Call {
    failed: bool,
    slow: bool,
    at: u64,
}

proptest! {
    #[test]
    fn the_count_window_holds_the_last_calls(size in 1u16..40, steps in steps()) {
        play(SlidingWindow::Count(size), steps, |all, _| {
            all[all.len().saturating_sub(usize::from(size))..].to_vec()
        });
    }

    #[test]
    fn the_time_window_holds_the_last_buckets(buckets in 1u16..12, width in 1u64..700, steps in steps()) {
        let window = SlidingWindow::Time { buckets, width: Duration::from_millis(width) };
        play(window, steps, |all, now| {
            let oldest = (now / width).saturating_sub(u64::from(buckets) - 1);
            all.iter().copied().filter(|call| call.at / width >= oldest).collect()
        });
    }
}
