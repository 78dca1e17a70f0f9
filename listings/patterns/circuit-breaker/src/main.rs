//! The checkout service.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use circuit_breaker::service::payments::{self, Payments};
use circuit_breaker::service::{Config, Stop, admin, checkout, serve};
use opentelemetry::metrics::Meter;
use telemetry::Telemetry;
use tokio::net::TcpListener;

// ANCHOR: main
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let telemetry = Telemetry::builder("checkout").version(env!("CARGO_PKG_VERSION")).install()?;
    let meter = telemetry.meter(circuit_breaker::scope());
    let client = payments::client(payments::TIMEOUT)?;
    // It lives until the end of `main`: the last export still reads the counters of its breakers.
    let payments = Payments::new(config.upstream, payments::settings(), client, &meter)?;

    let result = run(config.port, config.admin_port, payments.clone(), &meter).await;

    // Whatever the result: first drain, then flush. Lost telemetry is worth a line and not an exit code.
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}");
    }
    result
}

async fn run(port: u16, admin_port: u16, payments: Payments, meter: &Meter) -> anyhow::Result<()> {
    let public = listen(Ipv4Addr::UNSPECIFIED, port, "PORT").await?;
    let loopback = listen(Ipv4Addr::LOCALHOST, admin_port, "ADMIN_PORT").await?;
    tracing::info!(public = %public.local_addr()?, admin = %loopback.local_addr()?, "listening");

    let stop = Stop::default();
    let operators = admin::router(payments.breakers().clone());
    let customers = checkout::router(payments, meter);
    tokio::try_join!(serve(public, customers, &stop), serve(loopback, operators, &stop), stop.on_signal())?;
    Ok(())
}
// ANCHOR_END: main

async fn listen(address: Ipv4Addr, port: u16, variable: &str) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((address, port));
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}; is {variable} taken?"))
}
