//! The watched processor, over OTLP.
#![allow(clippy::unwrap_used)]

use std::thread;
use std::time::{Duration, Instant};

use cost::{Queue, gate, watched};
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter as Exporter};
use serde_json::Value;
use telemetry::Telemetry;
use testkit::{Capture, Fault, Receiver, Registry, assert_capture, check};

const NEVER: Duration = Duration::from_secs(3600);

/// A watched processor with the default bounds, and the receiver of its metrics.
struct Watched {
    traces: SdkTracerProvider,
    telemetry: Telemetry,
    receiver: Receiver,
}

impl Watched {
    async fn new(exporter: impl Exporter + 'static) -> Self {
        let receiver = Receiver::grpc().await;
        let telemetry = receiver.telemetry("shop").build().unwrap();
        let meter = telemetry.meter(telemetry::scope("cost", env!("CARGO_PKG_VERSION")));
        let processor = watched(exporter, Queue::default(), NEVER, &meter);
        let traces = SdkTracerProvider::builder().with_span_processor(processor).build();
        Self { traces, telemetry, receiver }
    }

    fn end(&self, spans: usize) {
        let tracer = self.traces.tracer("test");
        (0..spans).for_each(|_| drop(tracer.start("work")));
    }

    /// The metrics of this moment.
    async fn capture(&self) -> Capture {
        self.telemetry.flush().unwrap();
        self.receiver.capture().await
    }

    /// Waits until the exporter has been given so many spans.
    async fn submitted(&self, spans: u64) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while value(&self.capture().await, "otel.sdk.processor.span.processed", None) != spans {
            assert!(Instant::now() < deadline, "no export has begun");
        }
    }
}

/// The value of the series without `error.type`, or with this one.
fn value(capture: &Capture, name: &str, error: Option<&str>) -> u64 {
    let metric = capture.metrics.iter().find(|metric| metric.name == name).unwrap();
    let seen = |point: &&testkit::Point| point.attributes.get("error.type").and_then(Value::as_str) == error;
    metric.points.iter().find(seen).unwrap().value.as_u64().unwrap()
}

fn over_http(receiver: &Receiver) -> SpanExporter {
    let endpoint = format!("{}/v1/traces", receiver.endpoint());
    let exporter = SpanExporter::builder().with_http().with_retry_policy(RetryPolicy::disabled());
    exporter.with_protocol(Protocol::HttpBinary).with_endpoint(endpoint).build().unwrap()
}

// ANCHOR: overload
#[tokio::test]
async fn every_drop_is_counted_while_it_happens() {
    let spans = Receiver::http().await;
    let watched = Watched::new(over_http(&spans)).await;
    spans.set(Fault::Silent); // connects, and never answers
    watched.end(512);
    watched.submitted(512).await;
    watched.end(5_000);

    let overloaded = watched.capture().await;
    assert_eq!(value(&overloaded, "otel.sdk.processor.span.processed", Some("queue_full")), 5_000 - 2_048);
    assert_eq!(value(&overloaded, "otel.sdk.processor.span.queue.size", None), 2_048);
    assert_eq!(check(&overloaded, &Registry::default()), []);
    assert_capture!(overloaded, "telemetry/overload.json");

    spans.set(Fault::Pass);
    watched.traces.force_flush().unwrap();
    assert_eq!(spans.span_count().await, 512 + 2_048);
    assert_eq!(value(&watched.capture().await, "otel.sdk.exporter.span.exported", None), 512 + 2_048);
}
// ANCHOR_END: overload

#[tokio::test]
async fn what_the_exporter_gives_up_is_counted_too() {
    let spans = Receiver::http().await;
    let watched = Watched::new(over_http(&spans)).await;
    spans.set(Fault::Refuse);
    watched.end(7);
    assert!(watched.traces.force_flush().is_err());
    let capture = watched.capture().await;
    assert_eq!(value(&capture, "otel.sdk.exporter.span.exported", Some("_OTHER")), 7);
    assert_eq!(value(&capture, "otel.sdk.exporter.span.exported", None), 0);
    let duration = capture.metrics.iter().find(|metric| metric.name == "otel.sdk.exporter.operation.duration");
    assert_eq!(duration.unwrap().points.len(), 1);
    assert_eq!(check(&capture, &Registry::default()), []);
}

#[tokio::test]
async fn nothing_goes_uncounted_when_many_threads_end_spans() {
    let watched = Watched::new(gate_that_is_open()).await;
    thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(|| watched.end(10_000))));
    });
    watched.traces.force_flush().unwrap();
    let capture = watched.capture().await;
    let processed = |error| value(&capture, "otel.sdk.processor.span.processed", error);
    assert_eq!(processed(None) + processed(Some("queue_full")), 80_000);
    assert_eq!(processed(None), value(&capture, "otel.sdk.exporter.span.exported", None));
    assert_eq!(value(&capture, "otel.sdk.processor.span.queue.size", None), 0);
}

fn gate_that_is_open() -> cost::Gated {
    let (exporter, gate) = gate();
    gate.open();
    exporter
}
