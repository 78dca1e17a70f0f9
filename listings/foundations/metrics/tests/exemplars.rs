//! From a number to a trace.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use metrics::exemplars::{Latency, scrape};
use mock_collector::MockServer;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use opentelemetry_otlp::{MetricExporter, Protocol, WithExportConfig};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus_client::registry::Registry;
use testkit::{Receiver, serve};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

// ANCHOR: none
#[tokio::test(flavor = "multi_thread")]
async fn symptom_no_exemplar_arrives_over_otlp() {
    let collector = MockServer::builder().protocol(Protocol::HttpBinary).start().await.unwrap();
    let endpoint = format!("http://{}/v1/metrics", collector.addr());
    let exporter = MetricExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(endpoint);
    let exporter = exporter.build().unwrap();
    let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exporter).build()).build();
    let meter = provider.meter("shop");
    let (orders, wait) = (meter.u64_counter("orders").build(), meter.f64_histogram("wait").build());
    SdkTracerProvider::default().tracer("shop").in_span("checkout", |context| {
        assert!(context.span().span_context().is_sampled());
        orders.add(1, &[]);
        wait.record(0.043, &[]);
    });
    provider.shutdown().unwrap();
    let exemplars =
        collector.with_collector(|it| it.metrics().iter().map(|it| exemplars(&it.metric().data)).sum::<usize>());
    assert_eq!(exemplars.await, 0, "they work now: time to rewrite the section on exemplars");
}
// ANCHOR_END: none

fn exemplars(data: &Option<Data>) -> usize {
    match data {
        Some(Data::Sum(sum)) => sum.data_points.iter().map(|point| point.exemplars.len()).sum(),
        Some(Data::Histogram(histogram)) => histogram.data_points.iter().map(|point| point.exemplars.len()).sum(),
        other => panic!("neither a counter nor a histogram: {other:?}"),
    }
}

// ANCHOR: openmetrics
#[tokio::test]
async fn an_openmetrics_scrape_leads_to_the_trace() {
    let mut registry = Registry::default();
    let latency = Latency::new(&mut registry, "checkout_duration", "Duration of checkouts");
    let tracer = SdkTracerProvider::default().tracer("shop");
    let trace = tracer.in_span("checkout", |context| {
        latency.record(0.043);
        context.span().span_context().trace_id()
    });
    let router = Router::new().route("/metrics", get(scrape)).with_state(Arc::new(registry));
    let address = serve(router, Dispatch::none()).await;
    let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    let exemplar = format!(r#"checkout_duration_seconds_bucket{{le="0.05"}} 1 # {{trace_id="{trace}"}} 0.043"#);
    assert!(text.lines().any(|line| line == exemplar), "{exemplar} is missing:\n{text}");
}
// ANCHOR_END: openmetrics

#[test]
fn a_trace_that_is_not_sampled_is_no_exemplar() {
    let mut registry = Registry::default();
    let latency = Latency::new(&mut registry, "checkout_duration", "Duration of checkouts");
    let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
    provider.tracer("shop").in_span("checkout", |_context| latency.record(0.043));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("checkout_duration_seconds_count 1") && !text.contains("trace_id"), "{text}");
}

#[tokio::test]
async fn a_log_record_of_what_was_slow_leads_to_the_trace_over_otlp() {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    with_default(&telemetry.dispatch(), || {
        tracing::info_span!("checkout").in_scope(|| tracing::warn!(shop.seconds = 2.5, "slow"));
    });
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!((capture.logs[0].body.as_str(), capture.logs[0].span), ("slow", Some(capture.spans[0].id)));
}
