//! What a span costs the thread that makes it: made, entered, left and ended. Its export is in `export.rs`.
//!
//! Group = case, function = subject; `cargo xtask bench foundations/cost` turns them into `results/span.json`.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, dispatcher};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::Registry;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    let mut group = criterion.benchmark_group("a span");
    with_tracing(&mut group, || tracing::info_span!("work").in_scope(|| ()));
    with_the_api(&mut group, |tracer| tracer.in_span("work", |_| ()));
    group.finish();

    let mut group = criterion.benchmark_group("a span with 5 attributes");
    with_tracing(&mut group, || {
        tracing::info_span!("work", method = "GET", route = "/orders", status = 200, bytes = 512, retry = false)
            .in_scope(|| ())
    });
    with_the_api(&mut group, |tracer| {
        let builder = tracer.span_builder("work").with_attributes([
            KeyValue::new("method", "GET"),
            KeyValue::new("route", "/orders"),
            KeyValue::new("status", 200),
            KeyValue::new("bytes", 512),
            KeyValue::new("retry", false),
        ]);
        tracer.in_span_with_builder(builder, |_| ())
    });
    group.finish();
    criterion.final_summary();
}

/// An exporter that takes and drops.
#[derive(Debug)]
struct Taken;

impl SpanExporter for Taken {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

/// Spans on their way through a batch processor, this share of them.
struct Pipeline(SdkTracerProvider);

impl Pipeline {
    fn new(share: f64) -> Self {
        let builder = SdkTracerProvider::builder().with_sampler(Sampler::TraceIdRatioBased(share));
        Self(builder.with_batch_exporter(Taken).build())
    }

    fn tracer(&self) -> SdkTracer {
        self.0.tracer("bench")
    }

    /// Measures `span`. Between two handfuls the queue is emptied, and nobody watches the time: a span that finds it
    /// full would be a cheap one.
    fn bench(&self, group: &mut Group<'_>, subject: &str, span: impl Fn()) {
        const HANDFUL: u64 = 1_024;
        group.bench_function(subject, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for handful in 0..iterations.div_ceil(HANDFUL) {
                    let began = Instant::now();
                    (0..HANDFUL.min(iterations - handful * HANDFUL)).for_each(|_| span());
                    time += began.elapsed();
                    self.0.force_flush().expect("nothing can fail here");
                }
                time
            });
        });
    }
}

fn with_tracing(group: &mut Group<'_>, span: impl Fn()) {
    group.bench_function("tracing, no subscriber", |bencher| bencher.iter(&span));
    under(Registry::default(), || {
        group.bench_function("tracing, a subscriber without layers", |bencher| bencher.iter(&span));
    });
    let pipeline = Pipeline::new(1.0);
    under(Registry::default().with(lean(&pipeline).with_filter(LevelFilter::WARN)), || {
        group.bench_function("tracing, below the level", |bencher| bencher.iter(&span));
    });
    for share in [0.0, 0.01, 0.1, 1.0] {
        let pipeline = Pipeline::new(share);
        let subject = format!("tracing and layer, {} %", share * 100.0);
        under(Registry::default().with(lean(&pipeline)), || pipeline.bench(group, &subject, &span));
    }
    let pipeline = Pipeline::new(1.0);
    let as_it_comes = tracing_opentelemetry::layer().with_tracer(pipeline.tracer());
    under(Registry::default().with(as_it_comes), || {
        pipeline.bench(group, "tracing and layer as it comes, 100 %", &span);
    });
}

/// As the crate `telemetry` sets it up: without the attributes that say where in the code a span was made.
fn lean(pipeline: &Pipeline) -> OpenTelemetryLayer<Registry, SdkTracer> {
    let layer = tracing_opentelemetry::layer().with_tracer(pipeline.tracer());
    layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false)
}

/// The subscriber is gone afterwards: as long as it lived, no later one could switch a span off for good.
fn under(subscriber: impl Into<Dispatch>, measure: impl FnOnce()) {
    dispatcher::with_default(&subscriber.into(), measure);
}

fn with_the_api(group: &mut Group<'_>, span: impl Fn(&SdkTracer)) {
    for share in [0.0, 1.0] {
        let pipeline = Pipeline::new(share);
        let tracer = pipeline.tracer();
        pipeline.bench(group, &format!("OpenTelemetry API, {} %", share * 100.0), || span(&tracer));
    }
}
