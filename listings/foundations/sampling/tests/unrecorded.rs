//! A span that is not recorded: what it keeps, and what it costs.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use mock_collector::{MockServer, Protocol};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::trace::Sampler;
use sampling::ratio::Ratio;
use sampling::rules::Rules;
use telemetry::http::{Server, trace};
use telemetry::{Config, Telemetry, propagation, scope};
use testkit::Receiver;
use tower::ServiceExt;
use tracing::dispatcher::with_default;
use tracing::instrument::WithSubscriber;
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

// ANCHOR: context
#[tokio::test]
async fn it_is_still_a_context_with_the_flag_00() {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").sampler(Sampler::AlwaysOff).build().unwrap();
    let (mut outer, mut inner) = (HeaderMap::new(), HeaderMap::new());
    with_default(&telemetry.dispatch(), || {
        info_span!("order").in_scope(|| {
            propagation::inject(&Span::current().context(), &mut outer);
            info_span!("pack").in_scope(|| propagation::inject(&Span::current().context(), &mut inner));
        });
    });
    let parts = |headers: &HeaderMap| -> Vec<String> {
        headers["traceparent"].to_str().unwrap().split('-').map(str::to_owned).collect()
    };
    let (outer, inner) = (parts(&outer), parts(&inner));
    assert_eq!((outer[1].as_str(), outer[3].as_str()), (inner[1].as_str(), "00"), "one trace, not sampled");
    assert_ne!(outer[2], inner[2], "two spans");
    telemetry.shutdown().unwrap();
    assert_eq!(receiver.span_count().await, 0);
}
// ANCHOR_END: context

#[tokio::test(flavor = "multi_thread")]
async fn symptom_its_log_records_name_a_trace_that_nobody_has() {
    let collector = MockServer::builder().protocol(Protocol::HttpBinary).start().await.unwrap();
    let telemetry = Telemetry::builder("shop").config(Config::default()).console(false).sampler(Sampler::AlwaysOff);
    let telemetry = telemetry.endpoint(telemetry::Protocol::HttpBinary, format!("http://{}", collector.addr()));
    let telemetry = telemetry.build().unwrap();
    with_default(&telemetry.dispatch(), || info_span!("order").in_scope(|| tracing::info!("packed")));
    telemetry.shutdown().unwrap();
    let (traces, flags, spans) = collector
        .with_collector(|it| {
            let record = it.logs()[0].log_record();
            (record.trace_id.len(), record.flags, it.span_count())
        })
        .await;
    assert_eq!((traces, flags, spans), (16, 0, 0), "the record has the id of a trace, and its flag says so: 0");
}

// ANCHOR: cost
#[tokio::test]
async fn symptom_its_attributes_are_computed_all_the_same() {
    assert_eq!(computations(|compute| drop(info_span!("order", order.json = compute()).entered())).await, 1);
}

#[tokio::test]
async fn what_is_expensive_asks_whether_it_is_recorded() {
    let work = |compute: &dyn Fn() -> String| {
        let span = info_span!("order", order.json = field::Empty);
        let _entered = span.enter();
        if span.context().span().is_recording() {
            span.record("order.json", compute());
        }
    };
    assert_eq!(computations(work).await, 0);
}
// ANCHOR_END: cost

/// How often `work` computes, where nothing is sampled.
async fn computations(work: impl FnOnce(&dyn Fn() -> String)) -> u32 {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").sampler(Sampler::AlwaysOff).build().unwrap();
    let count = Cell::new(0);
    with_default(&telemetry.dispatch(), || {
        work(&|| {
            count.set(count.get() + 1);
            "{…}".into()
        });
    });
    telemetry.shutdown().unwrap();
    count.get()
}

/// 1,000 requests at a ratio of 0.1, and every tenth is an error. The ids are random. By Chernoff's bound fewer than 40 or
/// more than 175 of 1,000 are kept less often than once in 10¹⁰ times.
#[tokio::test]
async fn metrics_count_every_request_and_spans_only_some() {
    let receiver = Receiver::http().await;
    let sampler = Sampler::parent_based(Rules::otherwise(Ratio::new(0.1)));
    let telemetry = receiver.telemetry("shop").sampler(sampler).build().unwrap();
    let failing = axum::routing::get(async || StatusCode::INTERNAL_SERVER_ERROR);
    let server = Server::new(&telemetry.meter(scope("shop", "0")));
    let router = Router::new().route("/orders", get(async || "ok")).route("/broken", failing);
    let router = router.layer(from_fn_with_state(server, trace));
    for number in 0..1_000 {
        let path = if number % 10 == 0 { "/broken" } else { "/orders" };
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).with_subscriber(telemetry.dispatch()).await.unwrap();
    }
    telemetry.shutdown().unwrap();
    let capture = receiver.capture().await;
    let count =
        |route| capture.metric("http.server.request.duration", &[("http.route", route)]).unwrap()["count"].clone();
    assert_eq!((count("/orders"), count("/broken")), (900.into(), 100.into()));
    assert!((40..=175).contains(&capture.spans.len()), "{}", capture.spans.len());
}
