//! What a breaker is told. Names and defaults are Resilience4j's; where they differ, the field says so.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, CoarseClock};
use crate::rate::Rate;
use crate::wait::Wait;
use crate::window::CountWindow;

/// Which calls a rate is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlidingWindow {
    /// The last so many recorded calls, at most 32,768. Lock-free.
    Count(u16),
    /// The calls of the last so many buckets of this width each. Behind a lock.
    Time {
        /// How many buckets.
        buckets: u16,
        /// How long one bucket lasts.
        width: Duration,
    },
}

/// What a call means that was dropped before it had a result: the client went away, an outer timeout fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cancellation {
    /// It says nothing about the dependency.
    #[default]
    Ignore,
    /// It is a failure: nobody waits this long without a reason.
    Failure,
    /// It is a slow call if it had lasted that long already, and says nothing otherwise.
    Slow,
}

// ANCHOR: config
/// The settings of a breaker.
#[derive(Debug, Clone)]
pub struct Config {
    /// Opens when this share of the calls in the window has failed. Default: 50 %.
    pub failure_rate_threshold: Rate,
    /// Opens when this share was slow. Default: 100 %.
    pub slow_call_rate_threshold: Rate,
    /// A call that lasts this long or longer is slow; `None` measures no call. Default: 60 s.
    pub slow_call_duration_threshold: Option<Duration>,
    /// Default: the last 100 calls.
    pub sliding_window: SlidingWindow,
    /// No rate is computed before this many calls, or a full window if that is smaller. Default: 100.
    pub minimum_number_of_calls: u16,
    /// How long to stay open. Default: 60 s.
    pub wait_in_open_state: Wait,
    /// How many probes decide about recovery. Default: 10.
    pub permitted_calls_in_half_open_state: u16,
    /// How long to wait for the probes; then the breaker opens again. Default: 60 s. (Resilience4j waits for ever.)
    pub max_wait_in_half_open_state: Duration,
    /// Default: ignore. (Resilience4j has no such outcome; its callers release the permission themselves.)
    pub cancellation: Cancellation,
    /// Default: the coarse clock.
    pub clock: Arc<dyn Clock>,
}
// ANCHOR_END: config

impl Default for Config {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            failure_rate_threshold: Rate::percent(50.0).expect("50 is a percentage"),
            slow_call_rate_threshold: Rate::percent(100.0).expect("100 is a percentage"),
            slow_call_duration_threshold: Some(minute),
            sliding_window: SlidingWindow::Count(100),
            minimum_number_of_calls: 100,
            wait_in_open_state: Wait::fixed(minute),
            permitted_calls_in_half_open_state: 10,
            max_wait_in_half_open_state: minute,
            cancellation: Cancellation::Ignore,
            clock: Arc::new(CoarseClock),
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A threshold of 0 % is reached by no calls at all.
    #[error("{0} must be more than 0%: a healthy call would open the breaker")]
    ZeroThreshold(&'static str),
    /// There is nothing to count in, or with.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// More than the window can count.
    #[error("{0} must be at most {1}")]
    TooLarge(&'static str, u16),
    /// A duration of zero.
    #[error("{0} must be longer than nothing")]
    NoTime(&'static str),
    /// A breaker needs a name, which becomes a metric attribute.
    #[error("a breaker needs a name")]
    NoName,
}

impl Config {
    /// Whether every setting can work.
    ///
    /// # Errors
    ///
    /// The first [`ConfigError`].
    pub fn validate(&self) -> Result<(), ConfigError> {
        let zero = Rate::percent(0.0);
        let thresholds = [
            ("failure_rate_threshold", self.failure_rate_threshold),
            ("slow_call_rate_threshold", self.slow_call_rate_threshold),
        ];
        if let Some((name, _)) = thresholds.into_iter().find(|(_, rate)| Some(*rate) == zero) {
            return Err(ConfigError::ZeroThreshold(name));
        }
        let (size, width) = match self.sliding_window {
            SlidingWindow::Count(size) => (size, Duration::MAX),
            SlidingWindow::Time { buckets, width } => (buckets, width),
        };
        let counts = [
            ("sliding_window", size),
            ("minimum_number_of_calls", self.minimum_number_of_calls),
            ("permitted_calls_in_half_open_state", self.permitted_calls_in_half_open_state),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(ConfigError::Zero(name));
        }
        if matches!(self.sliding_window, SlidingWindow::Count(size) if size > CountWindow::LARGEST) {
            return Err(ConfigError::TooLarge("sliding_window", CountWindow::LARGEST));
        }
        let durations = [
            ("sliding_window.width", Some(width)),
            ("slow_call_duration_threshold", self.slow_call_duration_threshold),
            ("max_wait_in_half_open_state", Some(self.max_wait_in_half_open_state)),
        ];
        match durations.into_iter().find(|(_, duration)| *duration == Some(Duration::ZERO)) {
            Some((name, _)) => Err(ConfigError::NoTime(name)),
            None => Ok(()),
        }
    }

    /// The number of calls from which a rate counts: a count window never holds more than its size.
    pub(crate) fn minimum(&self) -> u64 {
        let window = match self.sliding_window {
            SlidingWindow::Count(size) => size,
            SlidingWindow::Time { .. } => u16::MAX,
        };
        u64::from(self.minimum_number_of_calls.min(window))
    }
}
