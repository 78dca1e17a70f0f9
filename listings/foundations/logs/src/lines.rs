//! JSON on standard output, for the tools that read it there.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, time::FormatTime};
use tracing_subscriber::registry::LookupSpan;

// ANCHOR: lines
/// One JSON object a line. The ids have the names that the specification gives them outside OTLP.
#[derive(Debug)]
pub struct JsonLines<T>(pub T);

impl<S, N, T> FormatEvent<S, N> for JsonLines<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (mut line, mut time) = (Fields::default(), String::new());
        self.0.format_time(&mut Writer::new(&mut time))?;
        line.add("timestamp", time);
        line.add("severity", event.metadata().level().as_str());
        Context::map_current(|context| {
            let span = context.span().span_context().clone();
            if span.is_valid() {
                line.add("trace_id", span.trace_id().to_string());
                line.add("span_id", span.span_id().to_string());
                line.add("trace_flags", format!("{:02x}", span.trace_flags()));
            }
        });
        event.record(&mut line);
        writeln!(writer, "{}", Value::Object(line.0))
    }
}
// ANCHOR_END: lines

/// The fields of an event, as JSON.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value);
    }
}
