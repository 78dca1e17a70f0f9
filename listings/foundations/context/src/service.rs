//! Tower: the context in the headers of a request. gRPC is HTTP, so one pair serves both.

use std::task::{Context, Poll};

use opentelemetry::context::{FutureExt, WithContext};
use telemetry::propagation::{context_of, extract, inject};
use tower::{Layer, Service};
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: send
/// Writes the current context into the headers of an outgoing request: `MapRequestLayer::new(send_context)`.
pub fn send_context<B>(mut request: http::Request<B>) -> http::Request<B> {
    inject(&context_of(&Span::current()), request.headers_mut());
    request
}
// ANCHOR_END: send

/// Puts [`TakeContext`] in front of a service.
#[derive(Debug, Clone, Copy, Default)]
pub struct TakeContextLayer;

impl<S> Layer<S> for TakeContextLayer {
    type Service = TakeContext<S>;

    fn layer(&self, inner: S) -> TakeContext<S> {
        TakeContext(inner)
    }
}

/// Handles each request in a span below its caller's.
#[derive(Debug, Clone)]
pub struct TakeContext<S>(S);

// ANCHOR: take
impl<S: Service<http::Request<B>>, B> Service<http::Request<B>> for TakeContext<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = WithContext<Instrumented<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (span, caller) = (tracing::info_span!("handle", otel.kind = "server"), extract(request.headers()));
        // Fails where the span is not recorded. Then the caller's context is passed on as it came.
        let _ = span.set_parent(caller.clone());
        let answer = span.in_scope(|| self.0.call(request)); // a service may work before its future is polled
        answer.instrument(span).with_context(caller) // which carries the baggage
    }
}
// ANCHOR_END: take
