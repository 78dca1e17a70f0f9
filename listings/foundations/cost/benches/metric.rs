//! What a measurement costs the thread that makes it.
//!
//! Group = case, function = subject; `cargo xtask bench foundations/cost` turns them into `results/metric.json`.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(Taken).build()).build();
    let meter = provider.meter("bench");
    for (case, attributes) in [("a measurement", &[][..]), ("a measurement with 3 attributes", &attributes()[..])] {
        measurements(&mut criterion, &meter, case, attributes);
    }
    criterion.final_summary();
}

fn attributes() -> [KeyValue; 3] {
    [
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("http.route", "/orders/{id}"),
        KeyValue::new("http.response.status_code", 200),
    ]
}

/// An exporter that takes and drops.
#[derive(Debug)]
struct Taken;

impl PushMetricExporter for Taken {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn measurements(criterion: &mut Criterion, meter: &Meter, case: &str, attributes: &[KeyValue]) {
    let mut group = criterion.benchmark_group(case);
    let nobody = SdkMeterProvider::builder().build().meter("bench").u64_counter("orders").build();
    group.bench_function("counter that nobody reads", |bencher| bencher.iter(|| nobody.add(1, attributes)));
    let counter = meter.u64_counter("orders").build();
    group.bench_function("counter", |bencher| bencher.iter(|| counter.add(1, attributes)));
    let histogram = meter.f64_histogram("duration").build();
    group.bench_function("histogram", |bencher| bencher.iter(|| histogram.record(black_box(0.042), attributes)));
    if attributes.is_empty() {
        let total = Arc::new(AtomicU64::new(0));
        let now = total.clone();
        meter
            .u64_observable_counter("total")
            .with_callback(move |it| it.observe(now.load(Ordering::Relaxed), &[]))
            .build();
        group.bench_function("atomic, read by an observable counter", |bencher| {
            bencher.iter(|| total.fetch_add(1, Ordering::Relaxed));
        });
        return;
    }
    let route = String::from("/orders/{id}");
    group.bench_function("counter, an attribute allocated each time", |bencher| {
        bencher.iter(|| {
            let mut attributes = self::attributes();
            attributes[1] = KeyValue::new("http.route", black_box(&route).clone());
            counter.add(1, &attributes);
        });
    });
}
