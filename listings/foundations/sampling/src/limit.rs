//! A bound on how many traces are kept in a second.

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use opentelemetry::trace::{Link, SpanKind, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use crate::ratio::with_threshold;

/// Time since some beginning.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Never less than before.
    fn now(&self) -> Duration;
}

/// The clock of the machine, since this was made.
#[derive(Debug)]
pub struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

// ANCHOR: limit
/// So many in a second, and so many at once. The state is one number: when the next one is due if all come evenly, as in
/// the generic cell rate algorithm (ITU-T I.371). In any `t` seconds it admits at most `burst + t × per_second`.
#[derive(Debug)]
pub struct Limit<C = Monotonic> {
    interval: u64, // ns
    ahead: u64,    // ns
    due: AtomicU64,
    clock: C,
}

impl<C: Clock> Limit<C> {
    /// With a clock of your own.
    pub fn with_clock(per_second: NonZeroU32, burst: NonZeroU32, clock: C) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.get());
        Self { interval, ahead: interval * u64::from(burst.get() - 1), due: AtomicU64::new(0), clock }
    }

    /// Takes one, if there is one.
    pub fn admits(&self) -> bool {
        let now = self.clock.now().as_nanos() as u64; // enough for 584 years
        let next = |due: u64| (due.max(now) - now <= self.ahead).then(|| due.max(now) + self.interval);
        self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}
// ANCHOR_END: limit

impl Limit {
    /// With the clock of the machine.
    ///
    /// ```
    /// use sampling::limit::Limit;
    ///
    /// let limit = Limit::new(1.try_into()?, 2.try_into()?);
    /// assert_eq!([limit.admits(), limit.admits(), limit.admits()], [true, true, false]);
    /// # Ok::<(), std::num::TryFromIntError>(())
    /// ```
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::with_clock(per_second, burst, Monotonic(Instant::now()))
    }
}

// ANCHOR: limited
/// Of what `sampler` keeps, no more than the limit admits. With what probability a trace is kept now depends on the
/// traffic, so nobody may read one from its `tracestate`.
#[derive(Debug)]
pub struct Limited<S, C = Monotonic> {
    sampler: S,
    limit: Arc<Limit<C>>,
}

impl<S: ShouldSample + Clone + 'static, C: Clock> ShouldSample for Limited<S, C> {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self.sampler.should_sample(parent, trace, name, kind, attributes, links);
        if result.decision == SamplingDecision::RecordAndSample && !self.limit.admits() {
            result.decision = SamplingDecision::Drop;
        }
        result.trace_state = with_threshold(&result.trace_state, None);
        result
    }
}
// ANCHOR_END: limited

impl<S, C> Limited<S, C> {
    /// Clones share the limit, and so do samplers that are given the same one.
    pub fn new(sampler: S, limit: Arc<Limit<C>>) -> Self {
        Self { sampler, limit }
    }
}

impl<S: Clone, C> Clone for Limited<S, C> {
    fn clone(&self) -> Self {
        Self { sampler: self.sampler.clone(), limit: Arc::clone(&self.limit) }
    }
}
