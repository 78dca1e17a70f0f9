//! The server's side: one `SERVER` span and one duration for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::{attribute, metric};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::propagation;

/// What the middleware needs for each request; cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    duration: Histogram<f64>,
}

impl Server {
    /// Makes the instrument with `meter`.
    pub fn new(meter: &Meter) -> Self {
        Self {
            duration: super::duration(meter, metric::HTTP_SERVER_REQUEST_DURATION, "Duration of HTTP server requests."),
        }
    }
}

// ANCHOR: server
/// axum middleware: `Router::layer(middleware::from_fn_with_state(Server::new(&meter), trace))`.
///
/// The caller's context becomes the parent *before* the span is entered; afterwards it would be refused.
pub async fn trace(State(server): State<Server>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let span = span_of(&request);
    if span.set_parent(propagation::extract(request.headers())).is_err() {
        tracing::debug!("the span is not recorded; the caller's context is not used");
    }
    let mut attributes = vec![KeyValue::new(attribute::HTTP_REQUEST_METHOD, super::known(request.method()))];
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        attributes.push(KeyValue::new(attribute::HTTP_ROUTE, route.as_str().to_owned()));
    }
    attributes.push(KeyValue::new(attribute::URL_SCHEME, "http"));

    let response = next.run(request).instrument(span.clone()).await;

    let status = response.status();
    span.record(attribute::HTTP_RESPONSE_STATUS_CODE, status.as_u16());
    attributes.push(KeyValue::new(attribute::HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16())));
    if status.is_server_error() {
        // Only 5xx is the server's fault. A 404 is an answer.
        span.record(attribute::ERROR_TYPE, status.as_str());
        span.record("otel.status_code", "ERROR");
        attributes.push(KeyValue::new(attribute::ERROR_TYPE, status.as_str().to_owned()));
    }
    server.duration.record(started.elapsed().as_secs_f64(), &attributes);
    response
}
// ANCHOR_END: server

/// The route template names the span. Without one the method alone does: a path would be a name for each visitor.
fn span_of(request: &Request) -> Span {
    let method = super::known(request.method());
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
    tracing::info_span!(
        "http.server",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        url.path = request.uri().path(),
        url.scheme = "http",
        error.type = field::Empty,
    )
}
