//! A program that somebody else starts: its span belongs below the one in its environment.

use context::{incoming, process};
use telemetry::Telemetry;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("packer").console(false).install()?;
    let span = incoming::below(tracing::info_span!("pack"), process::from_environment())?;
    span.in_scope(|| println!("packed"));
    drop(span); // ends it, before the last export
    telemetry.shutdown()?;
    Ok(())
}
// ANCHOR_END: main
