//! From OTLP to a capture.

use std::collections::BTreeMap;

use mock_collector::MockCollector;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};
use serde_json::{Value, json};

use super::{Attributes, Capture, LogRecord, Span, metrics};

impl Capture {
    /// Everything that `collector` holds.
    pub(crate) fn of(collector: &MockCollector) -> Self {
        let spans = Spans::of(collector);
        let mut capture = Self {
            test: String::new(),
            resources: Vec::new(),
            logs: logs(collector, &spans.ids),
            metrics: metrics::of(collector),
            spans: spans.ordered,
        };
        let all = (collector.spans().iter().map(|span| span.resource_attrs()))
            .chain(collector.metrics().iter().map(|metric| metric.resource_attrs()))
            .chain(collector.logs().iter().map(|log| log.resource_attrs()));
        for resource in all.map(attributes) {
            if !capture.resources.contains(&resource) {
                capture.resources.push(resource);
            }
        }
        capture.resources.sort_by_key(|resource| resource.get("service.name").map(Value::to_string));
        capture
    }
}

/// Spans in order, and the number that each span id became.
struct Spans {
    ordered: Vec<Span>,
    ids: BTreeMap<Vec<u8>, usize>,
}

impl Spans {
    fn of(collector: &MockCollector) -> Self {
        let mut received: Vec<_> = collector.spans().iter().collect();
        received.sort_by_key(|span| (span.span().start_time_unix_nano, &span.span().name));
        let origin = received.first().map_or(0, |first| first.span().start_time_unix_nano);

        // Depth first: a root, then its children by start, then the next root.
        let known: Vec<&[u8]> = received.iter().map(|span| span.span().span_id.as_slice()).collect();
        let is_root = |parent: &[u8]| !known.contains(&parent);
        let mut stack: Vec<_> = received.iter().rev().filter(|span| is_root(&span.span().parent_span_id)).collect();
        let (mut depth_first, mut ids, mut traces) = (Vec::new(), BTreeMap::new(), Vec::new());
        while let Some(next) = stack.pop() {
            ids.insert(next.span().span_id.clone(), depth_first.len());
            if !traces.contains(&next.span().trace_id) {
                traces.push(next.span().trace_id.clone());
            }
            depth_first.push(next);
            stack.extend(received.iter().rev().filter(|child| child.span().parent_span_id == next.span().span_id));
        }

        let span = |(id, received): (usize, &&&mock_collector::TestSpan)| {
            let span = received.span();
            let parent = ids.get(&span.parent_span_id).copied();
            Span {
                id,
                trace: traces.iter().position(|trace| *trace == span.trace_id).unwrap_or_default(),
                parent,
                remote_parent: parent.is_none() && !span.parent_span_id.is_empty(),
                name: span.name.clone(),
                kind: kind(span.kind()).to_owned(),
                service: text(&attributes(received.resource_attrs()), "service.name"),
                start_us: (span.start_time_unix_nano - origin) / 1_000,
                duration_us: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1_000,
                status: match span.status.as_ref().map(|status| status.code()) {
                    Some(StatusCode::Error) => "error",
                    Some(StatusCode::Ok) => "ok",
                    _ => "unset",
                }
                .to_owned(),
                attributes: attributes(&span.attributes),
                events: span.events.iter().map(|event| event.name.clone()).collect(),
                links: span.links.iter().filter_map(|link| ids.get(&link.span_id).copied()).collect(),
            }
        };
        let ordered = depth_first.iter().enumerate().map(span).collect();
        Self { ordered, ids }
    }
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    }
}

fn logs(collector: &MockCollector, ids: &BTreeMap<Vec<u8>, usize>) -> Vec<LogRecord> {
    let mut received: Vec<_> = collector.logs().iter().map(|log| log.log_record()).collect();
    received.sort_by_key(|log| log.observed_time_unix_nano);
    let record = |log: &&opentelemetry_proto::tonic::logs::v1::LogRecord| LogRecord {
        // An event of `tracing` without a name of its own is named after its line, which is noise.
        event_name: Some(log.event_name.clone()).filter(|name| !name.is_empty() && !name.starts_with("event ")),
        severity: log.severity_text.clone(),
        body: log.body.as_ref().map_or_else(String::new, |body| {
            let body = value(body);
            body.as_str().map_or_else(|| body.to_string(), redact)
        }),
        span: ids.get(&log.span_id).copied(),
        attributes: attributes(&log.attributes),
    };
    received.iter().map(record).collect()
}

pub(super) fn attributes(received: &[KeyValue]) -> Attributes {
    redacted(plain(received))
}

pub(super) fn plain(received: &[KeyValue]) -> Attributes {
    received.iter().map(|pair| (pair.key.clone(), pair.value.as_ref().map_or(Value::Null, value))).collect()
}

/// Without what differs from run to run.
pub(super) fn redacted(attributes: Attributes) -> Attributes {
    let pair = |(key, value): (String, Value)| {
        let value = match (key.as_str(), value) {
            ("service.instance.id", _) => json!("<instance>"),
            ("server.port", _) => json!("<port>"),
            (_, Value::String(text)) => json!(redact(&text)),
            (_, other) => other,
        };
        (key, value)
    };
    attributes.into_iter().map(pair).collect()
}

fn value(received: &AnyValue) -> Value {
    match &received.value {
        Some(any_value::Value::StringValue(text)) => json!(text),
        Some(any_value::Value::BoolValue(bool)) => json!(bool),
        Some(any_value::Value::IntValue(int)) => json!(int),
        Some(any_value::Value::DoubleValue(double)) => json!(double),
        Some(any_value::Value::ArrayValue(array)) => array.values.iter().map(value).collect(),
        Some(other) => json!(format!("{other:?}")),
        None => Value::Null,
    }
}

pub(super) fn text(attributes: &Attributes, key: &str) -> String {
    attributes.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Ports of the loopback and hexadecimal ids change from run to run.
fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("127.0.0.1:") {
        let (before, after) = rest.split_at(at + "127.0.0.1:".len());
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(before);
        out.push_str(if digits > 0 { "<port>" } else { "" });
        rest = &after[digits..];
    }
    out.push_str(rest);
    let is_id = |length| out.len() == length && out.bytes().all(|byte| byte.is_ascii_hexdigit());
    match () {
        () if is_id(32) => "<trace>".into(),
        () if is_id(16) => "<span>".into(),
        () => out,
    }
}
