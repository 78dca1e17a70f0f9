//! A name that is known later.

use std::borrow::Cow;

use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: rename
/// Gives a running span another name. `otel.name` cannot do it: the bridge reads it until the span is entered.
pub fn rename(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}
// ANCHOR_END: rename
