use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use migration::exporters::{Names, NoHealthChecks, ShardedIds, Signed, ten_percent_whoever_calls};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, Tracer, TracerProvider};
use opentelemetry::{Context, trace::Span};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use testkit::Receiver;

#[test]
fn an_exporter_of_our_own_and_a_sampler() {
    let names = Names::default();
    let builder = SdkTracerProvider::builder().with_simple_exporter(names.clone());
    let tracer = builder.with_sampler(NoHealthChecks(Sampler::AlwaysOn)).build().tracer("checkout");
    ["GET /health", "GET /orders"].into_iter().for_each(|name| tracer.in_span(name, |_| ()));
    assert_eq!(names.take(), ["GET /orders"]);
}

#[test]
fn a_caller_outside_does_not_force_us_to_record() {
    let recorded = |sampler: Box<dyn opentelemetry_sdk::trace::ShouldSample>| {
        let tracer = SdkTracerProvider::builder().with_sampler(sampler).build().tracer("checkout");
        let trace = TraceId::from(u128::MAX); // beyond any ratio
        let parent = SpanContext::new(trace, SpanId::from(7), TraceFlags::SAMPLED, true, Default::default());
        tracer.start_with_context("work", &Context::new().with_remote_span_context(parent)).is_recording()
    };
    let old = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(0.1)));
    assert!(recorded(Box::new(old)));
    assert!(!recorded(Box::new(ten_percent_whoever_calls())));
}

#[test]
fn ids_come_from_the_generator() {
    let provider = SdkTracerProvider::builder().with_id_generator(ShardedIds::default()).build();
    let span = provider.tracer("checkout").start("work");
    assert!(span.span_context().trace_id().to_string().starts_with("07"));
}

/// Answers without a network: 503 first, then 200.
#[derive(Debug, Clone, Default)]
struct Stub(Arc<AtomicUsize>);

#[async_trait::async_trait]
impl HttpClient for Stub {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer secret");
        let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        let status = if first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        Ok(Response::builder().status(status).body(Bytes::new())?)
    }
}

#[test]
fn a_refusal_is_an_answer_and_is_tried_again() {
    let stub = Stub::default(); // answers 503, then 200
    let client = Signed { client: stub.clone(), token: || HeaderValue::from_static("Bearer secret") };
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build().unwrap();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    provider.tracer("checkout").in_span("work", |_| ());
    provider.shutdown().unwrap();
    assert_eq!(stub.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn changed_a_request_that_is_too_large_is_not_sent() {
    let receiver = Receiver::http_json().await;
    let endpoint = format!("{}/v1/traces", receiver.endpoint());
    for (limit, expected) in [(10, 0), (64 << 20, 1)] {
        let builder = SpanExporter::builder().with_http().with_endpoint(&endpoint);
        let exporter = builder.with_max_request_body_size(limit).build().unwrap();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        provider.tracer("checkout").in_span("work", |_| ());
        provider.shutdown().unwrap(); // says nothing
        assert_eq!(receiver.span_count().await, expected);
    }
}
