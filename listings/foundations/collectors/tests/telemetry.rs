//! Everything goes through, unharmed.
#![allow(clippy::unwrap_used)]

mod common;

use collectors::Error;
use common::{before, builder, config, program};
use telemetry::{Protocol, Telemetry, scope};
use testkit::Receiver;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// One order: two spans, a log record in the inner one, a counter.
fn order(telemetry: &Telemetry) -> tracing::Span {
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        let order = tracing::info_span!("order", order.id = 7);
        order.in_scope(|| tracing::info_span!("pack").in_scope(|| tracing::info!("packed")));
        telemetry.meter(scope("shop", "1.0.0")).u64_counter("shop.orders").build().add(1, &[]);
        order
    })
}

#[tokio::test]
async fn all_signals_come_through_as_they_were_sent() {
    let (direct, behind) = (Receiver::grpc().await, Receiver::grpc().await);
    let collector = before(&behind, "relay.yaml").start().unwrap();
    let to = |protocol, endpoint: String| builder("shop").endpoint(protocol, endpoint).build().unwrap();
    let expected = {
        let telemetry = to(Protocol::Grpc, direct.endpoint());
        drop(order(&telemetry));
        telemetry.shutdown().unwrap();
        direct.capture().await
    };
    for (protocol, endpoint) in
        [(Protocol::Grpc, collector.endpoint()), (Protocol::HttpBinary, collector.http_endpoint())]
    {
        let telemetry = to(protocol, endpoint);
        drop(order(&telemetry));
        telemetry.shutdown().unwrap();
    }
    collector.stop().unwrap(); // it sends what it has before it ends
    let seen = behind.capture().await;
    assert_eq!((seen.spans.len(), seen.logs.len()), (4, 2), "{seen}");
    assert_eq!(seen.resources, expected.resources);
    assert_eq!(seen.tree(), expected.tree().repeat(2), "{seen}");
    assert_eq!(seen.metrics[0].name, "shop.orders");
    for (seen, expected) in seen.logs.iter().zip(expected.logs.iter().cycle()) {
        assert_eq!(
            (&seen.body, &seen.severity, &seen.attributes),
            (&expected.body, &expected.severity, &expected.attributes)
        );
        assert!(seen.span.is_some(), "the record knows its span");
    }
}
#[tokio::test]
async fn a_trace_whose_halves_take_different_ways_is_one_trace() {
    let receiver = Receiver::grpc().await;
    let collector = before(&receiver, "relay.yaml").start().unwrap();
    let (shop, mail) = (program("shop", &collector), receiver.telemetry("mail").build().unwrap());
    let order = order(&shop); // through the collector
    let send = || {
        let send = tracing::info_span!("send"); // past it
        send.set_parent(order.context()).unwrap();
    };
    order.in_scope(|| tracing::dispatcher::with_default(&mail.dispatch(), send));
    drop(order);
    shop.shutdown().unwrap();
    mail.shutdown().unwrap();
    collector.stop().unwrap();
    let capture = receiver.capture().await;
    assert_eq!(capture.tree(), "order\n  pack\n  send\n");
    testkit::assert_capture!(capture, "telemetry/relayed.json");
}

#[test]
fn every_configuration_is_valid() {
    for (first, then) in [
        ("relay.yaml", None),
        ("agent.yaml", None),
        ("gateway.yaml", None),
        ("agent.yaml", Some("old-batch.yaml")),
        ("gateway.yaml", Some("watch.yaml")),
    ] {
        let settings = collectors::Settings::new(config(first)).variable("BACKEND", "backend.example:4317");
        let settings = then.into_iter().fold(settings, |settings, then| settings.and(config(then)));
        settings.validate().unwrap_or_else(|error| panic!("{first} {then:?}: {error}"));
    }
}

#[test]
fn a_mistake_in_a_configuration_is_an_error_that_names_it() {
    let settings =
        collectors::Settings::new(config("relay.yaml")).set("exporters.otlp_grpc.sending_queue.batch.size", "9");
    for error in [settings.validate().unwrap_err(), settings.start().unwrap_err()] {
        assert!(matches!(error, Error::Ended { .. }), "{error}");
        assert!(error.to_string().contains("invalid keys: size"), "{error}");
    }
}
