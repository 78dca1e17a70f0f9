//! Tests of decisions, without a store: given what has happened, when this is asked for, then that happens.

use std::fmt::Debug;

use crate::aggregate::Aggregate;

// ANCHOR: harness
/// Begins a test with what has happened.
///
/// ```
/// use event_sourcing::bank::{Account, Refusal};
/// use event_sourcing::given;
///
/// given::<Account>([]).when(|account| account.deposit(500)).then_refused(Refusal::NotOpen);
/// ```
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    let mut state = A::default();
    events.into_iter().for_each(|event| state.apply(event));
    Given(state)
}

/// What has happened.
#[derive(Debug)]
pub struct Given<A>(A);

impl<A: Aggregate> Given<A> {
    /// What is asked for.
    pub fn when<R>(self, decide: impl FnOnce(&A) -> Result<Vec<A::Event>, R>) -> Decided<A::Event, R> {
        Decided(decide(&self.0))
    }
}

/// What was decided.
#[derive(Debug)]
pub struct Decided<E, R>(Result<Vec<E>, R>);

impl<E: Debug + PartialEq, R: Debug + PartialEq> Decided<E, R> {
    /// This happens.
    ///
    /// # Panics
    ///
    /// When something else happens.
    pub fn then(self, events: impl IntoIterator<Item = E>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    /// Nothing happens, and for this reason.
    ///
    /// # Panics
    ///
    /// When something happens, or there is another reason.
    pub fn then_refused(self, reason: R) {
        assert_eq!(self.0, Err(reason));
    }
}
// ANCHOR_END: harness
