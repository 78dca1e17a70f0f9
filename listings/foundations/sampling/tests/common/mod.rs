//! What these tests share.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses its own part of it")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use sampling::limit::Clock;

/// Ids that are the same in every run: a test that counts them counts the same each time, and cannot fail by chance.
pub fn ids(count: usize) -> impl Iterator<Item = TraceId> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..count).map(move |_| TraceId::from(random.u128(..)))
}

/// A parent of that trace.
pub fn parent(trace: TraceId, is_remote: bool, flags: TraceFlags) -> Context {
    let span = SpanContext::new(trace, SpanId::from(1), flags, is_remote, TraceState::default());
    Context::new().with_remote_span_context(span)
}

pub fn ask(sampler: &dyn ShouldSample, parent: Option<&Context>, trace: TraceId) -> SamplingResult {
    sampler.should_sample(parent, trace, "work", &SpanKind::Server, &[], &[])
}

/// Whether a root with these attributes is kept.
pub fn keeps(sampler: &dyn ShouldSample, trace: TraceId, attributes: &[KeyValue]) -> bool {
    let result = sampler.should_sample(None, trace, "work", &SpanKind::Server, attributes, &[]);
    result.decision == SamplingDecision::RecordAndSample
}

/// A clock that a test moves.
#[derive(Debug, Clone, Default)]
pub struct Hand(Arc<AtomicU64>);

impl Hand {
    pub fn forward(&self, time: Duration) {
        self.0.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Keeps everything, and remembers the attributes it was shown.
#[derive(Debug, Clone, Default)]
pub struct Spy(pub Arc<Mutex<Vec<Vec<KeyValue>>>>);

impl Spy {
    /// The keys that it saw, span by span.
    pub fn keys(&self) -> Vec<Vec<String>> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|attributes| attributes.iter().map(|it| it.key.to_string()).collect()).collect()
    }
}

impl ShouldSample for Spy {
    fn should_sample(
        &self,
        _parent: Option<&Context>,
        _trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        self.0.lock().unwrap().push(attributes.to_vec());
        let attributes = vec![KeyValue::new("added", true)];
        SamplingResult { decision: SamplingDecision::RecordAndSample, attributes, trace_state: TraceState::default() }
    }
}
