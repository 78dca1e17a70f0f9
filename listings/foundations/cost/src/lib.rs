//! What telemetry costs, and what happens when it is too much.
//!
//! The parts, in reading order: [`Queue`] is the bound of a batch processor, with the rule that tells how large it must
//! be. [`provoke`] overloads the SDK's processor and counts what it loses, with an exporter behind a [`Gate`] in the
//! place of a slow network. [`watched`] is a batch processor that says what it drops. [`load`] puts a service with one
//! signal after the other under load.

mod gate;
pub mod load;
mod overload;
mod queue;
mod watched;

pub use gate::{Export, Gate, Gated, gate};
pub use overload::{Outcome, Stalled, provoke};
pub use queue::{Forecast, Queue, Rate, Step};
pub use watched::{WatchedExporter, WatchedProcessor, watched};
