//! A program that sends telemetry and watches itself: how long its requests take, and how much memory it has used.

use std::time::{Duration, Instant};

use opentelemetry::metrics::Counter;
use telemetry::{Telemetry, scope};

/// How much it does.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// So many requests, one after the other.
    pub requests: u32,
    /// From the beginning of one to the beginning of the next.
    pub every: Duration,
}

/// What it noticed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noticed {
    /// Half of the requests took no longer.
    pub median: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// All took no longer.
    pub longest: Duration,
    /// The largest resident set of the process until now.
    pub peak_kib: u64,
}

// ANCHOR: request
/// What a request does: three spans, a log record and a count.
fn request(orders: &Counter<u64>) {
    let request = tracing::info_span!("POST /orders", otel.kind = "server").entered();
    tracing::info_span!("reserve stock").in_scope(|| ());
    tracing::info_span!("charge card").in_scope(|| tracing::info!("order accepted"));
    orders.add(1, &[]);
    drop(request);
}
// ANCHOR_END: request

/// Handles its requests on this thread. `telemetry` is not flushed meanwhile, and not shut down.
///
/// # Errors
///
/// When `/proc` does not say how much memory is used: it is Linux that does.
pub fn run(telemetry: &Telemetry, load: Load) -> std::io::Result<Noticed> {
    let orders = telemetry.meter(scope("collectors", env!("CARGO_PKG_VERSION"))).u64_counter("shop.orders").build();
    let mut times = Vec::with_capacity(load.requests as usize);
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        let began = Instant::now();
        for number in 0..load.requests {
            std::thread::sleep((load.every * number).saturating_sub(began.elapsed()));
            let began = Instant::now();
            request(&orders);
            times.push(began.elapsed());
        }
    });
    times.sort_unstable();
    let at =
        |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or_default();
    Ok(Noticed { median: at(0.5), p99: at(0.99), longest: at(1.0), peak_kib: peak_kib()? })
}

fn peak_kib() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| std::io::Error::other("/proc/self/status has no VmHWM"))
}
