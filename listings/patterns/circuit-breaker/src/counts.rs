//! How many calls ended how, for the metrics.

use crate::event::Ended;
use crate::permit::Admission;
use crate::sync::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// How many calls ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Went well.
    pub success: u64,
    /// Failed.
    pub failure: u64,
    /// Said nothing about the dependency.
    pub ignored: u64,
    /// Were dropped.
    pub cancelled: u64,
    /// Were not made.
    pub rejected: u64,
}

/// What the window does not know of all calls ever made. Nothing here moves while all is well: a success is counted by
/// the head of the window, which moves anyway.
#[derive(Debug)]
pub(crate) struct Counts {
    failed: AtomicU64,
    ignored: AtomicU64,
    cancelled: AtomicU64,
    /// Cancelled calls that the window was told of all the same.
    cancelled_recorded: AtomicU64,
    /// Probes with a result: they are not in the window.
    probed: AtomicU64,
    rejected: AtomicU64,
    /// The successes that were last read.
    seen: AtomicU64,
}

impl Counts {
    pub fn new() -> Self {
        let [failed, ignored, cancelled, cancelled_recorded, probed, rejected, seen] =
            std::array::from_fn(|_| AtomicU64::new(0));
        Self { failed, ignored, cancelled, cancelled_recorded, probed, rejected, seen }
    }

    // ANCHOR: counts
    /// Counts a call that the window's head does not count as a success, *before* the head moves: see [`Counts::read`].
    /// `recorded` tells whether the window, or the verdict, will hear of it.
    #[cold]
    pub fn ended(&self, admission: Admission, ended: Ended, recorded: bool) {
        if matches!(admission, Admission::Uncounted) {
            return;
        }
        match ended {
            Ended::Success => {}
            Ended::Failure => add(&self.failed),
            Ended::Ignored => add(&self.ignored),
            Ended::Cancelled => {
                add(&self.cancelled);
                if recorded {
                    add(&self.cancelled_recorded);
                }
            }
        }
        if recorded && admission.is_probe() {
            add(&self.probed);
        }
    }

    /// All calls, when the window has recorded so many. A counter of successes must never go back: a monitoring system
    /// takes that for a restart of the process. So what is recorded is read first and what has failed after, and a
    /// failure that is being counted this moment is never taken for a success; and no answer is below an earlier one.
    pub fn read(&self, recorded: impl FnOnce() -> u64) -> Calls {
        let recorded = recorded() + self.probed.load(Acquire);
        let failure = self.failed.load(Relaxed);
        let success = recorded.saturating_sub(failure + self.cancelled_recorded.load(Relaxed));
        Calls {
            success: self.seen.fetch_max(success, Relaxed).max(success),
            failure,
            ignored: self.ignored.load(Relaxed),
            cancelled: self.cancelled.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
        }
    }
    // ANCHOR_END: counts

    pub fn rejected(&self) {
        add(&self.rejected);
    }
}

/// Released, so that who reads one number finds those that were counted before it.
fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Release);
}
