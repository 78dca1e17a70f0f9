//! The flaky payment provider.

use std::net::Ipv4Addr;
use std::time::Duration;

use circuit_breaker::service::upstream::{self, Weather};
use circuit_breaker::service::{Stop, listen, serve};
use telemetry::Telemetry;
use tokio::runtime::Runtime;

fn main() -> anyhow::Result<()> {
    let port = upstream::port()?;
    let telemetry = Telemetry::builder("payments").version(env!("CARGO_PKG_VERSION")).install()?;
    let runtime = Runtime::new()?;
    let result = runtime.block_on(run(port, &telemetry));
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}");
    }
    result
}

async fn run(port: u16, telemetry: &Telemetry) -> anyhow::Result<()> {
    let listener = listen(Ipv4Addr::UNSPECIFIED, port, "PORT").await?;
    let router = upstream::router(Weather::default(), &telemetry.meter(circuit_breaker::scope()));
    let stop = Stop::default();
    tokio::try_join!(serve(listener, router, &stop), stop.on_signal())?;
    Ok(())
}
