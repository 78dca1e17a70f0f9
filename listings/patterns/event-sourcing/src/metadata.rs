//! What is known about an event beside what happened.

use http::HeaderMap;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use serde::{Deserialize, Serialize};
use telemetry::propagation;
use tracing::Span;
use uuid::Uuid;

use crate::event::EventId;

// ANCHOR: metadata
/// Who caused the event, for whom, and in which trace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// What all events of one story have in common, over any number of commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The event that led to this one, when it was an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    /// A digest of what was asked for. Who sends a command again and asks for something else is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Uuid>,
    /// Whose event it is, where several share the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The span that appended the event, as the headers of W3C Trace Context have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

impl Metadata {
    /// The same in the trace of `span`. Baggage is left out: an event stays for years.
    #[must_use]
    pub(crate) fn in_trace_of(mut self, span: &Span) -> Self {
        let mut headers = HeaderMap::new();
        propagation::inject(&propagation::context_of(span), &mut headers);
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        (self.traceparent, self.tracestate) = (header("traceparent"), header("tracestate"));
        self
    }

    /// The span that appended the event, to link to.
    pub fn span_context(&self) -> Option<SpanContext> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", self.traceparent.as_ref()?.parse().ok()?);
        if let Some(state) = self.tracestate.as_ref().and_then(|state| state.parse().ok()) {
            headers.insert("tracestate", state);
        }
        let span = propagation::extract(&headers).span().span_context().clone();
        span.is_valid().then_some(span)
    }
}
// ANCHOR_END: metadata
