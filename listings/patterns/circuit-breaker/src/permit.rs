//! The right to make one call.

use std::borrow::Borrow;
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::classify::Outcome;
use crate::clock::{Clock, PreciseClock, nanos};
use crate::config::Cancellation;
use crate::event::Ended;
use crate::window::{Cycle, Mark};

/// What the breaker remembers of a call it has let through.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Admission {
    /// Its result goes into the window.
    Counted(Cycle),
    /// Its result decides about recovery.
    Probe(Cycle),
    /// Nobody counts it.
    Uncounted,
}

impl Admission {
    #[inline(always)]
    pub fn is_probe(self) -> bool {
        matches!(self, Self::Probe(_))
    }
}

/// One call that the breaker has let through. Give it back with [`Permit::finish`]; dropping it means that the call was
/// cancelled. Either way it is counted once.
#[derive(Debug)]
#[must_use = "a permit that is dropped counts as a cancelled call"]
pub struct Permit<B: Borrow<CircuitBreaker>> {
    breaker: B,
    admission: Admission,
    /// When the call began, in nanoseconds, for slow-call detection; 0 when nobody asks.
    began: u64,
    /// When the call began by the precise clock, in nanoseconds, for the histogram; 0 when nobody asks.
    timer: u64,
    finished: bool,
}

impl<B: Borrow<CircuitBreaker>> Permit<B> {
    #[inline(always)]
    pub(crate) fn new(breaker: B, admission: Admission) -> Self {
        let inner = &breaker.borrow().0;
        let began = if inner.slow_after == u64::MAX { 0 } else { nanos(inner.config.clock.now()) };
        let timer = inner.telemetry.get().map_or(0, |_| nanos(PreciseClock.now()).max(1));
        Self { breaker, admission, began, timer, finished: false }
    }

    // ANCHOR: permit
    /// Reports how the call ended.
    #[inline(always)]
    pub fn finish(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    /// The same, where the permit stays in its place: moving it costs more than counting the call.
    #[inline(always)]
    pub(crate) fn end(&mut self, outcome: Outcome) {
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
    #[inline(always)]
    fn settle(&self, ended: Ended, mark: Option<Mark>, now: u64) {
        let breaker = self.breaker.borrow();
        if ended != Ended::Success || self.admission.is_probe() {
            breaker.0.counts.ended(self.admission, ended, mark.is_some());
        }
        match (self.admission, mark) {
            (Admission::Counted(cycle), Some(mark)) => breaker.record(cycle, mark, now),
            (Admission::Probe(cycle), mark) => breaker.record_probe(cycle, mark),
            _ => {}
        }
        if self.timer != 0 {
            self.measure(ended);
        }
        breaker.publish(|| ended.event());
    }
    // ANCHOR_END: permit

    /// Gives the permit back unused: no call was made, and none is counted.
    pub fn release(mut self) {
        self.finished = true;
        if let Admission::Probe(cycle) = self.admission {
            self.breaker.borrow().record_probe(cycle, None);
        }
    }

    #[inline(never)]
    fn measure(&self, ended: Ended) {
        if let Some(telemetry) = self.breaker.borrow().0.telemetry.get() {
            let elapsed = nanos(PreciseClock.now()).saturating_sub(self.timer);
            telemetry.record(Duration::from_nanos(elapsed), ended);
        }
    }

    /// The time, and whether the call was slow; no clock is read when neither matters.
    #[inline(always)]
    fn elapsed(&self) -> (u64, bool) {
        let inner = &self.breaker.borrow().0;
        if inner.slow_after == u64::MAX && !inner.window.needs_time() {
            return (0, false);
        }
        let now = nanos(inner.config.clock.now());
        (now, now.saturating_sub(self.began) >= inner.slow_after)
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
        if std::thread::panicking() {
            return self.settle(Ended::Failure, Some(Mark { failed: true, slow }), now);
        }
        let mark = match self.breaker.borrow().0.config.cancellation {
            Cancellation::Ignore => None,
            Cancellation::Failure => Some(Mark { failed: true, slow }),
            Cancellation::Slow => slow.then_some(Mark { failed: false, slow }),
        };
        self.settle(Ended::Cancelled, mark, now);
    }
}
// ANCHOR_END: drop
