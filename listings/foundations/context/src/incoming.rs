//! A context that came from elsewhere: a header, a message, the environment.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetrySpanExt, SetParentError};

// ANCHOR: set_parent
/// Puts `span` below a remote parent. The parent must be there before the span is entered for the first time: then its
/// ids are settled, and the call fails.
///
/// # Errors
///
/// [`SetParentError`]: the span was entered before, is disabled, or there is no OpenTelemetry layer.
pub fn below(span: Span, parent: Context) -> Result<Span, SetParentError> {
    span.set_parent(parent)?;
    Ok(span)
}
// ANCHOR_END: set_parent

// ANCHOR: edge
/// At a public door the caller is a stranger: a parent from there would let anybody write into your traces, and decide
/// what is sampled. So the span begins a trace of its own, and links to what the caller said.
pub fn beside(span: Span, caller: &Context) -> Span {
    span.add_link(caller.span().span_context().clone());
    span
}
// ANCHOR_END: edge
