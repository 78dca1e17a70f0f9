//! What a breaker tells those who listen.

use std::time::Duration;

use crate::rate::Rate;
use crate::state::State;

/// Something that happened in a breaker.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A call succeeded.
    Success,
    /// A call failed.
    Failure,
    /// A call was not about the dependency's health.
    Ignored,
    /// A call was dropped before it had a result.
    Cancelled,
    /// A call was rejected.
    NotPermitted,
    /// The failure rate has reached its threshold. In `METRICS_ONLY` this is all that happens.
    FailureRateExceeded(Rate),
    /// The slow-call rate has reached its threshold.
    SlowCallRateExceeded(Rate),
    /// The state has changed.
    Transition(Transition),
    /// Somebody has reset the breaker.
    Reset,
}

/// A change of state, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The state that ended.
    pub from: State,
    /// The state that began.
    pub to: State,
    /// The failure rate at that moment.
    pub failure_rate: Rate,
    /// The slow-call rate at that moment.
    pub slow_call_rate: Rate,
    /// How long the breaker stays open; `None` for the other states.
    pub wait: Option<Duration>,
}

/// How a call ended, as telemetry names it. A rejected call never began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Success,
    Failure,
    Ignored,
    Cancelled,
}

impl Ended {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Ignored => "ignored",
            Self::Cancelled => "cancelled",
        }
    }

    pub const fn event(self) -> Event {
        match self {
            Self::Success => Event::Success,
            Self::Failure => Event::Failure,
            Self::Ignored => Event::Ignored,
            Self::Cancelled => Event::Cancelled,
        }
    }
}
