//! All three signals, through `tracing` and this book's set-up.

use telemetry::{Telemetry, scope};

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("shop").install()?; // reads OTEL_*
    let packed = telemetry.meter(scope("shop", "1.0.0")).u64_counter("order.packed").with_unit("{order}").build();

    tracing::info_span!("order").in_scope(|| {
        tracing::info_span!("pack").in_scope(|| {
            packed.add(1, &[]);
            tracing::info!(order.items = 3, "packed");
        });
    });

    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}"); // the order is packed all the same
    }
    Ok(())
}
// ANCHOR_END: main
