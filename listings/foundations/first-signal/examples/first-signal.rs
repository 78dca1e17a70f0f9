//! One span, with nothing but the OpenTelemetry crates.

use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};

fn main() -> anyhow::Result<()> {
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shop").build())
        .with_batch_exporter(SpanExporter::builder().with_http().build()?)
        .build();
    let tracer = provider.tracer("first-signal");

    tracer.in_span("order", |_context| {
        tracer.in_span("pack", |_context| println!("packed"));
    });

    provider.shutdown()?; // sends what is waiting
    Ok(())
}
