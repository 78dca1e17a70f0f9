//! What is written with `tracing`, and what arrives over OTLP: the raw request, field by field.

use std::error::Error;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context;
use axum::{Router, body::Bytes, routing::post};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use telemetry::{Config, Protocol, Telemetry};
use tracing::level_filters::LevelFilter;
use tracing::{Level, dispatcher::with_default, event, info, info_span};

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (send, requests) = channel();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let take = post(async move |body: Bytes| drop(send.send(body)));
    runtime.spawn(async { axum::serve(listener, Router::new().route("/v1/logs", take)).await });

    let telemetry = Telemetry::builder("shop").config(Config::default()).endpoint(Protocol::HttpBinary, endpoint);
    let telemetry = telemetry.level(LevelFilter::TRACE).console(false).build()?;
    with_default(&telemetry.dispatch(), || print(&telemetry, &requests))
}

fn print(telemetry: &Telemetry, requests: &Receiver<Bytes>) -> anyhow::Result<()> {
    // One record at a time: what it is called in OTLP, and what it says.
    let record = |write: &dyn Fn()| -> anyhow::Result<(String, LogRecord)> {
        write();
        let _ = telemetry.flush(); // this receiver takes no spans
        let request = ExportLogsServiceRequest::decode(requests.recv_timeout(Duration::from_secs(10))?)?;
        let scope = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs).next();
        let mut scope = scope.context("a request has a scope")?;
        let record = scope.log_records.pop().context("a scope has a record")?;
        Ok((scope.scope.unwrap_or_default().name, record))
    };

    let (scope, it) = record(&|| info_span!("order").in_scope(written))?;
    println!("{}\n", WRITTEN.replace('\n', " ")); // the compiler breaks long lines
    println!("  scope                    {scope}");
    println!("  event_name               {}", it.event_name);
    println!("  severity_number          {}", it.severity_number);
    println!("  severity_text            {}", it.severity_text);
    println!("  body                     {}", typed(it.body.as_ref()));
    println!("  attributes               {}", attributes(&it));
    println!("  trace_id, span_id        {}", if it.span_id.len() == 8 { "of the current span" } else { "none" });
    println!("  time_unix_nano           {}", it.time_unix_nano);
    println!("  observed_time_unix_nano  {}", if it.observed_time_unix_nano > 0 { "now" } else { "0" });

    println!("\nwithout a name, the event_name is the line");
    macro_rules! nameless {
        ($($written:tt)*) => {
            println!("  {:24} {}", stringify!($($written)*), record(&|| $($written)*)?.1.event_name);
        };
    }
    nameless!(info!("packed"));

    println!("\nlevels");
    macro_rules! level {
        ($($level:ident)*) => {$(
            let (_, it) = record(&|| event!(Level::$level, "packed"))?;
            println!("  {:24} {} {}", concat!("Level::", stringify!($level)), it.severity_number, it.severity_text);
        )*};
    }
    level!(TRACE DEBUG INFO WARN ERROR);

    println!("\nfields: `value = …`");
    let error = std::io::Error::other("no stock is left");
    macro_rules! field {
        ($($value:tt)+) => {
            println!("  {:24} {}", stringify!($($value)+), attributes(&record(&|| info!(value = $($value)+))?.1));
        };
    }
    field!(3);
    field!(1.5);
    field!(true);
    field!("text");
    field!(u64::MAX);
    field!(?Some(3));
    field!(None::<i64>);
    field!(%error);
    field!(&error as &dyn Error);
    Ok(())
}

/// The same words as text and as code.
macro_rules! written {
    ($($written:tt)*) => {
        const WRITTEN: &str = stringify!($($written)*);

        fn written() {
            $($written)*;
        }
    };
}

written!(event!(name: "order.packed", target: "shop::orders", Level::INFO, order.items = 3, "order {} packed", 7));

fn attributes(record: &LogRecord) -> String {
    let pairs: Vec<_> =
        record.attributes.iter().map(|pair| format!("{} = {}", pair.key, typed(pair.value.as_ref()))).collect();
    if pairs.is_empty() { "nothing".into() } else { pairs.join(", ") }
}

fn typed(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => format!("string {text:?}"),
        Some(any_value::Value::BoolValue(bool)) => format!("bool {bool}"),
        Some(any_value::Value::IntValue(int)) => format!("int {int}"),
        Some(any_value::Value::DoubleValue(double)) => format!("double {double}"),
        other => format!("{other:?}"),
    }
}
