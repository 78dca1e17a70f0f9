//! Instruments, readers and views.

use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{Counter, Meter, MeterProvider};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, WithExportConfig};
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream, Temporality};

// ANCHOR: exporter
/// One metric, one exporter: the plural went, and so did the temporality selectors
/// (0.27).
///
/// ```compile_fail,E0432
/// use opentelemetry_otlp::MetricsExporter;
/// ```
///
/// ```compile_fail,E0599
/// opentelemetry_otlp::MetricExporter::builder().with_http().with_temporality_selector(());
/// ```
pub fn exporter(endpoint: &str) -> Result<MetricExporter, ExporterBuildError> {
    let builder = MetricExporter::builder().with_http().with_temporality(Temporality::Delta);
    builder.with_endpoint(format!("{endpoint}/v1/metrics")).build()
}
// ANCHOR_END: exporter

// ANCHOR: provider
/// A reader has a thread of its own, like the batch processors (0.28).
///
/// ```compile_fail,E0061
/// # struct Tokio;
/// let exporter = opentelemetry_sdk::metrics::InMemoryMetricExporter::default();
/// opentelemetry_sdk::metrics::PeriodicReader::builder(exporter, Tokio);
/// ```
pub fn provider(exporter: MetricExporter) -> SdkMeterProvider {
    SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exporter).build()).build()
}
// ANCHOR_END: provider

// ANCHOR: instrument
/// `build` makes an instrument, and a scope says who made it (0.27).
///
/// ```compile_fail,E0599
/// opentelemetry::global::meter("checkout").u64_counter("orders").init();
/// ```
///
/// ```compile_fail,E0425
/// let meter = opentelemetry::global::meter_with_version("checkout", Some("1.2.0"), None::<&str>, None);
/// ```
///
/// ```compile_fail,E0432
/// use opentelemetry::InstrumentationLibrary;
/// ```
pub fn orders(provider: &impl MeterProvider) -> Counter<u64> {
    let scope = InstrumentationScope::builder("checkout").with_version("1.2.0").build();
    let meter: Meter = provider.meter_with_scope(scope);
    meter.u64_counter("orders").with_unit("{order}").build()
}
// ANCHOR_END: instrument

// ANCHOR: view
/// A view is a function (0.30). It may also move the limit on attribute sets, 2,000 by
/// default (0.30).
///
/// ```compile_fail,E0432
/// use opentelemetry_sdk::metrics::new_view;
/// ```
pub fn at_most_ten(instrument: &Instrument) -> Option<Stream> {
    (instrument.name() == "orders").then(|| Stream::builder().with_cardinality_limit(10).build().ok())?
}
// ANCHOR_END: view
