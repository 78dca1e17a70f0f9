//! An exporter that keeps what it is given, readable, one list for each collection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, ExponentialHistogramDataPoint, Metric, MetricData};
use opentelemetry_sdk::metrics::data::{HistogramDataPoint, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Temporality};

/// One series of one collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The metric's name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// `key=value`, sorted, with a comma in between.
    pub attributes: String,
    /// What it came to.
    pub value: Value,
    /// Since when; the start of the process, or the collection before. A gauge has none.
    pub since: Option<SystemTime>,
}

/// The value of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a counter, an up-down counter or a gauge.
    Number(f64),
    /// Of a histogram of either kind.
    Histogram {
        /// All values together.
        sum: f64,
        /// From the lowest to the highest; empty ones as well, as far as they were sent.
        buckets: Vec<Bucket>,
    },
}

/// How many values lie above `lower`, up to and including `upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// `-∞` for the first of the explicit ones.
    pub lower: f64,
    /// `+∞` for the last of the explicit ones.
    pub upper: f64,
    /// How many.
    pub count: u64,
}

impl Series {
    /// The number; for a histogram, how many values it has.
    pub fn number(&self) -> f64 {
        match &self.value {
            Value::Number(number) => *number,
            Value::Histogram { buckets, .. } => buckets.iter().map(|bucket| bucket.count).sum::<u64>() as f64,
        }
    }
}

/// Keeps every collection. A clone sees the same.
#[derive(Debug, Clone)]
pub struct Peek {
    collections: Arc<Mutex<Vec<Vec<Series>>>>,
    temporality: Temporality,
}

impl Peek {
    /// An exporter that asks for this temporality.
    pub fn new(temporality: Temporality) -> Self {
        Self { collections: Arc::default(), temporality }
    }

    /// A provider that exports here, and only when somebody flushes it.
    pub fn provider(&self, builder: MeterProviderBuilder) -> SdkMeterProvider {
        let hour = Duration::from_secs(3600);
        builder.with_reader(PeriodicReader::builder(self.clone()).with_interval(hour).build()).build()
    }

    /// Collects now, and returns what came. Nothing, when a callback or the reader failed.
    pub fn collect(&self, provider: &SdkMeterProvider) -> Vec<Series> {
        self.collections().clear();
        match provider.force_flush() {
            Ok(()) => self.collections().pop().unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// Everything that was exported so far, collection by collection.
    pub fn collections(&self) -> MutexGuard<'_, Vec<Vec<Series>>> {
        self.collections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PushMetricExporter for Peek {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
        let mut series: Vec<_> = metrics.flat_map(series).collect();
        series.sort_by(|a, b| (&a.name, &a.unit, &a.attributes).cmp(&(&b.name, &b.unit, &b.attributes)));
        self.collections().push(series);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}

fn series(metric: &Metric) -> Vec<Series> {
    match metric.data() {
        AggregatedMetrics::F64(data) => points(metric, data, |value| value),
        AggregatedMetrics::U64(data) => points(metric, data, |value| value as f64),
        AggregatedMetrics::I64(data) => points(metric, data, |value| value as f64),
    }
}

fn points<T: Copy>(metric: &Metric, data: &MetricData<T>, float: fn(T) -> f64) -> Vec<Series> {
    let one = |attributes: Vec<&KeyValue>, value, since| {
        let mut attributes: Vec<_> = attributes.iter().map(|pair| format!("{}={}", pair.key, pair.value)).collect();
        attributes.sort();
        let attributes = attributes.join(",");
        Series { name: metric.name().into(), unit: metric.unit().into(), attributes, value, since }
    };
    match data {
        MetricData::Gauge(gauge) => {
            let point = |point: &opentelemetry_sdk::metrics::data::GaugeDataPoint<T>| {
                one(point.attributes().collect(), Value::Number(float(point.value())), gauge.start_time())
            };
            gauge.data_points().map(point).collect()
        }
        MetricData::Sum(sum) => {
            let point = |point: &opentelemetry_sdk::metrics::data::SumDataPoint<T>| {
                one(point.attributes().collect(), Value::Number(float(point.value())), Some(sum.start_time()))
            };
            sum.data_points().map(point).collect()
        }
        MetricData::Histogram(histogram) => {
            let point = |point: &HistogramDataPoint<T>| {
                let value = Value::Histogram { sum: float(point.sum()), buckets: explicit(point) };
                one(point.attributes().collect(), value, Some(histogram.start_time()))
            };
            histogram.data_points().map(point).collect()
        }
        MetricData::ExponentialHistogram(histogram) => {
            let point = |point: &ExponentialHistogramDataPoint<T>| {
                let value = Value::Histogram { sum: float(point.sum()), buckets: exponential(point) };
                one(point.attributes().collect(), value, Some(histogram.start_time()))
            };
            histogram.data_points().map(point).collect()
        }
    }
}

fn explicit<T>(point: &HistogramDataPoint<T>) -> Vec<Bucket> {
    let lower = std::iter::once(f64::NEG_INFINITY).chain(point.bounds());
    let upper = point.bounds().chain(std::iter::once(f64::INFINITY));
    lower.zip(upper).zip(point.bucket_counts()).map(|((lower, upper), count)| Bucket { lower, upper, count }).collect()
}

/// Only values above zero: a duration is never below.
fn exponential<T>(point: &ExponentialHistogramDataPoint<T>) -> Vec<Bucket> {
    let base = 2f64.powf(2f64.powi(-i32::from(point.scale())));
    let buckets = point.positive_bucket();
    let zero = Bucket { lower: 0.0, upper: 0.0, count: point.zero_count() };
    let others = buckets.counts().zip(buckets.offset()..).map(|(count, index)| Bucket {
        lower: base.powi(index),
        upper: base.powi(index + 1),
        count,
    });
    std::iter::once(zero).chain(others).collect()
}
