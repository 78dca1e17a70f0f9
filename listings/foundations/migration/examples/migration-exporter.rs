//! One span, by the environment alone. With an argument, the endpoint is in the code.

use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(std::io::stderr).init();
    let exporter = match std::env::args().nth(1) {
        Some(endpoint) => SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?,
        None => migration::setup::exporter_from_environment()?,
    };
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    provider.tracer("checkout").in_span("work", |_| ());
    provider.shutdown()?;
    Ok(())
}
