//! What of `tracing` becomes a span, what a log record, and what neither.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use opentelemetry::trace::{Span as _, SpanKind, Tracer as _};
use telemetry::{Config, Telemetry, propagation, scope};
use testkit::{Capture, Receiver};
use tracing::level_filters::LevelFilter;
use tracing::{Span, dispatcher};

/// Runs `work` under telemetry built by `settings`, and returns what was received.
async fn received(
    settings: impl FnOnce(telemetry::Builder) -> telemetry::Builder,
    work: impl FnOnce(&Telemetry),
) -> Capture {
    let receiver = Receiver::grpc().await;
    let telemetry = settings(receiver.telemetry("bridge")).build().unwrap();
    dispatcher::with_default(&telemetry.dispatch(), || work(&telemetry));
    telemetry.shutdown().unwrap();
    receiver.capture().await
}

#[tokio::test]
async fn an_event_is_a_log_record_of_its_span_and_nothing_else() {
    let capture = received(
        |builder| builder,
        |_| {
            tracing::info_span!("order").in_scope(|| {
                tracing::info_span!("pay").in_scope(|| tracing::error!(name: "card.refused", kind = "visa", "no"));
            });
        },
    )
    .await;
    assert_eq!(capture.tree(), "order\n  pay\n");
    let [record] = capture.logs.as_slice() else { panic!("{capture}") };
    assert_eq!((record.event_name.as_deref(), record.severity.as_str()), (Some("card.refused"), "ERROR"));
    assert_eq!((record.body.as_str(), record.span, &record.attributes["kind"]), ("no", Some(1), &"visa".into()));
    let pay = &capture.spans[1];
    assert_eq!(pay.events, [""; 0], "it would be there twice");
    assert_eq!(pay.status, "unset", "an error that was logged is not an error of the span");
    assert_eq!(pay.attributes.len(), 0, "no line numbers, no threads: {:?}", pay.attributes);
}

#[tokio::test]
async fn an_error_field_is_an_attribute_and_no_exception() {
    let capture = received(
        |builder| builder,
        |_| {
            let error = std::io::Error::other("broken");
            let span = tracing::info_span!("write", cause = &error as &dyn std::error::Error);
            span.in_scope(|| ());
        },
    )
    .await;
    let span = &capture.spans[0];
    assert_eq!(span.attributes["cause"], "broken");
    assert!(!span.attributes.keys().any(|key| key.starts_with("exception")), "{:?}", span.attributes);
    assert_eq!(span.events, [""; 0]);
}

#[tokio::test]
async fn only_what_is_important_enough_is_exported() {
    let work = |_: &Telemetry| {
        tracing::debug_span!("detail").in_scope(|| tracing::debug!("detail"));
        tracing::info_span!("step").in_scope(|| tracing::info!("step"));
    };
    let capture = received(|builder| builder, work).await;
    assert_eq!((capture.tree().as_str(), capture.logs.len()), ("step\n", 1));
    let capture = received(|builder| builder.level(LevelFilter::DEBUG), work).await;
    assert_eq!((capture.tree().as_str(), capture.logs.len()), ("detail\nstep\n", 2));
    let capture = received(|builder| builder.level(LevelFilter::OFF), work).await;
    assert_eq!((capture.spans.len(), capture.logs.len()), (0, 0));
}

#[tokio::test]
async fn a_tracer_makes_spans_that_tracing_continues() {
    let capture = received(
        |builder| builder,
        |telemetry| {
            let tracer = telemetry.tracer(scope("edge", "1.0.0"));
            let mut edge = tracer.span_builder("edge").with_kind(SpanKind::Consumer).start(&tracer);
            edge.set_attribute(opentelemetry::KeyValue::new("queue", "orders"));
            let _active = opentelemetry::trace::mark_span_as_active(edge);
            tracing::info_span!("inside").in_scope(|| ());
        },
    )
    .await;
    assert_eq!(capture.tree(), "edge\n  inside\n");
    assert_eq!(capture.spans[0].kind, "consumer");
}

#[tokio::test]
async fn metrics_go_out_at_their_interval() {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("meter").export_interval(Duration::from_millis(20)).build().unwrap();
    telemetry.meter(scope("test", "0")).u64_counter("jobs").build().add(2, &[]);
    let value = receiver.eventually("the metric", |capture| capture.metric("jobs", &[]).cloned()).await;
    assert_eq!(value, 2);
    telemetry.shutdown().unwrap();
}

/// A caller's context, as it came in.
fn incoming() -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap());
    headers.insert("tracestate", "vendor=opaque".parse().unwrap());
    headers.insert("baggage", "tenant=acme".parse().unwrap());
    headers
}

#[tokio::test]
async fn a_disabled_sdk_hands_the_context_on_as_it_came() {
    for variable in ["OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=none"] {
        let (name, value) = variable.split_once('=').unwrap();
        let config = Config::from_lookup(|asked| (asked == name).then(|| value.to_owned()));
        let capture = received(
            |builder| builder.config(config),
            |telemetry| {
                let _caller = propagation::extract(&incoming()).attach();
                let mut outgoing = http::HeaderMap::new();
                tracing::info_span!("work").in_scope(|| {
                    propagation::inject(&propagation::context_of(&Span::current()), &mut outgoing);
                });
                assert_eq!(outgoing, incoming(), "{variable}");
                assert!(!telemetry.tracer(scope("edge", "1")).start("edge").span_context().is_valid());
            },
        )
        .await;
        assert_eq!(capture.spans, []);
    }
}

#[tokio::test]
async fn what_is_propagated_is_a_choice_of_each_subscriber() {
    for (formats, expected) in [("baggage", vec!["baggage"]), ("none", vec![]), ("tracecontext", vec!["traceparent"])] {
        let config = Config::from_lookup(|name| (name == "OTEL_PROPAGATORS").then(|| formats.to_owned()));
        received(
            |builder| builder.config(config),
            |_| {
                let mut outgoing = http::HeaderMap::new();
                let context = opentelemetry::Context::new();
                let context = opentelemetry::baggage::BaggageExt::with_baggage(&context, [tenant()]);
                let span = tracing::info_span!("work");
                tracing_opentelemetry::OpenTelemetrySpanExt::set_parent(&span, context).unwrap();
                propagation::inject(&propagation::context_of(&span), &mut outgoing);
                let sent: Vec<_> =
                    outgoing.keys().map(http::HeaderName::as_str).filter(|key| *key != "tracestate").collect();
                assert_eq!(sent, expected, "{formats}");
            },
        )
        .await;
    }
}

fn tenant() -> opentelemetry::KeyValue {
    opentelemetry::KeyValue::new("tenant", "acme")
}
