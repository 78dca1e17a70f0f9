//! Which results count as failures.

/// What a finished call says about the dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is well.
    Success,
    /// It is not.
    Failure,
    /// Nothing: the caller sent nonsense, or the answer was "no such order".
    Ignored,
}

/// Judges a result. Every `Fn(&Result<T, E>) -> Outcome` does.
pub trait Classify<T, E> {
    /// The outcome that this result counts as.
    fn classify(&self, result: &Result<T, E>) -> Outcome;
}

impl<T, E, F: Fn(&Result<T, E>) -> Outcome> Classify<T, E> for F {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// `Err` is a failure and `Ok` is a success. For HTTP that is rarely enough: a *500* is `Ok`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrorsAreFailures;

impl<T, E> Classify<T, E> for ErrorsAreFailures {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure }
    }
}
