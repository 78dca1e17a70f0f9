//! Every way a program ends: by SIGTERM or Ctrl-C, by an early `?` (`worker fail`), by a panic (`worker panic`).
//! Whichever it is, as many spans arrive as lines were printed.

use std::pin::pin;
use std::time::Duration;

use telemetry::{Telemetry, shutdown_signal};

// ANCHOR: main
#[tokio::main(flavor = "current_thread")] // the hardest case for a flush: the only thread waits for it
async fn main() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("worker").version(env!("CARGO_PKG_VERSION")).install()?;
    work(std::env::args().nth(1)).await?; // leaves early: the guard is dropped, which flushes
    telemetry.shutdown()?;
    Ok(())
}

/// Works until it is told to stop.
async fn work(fate: Option<String>) -> anyhow::Result<()> {
    let mut stop = pin!(shutdown_signal());
    for number in 1.. {
        job(number, fate.as_deref())?;
        tokio::select! {
            stopped = &mut stop => return Ok(stopped?),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    Ok(())
}
// ANCHOR_END: main

#[tracing::instrument]
fn job(number: i64, fate: Option<&str>) -> anyhow::Result<()> {
    println!("job {number}");
    tracing::info!("done");
    match fate {
        Some("fail") if number == 3 => anyhow::bail!("job {number} failed"),
        Some("panic") if number == 3 => panic!("job {number} panicked"),
        _ => Ok(()),
    }
}
