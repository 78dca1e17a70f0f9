//! The same as `fixtures/older/src/bin/deep.rs`, with the pinned versions.

use opentelemetry::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::prelude::*;

// ANCHOR: deep
fn main() {
    let tracer = SdkTracerProvider::builder().build().tracer("pinned");
    tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer)).init();
    let _attached: Vec<_> = (0..u16::MAX).map(|_| Context::new().attach()).collect();
    tracing::info_span!("one too many").in_scope(|| println!("entered"));
}
// ANCHOR_END: deep
