//! HTTP spans and durations by the stable semantic conventions, for axum servers and reqwest clients.

mod client;
mod server;

pub use client::{ClientLayer, ClientService};
pub use server::{Server, trace};

use std::time::Instant;

use ::http::{Method, StatusCode, Version};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::attribute;
use tracing::Span;

/// The boundaries that the conventions advise for durations of HTTP requests, in seconds.
const BOUNDARIES: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

fn duration(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_description(description).with_boundaries(BOUNDARIES.to_vec()).build()
}

// ANCHOR: exchange
/// One request and its answer. The duration is recorded when this is dropped, so that it counts an exchange which
/// nobody waits for any more: a caller that went away, a timeout around it. Those carry neither status nor error.
struct Exchange {
    span: Span,
    duration: Histogram<f64>,
    attributes: Vec<KeyValue>,
    started: Instant,
}

impl Exchange {
    fn start(span: Span, duration: Histogram<f64>, attributes: Vec<KeyValue>) -> Self {
        Self { span, duration, attributes, started: Instant::now() }
    }

    /// Records the status of the answer. Which of them are errors differs between server and client.
    fn answered(&mut self, status: StatusCode, version: Version, is_error: bool) {
        let code = i64::from(status.as_u16()); // an unsigned field would arrive as text
        self.span.record(attribute::HTTP_RESPONSE_STATUS_CODE, code);
        self.attributes.push(KeyValue::new(attribute::HTTP_RESPONSE_STATUS_CODE, code));
        if let Some(version) = protocol_version(version) {
            self.span.record(attribute::NETWORK_PROTOCOL_VERSION, version);
            self.attributes.push(KeyValue::new(attribute::NETWORK_PROTOCOL_VERSION, version));
        }
        if is_error {
            self.failed(status.as_str().to_owned());
        }
    }

    /// `error` is an attribute of a metric: it comes from a closed set.
    fn failed(&mut self, error: String) {
        self.span.record(attribute::ERROR_TYPE, error.as_str());
        self.span.record("otel.status_code", "ERROR");
        self.attributes.push(KeyValue::new(attribute::ERROR_TYPE, error));
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.duration.record(self.started.elapsed().as_secs_f64(), &self.attributes);
    }
}
// ANCHOR_END: exchange

/// Methods are a closed set: what is not known is `_OTHER`, so that nobody can fill the metrics backend with verbs.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// What a span is named after a method: the conventions have `HTTP` for the unknown ones.
fn name(method: &'static str) -> &'static str {
    if method == "_OTHER" { "HTTP" } else { method }
}

/// The method as it was sent, for the span only, when it is not one of the known.
fn original(method: &Method) -> Option<&str> {
    (known(method) == "_OTHER").then(|| method.as_str())
}

fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// A query with the values hidden that the conventions name: signatures that give access to whoever reads them.
fn redacted(query: &str) -> String {
    const SECRET: [&str; 4] = ["AWSAccessKeyId", "Signature", "X-Goog-Signature", "sig"];
    let pair = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if SECRET.contains(&key) => format!("{key}=REDACTED"),
        _ => pair.to_owned(),
    };
    query.split('&').map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_method_is_one_value_whatever_was_sent() {
        let method = Method::from_bytes(b"BREW").unwrap();
        assert_eq!((known(&method), name(known(&method)), original(&method)), ("_OTHER", "HTTP", Some("BREW")));
        assert_eq!((known(&Method::GET), name("GET"), original(&Method::GET)), ("GET", "GET", None));
    }

    #[test]
    fn signatures_in_a_query_are_hidden() {
        assert_eq!(redacted("a=1&sig=abc&Signature=x&signal=2"), "a=1&sig=REDACTED&Signature=REDACTED&signal=2");
    }
}
