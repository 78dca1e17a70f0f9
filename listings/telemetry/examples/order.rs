//! The smallest observed program: one span, one log record, one metric.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run -p telemetry --example order`

use telemetry::{Telemetry, scope};

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("order").version(env!("CARGO_PKG_VERSION")).install()?;
    let meter = telemetry.meter(scope("order", env!("CARGO_PKG_VERSION")));
    let orders = meter.u64_counter("order.packed").with_unit("{order}").build();

    tracing::info_span!("order").in_scope(|| {
        orders.add(1, &[]);
        tracing::info!("packed");
    });

    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}"); // the order is packed all the same
    }
    Ok(())
}
// ANCHOR_END: main
