//! One set of instruments, pushed over OTLP and scraped over HTTP.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::routing::get;
use common::Heard;
use metrics::instruments::{Payment, Shop, Warehouse, observe};
use metrics::readers;
use metrics::views::views;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_otlp::{MetricExporter, Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{MeterProviderBuilder, SdkMeterProvider};
use prometheus::Registry;
use testkit::{Receiver, example, serve};
use tracing::Dispatch;

/// The shop's provider: to the receiver, and to a registry.
fn provider(builder: MeterProviderBuilder, receiver: &Receiver) -> (SdkMeterProvider, Registry) {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/metrics", receiver.endpoint()))
        .build()
        .unwrap();
    let resource = Resource::builder_empty().with_service_name("shop").build();
    let (builder, registry) = readers::both(builder.with_resource(resource), exporter).unwrap();
    (builder.build(), registry)
}

/// What a Prometheus would get.
async fn scraped(registry: Registry) -> String {
    let router = Router::new().route("/metrics", get(readers::scrape)).with_state(registry);
    let address = serve(router, Dispatch::none()).await;
    let response = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4");
    response.text().await.unwrap()
}

#[tokio::test]
async fn both_readers_tell_the_same() {
    let receiver = Receiver::http().await;
    let (provider, registry) = provider(SdkMeterProvider::builder(), &receiver);
    let meter = provider.meter("shop");
    let (shop, warehouse) = (Shop::new(&meter), Arc::new(Warehouse::default()));
    observe(&meter, &warehouse);
    warehouse.read.store(4096, Ordering::Relaxed);
    shop.checkout().placed(Payment::Card);
    shop.checkout().placed(Payment::Invoice);
    let text = scraped(registry).await;
    for line in [
        "# TYPE shop_orders_total counter",
        r#"shop_orders_total{shop_payment="card",otel_scope_name="shop"} 1"#,
        r#"shop_checkouts_active{otel_scope_name="shop"} 0"#,
        r#"shop_warehouse_read_bytes_total{otel_scope_name="shop"} 4096"#,
        r#"shop_checkout_duration_seconds_count{otel_scope_name="shop"} 2"#,
        r#"target_info{service_name="shop"} 1"#,
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is missing:\n{text}");
    }
    provider.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!(capture.metric("shop.orders", &[("shop.payment", "card")]).unwrap(), 1);
    assert_eq!(capture.metric("shop.warehouse.read", &[]).unwrap(), 4096);
    assert_eq!(capture.metric("shop.checkout.duration", &[]).unwrap()["count"], 2);
}

#[tokio::test]
async fn symptom_an_exponential_histogram_is_pushed_and_never_scraped() {
    let receiver = Receiver::http().await;
    let (provider, registry) = provider(views(SdkMeterProvider::builder()).unwrap(), &receiver);
    provider.meter("lib").f64_histogram("lib.duration").build().record(0.1, &[]);
    assert!(!scraped(registry).await.contains("lib_duration"));
    provider.shutdown().unwrap();
    assert_eq!(receiver.capture().await.metric("lib.duration", &[]).unwrap()["count"], 1);
}

#[tokio::test]
async fn symptom_the_second_kind_of_a_name_is_never_scraped() {
    let receiver = Receiver::http().await;
    let (provider, registry) = provider(SdkMeterProvider::builder(), &receiver);
    provider.meter("a").f64_gauge("wait").build().record(7.0, &[]);
    provider.meter("a").f64_histogram("wait").build().record(3.0, &[]);
    let mut families = Vec::new();
    let heard = Heard::while_running(|| families = registry.gather());
    let waits = families.iter().filter(|family| family.name() == "wait").count();
    assert_eq!(waits, 1);
    assert!(heard.contains("Instrument type conflict"), "here, and only here, there is a warning: {heard}");
    provider.shutdown().unwrap();
}

#[test]
fn names_get_their_unit_and_counters_a_suffix() {
    let output = example("metrics-names").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    for (name, scraped) in [
        ("http.server.request.duration", "http_server_request_duration_seconds"),
        ("shop.orders", "shop_orders_total"),
        ("system.cpu.utilization", "system_cpu_utilization_ratio"),
        ("latency_ms", "latency_ms_milliseconds"),
    ] {
        let row = table.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(row.ends_with(&format!(" {scraped}")), "{table}");
    }
}

#[test]
fn symptom_a_counter_that_is_called_total_is_called_so_twice() {
    let output = example("metrics-names").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("orders_total_total"));
}
