//! The trace crosses the network in two headers: `traceparent`/`tracestate` and `baggage`.

use ::http::HeaderMap;
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::{Context, global};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

use crate::config::Format;

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
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    global::get_text_map_propagator(|propagator| propagator.inject_context(context, &mut HeaderInjector(headers)));
}

/// Reads the caller's context from the headers of an incoming request; an empty context when there is none.
pub fn extract(headers: &HeaderMap) -> Context {
    global::get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(headers)))
}
