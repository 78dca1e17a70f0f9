//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use std::process::Command;

use telemetry::Telemetry;
use testkit::Receiver;

/// An example as a process of its own, with nothing of telemetry in its environment.
pub fn example(name: &str) -> Command {
    let deps = std::env::current_exe().unwrap();
    let path = deps.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: cargo build -p telemetry --examples", path.display());
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

/// The same, exporting to `receiver`.
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
