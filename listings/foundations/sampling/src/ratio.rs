//! A part of all traces, the same part for everybody who asks.

use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt, TraceId, TraceState};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult};

// ANCHOR: ratio
/// A part of all traces, by the specification's consistent probability sampling: a trace whose last 56 bits are below a
/// threshold is rejected. Who keeps fewer keeps a subset, and the threshold in `tracestate` says what a kept one is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// How many of 2⁵⁶ traces are rejected.
    threshold: u64,
}

impl Ratio {
    const ALL: u64 = 1 << 56;

    /// From 0 (none) to 1 (all). What lies outside counts as the nearer end.
    pub fn new(part: f64) -> Self {
        Self { threshold: Self::ALL - (part.clamp(0.0, 1.0) * Self::ALL as f64) as u64 }
    }

    /// How many traces a kept one stands for: ten, at a ratio of 0.1.
    pub fn weight(self) -> f64 {
        Self::ALL as f64 / (Self::ALL - self.threshold) as f64
    }

    /// The decision for a root.
    pub fn sample(self, parent: Option<&Context>, trace: TraceId) -> SamplingResult {
        let state = parent.map(|parent| parent.span().span_context().trace_state().clone()).unwrap_or_default();
        let is_kept = randomness(&state, trace) >= self.threshold;
        SamplingResult {
            decision: if is_kept { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            trace_state: with_threshold(&state, is_kept.then_some(self.threshold)),
        }
    }
}
// ANCHOR_END: ratio

/// What the trace brings along as `rv`, else its id.
fn randomness(state: &TraceState, trace: TraceId) -> u64 {
    let explicit = members(state).find_map(|member| member.strip_prefix("rv:"));
    let explicit = explicit.and_then(|value| u64::from_str_radix(value, 16).ok());
    explicit.unwrap_or(u128::from_be_bytes(trace.to_bytes()) as u64) & (Ratio::ALL - 1)
}

/// `state` with this threshold in place of any other: `ot=th:e666…`, without trailing zeros. `None` erases it, for whoever
/// cannot say with what probability a trace was kept.
pub(crate) fn with_threshold(state: &TraceState, threshold: Option<u64>) -> TraceState {
    let threshold = threshold.map(|threshold| match format!("{threshold:014x}").trim_end_matches('0') {
        "" => "th:0".to_owned(),
        digits => format!("th:{digits}"),
    });
    let others = members(state).filter(|member| !member.starts_with("th:")).map(str::to_owned);
    let members: Vec<_> = threshold.into_iter().chain(others).collect();
    let changed = match members.is_empty() {
        true => state.delete("ot"),
        false => state.insert("ot", members.join(";")),
    };
    changed.unwrap_or_else(|_| state.clone()) // our own entry is valid
}

/// What OpenTelemetry says in `tracestate`.
fn members(state: &TraceState) -> impl Iterator<Item = &str> {
    state.get("ot").unwrap_or_default().split(';').filter(|member| !member.is_empty())
}
