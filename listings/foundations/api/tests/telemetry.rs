//! Spans of both APIs in one trace.
#![allow(clippy::unwrap_used)]

mod common;

use common::{received, tracer};
use opentelemetry::Context;
use opentelemetry::context::FutureExt;
use opentelemetry::trace::{Span as _, TraceContextExt, Tracer, mark_span_as_active};
use testkit::{Receiver, Registry, assert_capture, check};
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, info, info_span};

// ANCHOR: both
#[tokio::test]
async fn a_span_of_the_api_is_the_parent_of_a_span_of_tracing() {
    let work = |tracer: &_| Tracer::in_span(tracer, "api", |_| info_span!("tracing").in_scope(|| ()));
    assert_eq!(received(|telemetry| work(&tracer(telemetry))).await.tree(), "api\n  tracing\n");
}

#[tokio::test]
async fn a_span_of_tracing_is_the_parent_of_a_span_of_the_api() {
    let work = |tracer: &_| info_span!("tracing").in_scope(|| Tracer::in_span(tracer, "api", |_| ()));
    assert_eq!(received(|telemetry| work(&tracer(telemetry))).await.tree(), "tracing\n  api\n");
}
// ANCHOR_END: both

#[tokio::test]
async fn they_nest_in_any_order_and_a_log_record_belongs_to_the_innermost() {
    let capture = received(|telemetry| {
        let tracer = tracer(telemetry);
        info_span!("order, tracing").in_scope(|| {
            tracer.in_span("charge, API", |_context| {
                info!("charged");
                let mail = || tracer.in_span("mail, API", |_context| info!("mailed"));
                info_span!("receipt, tracing").in_scope(mail);
            });
            info!("ordered");
        });
    })
    .await;
    assert_eq!(capture.tree(), "order, tracing\n  charge, API\n    receipt, tracing\n      mail, API\n");
    let spans: Vec<_> = capture.logs.iter().map(|log| (log.body.as_str(), log.span)).collect();
    assert_eq!(spans, [("charged", Some(1)), ("mailed", Some(3)), ("ordered", Some(0))]);
    assert_eq!(check(&capture, &Registry::default()), []);
    assert_capture!(capture, "telemetry/mixed.json");
}

#[tokio::test]
async fn lost_when_the_span_of_the_api_is_not_active() {
    let capture = received(|telemetry| {
        let mut span = tracer(telemetry).start("api");
        info_span!("tracing").in_scope(|| ());
        span.end();
    })
    .await;
    assert_eq!(capture.tree(), "api\ntracing\n");
}

#[tokio::test]
async fn the_parent_is_settled_when_the_span_is_made() {
    let capture = received(|telemetry| {
        let early = info_span!("early");
        let _active = mark_span_as_active(tracer(telemetry).start("api"));
        early.in_scope(|| info_span!("inside").in_scope(|| ()));
    })
    .await;
    let mut lines: Vec<_> = capture.tree().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["  inside", "api", "early"]);
}

#[tokio::test]
async fn an_explicit_none_makes_a_root() {
    let capture = received(|telemetry| {
        tracer(telemetry).in_span("api", |_| info_span!(parent: None, "tracing").in_scope(|| ()));
    })
    .await;
    assert_eq!(capture.tree(), "api\ntracing\n");
}

#[tokio::test]
async fn a_span_below_the_exported_level_is_skipped_over() {
    let capture = received(|telemetry| {
        let tracer = tracer(telemetry);
        info_span!("outer").in_scope(|| {
            tracing::debug_span!("detail").in_scope(|| tracer.in_span("inner", |_| info!("who am I")));
        });
    })
    .await;
    assert_eq!((capture.tree().as_str(), capture.logs[0].span), ("outer\n  inner\n", Some(1)));
}

/// Runs `work` with telemetry of its own on one thread, and returns the tree.
async fn tree<F: Future<Output = ()>>(work: impl FnOnce(opentelemetry_sdk::trace::SdkTracer) -> F) -> String {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build().unwrap();
    work(tracer(&telemetry)).with_subscriber(telemetry.dispatch()).await;
    telemetry.shutdown().unwrap();
    receiver.capture().await.tree()
}

/// Awaits once, and makes a span afterwards.
async fn pack() {
    tokio::task::yield_now().await;
    info_span!("pack").in_scope(|| ());
}

#[tokio::test]
async fn kept_across_an_await_by_with_context() {
    let work = async |tracer: opentelemetry_sdk::trace::SdkTracer| {
        let context = Context::current_with_span(tracer.start("api"));
        pack().with_context(context).await;
    };
    assert_eq!(tree(work).await, "api\n  pack\n");
}

#[tokio::test]
async fn lost_by_a_guard_of_the_api_that_is_held_across_an_await() {
    let work = async |tracer: opentelemetry_sdk::trace::SdkTracer| {
        let sleeper = async {
            let _active = mark_span_as_active(tracer.start("sleeper"));
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        };
        tokio::join!(sleeper, pack()); // `pack` runs while the guard sleeps
    };
    assert_eq!(tree(work).await, "sleeper\n  pack\n");
}

#[tokio::test]
async fn kept_across_an_await_in_both_directions_at_once() {
    let work = async |tracer: opentelemetry_sdk::trace::SdkTracer| {
        let inner = async {
            tokio::task::yield_now().await;
            let context = Context::current_with_span(tracer.start("api"));
            pack().with_context(context).await;
        };
        inner.instrument(info_span!("order")).await;
    };
    assert_eq!(tree(work).await, "order\n  api\n    pack\n");
}
