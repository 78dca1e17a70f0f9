//! From a number to a trace: the exemplars that the SDK does not have.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::registry::{Registry, Unit};

use crate::instruments::SECONDS;

// ANCHOR: exemplars
/// A histogram of `prometheus-client` in which each bucket remembers the last sampled trace that fell into it.
#[derive(Debug, Clone)]
pub struct Latency(HistogramWithExemplars<[(&'static str, String); 1]>);

impl Latency {
    /// Registers `name`, in seconds. The registry adds the unit to the name.
    pub fn new(registry: &mut Registry, name: &str, help: &str) -> Self {
        let histogram = HistogramWithExemplars::new(SECONDS.into_iter());
        registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        Self(histogram)
    }

    /// Records a value. A trace that is not sampled is no exemplar: the link would lead nowhere.
    pub fn record(&self, seconds: f64) {
        let context = Context::current();
        let span = context.span().span_context().clone();
        self.0.observe(seconds, span.is_sampled().then(|| [("trace_id", span.trace_id().to_string())]), None);
    }
}

/// The handler of `GET /metrics`. Only this format carries exemplars.
pub async fn scrape(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => {
            ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
// ANCHOR_END: exemplars
