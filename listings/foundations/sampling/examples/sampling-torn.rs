//! A request through three services, each with a sampler of its own: which traces are complete, and which are torn.

use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};
use sampling::ratio::Ratio;
use sampling::rules::Rules;

const TRACES: usize = 100_000;

fn main() {
    let ratio = |part| -> Box<dyn ShouldSample> { Box::new(Sampler::TraceIdRatioBased(part)) };
    let parent_based = |part| -> Box<dyn ShouldSample> { Box::new(Sampler::parent_based(ratio(part))) };
    let ours = |part| -> Box<dyn ShouldSample> { Box::new(Rules::otherwise(Ratio::new(part))) };
    let coin = || -> Box<dyn ShouldSample> { Box::new(Coin) };
    println!("{TRACES} traces through three services       complete      torn    nothing");
    for (name, services) in [
        ("parent-based, 10 % at the root", [parent_based(0.1), parent_based(0.1), parent_based(0.1)]),
        ("the id, 10 % in each", [ratio(0.1), ratio(0.1), ratio(0.1)]),
        ("the id, 50 %, 10 %, 50 %", [ratio(0.5), ratio(0.1), ratio(0.5)]),
        ("the id, 10 %, but two algorithms", [ratio(0.1), ours(0.1), ratio(0.1)]),
        ("a coin in each, 10 %", [coin(), coin(), coin()]),
    ] {
        let [complete, torn, nothing] = outcome(&services);
        println!("{name:40} {complete:>8} {torn:>9} {nothing:>10}");
    }
}

/// How many traces have a span of each service, of some, of none.
fn outcome(services: &[Box<dyn ShouldSample>; 3]) -> [usize; 3] {
    fastrand::seed(1); // the coins
    let mut random = fastrand::Rng::with_seed(1);
    let mut outcome = [0; 3];
    for _ in 0..TRACES {
        let trace = TraceId::from(random.u128(..));
        let mut context = Context::new();
        let kept = services.iter().filter(|sampler| {
            let result = sampler.should_sample(Some(&context), trace, "work", &SpanKind::Server, &[], &[]);
            let is_kept = result.decision == SamplingDecision::RecordAndSample;
            let flags = if is_kept { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
            let span = SpanContext::new(trace, SpanId::from(1), flags, true, result.trace_state);
            context = Context::new().with_remote_span_context(span); // `traceparent`, on its way to the next
            is_kept
        });
        outcome[match kept.count() {
            3 => 0,
            0 => 2,
            _ => 1,
        }] += 1;
    }
    outcome
}

/// Decides without looking at the id.
#[derive(Debug, Clone)]
struct Coin;

impl ShouldSample for Coin {
    fn should_sample(
        &self,
        _parent: Option<&Context>,
        _trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let decision = if fastrand::f64() < 0.1 { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        SamplingResult { decision, attributes: Vec::new(), trace_state: Default::default() }
    }
}
