//! From OTLP metrics to series with one value each.

use std::collections::BTreeMap;

use mock_collector::MockCollector;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, NumberDataPoint, number_data_point};
use serde_json::{Value, json};

use super::received::{plain, redacted, text};
use super::{Attributes, Metric, Point};

/// A metric of one service, with the value of each series by its attributes, which a map cannot have as key.
type Series = (Metric, BTreeMap<String, (Attributes, Value)>);

/// All metrics by name and service. Running totals replace what came before; increments (delta temporality) add up.
pub(super) fn of(collector: &MockCollector) -> Vec<Metric> {
    let mut metrics: BTreeMap<(String, String), Series> = BTreeMap::new();
    for received in collector.metrics() {
        let metric = received.metric();
        let Some(data) = &metric.data else { continue };
        let (kind, is_delta, points) = points(data);
        let service = text(&plain(received.resource_attrs()), "service.name");
        let (_, series) = metrics.entry((metric.name.clone(), service)).or_insert_with(|| {
            let metric = Metric {
                name: metric.name.clone(),
                unit: metric.unit.clone(),
                kind: kind.to_owned(),
                description: metric.description.clone(),
                points: Vec::new(),
            };
            (metric, BTreeMap::new())
        });
        for point in points {
            let key = serde_json::to_string(&point.attributes).unwrap_or_default();
            let (_, value) = series.entry(key).or_insert((point.attributes, Value::Null));
            *value = if is_delta { sum(value, &point.value) } else { point.value };
        }
    }
    // Redacted last: series that differ only in a port stay apart, and stand in an order that no port decides.
    let finish = |(mut metric, series): Series| {
        let point = |(attributes, value)| Point { attributes: redacted(attributes), value };
        metric.points = series.into_values().map(point).collect();
        metric.points.sort_by_cached_key(|point| serde_json::to_string(point).unwrap_or_default());
        metric
    };
    metrics.into_values().map(finish).collect()
}

/// Kind, whether the values are increments, and the values.
fn points(data: &Data) -> (&'static str, bool, Vec<Point>) {
    let is_delta = |temporality: i32| temporality == AggregationTemporality::Delta as i32;
    let numbers = |points: &[NumberDataPoint]| points.iter().map(number).collect();
    // Only the count of a histogram: the rest is time, which no two runs share.
    let count = |count: u64, received: &[_]| Point { attributes: plain(received), value: json!({ "count": count }) };
    match data {
        Data::Gauge(gauge) => ("gauge", false, numbers(&gauge.data_points)),
        Data::Sum(sum) => {
            let kind = if sum.is_monotonic { "counter" } else { "up_down_counter" };
            (kind, is_delta(sum.aggregation_temporality), numbers(&sum.data_points))
        }
        Data::Histogram(histogram) => {
            let points = histogram.data_points.iter().map(|point| count(point.count, &point.attributes));
            ("histogram", is_delta(histogram.aggregation_temporality), points.collect())
        }
        Data::ExponentialHistogram(histogram) => {
            let points = histogram.data_points.iter().map(|point| count(point.count, &point.attributes));
            ("histogram", is_delta(histogram.aggregation_temporality), points.collect())
        }
        Data::Summary(summary) => {
            let points = summary.data_points.iter().map(|point| count(point.count, &point.attributes));
            ("summary", false, points.collect())
        }
    }
}

fn number(point: &NumberDataPoint) -> Point {
    let value = match point.value {
        Some(number_data_point::Value::AsInt(value)) => json!(value),
        Some(number_data_point::Value::AsDouble(value)) => json!(value),
        None => Value::Null,
    };
    Point { attributes: plain(&point.attributes), value }
}

/// Adds an increment to what a series has so far.
fn sum(so_far: &Value, increment: &Value) -> Value {
    if let Some(count) = increment.get("count").and_then(Value::as_u64) {
        return json!({ "count": so_far["count"].as_u64().unwrap_or_default() + count });
    }
    match (so_far.as_i64(), increment.as_i64()) {
        (so_far, Some(increment)) => json!(so_far.unwrap_or_default() + increment),
        _ => json!(so_far.as_f64().unwrap_or_default() + increment.as_f64().unwrap_or_default()),
    }
}
