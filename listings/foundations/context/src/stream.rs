//! Streams: a body, a subscription, a cursor.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tracing::Span;

// ANCHOR: stream
pin_project! {
    /// A stream in a span, which is entered for each poll and ends with the stream. `tracing` has this for futures only.
    #[derive(Debug)]
    pub struct Instrumented<S> {
        #[pin]
        inner: S,
        span: Span,
    }
}

/// Puts `inner` into `span`.
pub fn instrument<S>(inner: S, span: Span) -> Instrumented<S> {
    Instrumented { inner, span }
}

impl<S: Stream> Stream for Instrumented<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let _entered = this.span.enter(); // no await below, so the guard is safe
        this.inner.poll_next(context)
    }
}
// ANCHOR_END: stream
