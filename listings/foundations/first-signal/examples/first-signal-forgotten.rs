//! The same span, and nobody sees it: the provider is global, so nothing drops it when `main` ends.

use opentelemetry::global;
use opentelemetry::trace::Tracer;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let exporter = SpanExporter::builder().with_http().build()?;
    global::set_tracer_provider(SdkTracerProvider::builder().with_batch_exporter(exporter).build());

    global::tracer("first-signal").in_span("order", |_context| println!("packed"));
    Ok(()) // the span is still in the queue, and the queue ends with the process
}
// ANCHOR_END: main
