//! Which temporality an OTLP exporter asks for, as `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` says.

use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

fn main() -> anyhow::Result<()> {
    println!("{:?}", MetricExporter::builder().with_http().build()?.temporality());
    Ok(())
}
