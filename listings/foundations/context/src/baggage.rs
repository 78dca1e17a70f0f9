//! Baggage, and where it has to stop.

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt, KeyValueMetadata};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: only
/// The same context, with only these entries of baggage. Call it where a request comes in from outside, because a
/// stranger wrote what is there, and where one goes out to somebody else, because they will read it.
pub fn only(context: &Context, allowed: &[&str]) -> Context {
    let entries = context.baggage().iter().filter(|(key, _)| allowed.contains(&key.as_str()));
    let kept: Vec<_> = entries
        .map(|(key, (value, metadata))| KeyValueMetadata::new(key.clone(), value.clone(), metadata.clone()))
        .collect();
    context.with_baggage(kept) // in place of all
}
// ANCHOR_END: only

// ANCHOR: record
/// Writes entries of the current baggage onto a span. Nothing does that by itself: baggage travels, and is not telemetry.
pub fn record(span: &Span, keys: &[&'static str]) {
    let context = Context::current();
    for key in keys {
        if let Some(value) = context.baggage().get(key) {
            span.set_attribute(*key, value.clone());
        }
    }
}
// ANCHOR_END: record
