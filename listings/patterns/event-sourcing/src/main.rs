//! The bank: `bank migrate` brings the database up to date, `bank` serves customers, `bank rebuild balances` makes a read
//! model anew.

use std::time::Duration;

use anyhow::bail;
use event_sourcing::scope;
use event_sourcing::service::{Config, migrate, rebuild, run};
use telemetry::Telemetry;
use tokio::runtime::Runtime;

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let config = Config::from_lookup(|name| std::env::var(name).ok())?;
    let telemetry = Telemetry::builder("bank").version(env!("CARGO_PKG_VERSION")).install()?;
    let runtime = Runtime::new()?;
    let (meter, mut arguments) = (telemetry.meter(scope()), std::env::args().skip(1));
    let result = match arguments.next().as_deref() {
        None => runtime.block_on(run(config, &meter)),
        Some("migrate") => runtime.block_on(migrate(config)),
        Some("rebuild") => runtime.block_on(rebuild(config, &meter, &arguments.next().unwrap_or_default())),
        Some(other) => bail!("{other:?} is no command; expected migrate, rebuild, or nothing"),
    };
    // First the tasks: what is cut off ends its spans. Then the telemetry. Lost telemetry is worth a line and not an exit code.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Err(lost) = telemetry.shutdown() {
        eprintln!("{lost}");
    }
    result
}
// ANCHOR_END: main
