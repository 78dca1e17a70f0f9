//! What a breaker says over OpenTelemetry.
//!
//! The conventions have no names for breakers, so these are the book's own: `telemetry/registry.toml` describes each.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry::{InstrumentationScope, KeyValue};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::breaker::CircuitBreaker;
use crate::error::Rejected;
use crate::event::{Ended, Transition};
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

impl CircuitBreaker {
    // ANCHOR: observe
    /// Publishes this breaker's metrics through `meter`. Counters and gauges are read by the exporter, when it exports;
    /// a call pays for the duration histogram alone. A second meter is ignored.
    pub fn observe(&self, meter: &Meter) {
        let name = KeyValue::new(NAME, self.0.name.clone());
        let attributes = [Ended::Success, Ended::Failure, Ended::Ignored, Ended::Cancelled]
            .map(|ended| [name.clone(), KeyValue::new(OUTCOME, ended.as_str())]);
        let duration = meter
            .f64_histogram("circuit_breaker.call.duration")
            .with_unit("s")
            .with_description("Duration of calls that the breaker let through.")
            .build();
        if self.0.telemetry.set(Telemetry { duration, attributes }).is_err() {
            return;
        }
        self.observe_calls(meter, name.clone());
        self.observe_window(meter, name);
    }

    fn observe_calls(&self, meter: &Meter, name: KeyValue) {
        // The meter provider lives as long as the process; a breaker that is gone must not be kept alive by it.
        let breaker = Arc::downgrade(&self.0);
        let _ = meter
            .u64_observable_counter("circuit_breaker.calls")
            .with_unit("{call}")
            .with_description("Calls by how they ended.")
            .with_callback(move |observer| {
                let Some(breaker) = breaker.upgrade().map(CircuitBreaker) else { return };
                let calls = breaker.calls();
                let outcomes = [
                    (Ended::Success.as_str(), calls.success),
                    (Ended::Failure.as_str(), calls.failure),
                    (Ended::Ignored.as_str(), calls.ignored),
                    (Ended::Cancelled.as_str(), calls.cancelled),
                    ("rejected", calls.rejected),
                ];
                for (outcome, count) in outcomes {
                    observer.observe(count, &[name.clone(), KeyValue::new(OUTCOME, outcome)]);
                }
            })
            .build();
    }
    // ANCHOR_END: observe

    fn observe_window(&self, meter: &Meter, name: KeyValue) {
        let (breaker, of) = (Arc::downgrade(&self.0), name.clone());
        let _ = meter
            .u64_observable_gauge("circuit_breaker.state")
            .with_unit("{breaker}")
            .with_description("1 for the state the breaker is in, 0 for the others.")
            .with_callback(move |observer| {
                let Some(breaker) = breaker.upgrade().map(CircuitBreaker) else { return };
                let current = breaker.state();
                for state in State::ALL {
                    let is = u64::from(state == current);
                    observer.observe(is, &[of.clone(), KeyValue::new(STATE, state.as_str())]);
                }
            })
            .build();
        let gauge =
            |metric: &'static str, unit: &'static str, description: &'static str, value: fn(&CircuitBreaker) -> f64| {
                let (breaker, name) = (Arc::downgrade(&self.0), name.clone());
                let _ = meter
                    .f64_observable_gauge(metric)
                    .with_unit(unit)
                    .with_description(description)
                    .with_callback(move |observer| {
                        let Some(breaker) = breaker.upgrade().map(CircuitBreaker) else { return };
                        observer.observe(value(&breaker), std::slice::from_ref(&name));
                    })
                    .build();
            };
        gauge("circuit_breaker.failure_rate", "%", "Failed calls in the window.", |breaker| {
            breaker.snapshot().failure_rate.as_percent()
        });
        gauge("circuit_breaker.slow_call_rate", "%", "Slow calls in the window.", |breaker| {
            breaker.snapshot().slow_call_rate.as_percent()
        });
        gauge("circuit_breaker.buffered_calls", "{call}", "Calls in the window.", |breaker| {
            breaker.snapshot().buffered_calls as f64
        });
    }

    /// The attributes that a span of a protected call carries: the breaker's name and its state now.
    pub fn attributes(&self) -> Vec<KeyValue> {
        vec![KeyValue::new(NAME, self.0.name.clone()), KeyValue::new(STATE, self.state().as_str())]
    }
}

// ANCHOR: reject_span
/// A rejected call leaves no `CLIENT` span, because nothing left the process. It leaves this one, which links to the span
/// in which the breaker was tripped: one step from "why was I refused" to the call that was the reason.
pub(crate) fn rejection(breaker: &CircuitBreaker, rejected: &Rejected) {
    let span = tracing::info_span!(
        "circuit_breaker.reject",
        otel.kind = "internal",
        otel.status_code = "ERROR",
        error.type = "circuit_open",
        circuit_breaker.name = breaker.name(),
        circuit_breaker.state = rejected.state.as_str(),
    );
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
