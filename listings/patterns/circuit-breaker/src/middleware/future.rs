//! The answer of a service behind a breaker.

use std::borrow::Borrow;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::breaker::CircuitBreaker;
use crate::classify::Classify;
use crate::error::{Error, Rejected};
use crate::permit::Permit;

// ANCHOR: future
pin_project! {
    /// Resolves to the inner answer, or at once to a rejection. Dropping it cancels the call and gives the permit back.
    #[derive(Debug)]
    pub struct ResponseFuture<F, C, B = CircuitBreaker>
    where
        B: Borrow<CircuitBreaker>,
    {
        #[pin]
        state: State<F, C, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F, C, B>
    where
        B: Borrow<CircuitBreaker>,
    {
        Called { #[pin] call: F, permit: Permit<B>, classify: C },
        Rejected { rejected: Option<Rejected> },
    }
}

impl<F, C, B, T, E> Future for ResponseFuture<F, C, B>
where
    B: Borrow<CircuitBreaker>,
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, Error<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Called { call, permit, classify } => {
                let result = ready!(call.poll(context));
                permit.end(classify.classify(&result));
                Poll::Ready(result.map_err(Error::Inner))
            }
            StateProjection::Rejected { rejected } => {
                let rejected = rejected.take().expect("a future is not polled after it is ready");
                Poll::Ready(Err(Error::Rejected(rejected)))
            }
        }
    }
}
// ANCHOR_END: future

impl<F, C, B: Borrow<CircuitBreaker>> ResponseFuture<F, C, B> {
    pub(crate) fn called(call: F, permit: Permit<B>, classify: C) -> Self {
        Self { state: State::Called { call, permit, classify } }
    }

    pub(crate) fn rejected(rejected: Rejected) -> Self {
        Self { state: State::Rejected { rejected: Some(rejected) } }
    }
}
