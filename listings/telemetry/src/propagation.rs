//! The trace crosses the network in headers: `traceparent` and `tracestate`, and `baggage`.
//!
//! The propagator travels with the `tracing` subscriber, so that two tests side by side can have different ones.

use ::http::HeaderMap;
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, global};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use tracing::{Span, Subscriber, dispatcher};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;

use crate::config::Format;

/// A layer that does nothing but be found in the subscriber.
pub(crate) struct Propagation(TextMapCompositePropagator);

impl<S: Subscriber> Layer<S> for Propagation {}

impl Propagation {
    pub(crate) fn new(formats: &[Format]) -> Self {
        Self(composite(formats))
    }
}

pub(crate) fn composite(formats: &[Format]) -> TextMapCompositePropagator {
    let propagator = |format: &Format| -> Box<dyn TextMapPropagator + Send + Sync> {
        match format {
            Format::TraceContext => Box::new(TraceContextPropagator::new()),
            Format::Baggage => Box::new(BaggagePropagator::new()),
        }
    };
    TextMapCompositePropagator::new(formats.iter().map(propagator).collect())
}

/// Writes `context` into the headers of an outgoing request.
///
/// ```
/// # use telemetry::propagation::{extract, inject};
/// # use opentelemetry::baggage::BaggageExt;
/// # use opentelemetry::{Context, KeyValue};
/// # let telemetry = telemetry::Telemetry::builder("checkout").build().unwrap();
/// # tracing::dispatcher::with_default(&telemetry.dispatch(), || {
/// let mut headers = http::HeaderMap::new();
/// inject(&Context::new().with_baggage([KeyValue::new("tenant", "acme")]), &mut headers);
/// assert_eq!(headers["baggage"], "tenant=acme");
/// assert_eq!(extract(&headers).baggage().get("tenant").unwrap().as_str(), "acme");
/// # });
/// ```
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    with_propagator(|propagator| propagator.inject_context(context, &mut HeaderInjector(headers)));
}

/// Reads the caller's context from the headers of an incoming request; an empty context when there is none.
pub fn extract(headers: &HeaderMap) -> Context {
    with_propagator(|propagator| propagator.extract_with_context(&Context::new(), &HeaderExtractor(headers)))
}

/// The context to send along with what `span` covers. Where the span is not recorded, that is the caller's context,
/// passed on as it came.
pub fn context_of(span: &Span) -> Context {
    let context = span.context();
    if context.span().span_context().is_valid() { context } else { Context::current() }
}

/// Without a subscriber of ours, the global propagator.
fn with_propagator<R>(mut then: impl FnMut(&dyn TextMapPropagator) -> R) -> R {
    dispatcher::get_default(|dispatch| match dispatch.downcast_ref::<Propagation>() {
        Some(Propagation(ours)) => then(ours),
        None => global::get_text_map_propagator(&mut then),
    })
}
