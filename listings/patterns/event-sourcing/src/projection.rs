//! Read models: what the events look like to somebody who asks.

use std::future::Future;

use sqlx::PgConnection;

use crate::event::{Event, Recorded};

// ANCHOR: projection
/// Keeps tables up to date with what happens.
pub trait Projection: Send + Sync {
    /// The events that it understands.
    type Event: Event;

    /// Its name, which its checkpoint has as well.
    const NAME: &'static str;

    /// The categories of streams that it reads. In these it understands every event; of others, none.
    const CATEGORIES: &'static [&'static str];

    /// The tables that it writes, and nobody else does.
    const TABLES: &'static [&'static str];

    /// Writes what `events` change, in the transaction in which the checkpoint moves on. So each event takes effect once,
    /// although it may be applied twice: once in a transaction that is rolled back.
    ///
    /// # Errors
    ///
    /// What the database says. An error of the data ([`is_poison`](crate::is_poison)) is the event's fault, any other is the
    /// database's, and the same events come again.
    fn apply(
        &self,
        events: &[Projected<Self::Event>],
        transaction: &mut PgConnection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}
// ANCHOR_END: projection

/// An event with what the store knows of it.
#[derive(Debug, Clone)]
pub struct Projected<E> {
    /// What happened.
    pub event: E,
    /// Where and when.
    pub recorded: Recorded,
}

// ANCHOR: poison
/// What to do with an event that cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Poison {
    /// Stop before it, and say so. What comes after it may depend on it.
    #[default]
    Stop,
    /// Write it down in `skipped`, and go on.
    Skip,
}

/// Whether an error is the fault of the data, so that the same event fails again: SQLSTATE class 22 (data exception) or 23
/// (integrity constraint violation).
pub fn is_poison(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(answer) => {
            answer.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
        }
        sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => true,
        _ => false,
    }
}
// ANCHOR_END: poison
