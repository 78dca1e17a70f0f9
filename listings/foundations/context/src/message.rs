//! Messages of a broker: what another program, tomorrow, can still read.

use http::HeaderMap;
use opentelemetry::trace::TraceContextExt;
use telemetry::propagation::{context_of, extract, inject};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: message
/// Bytes for a broker, and the context as text in its headers, under the names that HTTP uses.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// `traceparent`, `tracestate`, `baggage`.
    pub headers: HeaderMap,
    /// What the message says.
    pub payload: Vec<u8>,
}

impl Message {
    /// Takes the current context along.
    pub fn new(payload: impl Into<Vec<u8>>) -> Self {
        let mut headers = HeaderMap::new();
        inject(&context_of(&Span::current()), &mut headers);
        Self { headers, payload: payload.into() }
    }

    /// Processes the message in a trace of its own, linked to the one that sent it: the sender's may be days old, and a
    /// message that is delivered twice has two.
    pub fn process<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        let span = tracing::info_span!(parent: None, "process", otel.kind = "consumer");
        span.add_link(extract(&self.headers).span().span_context().clone());
        span.in_scope(|| work(&self.payload))
    }
}
// ANCHOR_END: message
