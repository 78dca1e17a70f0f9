//! The states, and the word that holds the current one.

use std::fmt;

use crate::sync::{AtomicU64, Ordering};
use crate::window::Cycle;

/// What a breaker does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Lets calls through and counts them.
    Closed,
    /// Rejects calls until the wait has passed.
    Open,
    /// Lets a few probes through.
    HalfOpen,
    /// Lets calls through and counts nothing.
    Disabled,
    /// Rejects calls until somebody decides otherwise.
    ForcedOpen,
    /// Lets calls through, counts them, and never opens.
    MetricsOnly,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Closed, Self::Open, Self::HalfOpen, Self::Disabled, Self::ForcedOpen, Self::MetricsOnly];

    /// The name in telemetry and in the admin interface: `half_open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Disabled => "disabled",
            Self::ForcedOpen => "forced_open",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is none of the six states.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state; expected closed, open, half_open, disabled, forced_open or metrics_only")]
pub struct UnknownState(String);

impl std::str::FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or_else(|| UnknownState(name.to_owned()))
    }
}

// ANCHOR: word
/// State and cycle in one atomic word, so that a call reads both at once.
#[derive(Debug)]
pub(crate) struct StateWord(AtomicU64);

impl StateWord {
    pub fn new(state: State) -> Self {
        Self(AtomicU64::new(pack(state, 0)))
    }

    #[inline(always)]
    pub fn load(&self) -> (State, Cycle) {
        let word = self.0.load(Ordering::Acquire);
        let state = match word & 7 {
            0 => State::Closed,
            1 => State::Open,
            2 => State::HalfOpen,
            3 => State::Disabled,
            4 => State::ForcedOpen,
            _ => State::MetricsOnly,
        };
        (state, (word >> 3) as Cycle)
    }

    /// Only ever called by the one thread that holds the lock of the transitions.
    pub fn store(&self, state: State, cycle: Cycle) {
        self.0.store(pack(state, cycle), Ordering::Release);
    }
}

fn pack(state: State, cycle: Cycle) -> u64 {
    state as u64 | u64::from(cycle) << 3
}
// ANCHOR_END: word
