//! The client's side: one `CLIENT` span and one duration for each attempt that leaves the process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::{attribute, metric};
use reqwest::Url;
use tower::{Layer, Service};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Exchange;
use crate::propagation;

type Attributes = Arc<dyn Fn() -> Vec<KeyValue> + Send + Sync>;

/// Wraps a `reqwest` client: `ServiceBuilder::new().layer(ClientLayer::new(&meter)).service(reqwest::Client::new())`.
#[derive(Clone)]
pub struct ClientLayer {
    duration: Histogram<f64>,
    attributes: Attributes,
}

impl ClientLayer {
    /// Makes the instrument with `meter`.
    pub fn new(meter: &Meter) -> Self {
        let description = "Duration of HTTP client requests.";
        Self {
            duration: super::duration(meter, metric::HTTP_CLIENT_REQUEST_DURATION, description),
            attributes: Arc::new(Vec::new),
        }
    }

    /// Asks for more attributes at the start of every span: the state of a breaker, the number of a retry.
    pub fn with_attributes(mut self, attributes: impl Fn() -> Vec<KeyValue> + Send + Sync + 'static) -> Self {
        self.attributes = Arc::new(attributes);
        self
    }
}

impl std::fmt::Debug for ClientLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientService { inner, layer: self.clone() }
    }
}

/// The service that [`ClientLayer`] makes.
#[derive(Debug, Clone)]
pub struct ClientService<S> {
    inner: S,
    layer: ClientLayer,
}

// ANCHOR: client
impl<S> Service<reqwest::Request> for ClientService<S>
where
    S: Service<reqwest::Request, Response = reqwest::Response, Error = reqwest::Error>,
    S::Future: Send + 'static,
{
    type Response = reqwest::Response;
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: reqwest::Request) -> Self::Future {
        let span = span_of(&request);
        for KeyValue { key, value, .. } in (self.layer.attributes)() {
            span.set_attribute(key, value);
        }
        propagation::inject(&propagation::context_of(&span), request.headers_mut());
        let mut exchange = Exchange::start(span.clone(), self.layer.duration.clone(), attributes_of(&request));
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span.clone());
        Box::pin(async move {
            let result = answer.await;
            match &result {
                Ok(answer) => {
                    let is_error = answer.status().is_client_error() || answer.status().is_server_error();
                    exchange.answered(answer.status(), answer.version(), is_error);
                }
                Err(error) => exchange.failed(kind(error).to_owned()),
            }
            result
        })
    }
}
// ANCHOR_END: client

/// A closed set: `error.type` is a metric attribute.
fn kind(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "timeout",
        error if error.is_connect() => "connect",
        error if error.is_body() || error.is_decode() => "body",
        _ => "_OTHER",
    }
}

fn attributes_of(request: &reqwest::Request) -> Vec<KeyValue> {
    let url = request.url();
    let mut attributes = vec![
        KeyValue::new(attribute::HTTP_REQUEST_METHOD, super::known(request.method())),
        KeyValue::new(attribute::SERVER_ADDRESS, url.host_str().unwrap_or_default().to_owned()),
    ];
    if let Some(port) = url.port_or_known_default() {
        attributes.push(KeyValue::new(attribute::SERVER_PORT, i64::from(port)));
    }
    attributes
}

fn span_of(request: &reqwest::Request) -> Span {
    let (url, method) = (request.url(), super::known(request.method()));
    tracing::info_span!(
        "http.client",
        otel.name = super::name(method),
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.request.method_original = super::original(request.method()),
        http.response.status_code = field::Empty,
        network.protocol.version = field::Empty,
        server.address = url.host_str(),
        server.port = url.port_or_known_default().map(i64::from),
        url.full = without_secrets(url).as_str(),
        error.type = field::Empty,
    )
}

/// Credentials in a URL are never recorded.
fn without_secrets(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // Both fail only for URLs without a host, and those cannot be requested.
        let _ = url.set_username("REDACTED");
        let _ = url.set_password(Some("REDACTED"));
    }
    let query = url.query().map(super::redacted);
    url.set_query(query.as_deref());
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_signatures_are_not_recorded() {
        let url = Url::parse("http://ann:secret@shop.example/cart?id=7&sig=abc").unwrap();
        assert_eq!(without_secrets(&url).as_str(), "http://REDACTED:REDACTED@shop.example/cart?id=7&sig=REDACTED");
    }
}
