//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use std::process::Command;

use telemetry::Telemetry;
use testkit::Receiver;
pub use testkit::example;

/// An example, exporting to `receiver`.
pub fn example_to(name: &str, receiver: &Receiver) -> Command {
    let mut command = example(name);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol());
    command
}

/// Makes `count` spans with one log record in each.
pub fn work(telemetry: &Telemetry, count: usize) {
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        for number in 0..count {
            tracing::info_span!("job", job.number = number).in_scope(|| tracing::info!("done"));
        }
    });
}
