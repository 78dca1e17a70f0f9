//! Context, baggage and remote parents.

use opentelemetry::baggage::BaggageExt;
use opentelemetry::context::FutureExt;
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::{Context, KeyValue, StringValue};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetrySpanExt, SetParentError};

// ANCHOR: future
/// `FutureExt` lives in `opentelemetry::context`, because it is not about traces
/// (0.29). The old path still compiles.
pub async fn within<F: Future>(context: Context, work: F) -> F::Output {
    work.with_context(context).await
}
// ANCHOR_END: future

// ANCHOR: baggage
/// Values of baggage are text (0.29), at most 64 of them. `with_baggage` replaces what
/// was there.
///
/// ```compile_fail,E0308
/// # use opentelemetry::{Context, Value, baggage::BaggageExt};
/// let tenant: Option<&Value> = Context::current().baggage().get("tenant");
/// ```
pub fn tenant(context: &Context) -> Option<&StringValue> {
    context.baggage().get("tenant")
}

/// Adds one entry and keeps the others.
pub fn with_tenant(context: &Context, tenant: &'static str) -> Context {
    let others = context.baggage().iter().map(|(key, (value, _metadata))| KeyValue::new(key.clone(), value.clone()));
    context.with_baggage(others.chain([KeyValue::new("tenant", tenant)]))
}
// ANCHOR_END: baggage

// ANCHOR: set_parent
/// `set_parent` can fail, and says so (tracing-opentelemetry 0.32): the span was
/// entered before, or no layer is there.
///
/// ```compile_fail,E0308
/// use tracing_opentelemetry::OpenTelemetrySpanExt;
/// fn join(parent: opentelemetry::Context) {
///     tracing::Span::current().set_parent(parent)
/// }
/// ```
pub fn join(span: &Span, parent: Context) -> Result<(), SetParentError> {
    span.set_parent(parent)
}
// ANCHOR_END: set_parent

// ANCHOR: propagator
/// The default propagator does nothing and `OTEL_PROPAGATORS` is not read: hand this to
/// `global::set_text_map_propagator`.
pub fn propagator() -> impl TextMapPropagator {
    TextMapCompositePropagator::new(vec![Box::new(TraceContextPropagator::new()), Box::new(BaggagePropagator::new())])
}
// ANCHOR_END: propagator
