//! Channels: the message brings the span of its sender.

use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: envelope
/// A message, and the span in which it was sent.
#[derive(Debug)]
pub struct Envelope<T> {
    message: T,
    sender: Span,
}

impl<T> Envelope<T> {
    /// Takes the current span along.
    pub fn new(message: T) -> Self {
        Self { message, sender: Span::current() }
    }

    /// Handles one message below its sender's span: request and answer are one story.
    pub fn handle<U>(self, work: impl FnOnce(T) -> U) -> U {
        self.sender.in_scope(|| work(self.message))
    }
}
// ANCHOR_END: envelope

// ANCHOR: batch
/// Handles many messages at once, in a span of its own. It cannot be the child of all their senders, so it links to each.
pub fn handle_batch<T, U>(batch: Vec<Envelope<T>>, work: impl FnOnce(Vec<T>) -> U) -> U {
    let span = tracing::info_span!(parent: None, "batch", batch.size = batch.len());
    let (messages, senders): (Vec<T>, Vec<Span>) =
        batch.into_iter().map(|envelope| (envelope.message, envelope.sender)).unzip();
    for sender in senders {
        span.add_link(sender.context().span().span_context().clone());
    }
    span.in_scope(|| work(messages))
}
// ANCHOR_END: batch
