//! Both names leave the process, as long as somebody needs the old one.

use conventions::renamed::{HTTP, Names, Renaming, under_both_names};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

/// The keys that leave the process when the program says `http.request.method` and `server.address`.
fn keys(names: Names) -> Vec<String> {
    let exporter = InMemorySpanExporter::default();
    let renaming = Renaming::new(exporter.clone(), names, &HTTP);
    let tracer = SdkTracerProvider::builder().with_simple_exporter(renaming).build().tracer("shop");
    let attributes = [KeyValue::new("http.request.method", "GET"), KeyValue::new("server.address", "shop")];
    drop(tracer.build(tracer.span_builder("GET").with_attributes(attributes)));
    let span = exporter.get_finished_spans().unwrap().remove(0);
    span.attributes.into_iter().map(|attribute| attribute.key.to_string()).collect()
}

// ANCHOR: spans
#[test]
fn a_span_has_the_names_that_were_chosen() {
    assert_eq!(keys(Names::New), ["http.request.method", "server.address"]);
    assert_eq!(keys(Names::Both), ["http.request.method", "server.address", "http.method"]);
    assert_eq!(keys(Names::Old), ["server.address", "http.method"]);
}
// ANCHOR_END: spans

#[test]
fn the_environment_chooses_for_each_domain() {
    for (opt_in, http) in [
        ("", Names::Old),
        ("database", Names::Old),
        ("http", Names::New),
        ("database/dup, http", Names::New),
        ("http/dup", Names::Both),
        ("http,http/dup", Names::Both),
    ] {
        assert_eq!(Names::opted("http", opt_in), http, "{opt_in}");
    }
}

// ANCHOR: metrics
#[test]
fn a_metric_leaves_under_both_names() {
    let exporter = InMemoryMetricExporter::default();
    let builder = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone());
    let provider = under_both_names(builder, "shop.orders", "orders_total").build();
    let meter = provider.meter("shop");
    meter.u64_counter("shop.orders").with_unit("{order}").build().add(3, &[]);
    meter.u64_counter("shop.returns").build().add(1, &[]);
    provider.force_flush().unwrap();
    let exports = exporter.get_finished_metrics().unwrap();
    let metrics = exports[0].scope_metrics().flat_map(|scope| scope.metrics());
    let mut names: Vec<_> = metrics.map(|metric| (metric.name(), metric.unit())).collect();
    names.sort_unstable();
    assert_eq!(names, [("orders_total", "{order}"), ("shop.orders", "{order}"), ("shop.returns", "")]);
}
// ANCHOR_END: metrics
