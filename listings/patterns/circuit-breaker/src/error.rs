//! What a caller gets in place of an answer.

use std::sync::Arc;
use std::time::Duration;

use crate::state::State;

/// The breaker did not let a call through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("circuit breaker {name} is {state}")]
pub struct Rejected {
    /// The breaker's name.
    pub name: Arc<str>,
    /// `Open`, `HalfOpen` (all probes are out) or `ForcedOpen`.
    pub state: State,
    /// When a call may be let through again; `None` when only a person knows.
    pub retry_after: Option<Duration>,
}

/// Why a call is not let through, before anybody has asked to make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub state: State,
    pub retry_after: Option<Duration>,
}

/// How a protected call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// It was not made.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It was made, and failed.
    #[error("{0}")]
    Inner(E),
}
