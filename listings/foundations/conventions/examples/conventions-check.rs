//! Sends names that are wrong, each in its own way, and prints what the check says.

use opentelemetry::KeyValue;
use testkit::{Capture, Receiver, Registry, check};
use tracing::instrument::WithSubscriber;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let registry = Registry::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/registry.toml"));
    check(&received().await?, &registry).iter().for_each(|violation| println!("{violation}"));
    Ok(())
}

// ANCHOR: wrong
async fn received() -> anyhow::Result<Capture> {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build()?;
    let meter = telemetry.meter(telemetry::scope("shop", "1.2.0"));
    let status: u16 = 200;
    let work = async {
        tracing::info_span!("GET", http.method = "GET").in_scope(|| ());
        tracing::info_span!("GET", http.request.metod = "GET").in_scope(|| ());
        tracing::info_span!("GET", http.response.status_code = status).in_scope(|| ());
        tracing::info_span!("GET", customer = "A-1").in_scope(|| ());
        meter.u64_counter("http.server.request.duration").with_unit("ms").build().add(7, &[]);
        meter.u64_counter("shop.orders").with_unit("1").build().add(1, &[KeyValue::new("shop.payment", "cheque")]);
        tracing::info!(name: "shop.order.packed", "packed");
    };
    work.with_subscriber(telemetry.dispatch()).await;
    telemetry.shutdown()?;
    Ok(receiver.capture().await)
}
// ANCHOR_END: wrong
