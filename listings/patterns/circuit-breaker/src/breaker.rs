//! The state machine.
//!
//! A closed breaker takes no lock: a call reads the state word, and its result goes into the window. An open breaker
//! takes no lock either: a call compares the clock with a deadline. Everything else is rare (transitions, and the few
//! probes in between) and happens behind one mutex, where it can be read from top to bottom.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::trace::{SpanContext, TraceContextExt};
use tokio::sync::broadcast;

use crate::classify::{Classify, ErrorsAreFailures};
use crate::clock::nanos;
use crate::config::{Config, ConfigError};
use crate::error::{Error, Rejected};
use crate::event::{Ended, Event, Transition};
use crate::middleware::ResponseFuture;
use crate::permit::Permit;
use crate::rate::Rate;
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
    state: StateWord,
    pub window: Window,
    /// In `OPEN`: when the wait is over. In nanoseconds of the clock.
    open_until: AtomicU64,
    /// Everything that only transitions and probes touch.
    machine: Mutex<Machine>,
    counts: Counts,
    pub telemetry: OnceLock<Telemetry>,
    events: OnceLock<broadcast::Sender<Event>>,
}

// ANCHOR_END: inner

/// What the window does not know of all calls ever made. Nothing here moves while all is well: a success is counted by
/// the head of the window, which moves anyway.
#[derive(Debug)]
struct Counts {
    failed: AtomicU64,
    ignored: AtomicU64,
    cancelled: AtomicU64,
    /// Cancelled calls that the window was told of all the same.
    cancelled_recorded: AtomicU64,
    /// Probes with a result: they are not in the window.
    probed: AtomicU64,
    rejected: AtomicU64,
}

// ANCHOR: machine
#[derive(Debug, Default)]
struct Machine {
    /// How often in a row the breaker has opened; the wait grows with it.
    opened: u32,
    /// Probes that are out, and what the others reported.
    probes_out: u16,
    probes: Totals,
    /// In `HALF_OPEN`: when to stop waiting for probes.
    half_open_until: u64,
    /// The span in which the tripping call was made.
    tripped_by: Option<SpanContext>,
}
// ANCHOR_END: machine

/// What a breaker looks like at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Its name.
    pub name: Arc<str>,
    /// Its state.
    pub state: State,
    /// Failed calls in the window.
    pub failure_rate: Rate,
    /// Slow calls in the window.
    pub slow_call_rate: Rate,
    /// Calls in the window.
    pub buffered_calls: u64,
}

/// How many calls ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Went well.
    pub success: u64,
    /// Failed.
    pub failure: u64,
    /// Said nothing about the dependency.
    pub ignored: u64,
    /// Were dropped.
    pub cancelled: u64,
    /// Were not made.
    pub rejected: u64,
}

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
            open_until: AtomicU64::new(0),
            machine: Mutex::new(Machine::default()),
            counts: Counts {
                failed: AtomicU64::new(0),
                ignored: AtomicU64::new(0),
                cancelled: AtomicU64::new(0),
                cancelled_recorded: AtomicU64::new(0),
                probed: AtomicU64::new(0),
                rejected: AtomicU64::new(0),
            },
            telemetry: OnceLock::new(),
            events: OnceLock::new(),
        })))
    }

    /// The breaker's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The state as the last call left it: an open breaker whose wait is over is still open until a call asks.
    pub fn state(&self) -> State {
        self.0.state.load().0
    }

    /// How many transitions there have been.
    #[cfg(all(test, feature = "loom"))]
    pub(crate) fn cycles(&self) -> Cycle {
        self.0.state.load().1
    }

    /// State and rates, for an admin page.
    pub fn snapshot(&self) -> Snapshot {
        let totals = self.0.window.totals(nanos(self.0.config.clock.now()));
        Snapshot {
            name: self.0.name.clone(),
            state: self.state(),
            failure_rate: totals.failure_rate(),
            slow_call_rate: totals.slow_call_rate(),
            buffered_calls: totals.recorded,
        }
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
            (State::ForcedOpen, _) => Err(self.reject(State::ForcedOpen, None)),
            (State::Open | State::HalfOpen, _) => self.acquire_probe(),
        }
    }

    // ANCHOR_END: try_acquire

    // ANCHOR: acquire_probe
    #[inline(never)]
    fn acquire_probe(&self) -> Result<Admission, Rejected> {
        let now = nanos(self.0.config.clock.now());
        let until = self.0.open_until.load(Ordering::Acquire);
        if now < until {
            return Err(self.reject(State::Open, Some(Duration::from_nanos(until - now))));
        }
        let mut machine = lock(&self.0.machine);
        let (state, cycle) = self.0.state.load(); // it may have changed before the lock was ours
        match state {
            State::Open if now < self.0.open_until.load(Ordering::Acquire) => {}
            State::Open => {
                let cycle = self.transition(&mut machine, State::HalfOpen, Totals::default());
                machine.probes_out = 1;
                return Ok(Admission::Probe(cycle));
            }
            State::HalfOpen if now >= machine.half_open_until => {
                let totals = machine.probes;
                self.transition(&mut machine, State::Open, totals);
            }
            State::HalfOpen => {
                let asked = u64::from(machine.probes_out) + machine.probes.recorded;
                if asked < u64::from(self.0.config.permitted_calls_in_half_open_state) {
                    machine.probes_out += 1;
                    return Ok(Admission::Probe(cycle));
                }
            }
            _ => {
                drop(machine);
                return self.acquire(); // somebody moved it by hand
            }
        }
        let left = self.0.open_until.load(Ordering::Acquire).max(machine.half_open_until).saturating_sub(now);
        drop(machine);
        Err(self.reject(self.state(), Some(Duration::from_nanos(left))))
    }
    // ANCHOR_END: acquire_probe

    #[cold]
    fn reject(&self, state: State, retry_after: Option<Duration>) -> Rejected {
        self.0.counts.rejected.fetch_add(1, Ordering::Relaxed);
        self.publish(|| Event::NotPermitted);
        Rejected { name: self.0.name.clone(), state, retry_after }
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
            self.transition(&mut machine, State::Open, totals);
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
    /// A probe has come back: with a result, or without one, and then another call may take its place.
    pub(crate) fn record_probe(&self, cycle: Cycle, mark: Option<Mark>) {
        let mut machine = lock(&self.0.machine);
        if self.0.state.load() != (State::HalfOpen, cycle) {
            return; // a late probe of an earlier cycle decides nothing
        }
        machine.probes_out -= 1;
        let Some(mark) = mark else { return };
        machine.probes.add(mark);
        let totals = machine.probes;
        if totals.recorded == u64::from(self.0.config.permitted_calls_in_half_open_state) {
            let to = if self.exceeded(totals) { State::Open } else { State::Closed };
            self.transition(&mut machine, to, totals);
        }
    }
    // ANCHOR_END: probe

    // ANCHOR: transition
    /// Begins a new cycle. Deadlines first, window second, the state word last: who reads the new state finds the rest
    /// in place.
    fn transition(&self, machine: &mut MutexGuard<'_, Machine>, to: State, totals: Totals) -> Cycle {
        let (from, cycle) = self.0.state.load();
        let cycle = cycle.wrapping_add(1);
        let now = self.0.config.clock.now();
        let (mut open_until, mut wait) = (Duration::ZERO, None);
        match to {
            State::Open => {
                machine.opened = machine.opened.saturating_add(1);
                machine.tripped_by = Some(current_span()).filter(SpanContext::is_valid);
                let after = self.0.config.wait_in_open_state.after(machine.opened);
                (open_until, wait) = (now.saturating_add(after), Some(after));
            }
            State::HalfOpen => {
                machine.half_open_until = nanos(now.saturating_add(self.0.config.max_wait_in_half_open_state));
            }
            _ => machine.opened = 0,
        }
        (machine.probes_out, machine.probes) = (0, Totals::default());
        self.0.open_until.store(nanos(open_until), Ordering::Release);
        self.0.window.reset(cycle);
        self.0.state.store(to, cycle);

        let (failure_rate, slow_call_rate) = (totals.failure_rate(), totals.slow_call_rate());
        let transition = Transition { from, to, failure_rate, slow_call_rate, wait };
        telemetry::log(&self.0.name, &transition);
        self.publish(|| Event::Transition(transition));
        cycle
    }
    // ANCHOR_END: transition

    // ANCHOR: manual
    /// Moves the breaker by hand. It starts a new cycle with an empty window, also into the state it is in.
    pub fn transition_to(&self, state: State) {
        let mut machine = lock(&self.0.machine);
        let totals = self.0.window.totals(nanos(self.0.config.clock.now()));
        self.transition(&mut machine, state, totals);
    }

    /// Closes the breaker and forgets what it has seen.
    pub fn reset(&self) {
        self.transition_to(State::Closed);
        self.publish(|| Event::Reset);
    }
    // ANCHOR_END: manual

    /// Counts a call that the window's head does not count as a success. `recorded` tells whether the window, or the
    /// verdict, has heard of it.
    #[cold]
    pub(crate) fn count(&self, admission: Admission, ended: Ended, recorded: bool) {
        let counts = &self.0.counts;
        let add = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        match (admission, ended) {
            (Admission::Uncounted, _) => return,
            (Admission::Probe(_), _) if recorded => add(&counts.probed),
            _ => {}
        }
        match ended {
            Ended::Success => {}
            Ended::Failure => add(&counts.failed),
            Ended::Ignored => add(&counts.ignored),
            Ended::Cancelled => {
                add(&counts.cancelled);
                if recorded {
                    add(&counts.cancelled_recorded);
                }
            }
        }
    }

    /// All calls ever, by outcome; `DISABLED` counts none. Each call is in exactly one of the numbers.
    pub fn calls(&self) -> Calls {
        let counts = &self.0.counts;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let recorded = self.0.window.recorded_ever() + of(&counts.probed);
        let failed = of(&counts.failed);
        Calls {
            // Read one after the other while calls go on, the numbers can be one apart; they never go below zero.
            success: recorded.saturating_sub(failed + of(&counts.cancelled_recorded)),
            failure: failed,
            ignored: of(&counts.ignored),
            cancelled: of(&counts.cancelled),
            rejected: of(&counts.rejected),
        }
    }

    /// The span in which the call was made that opened the breaker last.
    pub fn tripped_by(&self) -> Option<SpanContext> {
        lock(&self.0.machine).tripped_by.clone()
    }

    /// Listens to what happens from now on. A listener that falls behind by more than 256 events loses the oldest and
    /// is told how many; it never slows a call down. Without listeners an event costs one load.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.get_or_init(|| broadcast::channel(256).0).subscribe()
    }

    #[inline(always)]
    pub(crate) fn publish(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = self.0.events.get() {
            send(events, event());
        }
    }

    /// Makes an asynchronous call, or does not. Errors count as failures.
    ///
    /// The future fails with [`Error::Rejected`] at once, or with the call's own error.
    ///
    /// # Cancellation
    ///
    /// Dropping the future is counted by [`Config::cancellation`].
    #[inline]
    pub fn call<F, T, E>(&self, call: F) -> ResponseFuture<F, ErrorsAreFailures, &Self>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call_with(ErrorsAreFailures, call)
    }

    // ANCHOR: call
    /// Makes an asynchronous call whose result `classify` judges.
    #[inline]
    pub fn call_with<F, C, T, E>(&self, classify: C, call: F) -> ResponseFuture<F, C, &Self>
    where
        F: Future<Output = Result<T, E>>,
        C: Classify<T, E>,
    {
        match self.try_acquire() {
            Ok(permit) => ResponseFuture::called(call, permit, classify),
            Err(rejected) => ResponseFuture::rejected(rejected),
        }
    }
    // ANCHOR_END: call

    /// Makes a blocking call. Errors count as failures, and so does a panic.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] at once, or the call's own error.
    #[inline(always)]
    pub fn call_blocking<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, Error<E>> {
        let permit = self.try_acquire()?;
        let result = call();
        permit.finish(ErrorsAreFailures.classify(&result));
        result.map_err(Error::Inner)
    }
}

/// What the breaker remembers of a call it has let through.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Admission {
    /// Its result goes into the window.
    Counted(Cycle),
    /// Its result decides about recovery.
    Probe(Cycle),
    /// Nobody counts it.
    Uncounted,
}

impl Admission {
    #[inline(always)]
    pub fn is_probe(self) -> bool {
        matches!(self, Self::Probe(_))
    }
}

#[inline(never)]
fn send(events: &broadcast::Sender<Event>, event: Event) {
    let _ = events.send(event); // an error means that nobody listens any more
}

fn current_span() -> SpanContext {
    opentelemetry::Context::map_current(|context| context.span().span_context().clone())
}
