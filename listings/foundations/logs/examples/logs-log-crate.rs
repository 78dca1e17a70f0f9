//! A library that writes to the crate `log`, in a program that listens to `tracing`.

use telemetry::Telemetry;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("shop").install()?;
    if std::env::args().nth(1).as_deref() == Some("bridged") {
        tracing_log::LogTracer::init()?; // from `log` to `tracing`
    }
    tracing::info_span!("order").in_scope(|| {
        log::warn!(target: "old_library", "packed by the old library");
        log::warn!(target: "h2", "filtered by its real target");
    });
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}");
    }
    Ok(())
}
// ANCHOR_END: main
