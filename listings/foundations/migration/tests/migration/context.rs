use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use migration::{context, logs};
use opentelemetry::baggage::{Baggage, BaggageExt};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};

fn remote() -> Context {
    let (trace, span) = (TraceId::from(7), SpanId::from(7));
    let parent = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, Default::default());
    Context::new().with_remote_span_context(parent)
}

/// Runs `work` with both layers and returns the spans.
fn spans(work: impl FnOnce()) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    crate::with(logs::subscriber(&provider, &SdkLoggerProvider::builder().build()), work);
    exporter.get_finished_spans().unwrap()
}

#[tokio::test]
async fn work_runs_within_a_context() {
    let trace = context::within(remote(), async { Context::current().span().span_context().trace_id() }).await;
    assert_eq!(trace, TraceId::from(7));
}

#[test]
fn changed_new_baggage_replaces_the_old() {
    let context = Context::new().with_baggage([KeyValue::new("region", "eu")]);
    let replaced = context.with_baggage([KeyValue::new("tenant", "a")]);
    assert_eq!(replaced.baggage().len(), 1);
    let kept = context::with_tenant(&context, "a");
    assert_eq!((kept.baggage().len(), context::tenant(&kept).unwrap().as_str()), (2, "a"));
    assert!(kept.get::<Baggage>().is_none(), "the old way to read it compiles, and finds nothing");
}

#[test]
fn changed_baggage_ends_at_64_entries() {
    let entries = (0..100).map(|number| KeyValue::new(format!("key{number}"), "value"));
    assert_eq!(Context::new().with_baggage(entries).baggage().len(), 64);
}

#[test]
fn a_parent_comes_before_the_span_is_entered() {
    let spans = spans(|| {
        let span = tracing::info_span!("order");
        context::join(&span, remote()).unwrap();
        span.in_scope(|| context::join(&span, remote()).expect_err("too late"));
    });
    assert_eq!(spans[0].span_context.trace_id(), TraceId::from(7));
}

#[test]
fn changed_an_entered_span_is_the_current_context() {
    let spans = spans(|| {
        tracing::info_span!("order").in_scope(|| {
            let parent = Context::current().span().span_context().clone();
            assert!(parent.is_valid(), "what uses the OpenTelemetry API finds its parent");
        });
    });
    assert_eq!(spans.len(), 1);
}

// ANCHOR: propagator
#[test]
fn symptom_by_default_nothing_is_propagated() {
    let mut headers = HashMap::new();
    global::get_text_map_propagator(|default| default.inject_context(&remote(), &mut headers));
    assert!(headers.is_empty());
    context::propagator().inject_context(&remote(), &mut headers);
    assert_eq!(headers["traceparent"], "00-00000000000000000000000000000007-0000000000000007-01");
}
// ANCHOR_END: propagator

#[test]
fn changed_guards_may_be_dropped_in_any_order() {
    let trace = || Context::current().span().span_context().trace_id();
    let outer = remote().attach();
    let inner = Context::new().attach();
    drop(outer);
    assert_eq!(trace(), TraceId::INVALID, "the inner one stays current");
    drop(inner);
    assert_eq!(trace(), TraceId::INVALID, "and what ended before does not come back");
}

#[test]
fn changed_telemetry_can_be_suppressed() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let quiet = Context::enter_telemetry_suppressed_scope();
    provider.tracer("exporter").in_span("send", |_| ());
    drop(quiet);
    assert_eq!(exporter.get_finished_spans().unwrap(), []);
}

#[derive(Debug, Clone, Default)]
struct Started(Arc<AtomicUsize>);

impl SpanProcessor for Started {
    fn on_start(&self, _span: &mut Span, _context: &Context) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn on_end(&self, _span: SpanData) {}
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[test]
fn changed_a_processor_does_not_see_what_is_not_recorded() {
    let started = Started::default();
    for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
        let builder = SdkTracerProvider::builder().with_span_processor(started.clone());
        builder.with_sampler(sampler).build().tracer("checkout").in_span("work", |_| ());
    }
    assert_eq!(started.0.load(Ordering::Relaxed), 1);
}
