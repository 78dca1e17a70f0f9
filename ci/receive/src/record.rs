//! What arrived, one record for each span, series and log record: what `--json` prints, and what the view is made of.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric::Data, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::server::Request;

/// A record of one of the three signals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "signal", rename_all = "lowercase")]
pub enum Record {
    Span(SpanRecord),
    Metric(MetricRecord),
    Log(LogLine),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanRecord {
    pub service: String,
    pub name: String,
    pub kind: &'static str,
    pub trace_id: String,
    pub span_id: String,
    /// Empty for a root.
    pub parent_span_id: String,
    pub start_unix_nano: u64,
    pub duration_ms: f64,
    /// `unset`, `ok` or `error`.
    pub status: &'static str,
    pub status_message: String,
    pub attributes: Map<String, Value>,
    /// Ids of the spans it links to.
    pub links: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricRecord {
    pub service: String,
    pub name: String,
    pub unit: String,
    pub kind: &'static str,
    pub attributes: Map<String, Value>,
    /// A number; of a histogram `{"count": …, "sum": …}`.
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    pub service: String,
    pub severity: String,
    pub event_name: String,
    pub body: Value,
    pub trace_id: String,
    pub span_id: String,
    pub time_unix_nano: u64,
    pub attributes: Map<String, Value>,
}

impl Record {
    /// `service.name` of its resource.
    pub fn service(&self) -> &str {
        match self {
            Self::Span(span) => &span.service,
            Self::Metric(metric) => &metric.service,
            Self::Log(log) => &log.service,
        }
    }
}

/// The records of a request.
pub fn records(request: Request) -> Vec<Record> {
    let mut records = Vec::new();
    match request {
        Request::Traces(request) => {
            for resource in request.resource_spans {
                let service = service(resource.resource.as_ref());
                let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                records.extend(spans.map(|received| Record::Span(span(&service, received))));
            }
        }
        Request::Metrics(request) => {
            for resource in request.resource_metrics {
                let service = service(resource.resource.as_ref());
                let metrics = resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
                records.extend(metrics.flat_map(|received| series(&service, received)).map(Record::Metric));
            }
        }
        Request::Logs(request) => {
            for resource in request.resource_logs {
                let service = service(resource.resource.as_ref());
                let logs = resource.scope_logs.into_iter().flat_map(|scope| scope.log_records);
                records.extend(logs.map(|received| Record::Log(log(&service, received))));
            }
        }
    }
    records
}

fn service(resource: Option<&Resource>) -> String {
    let attributes = resource.map_or_else(Map::new, |resource| attributes(&resource.attributes));
    attributes.get("service.name").and_then(Value::as_str).unwrap_or("unknown_service").to_owned()
}

fn span(service: &str, span: Span) -> SpanRecord {
    let kind = match span.kind() {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    };
    let status = match span.status.as_ref().map(|status| status.code()) {
        Some(StatusCode::Error) => "error",
        Some(StatusCode::Ok) => "ok",
        _ => "unset",
    };
    SpanRecord {
        service: service.to_owned(),
        kind,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_span_id: hex(&span.parent_span_id),
        start_unix_nano: span.start_time_unix_nano,
        duration_ms: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) as f64 / 1e6,
        status,
        status_message: span.status.map(|status| status.message).unwrap_or_default(),
        attributes: attributes(&span.attributes),
        links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
        name: span.name,
    }
}

fn log(service: &str, log: LogRecord) -> LogLine {
    let time = if log.time_unix_nano == 0 { log.observed_time_unix_nano } else { log.time_unix_nano };
    LogLine {
        service: service.to_owned(),
        severity: log.severity_text.clone(),
        event_name: log.event_name.clone(),
        body: log.body.as_ref().map_or(Value::Null, value),
        trace_id: hex(&log.trace_id),
        span_id: hex(&log.span_id),
        time_unix_nano: time,
        attributes: attributes(&log.attributes),
    }
}

/// One record for each set of attributes.
fn series(service: &str, metric: Metric) -> Vec<MetricRecord> {
    let number = |point: NumberDataPoint| {
        let value = match point.value {
            Some(number_data_point::Value::AsInt(value)) => json!(value),
            Some(number_data_point::Value::AsDouble(value)) => json!(value),
            None => Value::Null,
        };
        (point.attributes, value)
    };
    let histogram = |attributes, count: u64, sum: Option<f64>| (attributes, json!({"count": count, "sum": sum}));
    let (kind, points): (_, Vec<_>) = match metric.data {
        None => return Vec::new(),
        Some(Data::Gauge(all)) => ("gauge", all.data_points.into_iter().map(number).collect()),
        Some(Data::Sum(all)) => {
            let kind = if all.is_monotonic { "counter" } else { "up_down_counter" };
            (kind, all.data_points.into_iter().map(number).collect())
        }
        Some(Data::Histogram(all)) => {
            let points = all.data_points.into_iter();
            ("histogram", points.map(|point| histogram(point.attributes, point.count, point.sum)).collect())
        }
        Some(Data::ExponentialHistogram(all)) => {
            let points = all.data_points.into_iter();
            ("exponential_histogram", points.map(|point| histogram(point.attributes, point.count, point.sum)).collect())
        }
        Some(Data::Summary(all)) => {
            let points = all.data_points.into_iter();
            ("summary", points.map(|point| histogram(point.attributes, point.count, Some(point.sum))).collect())
        }
    };
    let record = |(pairs, value): (Vec<KeyValue>, Value)| MetricRecord {
        service: service.to_owned(),
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        kind,
        attributes: attributes(&pairs),
        value,
    };
    points.into_iter().map(record).collect()
}

fn attributes(pairs: &[KeyValue]) -> Map<String, Value> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.as_ref().map_or(Value::Null, value))).collect()
}

fn value(received: &AnyValue) -> Value {
    match &received.value {
        Some(any_value::Value::StringValue(text)) => json!(text),
        Some(any_value::Value::BoolValue(bool)) => json!(bool),
        Some(any_value::Value::IntValue(int)) => json!(int),
        Some(any_value::Value::DoubleValue(double)) => json!(double),
        Some(any_value::Value::ArrayValue(array)) => array.values.iter().map(value).collect(),
        Some(any_value::Value::KvlistValue(list)) => Value::Object(attributes(&list.values)),
        Some(any_value::Value::BytesValue(bytes)) => json!(hex(bytes)),
        Some(_) | None => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
