//! The same without `testkit`: in memory, and over OTLP with `mock-collector`.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use mock_collector::{MockServer, Protocol, ServerHandle};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::Protocol::HttpBinary as Protobuf;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use testing::Orders;
use tracing::Dispatch;
use tracing::dispatcher::set_default;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::prelude::*;

// ANCHOR: memory
/// Providers that keep everything in memory, and the subscriber that feeds them.
struct Memory {
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
    logs: InMemoryLogExporter,
    meters: SdkMeterProvider,
    subscriber: Dispatch,
}

impl Memory {
    fn new() -> Self {
        let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
        let logs = InMemoryLogExporter::default();
        let tracers = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
        let meters = SdkMeterProvider::builder().with_periodic_exporter(metrics.clone()).build();
        let loggers = SdkLoggerProvider::builder().with_simple_exporter(logs.clone()).build();
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(tracing_opentelemetry::layer().with_tracer(tracers.tracer("test")))
            .with(OpenTelemetryTracingBridge::new(&loggers));
        Self { spans, metrics, logs, meters, subscriber: subscriber.into() }
    }
    // ANCHOR_END: memory

    /// The value of a counter, all series together.
    fn count(&self, name: &str) -> u64 {
        self.meters.force_flush().unwrap();
        let exported = self.metrics.get_finished_metrics().unwrap();
        let latest = exported.last().unwrap(); // each export has the whole total
        let metrics = latest.scope_metrics().flat_map(|scope| scope.metrics());
        let counts = metrics.filter(|metric| metric.name() == name).map(|metric| match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => sum.data_points().map(|point| point.value()).sum::<u64>(),
            other => panic!("{name} is no counter: {other:?}"),
        });
        counts.sum()
    }
}

// ANCHOR: order
#[tokio::test]
async fn an_order_is_a_span_a_count_and_a_record() {
    let memory = Memory::new();
    let _guard = set_default(&memory.subscriber);
    let orders = Orders::new(stock().await, &memory.meters.meter("shop")).unwrap();
    orders.place(2).await.unwrap();

    let spans = memory.spans.get_finished_spans().unwrap(); // in the order in which they ended
    let [call, order] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((order.name.as_ref(), call.name.as_ref()), ("order.place", "POST"));
    assert_eq!(call.parent_span_id, order.span_context.span_id());
    assert_eq!(memory.count("shop.orders"), 1);
    let records = memory.logs.get_emitted_logs().unwrap();
    let context = records[0].record.trace_context().unwrap();
    assert_eq!(context.span_id, order.span_context.span_id());
}
// ANCHOR_END: order

/// A stock that has everything.
async fn stock() -> reqwest::Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/reservations", listener.local_addr().unwrap());
    let router = Router::new().route("/reservations", post(async || StatusCode::CREATED));
    tokio::spawn(async { axum::serve(listener, router).await });
    url.parse().unwrap()
}

#[test]
fn symptom_an_in_memory_exporter_is_empty_after_a_shutdown() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    provider.tracer("test").in_span("order", |_context| ());
    assert_eq!(exporter.get_finished_spans().unwrap().len(), 1);
    provider.shutdown().unwrap();
    assert_eq!(exporter.get_finished_spans().unwrap().len(), 0, "so look before");
}

// ANCHOR: mock
async fn collector() -> (ServerHandle, SdkTracerProvider) {
    let server = MockServer::builder().protocol(Protocol::HttpBinary).start().await.unwrap();
    let endpoint = format!("http://{}/v1/traces", server.addr());
    let exporter = SpanExporter::builder().with_http().with_protocol(Protobuf).with_endpoint(endpoint);
    let exporter = exporter.build().unwrap();
    (server, SdkTracerProvider::builder().with_batch_exporter(exporter).build())
}

// The collector answers on the one worker, while this thread waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_span_arrives_over_otlp() {
    let (server, provider) = collector().await;
    provider.tracer("shop").in_span("order.place", |_context| ());
    provider.shutdown().unwrap();
    server.with_collector(|it| it.expect_span_with_name("order.place").assert_count(1)).await;
}

#[tokio::test]
async fn symptom_a_collector_on_the_only_thread_cannot_answer_a_shutdown() {
    let (server, provider) = collector().await;
    provider.tracer("shop").in_span("order.place", |_context| ());
    let patience = Duration::from_millis(500); // five seconds, unless told otherwise
    provider.shutdown_with_timeout(patience).unwrap_err();
    assert_eq!(server.with_collector(|it| it.span_count()).await, 0);
}
// ANCHOR_END: mock
