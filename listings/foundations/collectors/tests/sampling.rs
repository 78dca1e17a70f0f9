//! Which traces the gateway keeps.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use collectors::Collector;
use common::{before, program};
use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue};
use telemetry::{Telemetry, scope};
use testkit::{Capture, Receiver};

/// A span of trace `number`. The ids are chosen, so that the ratio is decided in the same way in every run.
fn span(telemetry: &Telemetry, number: i64, lasts: Duration, status: Status) {
    // Random enough for a hash, and the same each time.
    let id = TraceId::from((number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    let parent = SpanContext::new(id, SpanId::from(1), TraceFlags::SAMPLED, true, TraceState::NONE);
    let context = Context::new().with_remote_span_context(parent);
    let end = SystemTime::now();
    let builder = SpanBuilder::from_name("request").with_attributes([KeyValue::new("number", number)]);
    let builder = builder.with_start_time(end - lasts);
    let mut span = telemetry.tracer(scope("shop", "1.0.0")).build_with_context(builder, &context);
    span.set_status(status);
    span.end_with_timestamp(end);
}

const QUICK: Duration = Duration::from_millis(20);
const SLOW: Duration = Duration::from_millis(700);

/// 100 traces that are fine, 5 with an error, 5 that are slow.
fn traffic(telemetry: &Telemetry) {
    (0..100).for_each(|number| span(telemetry, number, QUICK, Status::Unset));
    (100..105).for_each(|number| span(telemetry, number, QUICK, Status::error("out of stock")));
    (105..110).for_each(|number| span(telemetry, number, SLOW, Status::Unset));
}

/// A gateway that decides after a second.
fn gateway(receiver: &Receiver) -> Collector {
    before(receiver, "gateway.yaml").set("processors.tail_sampling.decision_wait", "1s").start().unwrap()
}

fn numbers(capture: &Capture) -> BTreeSet<i64> {
    capture.spans.iter().filter_map(|span| span.attributes.get("number")?.as_i64()).collect()
}

/// What a gateway keeps of the traffic.
async fn kept() -> BTreeSet<i64> {
    let receiver = Receiver::grpc().await;
    let gateway = gateway(&receiver);
    let telemetry = program("shop", &gateway);
    traffic(&telemetry);
    telemetry.shutdown().unwrap();
    receiver
        .eventually("the slow ones", |capture| (105..110).all(|slow| numbers(capture).contains(&slow)).then_some(()))
        .await;
    gateway.stop().unwrap();
    numbers(&receiver.capture().await)
}

// ANCHOR: kept
#[tokio::test]
async fn errors_and_slow_traces_are_kept_and_of_the_rest_one_in_ten() {
    let (kept, elsewhere) = tokio::join!(kept(), kept());
    let interesting: BTreeSet<_> = (100..110).collect();
    let rest: Vec<_> = kept.difference(&interesting).copied().collect();
    assert!(kept.is_superset(&interesting), "{kept:?}");
    assert_eq!(rest, [24, 36, 41, 45, 46, 62, 70, 88, 89, 98], "decided by the trace id: these and no others");
    assert_eq!(kept, elsewhere, "so another gateway keeps the same");
}
// ANCHOR_END: kept
#[tokio::test]
async fn symptom_an_error_after_the_decision_is_lost() {
    let receiver = Receiver::grpc().await;
    let gateway = gateway(&receiver);
    let telemetry = program("shop", &gateway);
    span(&telemetry, 1, QUICK, Status::Unset); // not one of the lucky ones
    span(&telemetry, 105, SLOW, Status::Unset);
    telemetry.flush().unwrap();
    receiver.eventually("the decision", |capture| numbers(capture).contains(&105).then_some(())).await;
    span(&telemetry, 1, QUICK, Status::error("the answer took longer than decision_wait"));
    span(&telemetry, 106, SLOW, Status::Unset);
    telemetry.shutdown().unwrap();
    receiver.eventually("the next decision", |capture| numbers(capture).contains(&106).then_some(())).await;
    gateway.stop().unwrap();
    assert_eq!(numbers(&receiver.capture().await), [105, 106].into());
}

// ANCHOR: halves
#[tokio::test]
async fn symptom_two_gateways_tear_a_trace_apart() {
    let receiver = Receiver::grpc().await;
    let gateways = [gateway(&receiver), gateway(&receiver)];
    let [shop, payments] = [("shop", &gateways[0]), ("payments", &gateways[1])].map(|(name, to)| program(name, to));
    span(&shop, 1, QUICK, Status::Unset);
    span(&payments, 1, QUICK, Status::error("card declined"));
    shop.shutdown().unwrap();
    payments.shutdown().unwrap();
    for gateway in gateways {
        gateway.stop().unwrap(); // it decides about what it has
    }
    let capture = receiver.capture().await;
    let services: Vec<_> = capture.spans.iter().map(|span| span.service.as_str()).collect();
    assert_eq!(services, ["payments"], "the half with the error");
}

#[tokio::test]
async fn one_gateway_keeps_the_whole_trace() {
    let receiver = Receiver::grpc().await;
    let gateway = gateway(&receiver);
    let [shop, payments] = ["shop", "payments"].map(|name| program(name, &gateway));
    span(&shop, 1, QUICK, Status::Unset);
    span(&payments, 1, QUICK, Status::error("card declined"));
    shop.shutdown().unwrap();
    payments.shutdown().unwrap();
    gateway.stop().unwrap();
    assert_eq!(receiver.capture().await.spans.len(), 2);
}
// ANCHOR_END: halves
