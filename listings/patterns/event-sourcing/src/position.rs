//! Where an event is: in its stream, and among all events.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many events a stream has, and so the number of its last one. An empty stream has version 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// That of a stream without events.
    pub const NONE: Self = Self(0);

    /// The version after `events` more.
    #[must_use]
    pub fn plus(self, events: usize) -> Self {
        Self(self.0 + i64::try_from(events).expect("nobody appends 2^63 events"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// ANCHOR: position
/// The place of an event among all events: first the number of the transaction that wrote it, then its own.
///
/// The second alone would not do: PostgreSQL hands out numbers when rows are written, and makes the rows visible when
/// transactions commit. Transactions commit in any order, so a reader at number 8 may have passed 7 before it was visible.
///
/// ```
/// use event_sourcing::Position;
///
/// let position: Position = "740-8".parse().unwrap();
/// assert!(position > Position { transaction: 740, number: 7 } && position < Position { transaction: 741, number: 7 });
/// assert_eq!(position.to_string(), "740-8");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The number of the transaction.
    pub transaction: i64,
    /// The number of the event. Numbers grow, with gaps where a transaction was rolled back.
    pub number: i64,
}
// ANCHOR_END: position

impl Position {
    /// Before the first event.
    pub const START: Self = Self { transaction: 0, number: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.number)
    }
}

/// The text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no position; expected two numbers, like 740-8")]
pub struct InvalidPosition(String);

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0);
        text.split_once('-')
            .and_then(|(transaction, position)| {
                Some(Self { transaction: number(transaction)?, number: number(position)? })
            })
            .ok_or_else(|| InvalidPosition(text.to_owned()))
    }
}
