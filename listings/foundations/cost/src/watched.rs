//! A batch processor that says what it drops.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use opentelemetry_semantic_conventions::{attribute, metric};

use crate::queue::Queue;

/// Counted where it happens, read when metrics are collected.
#[derive(Debug, Default)]
struct Counts {
    queued: AtomicU64,
    full: AtomicU64,
    submitted: AtomicU64,
    exported: AtomicU64,
    failed: AtomicU64,
}

/// The SDK's batch processor, watched from both sides. [`watched`] makes it.
#[derive(Debug)]
pub struct WatchedProcessor {
    batches: BatchSpanProcessor,
    counts: Arc<Counts>,
    size: u64,
}

/// An exporter that counts what it is given, and what became of it.
#[derive(Debug)]
pub struct WatchedExporter<E> {
    exporter: E,
    counts: Arc<Counts>,
    duration: Histogram<f64>,
}

// ANCHOR: watched
/// A batch processor in front of `exporter`, with metrics of its own on `meter`.
pub fn watched<E>(exporter: E, queue: Queue, delay: Duration, meter: &Meter) -> WatchedProcessor
where
    E: SpanExporter + 'static,
{
    let counts = Arc::new(Counts::default());
    let exporter = WatchedExporter { exporter, counts: counts.clone(), duration: observe(&counts, queue, meter) };
    let batches = BatchSpanProcessor::builder(exporter).with_batch_config(queue.config(delay)).build();
    WatchedProcessor { batches, counts, size: queue.size as u64 }
}

impl SpanProcessor for WatchedProcessor {
    fn on_end(&self, span: SpanData) {
        // The place is taken here. So the queue behind is never full, and no drop goes unseen.
        let place = |queued| (queued < self.size).then_some(queued + 1);
        if self.counts.queued.fetch_update(Relaxed, Relaxed, place).is_ok() {
            self.batches.on_end(span);
        } else {
            self.counts.full.fetch_add(1, Relaxed);
        }
    }
    // ANCHOR_END: watched

    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

impl<E: SpanExporter> SpanExporter for WatchedExporter<E> {
    // ANCHOR: export
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let (size, began) = (batch.len() as u64, Instant::now());
        self.counts.queued.fetch_sub(size, Relaxed); // what is in flight has left the queue
        self.counts.submitted.fetch_add(size, Relaxed);
        let result = self.exporter.export(batch).await;
        let (counter, attributes) = match &result {
            Ok(()) => (&self.counts.exported, exporter(None)),
            Err(_) => (&self.counts.failed, exporter(Some("_OTHER"))),
        };
        counter.fetch_add(size, Relaxed);
        self.duration.record(began.elapsed().as_secs_f64(), &attributes);
        result
    }
    // ANCHOR_END: export

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

// ANCHOR: observe
/// The instruments of the conventions. All but the duration are read when metrics are collected.
fn observe(counts: &Arc<Counts>, queue: Queue, meter: &Meter) -> Histogram<f64> {
    let now = counts.clone();
    meter
        .u64_observable_counter(metric::OTEL_SDK_PROCESSOR_SPAN_PROCESSED)
        .with_unit("{span}")
        .with_description("Spans whose processing has finished.")
        .with_callback(move |it| {
            it.observe(now.submitted.load(Relaxed), &processor(None));
            it.observe(now.full.load(Relaxed), &processor(Some("queue_full")));
        })
        .build();
    let now = counts.clone();
    meter
        .u64_observable_counter(metric::OTEL_SDK_EXPORTER_SPAN_EXPORTED)
        .with_unit("{span}")
        .with_description("Spans whose export has finished.")
        .with_callback(move |it| {
            it.observe(now.exported.load(Relaxed), &exporter(None));
            it.observe(now.failed.load(Relaxed), &exporter(Some("_OTHER")));
        })
        .build();
    // ANCHOR_END: observe
    let now = counts.clone();
    meter
        .i64_observable_up_down_counter(metric::OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE)
        .with_unit("{span}")
        .with_description("Spans that wait for an export.")
        .with_callback(move |it| it.observe(now.queued.load(Relaxed) as i64, &processor(None)))
        .build();
    meter
        .i64_observable_up_down_counter(metric::OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY)
        .with_unit("{span}")
        .with_description("Spans that can wait at most.")
        .with_callback(move |it| it.observe(queue.size as i64, &processor(None)))
        .build();
    meter
        .f64_histogram(metric::OTEL_SDK_EXPORTER_OPERATION_DURATION)
        .with_unit("s")
        .with_description("Duration of an export, with its retries.")
        .build()
}

fn processor(error: Option<&'static str>) -> Vec<KeyValue> {
    component("batching_span_processor", "batching_span_processor/0", error)
}

/// For another exporter, another type: `otlp_grpc_span_exporter`.
fn exporter(error: Option<&'static str>) -> Vec<KeyValue> {
    component("otlp_http_span_exporter", "otlp_http_span_exporter/0", error)
}

/// The names are the same in every process: an id of the instance would make a new series with each restart.
fn component(kind: &'static str, name: &'static str, error: Option<&'static str>) -> Vec<KeyValue> {
    let error = error.map(|error| KeyValue::new(attribute::ERROR_TYPE, error));
    [KeyValue::new(attribute::OTEL_COMPONENT_TYPE, kind), KeyValue::new(attribute::OTEL_COMPONENT_NAME, name)]
        .into_iter()
        .chain(error)
        .collect()
}
