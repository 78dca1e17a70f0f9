//! Which variables of the environment change what a program sends. Each is tried: the same program runs without it and
//! with it, and a server notes everything that arrives.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Link, SpanBuilder, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, Tracer};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry::Telemetry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

mod wire;

const SETUPS: [&str; 2] = ["alone", "ours"];

// ANCHOR: variables
/// A variable, a value that should make a difference, and what else must be set for it to matter.
type Variable = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What is tried.
const VARIABLES: [Variable; 34] = [
    ("OTEL_SDK_DISABLED", "true", &[]),
    ("OTEL_SERVICE_NAME", "deployed", &[]),
    ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test", &[]),
    ("OTEL_PROPAGATORS", "none", &[]),
    ("OTEL_TRACES_EXPORTER", "none", &[]),
    ("OTEL_METRICS_EXPORTER", "none", &[]),
    ("OTEL_LOGS_EXPORTER", "none", &[]),
    ("OTEL_TRACES_SAMPLER", "always_off", &[]),
    ("OTEL_TRACES_SAMPLER_ARG", "0", &[("OTEL_TRACES_SAMPLER", "traceidratio")]),
    ("OTEL_BSP_SCHEDULE_DELAY", "50", &[]),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "1", &[]),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1", &[]),
    ("OTEL_BSP_EXPORT_TIMEOUT", "1", &[]),
    ("OTEL_BLRP_SCHEDULE_DELAY", "50", &[]),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", "1", &[]),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1", &[]),
    ("OTEL_BLRP_EXPORT_TIMEOUT", "1", &[]),
    ("OTEL_METRIC_EXPORT_INTERVAL", "50", &[]),
    ("OTEL_METRIC_EXPORT_TIMEOUT", "1", &[]),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1", &[]),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "1", &[]),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", "1", &[]),
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", "1", &[]),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1", &[]),
    ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "1", &[]),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", &[]),
    ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret", &[]),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "20", &[]),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", &[]),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", &[]),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file", &[]),
    ("OTEL_EXPORTER_OTLP_INSECURE", "true", &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]),
    ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", &[]),
    ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram", &[]),
];
// ANCHOR_END: variables

fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("alone") => alone(),
        Some(_) => ours(),
        None => table(),
    }
}

/// The SDK with all three signals, and nothing configured in code.
fn alone() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _entered = runtime.enter(); // gRPC needs one
    let traces = SdkTracerProvider::builder().with_batch_exporter(SpanExporter::builder().build()?).build();
    let metrics = SdkMeterProvider::builder().with_periodic_exporter(MetricExporter::builder().build()?).build();
    let logs = SdkLoggerProvider::builder().with_batch_exporter(LogExporter::builder().build()?).build();
    global::set_tracer_provider(traces.clone());
    global::set_meter_provider(metrics.clone());
    global::set_text_map_propagator(TraceContextPropagator::new()); // the default one does nothing at all
    let ours = Targets::new().with_target("shop", LevelFilter::INFO); // and no word of the HTTP client's
    tracing_subscriber::registry().with(OpenTelemetryTracingBridge::new(&logs).with_filter(ours)).init();
    work();
    let ended = [traces.shutdown(), metrics.shutdown(), logs.shutdown()];
    println!("{:?}", ended.map(|result| result.is_ok()));
    Ok(())
}

/// This book's set-up.
fn ours() -> anyhow::Result<()> {
    let telemetry = Telemetry::builder("shop").console(false).install()?;
    work();
    println!("{:?}", telemetry.shutdown().is_ok());
    Ok(())
}

/// Some of everything that a limit could cut.
fn work() {
    let many = || (0..3).map(|number| KeyValue::new(format!("key.{number}"), "long"));
    let other = SpanContext::new(TraceId::from(1), SpanId::from(1), TraceFlags::SAMPLED, true, Default::default());
    let (tracer, meter) = (global::tracer("shop"), global::meter("shop"));
    meter.f64_histogram("order.duration").build().record(1.0, &[]);
    meter.u64_counter("order.packed").build().add(1, &[]);
    for number in 0..8 {
        let builder = SpanBuilder::from_name("order").with_attributes(many());
        let span = tracer.build(builder.with_links((0..3).map(|_| Link::with_context(other.clone())).collect()));
        let context = Context::current_with_span(span);
        (0..3).for_each(|_| context.span().add_event("packed", many().collect()));
        let mut headers = std::collections::HashMap::new();
        global::get_text_map_propagator(|propagator: &dyn TextMapPropagator| {
            propagator.inject_context(&context, &mut headers);
        });
        println!("{:?}", headers.keys().collect::<std::collections::BTreeSet<_>>());
        tracing::info!(target: "shop", a = 1, b = 2, "packed");
        if number % 4 == 3 {
            thread::sleep(Duration::from_millis(400)); // for what is sent in the background
        }
    }
}

// ANCHOR: table
/// Tries every variable with both set-ups, a few at a time.
fn table() -> anyhow::Result<()> {
    let usual = [observe(SETUPS[0], &[], None)?, observe(SETUPS[1], &[], None)?];
    for (setup, usual) in SETUPS.iter().zip(&usual) {
        ensure!(observe(setup, &[], None)? == *usual, "{setup} does not do the same twice, so no difference counts");
    }
    println!("{:58} {:>8} {:>12}", "variable", "the SDK", "this book");
    for few in VARIABLES.chunks(8) {
        let rows: Vec<_> = thread::scope(|scope| {
            let rows: Vec<_> = few.iter().map(|variable| scope.spawn(|| reads(*variable, &usual))).collect();
            rows.into_iter().map(|row| row.join().expect("a row is an error and no panic")).collect()
        });
        for ((name, ..), reads) in few.iter().zip(rows) {
            let [alone, ours] = reads?.map(|is_read| if is_read { "reads" } else { "–" });
            println!("{name:58} {alone:>8} {ours:>12}");
        }
    }
    Ok(())
}

/// Whether a variable changes anything, in each set-up.
fn reads((name, value, with): Variable, usual: &[String; 2]) -> anyhow::Result<[bool; 2]> {
    let mut reads = [false; 2];
    for ((setup, usual), reads) in SETUPS.iter().zip(usual).zip(&mut reads) {
        let without = if with.is_empty() { usual.clone() } else { observe(setup, with, None)? };
        *reads = observe(setup, with, Some((name, value)))? != without;
    }
    Ok(reads)
}
// ANCHOR_END: table

/// What a program prints and sends, in words.
fn observe(setup: &str, with: &[(&str, &str)], variable: Option<(&str, &str)>) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let seen: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let server = Router::new().fallback(async move |uri: Uri, headers: HeaderMap, body: Bytes| {
        tokio::time::sleep(Duration::from_millis(100)).await; // as far away as the next continent
        *noted.lock().expect("nobody panics with it").entry(wire::describe(&uri, &headers, &body)).or_default() += 1;
        (StatusCode::OK, [("content-type", wire::content_type(&headers))])
    });
    let address = runtime.block_on(testkit::serve(server, tracing::Dispatch::none()));
    let is_grpc = with.iter().any(|(_, value)| *value == "grpc");
    let endpoint = if is_grpc { address.to_string() } else { format!("http://{address}") };
    let mut program = Command::new(std::env::current_exe()?);
    std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")).for_each(|(name, _)| {
        program.env_remove(name);
    });
    program.arg(setup).env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    program.env("OTEL_BSP_SCHEDULE_DELAY", "60000").env("OTEL_BLRP_SCHEDULE_DELAY", "60000"); // nothing by chance
    let output = program.envs(with.iter().copied()).envs(variable).output()?;
    let printed = String::from_utf8(output.stdout)?;
    ensure!(variable.is_some() || !printed.is_empty(), "it fails: {}", String::from_utf8_lossy(&output.stderr));
    let seen = seen.lock().expect("nobody panics with it");
    Ok(format!("{printed}{seen:#?}"))
}
