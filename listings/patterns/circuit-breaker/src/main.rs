//! The checkout service.

use std::net::Ipv4Addr;
use std::time::Duration;

use circuit_breaker::service::payments::{self, Payments};
use circuit_breaker::service::{Config, Stop, admin, checkout, listen, serve};
use opentelemetry::metrics::Meter;
use telemetry::Telemetry;
use tokio::runtime::Runtime;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let telemetry = Telemetry::builder("checkout").version(env!("CARGO_PKG_VERSION")).install()?;
    let meter = telemetry.meter(circuit_breaker::scope());
    let client = payments::client(payments::TIMEOUT)?;
    // It lives until the end of `main`: the last export still reads the counters of its breakers.
    let payments = Payments::new(config.upstream, payments::settings(), client, &meter)?;

    let runtime = Runtime::new()?;
    let result = runtime.block_on(run(config.port, config.admin_port, payments.clone(), &meter));

    // Whatever the result: what the drain cut off ends with the runtime, and its spans with it. Then flush: lost
    // telemetry is worth a line and not an exit code.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}");
    }
    result
}

async fn run(port: u16, admin_port: u16, payments: Payments, meter: &Meter) -> anyhow::Result<()> {
    let public = listen(Ipv4Addr::UNSPECIFIED, port, "PORT").await?;
    let loopback = listen(Ipv4Addr::LOCALHOST, admin_port, "ADMIN_PORT").await?;

    let stop = Stop::default();
    let operators = admin::router(payments.breakers().clone());
    let customers = checkout::router(payments, meter);
    tokio::try_join!(serve(public, customers, &stop), serve(loopback, operators, &stop), stop.on_signal())?;
    Ok(())
}
// ANCHOR_END: main
