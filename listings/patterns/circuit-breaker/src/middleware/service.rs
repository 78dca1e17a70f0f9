//! The service that the layer makes.

use std::task::{Context, Poll};

use tower::Service;

use super::future::ResponseFuture;
use crate::breaker::CircuitBreaker;
use crate::classify::Classify;
use crate::error::Error;
use crate::permit::Permit;
use crate::telemetry;

/// A service behind a breaker. Clones share the breaker.
#[derive(Debug, Clone)]
pub struct CircuitBreakerService<S, C> {
    inner: S,
    breaker: CircuitBreaker,
    classify: C,
}

impl<S, C> CircuitBreakerService<S, C> {
    pub(crate) fn new(inner: S, breaker: CircuitBreaker, classify: C) -> Self {
        Self { inner, breaker, classify }
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

    /// Ready when the inner service is. The breaker takes no permit here: a caller may ask for readiness and then never
    /// call, and a probe that is reserved and never made would keep the breaker half-open.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Error::Inner)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.breaker.acquire() {
            Ok(admission) => {
                let permit = Permit::new(self.breaker.clone(), admission);
                ResponseFuture::called(self.inner.call(request), permit, self.classify.clone())
            }
            Err(rejected) => {
                telemetry::rejection(&self.breaker, &rejected);
                ResponseFuture::rejected(rejected)
            }
        }
    }
}
// ANCHOR_END: service
