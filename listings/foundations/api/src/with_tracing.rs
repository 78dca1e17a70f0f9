//! What there is to say, with `tracing`.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use telemetry::propagation;
use tracing::field::Empty;
use tracing::{Level, Span, event, info_span};
use tracing_opentelemetry::{OpenTelemetrySpanExt, SetParentError};

use crate::OutOfStock;

// ANCHOR: operation
/// An operation that takes time.
pub fn operation(work: impl FnOnce()) {
    info_span!("pack", order.items = 3).in_scope(work);
}
// ANCHOR_END: operation

// ANCHOR: request
/// A request that comes in: the caller's context is the parent, and it has to be there before the span is entered.
///
/// # Errors
///
/// When the span cannot take a parent any more, or nobody exports it.
pub fn request(caller: Context, work: impl FnOnce()) -> Result<(), SetParentError> {
    let span = info_span!("POST /orders", otel.kind = "server");
    span.set_parent(caller)?;
    span.in_scope(work);
    Ok(())
}
// ANCHOR_END: request

// ANCHOR: moment
/// Something that happens at a moment, within an operation. `info!` cannot take a
/// name before a field with a dot in it:
///
/// ```compile_fail
/// tracing::info!(name: "order.packed", order.items = 3);
/// ```
pub fn moment() {
    operation(|| event!(name: "order.packed", Level::INFO, order.items = 3));
}
// ANCHOR_END: moment

// ANCHOR: failure
/// An operation that fails. Fields that get their value later are declared `Empty`.
///
/// # Errors
///
/// Those of `work`.
pub fn failure(work: impl FnOnce() -> Result<(), OutOfStock>) -> Result<(), OutOfStock> {
    let span = info_span!("pack", otel.status_code = Empty, error.type = Empty);
    let result = span.in_scope(work);
    if result.is_err() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", OutOfStock::TYPE);
    }
    result
}
// ANCHOR_END: failure

/// A number to watch: in an event, it is a field of a log record.
pub fn number() {
    event!(name: "order.packed", Level::INFO, order.items = 3);
}

/// A value that belongs to the whole request, and what goes out to the next service.
pub fn value() -> HeaderMap {
    let mut headers = HeaderMap::new();
    info_span!("order", shop.tenant = "acme").in_scope(|| {
        operation(|| propagation::inject(&propagation::context_of(&Span::current()), &mut headers));
    });
    headers
}

/// A value that is known at the end.
pub fn late_value() {
    let span = info_span!("pack", order.items = Empty);
    span.in_scope(|| span.record("order.items", 3));
}

// ANCHOR: round
/// One round of a job that runs for days: a trace of its own, with a link to what started the job.
pub fn round(started_by: &SpanContext, work: impl FnOnce()) {
    let span = info_span!(parent: None, "round");
    span.add_link(started_by.clone());
    span.in_scope(work);
}
// ANCHOR_END: round
