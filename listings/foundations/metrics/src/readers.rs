//! Two readers: the same instruments are pushed over OTLP and scraped by Prometheus.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{MeterProviderBuilder, PeriodicReader};
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};

// ANCHOR: readers
/// Pushes to `exporter` each interval, and fills the registry whenever somebody scrapes it.
///
/// # Errors
///
/// When the registry refuses the exporter; a new one does not.
pub fn both(
    builder: MeterProviderBuilder,
    exporter: impl PushMetricExporter,
) -> Result<(MeterProviderBuilder, Registry), OTelSdkError> {
    let registry = Registry::new();
    let scraped = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let pushed = PeriodicReader::builder(exporter).build();
    Ok((builder.with_reader(pushed).with_reader(scraped), registry))
}

/// The handler of `GET /metrics`. Observable instruments are asked here as well, once for each scrape.
pub async fn scrape(State(registry): State<Registry>) -> Response {
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
// ANCHOR_END: readers
