//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use std::path::PathBuf;
use std::time::Duration;

use collectors::{Collector, Settings};
use telemetry::{Builder, Config, Protocol, Telemetry};
use testkit::Receiver;

/// A file in `collector/`.
pub fn config(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "collector", name].iter().collect()
}

/// A collector with this configuration that sends to `receiver`, and tries again soon.
pub fn before(receiver: &Receiver, name: &str) -> Settings {
    let endpoint = receiver.endpoint();
    let settings = Settings::new(config(name)).variable("BACKEND", endpoint.trim_start_matches("http://"));
    let settings = settings.variable("BACKEND_INSECURE", "true").variable("LISTEN_HEALTH", "127.0.0.1:0");
    settings.set("exporters.otlp_grpc.retry_on_failure.initial_interval", "50ms")
}

/// A program that sends to `collector`. Its metrics leave when it flushes.
pub fn program(service: &'static str, collector: &Collector) -> Telemetry {
    builder(service).endpoint(Protocol::Grpc, collector.endpoint()).build().unwrap()
}

pub fn builder(service: &'static str) -> Builder {
    Builder::new(service).config(Config::default()).console(false).export_interval(Duration::from_secs(3600))
}

/// Makes a span for each number, with one log record in it.
pub fn work(telemetry: &Telemetry, numbers: std::ops::Range<i64>) {
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        for number in numbers {
            tracing::info_span!("job", job.number = number).in_scope(|| tracing::info!(job.number = number, "done"));
        }
    });
}

/// The spans alone: a refused log record would be an error of its own.
pub fn spans(telemetry: &Telemetry, numbers: std::ops::Range<i64>) {
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        numbers.for_each(|number| drop(tracing::info_span!("job", job.number = number)));
    });
}

/// The numbers of the jobs whose spans have arrived, in order.
pub fn jobs(capture: &testkit::Capture) -> Vec<i64> {
    let mut jobs: Vec<i64> =
        capture.spans.iter().filter_map(|span| span.attributes.get("job.number")?.as_i64()).collect();
    jobs.sort_unstable();
    jobs
}
