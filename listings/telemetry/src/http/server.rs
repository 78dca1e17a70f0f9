//! The server's side: one `SERVER` span and one duration for each request.

use ::http::header::{HOST, USER_AGENT};
use ::http::uri::Authority;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::context::FutureExt;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::{attribute, metric};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Exchange;
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
/// The caller's context becomes the parent *before* the span is entered; afterwards it would be refused. The span ends
/// with the head of the answer: a body that streams for an hour does not keep it open.
pub async fn trace(State(server): State<Server>, request: Request, next: Next) -> Response {
    let parent = propagation::extract(request.headers());
    let span = span_of(&request);
    if span.set_parent(parent.clone()).is_err() {
        tracing::debug!("the span is not recorded; the caller's context is passed on as it came");
    }
    let mut exchange = Exchange::start(span.clone(), server.duration, attributes_of(&request));
    let version = request.version();

    let response = next.run(request).instrument(span).with_context(parent).await;

    // Only 5xx is the server's fault. A 404 is an answer.
    exchange.answered(response.status(), version, response.status().is_server_error());
    response
}
// ANCHOR_END: server

/// The route, never the path: a path would be a series for each visitor. A request that matched no route has none.
fn attributes_of(request: &Request) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new(attribute::HTTP_REQUEST_METHOD, super::known(request.method())),
        KeyValue::new(attribute::URL_SCHEME, scheme(request)),
    ];
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        attributes.push(KeyValue::new(attribute::HTTP_ROUTE, route.as_str().to_owned()));
    }
    attributes
}

/// Named after method and route template, or after the method alone.
fn span_of(request: &Request) -> Span {
    let method = super::known(request.method());
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let name = match route {
        Some(route) => format!("{} {route}", super::name(method)),
        None => super::name(method).to_owned(),
    };
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).and_then(|host| host.parse::<Authority>().ok());
    tracing::info_span!(
        "http.server",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.request.method_original = super::original(request.method()),
        http.route = route,
        http.response.status_code = field::Empty,
        network.protocol.version = field::Empty,
        server.address = host.as_ref().map(Authority::host),
        server.port = host.as_ref().and_then(Authority::port_u16).map(i64::from),
        url.path = request.uri().path(),
        url.query = request.uri().query().map(super::redacted),
        url.scheme = scheme(request),
        user_agent.original = header(USER_AGENT),
        error.type = field::Empty,
    )
}

fn scheme(request: &Request) -> &'static str {
    if request.uri().scheme_str() == Some("https") { "https" } else { "http" }
}
