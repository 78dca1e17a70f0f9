//! What a flush and a shutdown say, and what has arrived.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry::logs::{LogRecord, Logger, LoggerProvider};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{
    LogExporter, MetricExporter, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

/// `partial_success { rejected: 1 }`, the same bytes for all three signals.
const REJECTED: [u8; 4] = [0x0a, 0x02, 0x08, 0x01];

/// A server that gives one answer; `None` refuses the connection.
async fn server(answer: Option<(StatusCode, &'static [u8])>) -> anyhow::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    if let Some(answer) = answer {
        let router = Router::new().route("/v1/{signal}", post(async move |_: Path<String>, _: Bytes| answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    Ok(address)
}

macro_rules! exporter {
    ($exporter:ident, $path:literal, $address:expr) => {
        $exporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!(concat!("http://{}/v1/", $path), $address))
            .with_retry_policy(RetryPolicy::disabled())
            .build()?
    };
}

fn said(results: [OTelSdkResult; 2]) -> String {
    let [flush, shutdown] = results.map(|result| if result.is_ok() { "Ok" } else { "Err" });
    format!("{flush:7}{shutdown:11}")
}

fn traces(address: SocketAddr) -> anyhow::Result<String> {
    let build = || {
        let exporter = exporter!(SpanExporter, "traces", address);
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        provider.tracer("test").in_span("order", |_context| ());
        anyhow::Ok(provider)
    };
    Ok(said([build()?.force_flush(), build()?.shutdown()]))
}

fn metrics(address: SocketAddr) -> anyhow::Result<String> {
    let build = || {
        let exporter = exporter!(MetricExporter, "metrics", address);
        let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter).build();
        provider.meter("test").u64_counter("orders").build().add(1, &[]);
        anyhow::Ok(provider)
    };
    Ok(said([build()?.force_flush(), build()?.shutdown()]))
}

fn logs(address: SocketAddr) -> anyhow::Result<String> {
    let build = || {
        let exporter = exporter!(LogExporter, "logs", address);
        let provider = SdkLoggerProvider::builder().with_batch_exporter(exporter).build();
        let logger = provider.logger("test");
        let mut record = logger.create_log_record();
        record.set_body("packed".into());
        logger.emit(record);
        anyhow::Ok(provider)
    };
    Ok(said([build()?.force_flush(), build()?.shutdown()]))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!("{:25}{:18}{:18}logs", "", "traces", "metrics");
    println!("{:25}{}", "the receiver", "flush  shutdown   ".repeat(3).trim_end());
    for (name, answer) in [
        ("takes everything", Some((StatusCode::OK, &b""[..]))),
        ("rejects everything", Some((StatusCode::OK, &REJECTED[..]))),
        ("answers 400", Some((StatusCode::BAD_REQUEST, &b""[..]))),
        ("is not there", None),
    ] {
        let address = server(answer).await?;
        let row = tokio::task::spawn_blocking(move || {
            anyhow::Ok(format!("{}{}{}", traces(address)?, metrics(address)?, logs(address)?))
        });
        println!("{name:25}{}", row.await??.trim_end());
    }
    Ok(())
}
