use migration::metrics;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, InMemoryMetricExporterBuilder, SdkMeterProvider, Temporality,
};
use testkit::Receiver;

#[tokio::test]
async fn the_new_instrument_delivers() {
    let receiver = Receiver::http_json().await; // the workspace's default
    let provider = metrics::provider(metrics::exporter(&receiver.endpoint()).unwrap());
    metrics::orders(&provider).add(3, &[]);
    provider.shutdown().unwrap();
    let capture = receiver.capture().await;
    assert_eq!((capture.metric("orders", &[]), capture.metrics[0].unit.as_str()), (Some(&3.into()), "{order}"));
}

/// The points of the one metric in the last export, with what it says of `overflow`.
fn points(exporter: &InMemoryMetricExporter) -> (usize, bool) {
    let exports = exporter.get_finished_metrics().unwrap();
    let found = exports.last().unwrap().scope_metrics().flat_map(|scope| scope.metrics()).map(sum).next().unwrap();
    exporter.reset();
    found
}

fn sum(metric: &Metric) -> (usize, bool) {
    let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else { panic!("{metric:?}") };
    let overflow = KeyValue::new("otel.metric.overflow", true);
    let attributes = sum.data_points().map(|point| point.attributes().any(|attribute| *attribute == overflow));
    attributes.fold((0, false), |(count, any), is_overflow| (count + 1, any || is_overflow))
}

/// Counts one order for each of so many customers.
fn count(provider: &SdkMeterProvider, customers: std::ops::Range<i64>) {
    let orders = metrics::orders(provider);
    customers.for_each(|customer| orders.add(1, &[KeyValue::new("customer", customer)]));
    provider.force_flush().unwrap();
}

#[test]
fn changed_beyond_2000_sets_of_attributes_they_are_one() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    count(&provider, 0..3000);
    assert_eq!(points(&exporter), (2001, true), "the last has otel.metric.overflow=true");
}

#[test]
fn a_view_moves_the_limit() {
    let exporter = InMemoryMetricExporter::default();
    let builder = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone());
    let provider = builder.with_view(metrics::at_most_ten).build();
    count(&provider, 0..3000);
    assert_eq!(points(&exporter), (11, true));
}

#[test]
fn changed_deltas_forget_after_two_exports() {
    let exporter = InMemoryMetricExporterBuilder::new().with_temporality(Temporality::Delta).build();
    let builder = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone());
    let provider = builder.with_view(metrics::at_most_ten).build();
    count(&provider, 0..3000);
    assert_eq!(points(&exporter), (11, true));
    count(&provider, 3000..3005);
    assert_eq!(points(&exporter), (1, true), "the old ones still take the room");
    count(&provider, 3000..3005);
    assert_eq!(points(&exporter), (5, false));
}

#[test]
fn changed_what_is_not_a_number_is_dropped() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let paid = provider.meter("checkout").f64_counter("paid").build();
    [1.5, f64::NAN, f64::INFINITY, 2.5].into_iter().for_each(|amount| paid.add(amount, &[]));
    provider.force_flush().unwrap();
    assert!(format!("{:?}", exporter.get_finished_metrics().unwrap()).contains("value: 4.0"));
}
