//! Which span a record belongs to, and what it knows of it.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::mpsc;

use common::{Pipeline, received};
use logs::processors::FromBaggage;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{TraceFlags, Tracer};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};
use opentelemetry_sdk::trace::Sampler;
use tracing::level_filters::LevelFilter;
use tracing::{debug_span, info, info_span};

#[tokio::test]
async fn a_record_belongs_to_the_innermost_span_of_either_api() {
    let capture = received(|telemetry| {
        let tracer = telemetry.tracer(telemetry::scope("shop", "1.0.0"));
        info!("nowhere");
        info_span!("outer").in_scope(|| {
            tracer.in_span("inner", |_context| info!("in the span of the API"));
            info!("in the span of tracing");
        });
    })
    .await;
    assert_eq!(capture.tree(), "outer\n  inner\n");
    assert_eq!(capture.logs.iter().map(|log| log.span).collect::<Vec<_>>(), [None, Some(1), Some(0)]);
}

#[tokio::test]
async fn symptom_the_parent_that_an_event_names_is_ignored() {
    let capture = received(|_| {
        let (order, pack) = (info_span!("order"), info_span!("pack"));
        order.in_scope(|| info!(parent: &pack, "packed"));
    })
    .await;
    let span = capture.logs[0].span.unwrap();
    assert_eq!(capture.spans[span].name, "order", "the record belongs to what is entered");
}

#[tokio::test]
async fn kept_by_entering_the_span() {
    let capture = received(|_| {
        let (order, pack) = (info_span!("order"), info_span!("pack"));
        order.in_scope(|| pack.in_scope(|| info!("packed")));
    })
    .await;
    let span = capture.logs[0].span.unwrap();
    assert_eq!(capture.spans[span].name, "pack");
}

#[tokio::test]
async fn below_the_exported_level_a_record_belongs_to_the_span_outside() {
    let capture =
        received(|_| info_span!("order").in_scope(|| debug_span!("detail").in_scope(|| info!("packed")))).await;
    assert_eq!((capture.tree().as_str(), capture.logs[0].span), ("order\n", Some(0)));
}

/// Tells the flags of each record.
#[derive(Debug)]
struct Flags(mpsc::Sender<TraceFlags>);

impl LogProcessor for Flags {
    fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
        let flags = record.trace_context().and_then(|context| context.trace_flags);
        flags.into_iter().for_each(|flags| self.0.send(flags).unwrap());
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
}

#[tokio::test]
async fn a_record_is_exported_although_its_trace_is_not_sampled() {
    let (send, flags) = mpsc::channel();
    let pipeline = Pipeline::new(Sampler::AlwaysOff, |logs, batches| {
        logs.with_log_processor(Flags(send)).with_log_processor(batches)
    })
    .await;
    let work = || info_span!("order").in_scope(|| info!("packed"));
    let (capture, lines) = pipeline.run(LevelFilter::INFO, "info", work).await;
    assert_eq!((capture.spans.len(), capture.logs.len()), (0, 1));
    assert_eq!(flags.try_recv(), Ok(TraceFlags::NOT_SAMPLED), "the record says so");
    assert_eq!(lines.json()[0]["trace_flags"], "00", "and so does the line");
}

// ANCHOR: fields
#[tokio::test]
async fn symptom_the_fields_of_the_span_are_not_on_the_record() {
    let capture = received(|_| info_span!("order", shop.tenant = "acme").in_scope(|| info!("packed"))).await;
    assert_eq!(capture.spans[0].attributes["shop.tenant"], "acme");
    assert_eq!(capture.logs[0].attributes.len(), 0);
}
// ANCHOR_END: fields

#[tokio::test]
async fn what_stands_in_the_baggage_is_on_every_record() {
    let pipeline = Pipeline::new(Sampler::AlwaysOn, |logs, batches| {
        logs.with_log_processor(FromBaggage(&["shop.tenant"])).with_log_processor(batches)
    })
    .await;
    let work = || {
        let _active = Context::current_with_baggage([KeyValue::new("shop.tenant", "acme")]).attach();
        info_span!("order").in_scope(|| info_span!("pack").in_scope(|| info!("packed")));
    };
    let (capture, _) = pipeline.run(LevelFilter::INFO, "off", work).await;
    assert_eq!((&capture.logs[0].attributes["shop.tenant"], capture.logs[0].span), (&"acme".into(), Some(1)));
}
