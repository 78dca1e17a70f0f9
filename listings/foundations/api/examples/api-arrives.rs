//! Says each thing with both APIs, and prints what a receiver got.

use anyhow::Context as _;
use api::{OutOfStock, with_api, with_tracing};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer};
use opentelemetry::{Context, metrics::Meter};
use opentelemetry_sdk::trace::SdkTracer;
use telemetry::scope;
use testkit::{Capture, Receiver};

/// A thing to say, and how either API says it.
type Row = (&'static str, fn(), fn(&SdkTracer, &Meter));

const ROWS: [Row; 8] = [
    ("an operation", || with_tracing::operation(|| ()), |tracer, _| with_api::operation(tracer, || ())),
    (
        "a request that comes in",
        || drop(with_tracing::request(caller(), || ())),
        |tracer, _| with_api::request(tracer, &caller(), || ()),
    ),
    ("a moment within it", with_tracing::moment, |tracer, _| with_api::moment(tracer)),
    (
        "a failure",
        || drop(with_tracing::failure(|| Err(OutOfStock))),
        |tracer, _| drop(with_api::failure(tracer, || Err(OutOfStock))),
    ),
    ("a number to watch", with_tracing::number, |_, meter| with_api::number(meter)),
    ("a value for the request", || drop(with_tracing::value()), |tracer, _| drop(with_api::value(tracer))),
    ("a value known at the end", with_tracing::late_value, |tracer, _| with_api::late_value(tracer)),
    (
        "a round of a job",
        || tracing::info_span!("job").in_scope(|| with_tracing::round(&current(), || ())),
        |tracer, _| tracer.in_span("job", |_context| with_api::round(tracer, &current(), || ())),
    ),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    for (what, with_tracing, with_api) in ROWS {
        println!("{what}");
        println!("  tracing  {}", received(|_, _| with_tracing()).await.context(what)?);
        println!("  API      {}", received(with_api).await.context(what)?);
    }
    Ok(())
}

async fn received(say: impl FnOnce(&SdkTracer, &Meter)) -> anyhow::Result<String> {
    let receiver = Receiver::http().await;
    let telemetry = receiver.telemetry("shop").build()?;
    let (tracer, meter) = (telemetry.tracer(scope("shop", "1.0.0")), telemetry.meter(scope("shop", "1.0.0")));
    tracing::dispatcher::with_default(&telemetry.dispatch(), || say(&tracer, &meter));
    telemetry.shutdown()?;
    Ok(describe(&receiver.capture().await))
}

/// All signals in one line.
fn describe(capture: &Capture) -> String {
    let mut parts = Vec::new();
    for span in &capture.spans {
        let parent = if span.remote_parent { " below a remote parent" } else { "" };
        let status = if span.status == "error" { ", status error" } else { "" };
        let links = span.links.iter().map(|id| format!(", linked to {}", capture.spans[*id].name)).collect::<String>();
        parts.push(format!("{} span {}{parent}{}{status}{links}", span.kind, span.name, list(&span.attributes)));
        parts.extend(span.events.iter().map(|event| format!("span event {event}")));
    }
    let event = |log: &testkit::LogRecord| log.event_name.clone().unwrap_or_default();
    parts.extend(capture.logs.iter().map(|log| format!("log record {}{}", event(log), list(&log.attributes))));
    for metric in &capture.metrics {
        parts.extend(metric.points.iter().map(|point| format!("metric {} = {}", metric.name, point.value)));
    }
    parts.join("; ")
}

fn list(attributes: &testkit::Attributes) -> String {
    attributes.iter().map(|(key, value)| format!(" {key}={value}")).collect()
}

fn caller() -> Context {
    let (trace, span) = (TraceId::from(7), SpanId::from(7));
    let remote = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    Context::new().with_remote_span_context(remote)
}

fn current() -> SpanContext {
    Context::current().span().span_context().clone()
}
