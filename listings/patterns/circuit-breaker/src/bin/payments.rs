//! The flaky payment provider.

use std::net::Ipv4Addr;

use anyhow::Context;
use circuit_breaker::service::upstream::{self, Weather};
use circuit_breaker::service::{Stop, serve};
use telemetry::Telemetry;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = upstream::port()?;
    let telemetry = Telemetry::builder("payments").version(env!("CARGO_PKG_VERSION")).install()?;
    let result = run(port, &telemetry).await;
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}");
    }
    result
}

async fn run(port: u16, telemetry: &Telemetry) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .await
        .with_context(|| format!("cannot listen on port {port}; is PORT taken?"))?;
    tracing::info!(public = %listener.local_addr()?, "listening");
    let router = upstream::router(Weather::default(), &telemetry.meter(circuit_breaker::scope()));
    let stop = Stop::default();
    tokio::try_join!(serve(listener, router, &stop), stop.on_signal())?;
    Ok(())
}
