//! The state machine.
//!
//! A closed breaker takes no lock: a call reads the state word, and its result goes into the window. A breaker that
//! rejects takes no lock either: a call compares the clock with a deadline. Everything else is rare (transitions, and the
//! few probes in between) and happens behind one mutex, where it can be read from top to bottom.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::trace::{SpanContext, TraceContextExt};
use tokio::sync::broadcast;

use crate::clock::nanos;
use crate::config::{Config, ConfigError};
use crate::counts::Counts;
use crate::error::{Refusal, Rejected};
use crate::event::{Event, Transition};
use crate::permit::{Admission, Permit};
use crate::state::{State, StateWord};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, lock};
use crate::telemetry::{self, Telemetry};
use crate::window::{Cycle, Mark, Totals, Window};

/// A circuit breaker. Clones are handles to the same breaker.
#[derive(Debug, Clone)]
pub struct CircuitBreaker(pub(crate) Arc<Inner>);

// ANCHOR: inner
#[derive(Debug)]
pub(crate) struct Inner {
    pub name: Arc<str>,
    pub config: Config,
    /// From how many nanoseconds on a call is slow; `u64::MAX` when nobody asks.
    pub slow_after: u64,
    pub state: StateWord,
    pub window: Window,
    /// Until when every call is rejected, in nanoseconds of the clock: in `OPEN` until the wait is over, in `HALF_OPEN`
    /// while all probes are out until their time is over, and 0 otherwise.
    rejects_until: AtomicU64,
    /// Everything that only transitions and probes touch.
    pub machine: Mutex<Machine>,
    pub counts: Counts,
    pub telemetry: OnceLock<Telemetry>,
    pub events: OnceLock<broadcast::Sender<Event>>,
}
// ANCHOR_END: inner

// ANCHOR: machine
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// How often in a row the breaker has opened; the wait grows with it.
    opened: u32,
    /// Probes that are out, and what the others reported.
    probes_out: u16,
    probes: Totals,
    /// In `HALF_OPEN`: when to stop waiting for probes.
    half_open_until: u64,
    /// The span in which the tripping call was made.
    pub tripped_by: Option<SpanContext>,
}
// ANCHOR_END: machine

impl CircuitBreaker {
    /// A closed breaker. The name becomes a metric attribute: take it from a closed set.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a setting cannot work.
    pub fn new(name: impl Into<Arc<str>>, config: Config) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.is_empty() {
            return Err(ConfigError::NoName);
        }
        config.validate()?;
        Ok(Self(Arc::new(Inner {
            name,
            slow_after: config.slow_call_duration_threshold.map_or(u64::MAX, nanos),
            state: StateWord::new(State::Closed),
            window: Window::new(&config),
            config,
            rejects_until: AtomicU64::new(0),
            machine: Mutex::new(Machine::default()),
            counts: Counts::new(),
            telemetry: OnceLock::new(),
            events: OnceLock::new(),
        })))
    }

    // ANCHOR: try_acquire
    /// Asks to make one call. Give the permit back with its outcome; a permit that is dropped counts as cancelled.
    ///
    /// # Errors
    ///
    /// [`Rejected`] when the call must not be made.
    #[inline(always)]
    pub fn try_acquire(&self) -> Result<Permit<&Self>, Rejected> {
        self.acquire().map(|admission| Permit::new(self, admission))
    }

    #[inline(always)]
    pub(crate) fn acquire(&self) -> Result<Admission, Rejected> {
        match self.0.state.load() {
            (State::Closed | State::MetricsOnly, cycle) => Ok(Admission::Counted(cycle)),
            (State::Disabled, _) => Ok(Admission::Uncounted),
            (State::Open | State::HalfOpen | State::ForcedOpen, _) => self.acquire_probe(),
        }
    }

    /// Why a call would be rejected now, if it would. Changes nothing, and takes no lock.
    #[inline(always)]
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self.state() {
            State::Closed | State::MetricsOnly | State::Disabled => None,
            State::ForcedOpen => Some(Refusal { state: State::ForcedOpen, retry_after: None }),
            state @ (State::Open | State::HalfOpen) => {
                let left = self.rejects_until().checked_sub(nanos(self.0.config.clock.now()))?;
                (left > 0).then_some(Refusal { state, retry_after: Some(Duration::from_nanos(left)) })
            }
        }
    }
    // ANCHOR_END: try_acquire

    fn rejects_until(&self) -> u64 {
        self.0.rejects_until.load(Ordering::Acquire)
    }

    // ANCHOR: acquire_probe
    #[inline(never)]
    fn acquire_probe(&self) -> Result<Admission, Rejected> {
        if let Some(refusal) = self.refusal() {
            return Err(self.reject(refusal));
        }
        let mut machine = lock(&self.0.machine);
        if self.refusal().is_some() || !matches!(self.state(), State::Open | State::HalfOpen) {
            drop(machine);
            return self.acquire(); // something happened before the lock was ours
        }
        let expired = nanos(self.0.config.clock.now()) >= machine.half_open_until;
        let (admission, transition) = match self.state() {
            State::Open => {
                let transition = self.transition(&mut machine, State::HalfOpen, Totals::default());
                (Some(self.send_probe(&mut machine)), Some(transition))
            }
            _ if expired => {
                let (culprit, totals) = (machine.tripped_by.clone(), machine.probes);
                let transition = self.transition(&mut machine, State::Open, totals);
                machine.tripped_by = culprit; // and not this call, which only came by
                (None, Some(transition))
            }
            _ => (Some(self.send_probe(&mut machine)), None),
        };
        drop(machine);
        if let Some(transition) = transition {
            telemetry::log(&self.0.name, &transition);
        }
        admission.map_or_else(|| self.acquire(), Ok)
    }
    // ANCHOR_END: acquire_probe

    #[cold]
    pub(crate) fn reject(&self, refusal: Refusal) -> Rejected {
        self.0.counts.rejected();
        self.publish(|| Event::NotPermitted);
        telemetry::rejection(self, refusal.state);
        Rejected { name: self.0.name.clone(), state: refusal.state, retry_after: refusal.retry_after }
    }

    // ANCHOR: record
    /// Takes a result into account, in the cycle that let its call through.
    #[inline(always)]
    pub(crate) fn record(&self, cycle: Cycle, mark: Mark, now: u64) {
        if let Some(totals) = self.0.window.record(cycle, mark, now) {
            self.evaluate(cycle, totals);
        }
    }

    #[inline(never)]
    fn evaluate(&self, cycle: Cycle, totals: Totals) {
        if totals.recorded < self.0.config.minimum() || !self.exceeded(totals) {
            return;
        }
        let mut machine = lock(&self.0.machine);
        // Of all the calls that crossed the threshold together, the first one trips.
        if self.0.state.load() == (State::Closed, cycle) {
            let transition = self.transition(&mut machine, State::Open, totals);
            drop(machine);
            telemetry::log(&self.0.name, &transition);
        }
    }

    fn exceeded(&self, totals: Totals) -> bool {
        let config = &self.0.config;
        let failed = config.failure_rate_threshold.is_reached_by(totals.failed, totals.recorded);
        let slow = config.slow_call_rate_threshold.is_reached_by(totals.slow, totals.recorded);
        if failed {
            self.publish(|| Event::FailureRateExceeded(totals.failure_rate()));
        }
        if slow {
            self.publish(|| Event::SlowCallRateExceeded(totals.slow_call_rate()));
        }
        failed || slow
    }
    // ANCHOR_END: record

    // ANCHOR: probe
    /// The last probe shuts the door behind it.
    fn send_probe(&self, machine: &mut Machine) -> Admission {
        machine.probes_out += 1;
        let sent = u64::from(machine.probes_out) + machine.probes.recorded;
        if sent == u64::from(self.0.config.permitted_calls_in_half_open_state) {
            self.0.rejects_until.store(machine.half_open_until, Ordering::Release);
        }
        Admission::Probe(self.0.state.load().1)
    }
    /// A probe has come back: with a result, or without one, and then another call may take its place.
    pub(crate) fn record_probe(&self, cycle: Cycle, mark: Option<Mark>) {
        let mut machine = lock(&self.0.machine);
        if self.0.state.load() != (State::HalfOpen, cycle) {
            return; // a late probe of an earlier cycle decides nothing
        }
        machine.probes_out -= 1;
        let Some(mark) = mark else {
            self.0.rejects_until.store(0, Ordering::Release);
            return;
        };
        machine.probes.add(mark);
        let totals = machine.probes;
        if totals.recorded == u64::from(self.0.config.permitted_calls_in_half_open_state) {
            let to = if self.exceeded(totals) { State::Open } else { State::Closed };
            let transition = self.transition(&mut machine, to, totals);
            drop(machine);
            telemetry::log(&self.0.name, &transition);
        }
    }
    // ANCHOR_END: probe

    // ANCHOR: transition
    /// Begins a new cycle. The deadline first, the window second, the state word last: who reads the new state finds the
    /// rest in place. The log is the caller's to write, once it has given back the lock.
    pub(crate) fn transition(&self, machine: &mut MutexGuard<'_, Machine>, to: State, totals: Totals) -> Transition {
        let (from, cycle) = self.0.state.load();
        let cycle = cycle.wrapping_add(1);
        let now = self.0.config.clock.now();
        let opened = machine.opened.saturating_add(1);
        let wait = (to == State::Open).then(|| self.0.config.wait_in_open_state.after(opened));
        match to {
            State::Open => machine.opened = opened,
            State::HalfOpen => {
                machine.half_open_until = nanos(now.saturating_add(self.0.config.max_wait_in_half_open_state));
            }
            _ => machine.opened = 0,
        }
        if matches!(to, State::Open | State::ForcedOpen) {
            machine.tripped_by = Some(current_span()).filter(SpanContext::is_valid);
        }
        (machine.probes_out, machine.probes) = (0, Totals::default());
        let rejects_until = wait.map_or(0, |wait| nanos(now.saturating_add(wait)));
        self.0.rejects_until.store(rejects_until, Ordering::Release);
        self.0.window.reset(cycle);
        self.0.state.store(to, cycle);

        let (failure_rate, slow_call_rate) = (totals.failure_rate(), totals.slow_call_rate());
        let transition = Transition { from, to, failure_rate, slow_call_rate, wait };
        self.publish(|| Event::Transition(transition.clone()));
        transition
    }
    // ANCHOR_END: transition
}

fn current_span() -> SpanContext {
    opentelemetry::Context::map_current(|context| context.span().span_context().clone())
}
