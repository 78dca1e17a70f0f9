//! What a breaker says over OpenTelemetry.
//!
//! The conventions have no names for breakers, so these are the book's own: `telemetry/registry.toml` describes each.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter};
use opentelemetry::{InstrumentationScope, KeyValue};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::breaker::CircuitBreaker;
use crate::event::{Ended, Transition};
use crate::handle::Snapshot;
use crate::state::State;

const NAME: &str = "circuit_breaker.name";
const STATE: &str = "circuit_breaker.state";
const OUTCOME: &str = "circuit_breaker.outcome";

/// The one instrument that a call touches.
#[derive(Debug)]
pub(crate) struct Telemetry {
    duration: Histogram<f64>,
    /// The attributes of each outcome, made once.
    attributes: [[KeyValue; 2]; 4],
}

impl Telemetry {
    #[inline]
    pub fn record(&self, duration: Duration, ended: Ended) {
        self.duration.record(duration.as_secs_f64(), &self.attributes[ended as usize]);
    }
}

/// The scope of this crate's instruments, for `MeterProvider::meter_with_scope`.
pub fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME")).with_version(env!("CARGO_PKG_VERSION")).build()
}

// ANCHOR: observe
impl CircuitBreaker {
    /// Publishes this breaker's metrics through `meter`. Counters and gauges are read by the exporter, when it exports;
    /// a call pays for the duration histogram alone. A second meter is ignored. For many breakers, see
    /// [`Registry::observe`](crate::Registry::observe).
    pub fn observe(&self, meter: &Meter) {
        if !self.measure(duration(meter)) {
            return;
        }
        // The meter provider lives as long as the process; a breaker that is gone must not be kept alive by it.
        let breaker = Arc::downgrade(&self.0);
        observe_all(meter, move || breaker.upgrade().map(CircuitBreaker).into_iter().collect());
    }

    /// Measures the calls from now on. Whether nobody did so before.
    pub(crate) fn measure(&self, duration: Histogram<f64>) -> bool {
        let outcomes = [Ended::Success, Ended::Failure, Ended::Ignored, Ended::Cancelled];
        let attributes = outcomes.map(|ended| [self.label(), KeyValue::new(OUTCOME, ended.as_str())]);
        self.0.telemetry.set(Telemetry { duration, attributes }).is_ok()
    }

    fn label(&self) -> KeyValue {
        KeyValue::new(NAME, self.0.name.clone())
    }

    /// The attributes that a span of a protected call carries: the breaker's name and its state now.
    pub fn attributes(&self) -> Vec<KeyValue> {
        vec![self.label(), KeyValue::new(STATE, self.state().as_str())]
    }
}
// ANCHOR_END: observe

/// How long calls take.
pub(crate) fn duration(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram("circuit_breaker.call.duration")
        .with_unit("s")
        .with_description("Duration of calls that the breaker let through.")
        .build()
}

// ANCHOR: instruments
/// Registers what the exporter reads. A callback cannot be taken back, so there is one for each instrument and not for
/// each breaker: it asks which `breakers` there are.
pub(crate) fn observe_all(meter: &Meter, breakers: impl Fn() -> Vec<CircuitBreaker> + Send + Sync + 'static) {
    let breakers: Breakers = Arc::new(breakers);
    observe_calls(meter, breakers.clone());
    observe_state(meter, breakers.clone());
    let gauge = |metric, unit, description, value: fn(&Snapshot) -> f64| {
        let breakers = breakers.clone();
        let callback = move |observer: &dyn AsyncInstrument<f64>| {
            breakers().iter().for_each(|breaker| observer.observe(value(&breaker.snapshot()), &[breaker.label()]));
        };
        let gauge = meter.f64_observable_gauge(metric).with_unit(unit).with_description(description);
        gauge.with_callback(callback).build();
    };
    gauge("circuit_breaker.failure_rate", "%", "Failed calls in the window.", |seen| seen.failure_rate.as_percent());
    gauge("circuit_breaker.slow_call_rate", "%", "Slow calls in the window.", |seen| seen.slow_call_rate.as_percent());
    gauge("circuit_breaker.buffered_calls", "{call}", "Calls in the window.", |seen| seen.buffered_calls as f64);
}
// ANCHOR_END: instruments

/// The breakers that there are.
type Breakers = Arc<dyn Fn() -> Vec<CircuitBreaker> + Send + Sync>;

fn observe_calls(meter: &Meter, breakers: Breakers) {
    let callback = move |observer: &dyn AsyncInstrument<u64>| {
        for breaker in breakers() {
            let calls = breaker.calls();
            let outcomes = [
                (Ended::Success.as_str(), calls.success),
                (Ended::Failure.as_str(), calls.failure),
                (Ended::Ignored.as_str(), calls.ignored),
                (Ended::Cancelled.as_str(), calls.cancelled),
                ("rejected", calls.rejected),
            ];
            for (outcome, count) in outcomes {
                observer.observe(count, &[breaker.label(), KeyValue::new(OUTCOME, outcome)]);
            }
        }
    };
    let counter = meter.u64_observable_counter("circuit_breaker.calls").with_unit("{call}");
    counter.with_description("Calls by how they ended.").with_callback(callback).build();
}

fn observe_state(meter: &Meter, breakers: Breakers) {
    let callback = move |observer: &dyn AsyncInstrument<u64>| {
        for breaker in breakers() {
            let current = breaker.state();
            for state in State::ALL {
                let is = u64::from(state == current);
                observer.observe(is, &[breaker.label(), KeyValue::new(STATE, state.as_str())]);
            }
        }
    };
    let gauge = meter.u64_observable_gauge("circuit_breaker.state").with_unit("{breaker}");
    let gauge = gauge.with_description("1 for the state the breaker is in, 0 for the others.");
    gauge.with_callback(callback).build();
}

// ANCHOR: reject_span
/// A rejected call leaves no `CLIENT` span, because nothing left the process. It leaves this one, which links to the span
/// in which the breaker was tripped: one step from "why was I refused" to the call that was the reason.
pub(crate) fn rejection(breaker: &CircuitBreaker, state: State) {
    let span = tracing::info_span!(
        "circuit_breaker.reject",
        otel.kind = "internal",
        otel.status_code = "ERROR",
        error.type = "circuit_open",
        circuit_breaker.name = breaker.name(),
        circuit_breaker.state = state.as_str(),
    );
    if span.is_disabled() {
        return; // nobody traces: then no lock is taken to learn who tripped it
    }
    if let Some(tripped_by) = breaker.tripped_by() {
        span.add_link(tripped_by);
    }
}
// ANCHOR_END: reject_span

// ANCHOR: log
/// One record for a transition. It is written inside the span of the call that caused it, so it carries that trace.
pub(crate) fn log(name: &str, transition: &Transition) {
    // The level of an event is part of its call site, so there are two.
    macro_rules! record {
        ($level:ident, $message:literal) => {
            tracing::event!(
                name: "circuit_breaker.state_transition",
                tracing::Level::$level,
                circuit_breaker.name = name,
                circuit_breaker.from_state = transition.from.as_str(),
                circuit_breaker.to_state = transition.to.as_str(),
                circuit_breaker.failure_rate = transition.failure_rate.as_percent(),
                circuit_breaker.slow_call_rate = transition.slow_call_rate.as_percent(),
                $message
            )
        };
    }
    match transition.to {
        State::Open | State::ForcedOpen => record!(WARN, "circuit breaker opened"),
        _ => record!(INFO, "circuit breaker changed state"),
    }
}
// ANCHOR_END: log
