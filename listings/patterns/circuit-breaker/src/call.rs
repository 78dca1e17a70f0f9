//! Calls through a breaker, without Tower.

use std::future::Future;

use crate::breaker::CircuitBreaker;
use crate::classify::{Classify, ErrorsAreFailures};
use crate::error::Error;
use crate::middleware::ResponseFuture;

impl CircuitBreaker {
    /// Makes an asynchronous call, or does not. Errors count as failures.
    ///
    /// The future fails with [`Error::Rejected`] at once, or with the call's own error.
    ///
    /// # Cancellation
    ///
    /// Dropping the future is counted by [`Config::cancellation`](crate::Config::cancellation).
    #[inline]
    pub fn call<F, T, E>(&self, call: F) -> ResponseFuture<F, ErrorsAreFailures, &Self>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call_with(ErrorsAreFailures, call)
    }

    // ANCHOR: call
    /// Makes an asynchronous call whose result `classify` judges.
    #[inline]
    pub fn call_with<F, C, T, E>(&self, classify: C, call: F) -> ResponseFuture<F, C, &Self>
    where
        F: Future<Output = Result<T, E>>,
        C: Classify<T, E>,
    {
        match self.try_acquire() {
            Ok(permit) => ResponseFuture::called(call, permit, classify),
            Err(rejected) => ResponseFuture::rejected(rejected),
        }
    }
    // ANCHOR_END: call

    /// Makes a blocking call. Errors count as failures, and so does a panic.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] at once, or the call's own error.
    #[inline(always)]
    pub fn call_blocking<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, Error<E>> {
        let permit = self.try_acquire()?;
        let result = call();
        permit.finish(ErrorsAreFailures.classify(&result));
        result.map_err(Error::Inner)
    }
}
