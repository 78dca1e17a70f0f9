//! What it costs to send a context along, and to take one up.
//!
//! Group = case, function = subject; `cargo xtask bench foundations/cost` turns them into `results/propagation.json`.

use std::time::Duration;

use criterion::Criterion;
use http::HeaderMap;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    let (trace, span) = (0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.into(), 0xb7ad_6b71_6920_3331_u64.into());
    let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    let context = Context::new().with_remote_span_context(span);
    let baggage = ["tenant", "region", "campaign"].map(|key| KeyValue::new(key, "seventeen"));
    let with_baggage = context.with_baggage(baggage);
    let both = TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ]);

    let mut headers = [HeaderMap::new(), HeaderMap::new()];
    let mut group = criterion.benchmark_group("inject into headers");
    let traces = TraceContextPropagator::new();
    group.bench_function("traceparent", |bencher| {
        bencher.iter(|| traces.inject_context(&context, &mut HeaderInjector(&mut headers[0])));
    });
    group.bench_function("traceparent, and baggage with 3 entries", |bencher| {
        bencher.iter(|| both.inject_context(&with_baggage, &mut HeaderInjector(&mut headers[1])));
    });
    group.finish();

    let mut group = criterion.benchmark_group("extract from headers");
    let none = HeaderMap::new();
    group.bench_function("nothing there", |bencher| {
        bencher.iter(|| traces.extract_with_context(&Context::new(), &HeaderExtractor(&none)));
    });
    group.bench_function("traceparent", |bencher| {
        bencher.iter(|| traces.extract_with_context(&Context::new(), &HeaderExtractor(&headers[0])));
    });
    group.bench_function("traceparent, and baggage with 3 entries", |bencher| {
        bencher.iter(|| both.extract_with_context(&Context::new(), &HeaderExtractor(&headers[1])));
    });
    group.finish();
    criterion.final_summary();
}
