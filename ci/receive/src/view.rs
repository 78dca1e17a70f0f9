//! Records as a person reads them: traces as trees, logs and metrics as lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value};

use crate::record::{LogLine, MetricRecord, Record, SpanRecord};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default();

/// Units of time, as UCUM spells them.
const TIMES: [&str; 7] = ["ns", "us", "ms", "s", "min", "h", "d"];

/// How to print.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// Leave out what differs in every run: ids and times.
    pub stable: bool,
}

impl View {
    /// Everything in one order: traces by start, then logs by time, then metrics by name.
    pub fn show(self, records: Vec<Record>) -> String {
        let (mut spans, mut logs, mut metrics) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Span(span) => spans.push(span),
                Record::Log(log) => logs.push(log),
                Record::Metric(metric) => metrics.push(metric),
            }
        }
        logs.sort_by_key(|log| log.time_unix_nano);
        metrics.sort_by_key(|metric| (metric.name.clone(), Value::from(metric.attributes.clone()).to_string()));
        let names: BTreeMap<_, _> = spans.iter().map(|span| (span.span_id.clone(), span.name.clone())).collect();
        let mut out = self.traces(spans, &names);
        logs.iter().for_each(|log| self.log(&mut out, log, &names));
        metrics
            .iter()
            .for_each(|metric| line(&mut out, "metric", &self.number(metric), &metric.attributes, &metric.service));
        out
    }

    fn traces(self, mut spans: Vec<SpanRecord>, names: &BTreeMap<String, String>) -> String {
        spans.sort_by_key(|span| span.start_unix_nano);
        let mut traces: Vec<&str> = Vec::new();
        for span in &spans {
            if !traces.contains(&span.trace_id.as_str()) {
                traces.push(&span.trace_id);
            }
        }
        let mut out = String::new();
        for trace in traces {
            let id = if self.stable { "" } else { trace };
            let _ = writeln!(out, "{BOLD}trace{BOLD:#}  {DIM}{id}{DIM:#}");
            let of_trace: Vec<_> = spans.iter().filter(|span| span.trace_id == trace).collect();
            // A root, or a span whose parent is in another process, or has not arrived.
            let roots = of_trace.iter().filter(|span| !names.contains_key(&span.parent_span_id));
            roots.for_each(|root| self.span(&mut out, root, &of_trace, names, 1));
        }
        out
    }

    fn span(
        self,
        out: &mut String,
        span: &SpanRecord,
        all: &[&SpanRecord],
        names: &BTreeMap<String, String>,
        depth: usize,
    ) {
        let _ = write!(out, "{:indent$}{BLUE}{}{BLUE:#}  {DIM}{}", "", span.name, span.kind, indent = 2 * depth);
        if !self.stable {
            let _ = write!(out, "  {:.2} ms  {}", span.duration_ms, span.span_id);
        }
        let _ = write!(out, "{DIM:#}");
        if span.status == "error" {
            let message = if span.status_message.is_empty() { "error" } else { &span.status_message };
            let _ = write!(out, "  {RED}✗ {message}{RED:#}");
        }
        if depth == 1 && !span.parent_span_id.is_empty() {
            let _ = write!(out, "  {DIM}(its parent is not here){DIM:#}");
        }
        for link in &span.links {
            let _ = write!(out, "  → {}", names.get(link).unwrap_or(link));
        }
        end(out, &span.attributes, &span.service);
        let children = all.iter().filter(|child| child.parent_span_id == span.span_id);
        children.for_each(|child| self.span(out, child, all, names, depth + 1));
    }

    fn log(self, out: &mut String, log: &LogLine, names: &BTreeMap<String, String>) {
        let body = log.body.as_str().map_or_else(|| log.body.to_string(), str::to_owned);
        let span = match names.get(&log.span_id) {
            Some(name) => format!("  in {name}"),
            None if log.span_id.is_empty() || self.stable => String::new(),
            None => format!("  in {}", log.span_id),
        };
        line(out, "log", &format!("{} {body}{span}", log.severity), &log.attributes, &log.service);
    }

    /// A time is what differs in every run: of a histogram remains how many there were, of a number nothing.
    fn number(self, metric: &MetricRecord) -> String {
        let is_left_out = self.stable && TIMES.contains(&metric.unit.as_str());
        let (value, unit) = match metric.value.get("count") {
            Some(count) if is_left_out => (format!("count {count}"), ""),
            Some(count) => (format!("count {count}, sum {}", metric.value["sum"]), metric.unit.as_str()),
            None if is_left_out => ("…".to_owned(), metric.unit.as_str()),
            None => (metric.value.to_string(), metric.unit.as_str()),
        };
        format!("{} = {value} {unit}", metric.name).trim_end().to_owned()
    }
}

fn line(out: &mut String, signal: &str, text: &str, attributes: &Map<String, Value>, service: &str) {
    let _ = write!(out, "{BOLD}{signal:<6}{BOLD:#} {text}");
    end(out, attributes, service);
}

fn end(out: &mut String, attributes: &Map<String, Value>, service: &str) {
    let _ = write!(out, "  {DIM}[{service}]");
    for (key, value) in attributes {
        let _ = write!(out, " {key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let _ = writeln!(out, "{DIM:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, id: &str, parent: &str, start: u64) -> Record {
        Record::Span(SpanRecord {
            service: "shop".into(),
            name: name.into(),
            kind: "internal",
            trace_id: "t".into(),
            span_id: id.into(),
            parent_span_id: parent.into(),
            start_unix_nano: start,
            duration_ms: 1.5,
            status: "unset",
            status_message: String::new(),
            attributes: Map::new(),
            links: Vec::new(),
        })
    }

    fn plain(records: Vec<Record>, stable: bool) -> String {
        anstream::adapter::strip_str(&View { stable }.show(records)).to_string()
    }

    #[test]
    fn children_stand_below_their_parent_whatever_came_first() {
        let records = vec![span("child", "2", "1", 20), span("root", "1", "", 10), span("later", "3", "1", 30)];
        let tree = "trace  t\n  root  internal  1.50 ms  1  [shop]\n    child  internal  1.50 ms  2  [shop]\n    \
                    later  internal  1.50 ms  3  [shop]\n";
        assert_eq!(plain(records, false), tree);
    }

    #[test]
    fn a_span_whose_parent_is_elsewhere_says_so() {
        let tree = "trace  \n  child  internal  (its parent is not here)  [shop]\n";
        assert_eq!(plain(vec![span("child", "2", "1", 20)], true), tree);
    }

    fn log(span: &str) -> Record {
        Record::Log(LogLine {
            service: "shop".into(),
            severity: "INFO".into(),
            event_name: String::new(),
            body: "packed".into(),
            trace_id: "t".into(),
            span_id: span.into(),
            time_unix_nano: 1,
            attributes: Map::new(),
        })
    }

    fn metric(name: &str, unit: &str, value: Value) -> Record {
        let attributes = Map::from_iter([("kind".to_owned(), Value::from("book"))]);
        let (name, unit) = (name.into(), unit.into());
        Record::Metric(MetricRecord { service: "shop".into(), name, unit, kind: "counter", attributes, value })
    }

    #[test]
    fn logs_name_their_span_and_metrics_their_unit() {
        let packed = |value| metric("order.packed", "{order}", value);
        let histogram = serde_json::json!({"count": 2, "sum": 0.5});
        let text = plain(vec![packed(1.into()), log("1"), packed(histogram), span("order", "1", "", 1)], true);
        let lines = "trace  \n  order  internal  [shop]\nlog    INFO packed  in order  [shop]\n\
                     metric order.packed = 1 {order}  [shop] kind=book\n\
                     metric order.packed = count 2, sum 0.5 {order}  [shop] kind=book\n";
        assert_eq!(text, lines);
    }

    #[test]
    fn a_log_that_comes_before_its_span_is_found_by_the_id() {
        assert_eq!(plain(vec![log("97cb")], false), "log    INFO packed  in 97cb  [shop]\n");
        let later = plain(vec![span("order", "97cb", "", 1)], false);
        assert_eq!(later, "trace  t\n  order  internal  1.50 ms  97cb  [shop]\n");
    }

    #[test]
    fn a_time_is_left_out_of_what_is_the_same_in_every_run() {
        let histogram = serde_json::json!({"count": 2, "sum": 0.5});
        let records = vec![metric("a.duration", "s", histogram), metric("b.age", "ms", 7.into())];
        let all = "metric a.duration = count 2, sum 0.5 s  [shop] kind=book\nmetric b.age = 7 ms  [shop] kind=book\n";
        assert_eq!(plain(records.clone(), false), all);
        let stable = "metric a.duration = count 2  [shop] kind=book\nmetric b.age = … ms  [shop] kind=book\n";
        assert_eq!(plain(records, true), stable);
    }
}
