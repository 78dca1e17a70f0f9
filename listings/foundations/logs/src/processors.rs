//! What sees each record on the thread that writes it, before it waits for the next batch.

use std::time::Duration;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::{Context, InstrumentationScope, Key};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord, SdkLogger, SdkLoggerProvider};

// ANCHOR: baggage
/// Copies these entries of the baggage onto each record. Register it before the processor that exports.
#[derive(Debug)]
pub struct FromBaggage(pub &'static [&'static str]);

impl LogProcessor for FromBaggage {
    fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
        Context::map_current(|context| {
            for key in self.0 {
                if let Some(value) = context.baggage().get(key) {
                    record.add_attribute(*key, value.to_string());
                }
            }
        });
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(()) // it keeps nothing
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
// ANCHOR_END: baggage

/// Hides the values of some keys and cuts what is too long. It stands in front of the processor that exports: a record
/// can be added to, and nothing can be taken from it, so `next` gets a copy.
#[derive(Debug)]
pub struct Bounded<P> {
    next: P,
    hidden: &'static [&'static str],
    longest: usize,
    /// Where an empty record comes from.
    blank: SdkLogger,
}

impl<P> Bounded<P> {
    /// Hides the values of `hidden`, and cuts text after `longest` bytes.
    pub fn new(next: P, hidden: &'static [&'static str], longest: usize) -> Self {
        Self { next, hidden, longest, blank: SdkLoggerProvider::builder().build().logger("") }
    }

    // ANCHOR: bounded
    fn value(&self, key: &Key, value: &AnyValue) -> AnyValue {
        match value {
            _ if self.hidden.contains(&key.as_str()) => "[hidden]".into(),
            AnyValue::String(text) => self.cut(text.as_str()),
            other => other.clone(),
        }
    }

    fn cut(&self, text: &str) -> AnyValue {
        match text.len() <= self.longest {
            true => text.to_owned().into(),
            false => format!("{}…", &text[..text.floor_char_boundary(self.longest)]).into(),
        }
    }
    // ANCHOR_END: bounded

    fn copy(&self, record: &SdkLogRecord) -> SdkLogRecord {
        let mut copy = self.blank.create_log_record();
        record.event_name().into_iter().for_each(|name| copy.set_event_name(name));
        record.target().into_iter().for_each(|target| copy.set_target(target.clone()));
        record.timestamp().into_iter().for_each(|time| copy.set_timestamp(time));
        record.observed_timestamp().into_iter().for_each(|time| copy.set_observed_timestamp(time));
        record.severity_number().into_iter().for_each(|number| copy.set_severity_number(number));
        record.severity_text().into_iter().for_each(|text| copy.set_severity_text(text));
        if let Some(context) = record.trace_context() {
            copy.set_trace_context(context.trace_id, context.span_id, context.trace_flags);
        }
        match record.body() {
            Some(AnyValue::String(text)) => copy.set_body(self.cut(text.as_str())),
            Some(other) => copy.set_body(other.clone()),
            None => {}
        }
        copy.add_attributes(record.attributes_iter().map(|(key, value)| (key.clone(), self.value(key, value))));
        copy
    }
}

impl<P: LogProcessor> LogProcessor for Bounded<P> {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.next.emit(&mut self.copy(record), scope);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.next.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

// ANCHOR: secret
/// Text that does not print itself, wherever it is printed. Whoever needs it has to ask.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}
// ANCHOR_END: secret
