//! What operators and observers do with a breaker.

use std::sync::Arc;

use opentelemetry::trace::SpanContext;
use tokio::sync::broadcast;

use crate::breaker::CircuitBreaker;
use crate::clock::nanos;
use crate::counts::Calls;
use crate::event::Event;
use crate::rate::Rate;
use crate::state::State;
use crate::sync::lock;
use crate::telemetry;

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

impl CircuitBreaker {
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
    pub(crate) fn cycles(&self) -> crate::window::Cycle {
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

    // ANCHOR: manual
    /// Moves the breaker by hand. It starts a new cycle with an empty window, also into the state it is in.
    pub fn transition_to(&self, state: State) {
        let mut machine = lock(&self.0.machine);
        let totals = self.0.window.totals(nanos(self.0.config.clock.now()));
        let transition = self.transition(&mut machine, state, totals);
        drop(machine);
        telemetry::log(&self.0.name, &transition);
    }

    /// Closes the breaker and forgets what it has seen.
    pub fn reset(&self) {
        self.transition_to(State::Closed);
        self.publish(|| Event::Reset);
    }
    // ANCHOR_END: manual

    /// All calls ever, by outcome; `DISABLED` counts none. Each call is in exactly one of the numbers, and none of them
    /// ever goes back.
    pub fn calls(&self) -> Calls {
        self.0.counts.read(|| self.0.window.recorded_ever())
    }

    /// The span in which the breaker was opened last: by a call, or by hand.
    pub fn tripped_by(&self) -> Option<SpanContext> {
        lock(&self.0.machine).tripped_by.clone()
    }

    /// Listens to what happens from now on. A listener that falls behind by more than 256 events loses the oldest and
    /// is told how many; it never slows a call down. Until somebody listens an event costs one load.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.get_or_init(|| broadcast::channel(256).0).subscribe()
    }

    #[inline(always)]
    pub(crate) fn publish(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = self.0.events.get() {
            send(events, event());
        }
    }
}

#[inline(never)]
fn send(events: &broadcast::Sender<Event>, event: Event) {
    let _ = events.send(event); // an error means that nobody listens any more
}
