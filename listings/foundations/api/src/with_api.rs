//! What there is to say, with the API of OpenTelemetry.

use http::HeaderMap;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::metrics::Meter;
use opentelemetry::trace::{Link, SpanContext, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use telemetry::propagation;

use crate::OutOfStock;

// ANCHOR: operation
/// An operation that takes time.
pub fn operation(tracer: &impl Tracer<Span: Send + Sync + 'static>, work: impl FnOnce()) {
    let pack = tracer.span_builder("pack").with_attributes([KeyValue::new("order.items", 3)]);
    tracer.in_span_with_builder(pack, |_context| work());
}
// ANCHOR_END: operation

// ANCHOR: request
/// A request that comes in: kind and parent are arguments, and nothing can fail.
pub fn request(tracer: &impl Tracer<Span: Send + Sync + 'static>, caller: &Context, work: impl FnOnce()) {
    let span = tracer.span_builder("POST /orders").with_kind(SpanKind::Server);
    tracer.in_span_with_builder_and_context(span, caller, |_context| work());
}
// ANCHOR_END: request

/// Something that happens at a moment, within an operation.
pub fn moment(tracer: &impl Tracer<Span: Send + Sync + 'static>) {
    operation(tracer, || Context::current().span().add_event("order.packed", vec![KeyValue::new("order.items", 3)]));
}

// ANCHOR: failure
/// An operation that fails.
///
/// # Errors
///
/// Those of `work`.
pub fn failure(
    tracer: &impl Tracer<Span: Send + Sync + 'static>,
    work: impl FnOnce() -> Result<(), OutOfStock>,
) -> Result<(), OutOfStock> {
    tracer.in_span("pack", |context| {
        let result = work();
        if result.is_err() {
            context.span().set_status(Status::error(""));
            context.span().set_attribute(KeyValue::new("error.type", OutOfStock::TYPE));
        }
        result
    })
}
// ANCHOR_END: failure

// ANCHOR: number
/// A number to watch. Make the instrument once and keep it.
pub fn number(meter: &Meter) {
    let packed = meter.u64_counter("order.packed").with_unit("{item}").build();
    packed.add(3, &[]);
}
// ANCHOR_END: number

/// A value that belongs to the whole request, and what goes out to the next service.
pub fn value(tracer: &impl Tracer<Span: Send + Sync + 'static>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let _active = Context::current_with_baggage([KeyValue::new("shop.tenant", "acme")]).attach();
    tracer.in_span("order", |_context| {
        operation(tracer, || propagation::inject(&Context::current(), &mut headers));
    });
    headers
}

/// A value that is known at the end.
pub fn late_value(tracer: &impl Tracer<Span: Send + Sync + 'static>) {
    tracer.in_span("pack", |context| context.span().set_attribute(KeyValue::new("order.items", 3)));
}

/// One round of a job that runs for days: a trace of its own, with a link to what started the job.
pub fn round(tracer: &impl Tracer<Span: Send + Sync + 'static>, started_by: &SpanContext, work: impl FnOnce()) {
    let span = tracer.span_builder("round").with_links(vec![Link::with_context(started_by.clone())]);
    tracer.in_span_with_builder_and_context(span, &Context::new(), |_context| work());
}
