//! What the store says over OpenTelemetry, beside its statements.
//!
//! The conventions have no names for event stores, so these are the book's own: `telemetry/registry.toml` describes each.

use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use opentelemetry::{InstrumentationScope, KeyValue};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::append::{Append, AppendError, Appended};
use crate::event::Recorded;
use crate::metadata::Metadata;
use crate::subscription::SubscriptionError;

const CATEGORY: &str = "eventstore.stream.category";
const KIND: &str = "eventstore.event.kind";
const SNAPSHOT: &str = "eventstore.snapshot.used";
const PROJECTION: &str = "projection.name";

/// The scope of this crate's instruments, for `MeterProvider::meter_with_scope`.
pub fn scope() -> InstrumentationScope {
    telemetry::scope(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// The instruments.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    events: Counter<u64>,
    conflicts: Counter<u64>,
    rehydrate: Histogram<u64>,
    lag_events: Gauge<u64>,
    lag_time: Gauge<f64>,
    checkpoint: Gauge<u64>,
    skipped: Counter<u64>,
}

impl Telemetry {
    pub fn new(meter: &Meter) -> Self {
        Self {
            events: meter
                .u64_counter("eventstore.append.events")
                .with_unit("{event}")
                .with_description("Events that were appended.")
                .build(),
            conflicts: meter
                .u64_counter("eventstore.append.conflicts")
                .with_unit("{append}")
                .with_description("Appends that found another version than they expected.")
                .build(),
            rehydrate: meter
                .u64_histogram("eventstore.aggregate.rehydrate.events")
                .with_unit("{event}")
                .with_description("Events that were read to load an aggregate.")
                .with_boundaries(vec![0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0])
                .build(),
            lag_events: meter
                .u64_gauge("projection.lag.events")
                .with_unit("{event}")
                .with_description("Events that a projection has not yet applied.")
                .build(),
            lag_time: meter
                .f64_gauge("projection.lag.time")
                .with_unit("s")
                .with_description("For how long the first event that a projection has not yet applied has been there.")
                .build(),
            checkpoint: meter
                .u64_gauge("projection.checkpoint.position")
                .with_unit("{event}")
                .with_description("Number of the last event that a projection has applied.")
                .build(),
            skipped: meter
                .u64_counter("projection.skipped")
                .with_unit("{event}")
                .with_description("Events that a projection could not apply and left out.")
                .build(),
        }
    }

    pub fn appended(&self, span: &Span, append: &Append, result: &Result<Appended, AppendError>) {
        match result {
            Ok(Appended { again: true, .. }) => {}
            Ok(Appended { position, .. }) => {
                span.record("eventstore.position", position.number);
                for (stream, _, events) in &append.streams {
                    for event in events {
                        let attributes = [category(stream.category()), KeyValue::new(KIND, event.kind)];
                        self.events.add(1, &attributes);
                    }
                }
            }
            Err(error) => {
                span.record("otel.status_code", "ERROR").record("error.type", error.kind());
                if error.kind() == "conflict" {
                    self.conflicts.add(1, &[category(append.category())]);
                }
            }
        }
    }

    pub fn rehydrated(&self, category_name: &'static str, events: usize, from_snapshot: bool) {
        let attributes = [KeyValue::new(CATEGORY, category_name), KeyValue::new(SNAPSHOT, from_snapshot)];
        self.rehydrate.record(events as u64, &attributes);
    }

    pub fn progress(&self, projection: &str, checkpoint: i64, lag_events: u64, lag_time: f64) {
        let attributes = [KeyValue::new(PROJECTION, projection.to_owned())];
        self.checkpoint.record(checkpoint.unsigned_abs(), &attributes);
        self.lag_events.record(lag_events, &attributes);
        self.lag_time.record(lag_time, &attributes);
    }

    pub fn skipped(&self, projection: &str) {
        self.skipped.add(1, &[KeyValue::new(PROJECTION, projection.to_owned())]);
    }
}

fn category(name: &str) -> KeyValue {
    KeyValue::new(CATEGORY, name.to_owned())
}

// ANCHOR: send
/// The span of an append. Events are messages to whoever reads them, today or in a year.
pub(crate) fn send(append: &Append) -> Span {
    let category = append.category();
    tracing::info_span!(
        "eventstore.append",
        otel.name = format!("send {category}"),
        otel.kind = "producer",
        otel.status_code = field::Empty,
        messaging.system = "postgresql",
        messaging.operation.name = "send",
        messaging.operation.type = "send",
        messaging.destination.name = category,
        messaging.batch.message_count = append.events().count() as i64,
        eventstore.position = field::Empty,
        error.type = field::Empty,
    )
}
// ANCHOR_END: send

// ANCHOR: process
/// The most links that a span keeps by default.
const LINKS: usize = 128;

/// The span of a batch that a projection applies: a trace of its own, with links to the spans that appended the events. Not
/// their child: a rebuild would otherwise give new children to traces of last year.
pub(crate) fn process(projection: &str, page: &[Recorded]) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "projection.process",
        otel.name = format!("process {projection}"),
        otel.kind = "consumer",
        messaging.system = "postgresql",
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = "events",
        messaging.batch.message_count = page.len() as i64,
        projection.name = projection,
        otel.status_code = field::Empty,
        error.type = field::Empty,
    );
    link(&span, page);
    span
}

/// Says how a batch has ended.
pub(crate) fn ended(span: &Span, result: &Result<usize, SubscriptionError>) {
    if let Err(error) = result {
        span.record("otel.status_code", "ERROR").record("error.type", error.kind());
    }
}

/// To the spans that appended the events.
fn link(span: &Span, page: &[Recorded]) {
    if !span.is_disabled() {
        let metadata = page.iter().filter_map(|event| serde_json::from_str::<Metadata>(&event.metadata).ok());
        let mut links: Vec<_> = metadata.filter_map(|metadata| metadata.span_context()).collect();
        links.dedup(); // the events of one append
        links.into_iter().take(LINKS).for_each(|producer| span.add_link(producer));
    }
}
// ANCHOR_END: process

/// The span of a batch that is published. Each entry carries the context of its own append, for whoever reads it.
pub(crate) fn publish(stream: &str, page: &[Recorded]) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "outbox.publish",
        otel.name = format!("send {stream}"),
        otel.kind = "producer",
        messaging.system = "redis",
        messaging.operation.name = "XADD",
        messaging.operation.type = "send",
        messaging.destination.name = stream,
        messaging.batch.message_count = page.len() as i64,
        otel.status_code = field::Empty,
        error.type = field::Empty,
    );
    link(&span, page);
    span
}
