//! The calls that a rate is computed from.

mod count;
mod time;

pub(crate) use count::CountWindow;
pub(crate) use time::TimeWindow;

use crate::config::{Config, SlidingWindow};
use crate::rate::Rate;

/// A number for the time between two transitions. What a call reports counts only in the cycle that let it through.
pub(crate) type Cycle = u16;

/// What a window remembers of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub failed: bool,
    pub slow: bool,
}

/// What a window knows of its calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub recorded: u64,
    pub failed: u64,
    pub slow: u64,
}

impl Totals {
    pub fn add(&mut self, mark: Mark) {
        self.recorded += 1;
        self.failed += u64::from(mark.failed);
        self.slow += u64::from(mark.slow);
    }

    pub fn failure_rate(self) -> Rate {
        Rate::of(self.failed, self.recorded)
    }

    pub fn slow_call_rate(self) -> Rate {
        Rate::of(self.slow, self.recorded)
    }
}

#[derive(Debug)]
pub(crate) enum Window {
    Count(CountWindow),
    Time(TimeWindow),
}

impl Window {
    pub fn new(config: &Config) -> Self {
        match config.sliding_window {
            SlidingWindow::Count(size) => Self::Count(CountWindow::new(size)),
            SlidingWindow::Time { buckets, width } => Self::Time(TimeWindow::new(buckets, width)),
        }
    }

    /// Whether recording needs to know the time.
    pub fn needs_time(&self) -> bool {
        matches!(self, Self::Time(_))
    }

    /// Counts a call. Returns the totals when they have changed; what has not changed needs no second look.
    #[inline(always)]
    pub fn record(&self, cycle: Cycle, mark: Mark, now: u64) -> Option<Totals> {
        match self {
            Self::Count(window) => window.record(cycle, mark),
            Self::Time(window) => window.record(cycle, mark, now),
        }
    }

    /// Forgets everything and counts for `cycle` from now on.
    pub fn reset(&self, cycle: Cycle) {
        match self {
            Self::Count(window) => window.reset(cycle),
            Self::Time(window) => window.reset(cycle),
        }
    }

    pub fn totals(&self, now: u64) -> Totals {
        match self {
            Self::Count(window) => window.totals(),
            Self::Time(window) => window.totals(now),
        }
    }

    /// Every call ever recorded, in all cycles.
    pub fn recorded_ever(&self) -> u64 {
        match self {
            Self::Count(window) => window.recorded_ever(),
            Self::Time(window) => window.recorded_ever(),
        }
    }
}
