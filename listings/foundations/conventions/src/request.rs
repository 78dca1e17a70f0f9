//! An HTTP request as the conventions describe it.

use http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::{attribute, metric};

// ANCHOR: duration
/// In seconds, which is the unit of every duration. The SDK's own buckets are made for
/// milliseconds, so the conventions give others.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// `http.server.request.duration`.
pub fn duration(meter: &Meter) -> Histogram<f64> {
    let histogram = meter.f64_histogram(metric::HTTP_SERVER_REQUEST_DURATION);
    histogram.with_unit("s").with_boundaries(SECONDS.to_vec()).build()
}
// ANCHOR_END: duration

// ANCHOR: attributes
/// Why a request failed without an answer of the handler. Each has one name, whatever
/// the message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The handler took too long.
    Timeout,
    /// The client was gone.
    Disconnected,
}

/// The attributes of a request. Each has a set of values that is known before the first
/// request: `route` is the pattern of the router and never the path, and a method that
/// nobody knows is `_OTHER`.
pub fn attributes(method: &Method, route: Option<&'static str>, end: Result<StatusCode, Failure>) -> Vec<KeyValue> {
    let known = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];
    let method = known.iter().find(|known| method == **known).unwrap_or(&"_OTHER");
    let mut attributes = vec![KeyValue::new(attribute::HTTP_REQUEST_METHOD, *method)];
    attributes.extend(route.map(|route| KeyValue::new(attribute::HTTP_ROUTE, route)));
    if let Ok(status) = end {
        attributes.push(KeyValue::new(attribute::HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16())));
    }
    attributes.extend(error_type(end).map(|error| KeyValue::new(attribute::ERROR_TYPE, error)));
    attributes
}

/// Absent when all went well: that is how a query tells errors from the rest. A
/// server's 4xx is the client's mistake.
fn error_type(end: Result<StatusCode, Failure>) -> Option<String> {
    match end {
        Ok(status) => status.is_server_error().then(|| status.as_u16().to_string()),
        Err(Failure::Timeout) => Some("timeout".into()),
        Err(Failure::Disconnected) => Some("disconnected".into()),
    }
}
// ANCHOR_END: attributes
