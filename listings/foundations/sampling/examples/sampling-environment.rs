//! What `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` keep of 10,000 traces. Each row is a process of its own.

use std::process::Command;
use std::sync::Mutex;

use anyhow::ensure;
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry::trace::{Span, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer};
use opentelemetry_sdk::trace::{IdGenerator, Sampler, SdkTracerProvider, TracerProviderBuilder};

const TRACES: usize = 10_000;

const ROWS: [(Option<&str>, Option<&str>); 11] = [
    (None, None),
    (Some("always_on"), None),
    (Some("always_off"), None),
    (Some("traceidratio"), Some("0.1")),
    (Some("parentbased_always_off"), None),
    (Some("parentbased_traceidratio"), Some("0.1")),
    (Some("parentbased_traceidratio"), Some("10")),
    (Some("parentbased_traceidratio"), Some("10%")),
    (Some("parentbased_traceidratio"), None),
    (Some("ParentBased_TraceIdRatio"), Some("0.1")),
    (Some("jaeger_remote"), None),
];

fn main() -> anyhow::Result<()> {
    let builder = SdkTracerProvider::builder(); // reads the environment
    match std::env::args().nth(1).as_deref() {
        Some("row") => println!("{}", kept(builder)),
        Some("code") => println!("{}", kept(builder.with_sampler(Sampler::AlwaysOff))), // wins over the environment
        _ => table()?,
    }
    Ok(())
}

/// Runs itself once for each row.
fn table() -> anyhow::Result<()> {
    println!("{:26} {:6} no parent   sampled one   unsampled one", "OTEL_TRACES_SAMPLER", "_ARG");
    for (sampler, argument) in ROWS {
        let mut child = Command::new(std::env::current_exe()?);
        child.arg("row").env_remove("OTEL_TRACES_SAMPLER").env_remove("OTEL_TRACES_SAMPLER_ARG");
        child.envs(sampler.map(|sampler| ("OTEL_TRACES_SAMPLER", sampler)));
        child.envs(argument.map(|argument| ("OTEL_TRACES_SAMPLER_ARG", argument)));
        let output = child.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let kept = String::from_utf8(output.stdout)?;
        println!("{:26} {:6} {}", sampler.unwrap_or("–"), argument.unwrap_or("–"), kept.trim_end());
    }
    Ok(())
}

/// Ids that are the same in every run.
#[derive(Debug)]
struct Seeded(Mutex<fastrand::Rng>);

impl IdGenerator for Seeded {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from(self.0.lock().expect("nobody panics with it").u128(..))
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from(self.0.lock().expect("nobody panics with it").u64(1..))
    }
}

/// How many of the traces are recorded, without a parent, below one that is sampled, below one that is not.
fn kept(builder: TracerProviderBuilder) -> String {
    let ids = Seeded(Mutex::new(fastrand::Rng::with_seed(1)));
    let provider = builder.with_id_generator(ids).build();
    let tracer = provider.tracer("environment");
    let mut random = fastrand::Rng::with_seed(2);
    let mut parent = |flags| {
        let (trace, span) = (TraceId::from(random.u128(..)), SpanId::from(1));
        let parent = SpanContext::new(trace, span, flags, true, TraceState::default());
        Context::new().with_remote_span_context(parent)
    };
    let count = |parents: &mut dyn FnMut() -> Context| {
        let sampled = |parent| tracer.start_with_context("work", &parent).span_context().is_sampled();
        (0..TRACES).filter(|_| sampled(parents())).count()
    };
    let roots = count(&mut Context::new);
    let below_sampled = count(&mut || parent(TraceFlags::SAMPLED));
    let below_unsampled = count(&mut || parent(TraceFlags::NOT_SAMPLED));
    format!("{roots:>9} {below_sampled:>13} {below_unsampled:>15}")
}
