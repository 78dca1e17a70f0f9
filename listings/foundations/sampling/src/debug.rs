//! Traces that somebody asked for.

use std::sync::Arc;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use crate::limit::{Clock, Limit, Monotonic};
use crate::ratio::with_threshold;

/// The entry of the baggage that asks for a trace, and the attribute of the root that was kept for it.
pub const DEBUG: &str = "trace.debug";

// ANCHOR: debug
/// Keeps the traces that the edge has marked, as many as the limit admits; of the others, what `otherwise` keeps.
#[derive(Debug)]
pub struct DebugOr<S, C = Monotonic> {
    otherwise: S,
    limit: Arc<Limit<C>>,
}

impl<S: ShouldSample + Clone + 'static, C: Clock> ShouldSample for DebugOr<S, C> {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        match parent.filter(|parent| parent.baggage().get(DEBUG).is_some()) {
            Some(parent) if self.limit.admits() => SamplingResult {
                decision: SamplingDecision::RecordAndSample,
                attributes: vec![KeyValue::new(DEBUG, true)],
                trace_state: with_threshold(parent.span().span_context().trace_state(), None),
            },
            _ => self.otherwise.should_sample(parent, trace, name, kind, attributes, links),
        }
    }
}
// ANCHOR_END: debug

impl<S, C> DebugOr<S, C> {
    /// Clones share the limit.
    pub fn new(limit: Arc<Limit<C>>, otherwise: S) -> Self {
        Self { otherwise, limit }
    }
}

impl<S: Clone, C> Clone for DebugOr<S, C> {
    fn clone(&self) -> Self {
        Self { otherwise: self.otherwise.clone(), limit: Arc::clone(&self.limit) }
    }
}
