//! One record, then nothing but flushes: how many records arrive? Each case is a process of its own, because the events
//! that matter come from threads of the exporter and reach only a global subscriber.

use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use logs::setup::quiet;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::LogExporter;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use telemetry::Telemetry;
use testkit::Receiver;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, dispatcher, info};
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, registry};

const SETUPS: [&str; 5] = [
    "trace, without a filter",
    "debug, without a filter",
    "info, without a filter",
    "trace, with the filter",
    "this book's guard at trace",
];
const FLUSHES: usize = 5;

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1) {
        Some(setup) => tokio::task::spawn_blocking(move || case(&setup)).await?,
        None => table().await,
    }
}

// ANCHOR: case
fn case(setup: &str) -> anyhow::Result<()> {
    let everything = |level| Targets::new().with_default(level);
    let filter = match setup {
        "trace, without a filter" => everything(LevelFilter::TRACE),
        "debug, without a filter" => everything(LevelFilter::DEBUG),
        "info, without a filter" => everything(LevelFilter::INFO),
        "trace, with the filter" => quiet(LevelFilter::TRACE),
        _ => return guarded(),
    };
    let logs = SdkLoggerProvider::builder().with_batch_exporter(exporter()?).build();
    let records = OpenTelemetryTracingBridge::new(&logs).with_filter(filter);
    dispatcher::set_global_default(Dispatch::new(registry().with(records)))?;
    info!("the only thing that this program says");
    for _ in 0..FLUSHES {
        logs.force_flush()?; // nothing was said since
    }
    Ok(())
}
// ANCHOR_END: case

fn guarded() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("loop").level(LevelFilter::TRACE).console(false).install()?;
    info!("the only thing that this program says");
    for _ in 0..FLUSHES {
        telemetry.flush()?;
    }
    Ok(())
}

fn exporter() -> anyhow::Result<LogExporter> {
    Ok(match std::env::var("OTEL_EXPORTER_OTLP_PROTOCOL")?.as_str() {
        "grpc" => LogExporter::builder().with_tonic().build()?,
        "http/protobuf" => LogExporter::builder().with_http().build()?,
        other => bail!("{other}"),
    })
}

/// Runs every case and prints how many records a receiver got.
async fn table() -> anyhow::Result<()> {
    println!("{:28}{:>8}{:>8}", format!("records after {FLUSHES} idle flushes"), "gRPC", "HTTP");
    for setup in SETUPS {
        let over_grpc = observe(setup, Receiver::grpc().await).await?;
        let over_http = observe(setup, Receiver::http().await).await?;
        println!("{setup:28}{over_grpc:>8}{over_http:>8}");
    }
    Ok(())
}

/// A number that depends on timing is no result: what matters is whether each flush brought something.
async fn observe(setup: &'static str, receiver: Receiver) -> anyhow::Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(setup).env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol()).stderr(Stdio::inherit());
    let status = tokio::task::spawn_blocking(move || command.status()).await?.context(setup)?;
    ensure!(status.success(), "{setup}: {status}");
    let count = receiver.capture().await.logs.len();
    Ok(if count > FLUSHES { "grows".into() } else { count.to_string() })
}
