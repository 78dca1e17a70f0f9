//! What a log record costs the thread that writes it.
//!
//! Group = case, function = subject; `cargo xtask bench foundations/cost` turns them into `results/log.json`.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::Registry;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    records(&mut criterion.benchmark_group("a log record"), || tracing::info!("order priced"));
    records(&mut criterion.benchmark_group("a log record with 3 attributes"), || {
        tracing::info!(order = 42, stock = 7, currency = "EUR", "order priced");
    });
    criterion.final_summary();
}

/// An exporter that takes and drops.
#[derive(Debug)]
struct Taken;

impl LogExporter for Taken {
    async fn export(&self, _: LogBatch<'_>) -> OTelSdkResult {
        Ok(())
    }
}

fn records(group: &mut Group<'_>, record: impl Fn()) {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let json = tracing_subscriber::fmt::layer().json().with_writer(std::io::sink);
    let mut bench = |subject: &str, dispatch: Dispatch| {
        dispatcher::with_default(&dispatch, || group.bench_function(subject, |bencher| bencher.iter(&record)));
    };
    bench("no subscriber", Dispatch::none());
    bench("a line of text, thrown away", Registry::default().with(lines).into());
    bench("a line of JSON, thrown away", Registry::default().with(json).into());
    let idle = SdkLoggerProvider::builder().build();
    let below = OpenTelemetryTracingBridge::new(&idle).with_filter(LevelFilter::WARN);
    bench("bridge, below the level", Registry::default().with(below).into());

    exported(group, "bridge", &record, |bridge| Registry::default().with(bridge).into());
    let traces = SdkTracerProvider::builder().build();
    let spans = || tracing_opentelemetry::layer().with_tracer(traces.tracer("bench"));
    exported(group, "bridge, inside a span", &record, |bridge| {
        Registry::default().with(spans().with_filter(filter_fn(|it| it.is_span()))).with(bridge).into()
    });
}

type Bridge = OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>;

/// Between two handfuls the queue is emptied, and nobody watches the time: a record that finds it full would be a cheap
/// one.
fn exported(group: &mut Group<'_>, subject: &str, record: impl Fn(), subscriber: impl FnOnce(Bridge) -> Dispatch) {
    const HANDFUL: u64 = 1_024;
    let provider = SdkLoggerProvider::builder().with_batch_exporter(Taken).build();
    let measure = |iterations: u64| {
        let mut time = Duration::ZERO;
        for handful in 0..iterations.div_ceil(HANDFUL) {
            let began = Instant::now();
            (0..HANDFUL.min(iterations - handful * HANDFUL)).for_each(|_| record());
            time += began.elapsed();
            provider.force_flush().expect("nothing can fail here");
        }
        time
    };
    dispatcher::with_default(&subscriber(OpenTelemetryTracingBridge::new(&provider)), || {
        tracing::info_span!("work").in_scope(|| {
            group.bench_function(subject, |bencher| bencher.iter_custom(measure));
        });
    });
}
