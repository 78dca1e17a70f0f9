//! A span that is the same in every run.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

// ANCHOR: span
/// A request for two items, answered after 25 ms.
pub fn span() -> SpanData {
    let started = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let trace_id = TraceId::from(0x5b8e_fff7_9803_8103_d269_b633_813f_c60c);
    let span_id = SpanId::from(0xeee1_9b7e_c3c1_b174);
    let (flags, state) = (TraceFlags::SAMPLED, TraceState::default());
    SpanData {
        span_context: SpanContext::new(trace_id, span_id, flags, false, state),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Server,
        name: "POST /orders".into(),
        start_time: started,
        end_time: started + Duration::from_millis(25),
        attributes: vec![KeyValue::new("order.items", 2)],
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("shop").build(),
    }
}

/// Who made it.
pub fn resource() -> Resource {
    Resource::builder_empty().with_service_name("shop").build()
}
// ANCHOR_END: span

/// As many as the SDK puts into one request, with ids of their own, as a service would make them.
pub fn batch() -> Vec<SpanData> {
    let span = |number: u64| {
        let mut span = span();
        let span_id = SpanId::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let context = &span.span_context;
        span.span_context =
            SpanContext::new(context.trace_id(), span_id, TraceFlags::SAMPLED, false, Default::default());
        span.start_time += Duration::from_micros(number * 997);
        span.end_time += Duration::from_micros(number * 1_009);
        span
    };
    (1..=512).map(span).collect()
}
