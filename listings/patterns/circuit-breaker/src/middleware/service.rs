//! The service that the layer makes.

use std::task::{Context, Poll};

use tower::Service;

use super::future::ResponseFuture;
use crate::breaker::CircuitBreaker;
use crate::classify::Classify;
use crate::error::{Error, Refusal};
use crate::permit::Permit;

/// A service behind a breaker. Clones share the breaker.
#[derive(Debug)]
pub struct CircuitBreakerService<S, C> {
    inner: S,
    breaker: CircuitBreaker,
    classify: C,
    /// Why the next call will be rejected: the inner service has not been asked whether it is ready.
    refusal: Option<Refusal>,
}

impl<S, C> CircuitBreakerService<S, C> {
    pub(crate) fn new(inner: S, breaker: CircuitBreaker, classify: C) -> Self {
        Self { inner, breaker, classify, refusal: None }
    }
}

impl<S: Clone, C: Clone> Clone for CircuitBreakerService<S, C> {
    fn clone(&self) -> Self {
        // Readiness is not cloned, and neither is its opposite.
        Self::new(self.inner.clone(), self.breaker.clone(), self.classify.clone())
    }
}

// ANCHOR: service
impl<S, C, Request> Service<Request> for CircuitBreakerService<S, C>
where
    S: Service<Request>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ResponseFuture<S::Future, C>;

    /// Ready when the inner service is, and at once when the breaker rejects anyway: a rejection does not queue for a
    /// place in a full bulkhead. The breaker takes no permit here: a caller may ask for readiness and then never call, and
    /// a probe that is reserved and never made would keep the breaker half-open. An inner service that fails to become
    /// ready is broken for good, by Tower's contract; that is not a call, and is not counted.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Who was told that the service is ready, though only to reject, may ask again and must hear the same.
        self.refusal = self.refusal.take().or_else(|| self.breaker.refusal());
        if self.refusal.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(context).map_err(Error::Inner)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let admission = match self.refusal.take() {
            Some(refusal) => Err(self.breaker.reject(refusal)),
            None => self.breaker.acquire(),
        };
        match admission {
            Ok(admission) => {
                let permit = Permit::new(self.breaker.clone(), admission);
                ResponseFuture::called(self.inner.call(request), permit, self.classify.clone())
            }
            Err(rejected) => ResponseFuture::rejected(rejected),
        }
    }
}
// ANCHOR_END: service
