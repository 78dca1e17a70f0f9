//! A line of JSON that knows its trace. Time and ids stand still, so that it prints the same in every run.

use std::fmt;

use logs::lines::JsonLines;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider};
use opentelemetry_sdk::trace::{IdGenerator, SdkTracerProvider};
use tracing::{info, info_span, subscriber::with_default};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::{layer::SubscriberExt, registry};

fn main() {
    let traces = SdkTracerProvider::builder().with_id_generator(Still).build();
    let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer("shop"));
    let clock: fn(&mut Writer<'_>) -> fmt::Result = |writer| writer.write_str("2026-11-24T03:00:00.000000Z");
    let lines = tracing_subscriber::fmt::layer().event_format(JsonLines(clock));
    with_default(registry().with(spans).with(lines), || {
        info!("started");
        info_span!("order").in_scope(|| info!(order.items = 3, "order packed"));
    });
}

#[derive(Debug)]
struct Still;

impl IdGenerator for Still {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736)
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from(0x00f0_67aa_0ba9_02b7)
    }
}
