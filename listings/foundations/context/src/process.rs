//! Child processes: the context in the environment.

use std::process::Command;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use telemetry::propagation::{context_of, extract, inject};
use tracing::Span;

/// The fields of W3C Trace Context and W3C Baggage.
const FIELDS: [&str; 3] = ["traceparent", "tracestate", "baggage"];

// ANCHOR: process
/// Gives a child process the current context. What this process inherited itself is replaced in any case: the child
/// would take its grandparent for its parent.
pub fn with_context(command: &mut Command) -> &mut Command {
    let mut headers = HeaderMap::new();
    inject(&context_of(&Span::current()), &mut headers);
    for field in FIELDS {
        match headers.get(field).and_then(|value| value.to_str().ok()) {
            Some(value) => command.env(field.to_uppercase(), value),
            None => command.env_remove(field.to_uppercase()),
        };
    }
    command
}

/// The context that this process was given; an empty one when there is none, or when it is not valid.
pub fn from_environment() -> Context {
    let field = |name: &'static str| {
        let value = std::env::var(name.to_uppercase()).ok()?;
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
    };
    extract(&FIELDS.into_iter().filter_map(field).collect())
}
// ANCHOR_END: process
