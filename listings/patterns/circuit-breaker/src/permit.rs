//! The right to make one call.

use std::borrow::Borrow;
use std::time::{Duration, Instant};

use crate::breaker::{Admission, CircuitBreaker};
use crate::classify::Outcome;
use crate::config::Cancellation;
use crate::event::Ended;
use crate::window::Mark;

/// One call that the breaker has let through. Give it back with [`Permit::finish`]; dropping it means that the call was
/// cancelled. Either way it is counted once.
#[derive(Debug)]
#[must_use = "a permit that is dropped counts as a cancelled call"]
pub struct Permit<B: Borrow<CircuitBreaker>> {
    breaker: B,
    admission: Admission,
    /// When the call began, for slow-call detection; `None` when nobody asks.
    began: Option<Duration>,
    /// When the call began, for the histogram.
    timer: Option<Instant>,
    finished: bool,
}

impl<B: Borrow<CircuitBreaker>> Permit<B> {
    #[inline]
    pub(crate) fn new(breaker: B, admission: Admission) -> Self {
        let inner = &breaker.borrow().0;
        let began = inner.config.slow_call_duration_threshold.map(|_| inner.config.clock.now());
        let timer = inner.telemetry.get().map(|_| Instant::now());
        Self { breaker, admission, began, timer, finished: false }
    }

    // ANCHOR: permit
    /// Reports how the call ended.
    #[inline]
    pub fn finish(mut self, outcome: Outcome) {
        self.finished = true;
        let (now, slow) = self.elapsed();
        match outcome {
            Outcome::Success => self.settle(Ended::Success, Some(Mark { failed: false, slow }), now),
            Outcome::Failure => self.settle(Ended::Failure, Some(Mark { failed: true, slow }), now),
            Outcome::Ignored => self.settle(Ended::Ignored, None, now),
        }
    }

    /// Counts the call under one name. `mark` is what the window learns from it; `None` is nothing, and then the place
    /// of a probe is free for another.
    #[inline]
    fn settle(&self, ended: Ended, mark: Option<Mark>, now: Duration) {
        let breaker = self.breaker.borrow();
        if self.admission.counted {
            breaker.count(ended, mark.is_some(), self.admission.probe);
            match mark {
                _ if self.admission.probe => breaker.record_probe(self.admission.cycle, mark),
                Some(mark) => breaker.record(self.admission.cycle, mark, now),
                None => {}
            }
        }
        if let (Some(timer), Some(telemetry)) = (self.timer, breaker.0.telemetry.get()) {
            telemetry.record(timer.elapsed(), ended);
        }
        breaker.publish(|| ended.event());
    }
    // ANCHOR_END: permit

    /// The time, and whether the call was slow; no clock is read when neither matters.
    #[inline]
    fn elapsed(&self) -> (Duration, bool) {
        let inner = &self.breaker.borrow().0;
        if self.began.is_none() && !inner.window.needs_time() {
            return (Duration::ZERO, false);
        }
        let now = inner.config.clock.now();
        let threshold = inner.config.slow_call_duration_threshold.unwrap_or(Duration::MAX);
        (now, self.began.is_some_and(|began| now.saturating_sub(began) >= threshold))
    }
}

// ANCHOR: drop
/// In Rust a call can end without a result: its future is dropped, because the client left or an outer timeout fired.
/// A panic ends here too, and a panic is a failure.
impl<B: Borrow<CircuitBreaker>> Drop for Permit<B> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let (now, slow) = self.elapsed();
        let mark = match self.breaker.borrow().0.config.cancellation {
            _ if std::thread::panicking() => Some(Mark { failed: true, slow }),
            Cancellation::Ignore => None,
            Cancellation::Failure => Some(Mark { failed: true, slow }),
            Cancellation::Slow => slow.then_some(Mark { failed: false, slow }),
        };
        self.settle(Ended::Cancelled, mark, now);
    }
}
// ANCHOR_END: drop
