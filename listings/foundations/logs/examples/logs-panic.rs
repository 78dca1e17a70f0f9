//! A program that panics, and then is gone at once.

use std::panic;
use std::sync::Arc;

use telemetry::Telemetry;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let telemetry = Arc::new(Telemetry::builder("shop").console(false).install()?);
    let weak = Arc::downgrade(&telemetry); // the hook lives for ever, and telemetry ends with main
    let flush = move || drop(weak.upgrade().map(|telemetry| telemetry.flush()));
    match std::env::args().nth(1).as_deref() {
        Some("record and flush") => logs::panics::record(flush),
        Some("record") => logs::panics::record(|| ()),
        _ => {}
    }
    let _ = panic::catch_unwind(|| panic!("the shelf is empty"));
    std::process::abort() // as with `panic = "abort"`: nothing is dropped
}
// ANCHOR_END: main
