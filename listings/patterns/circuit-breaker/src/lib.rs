//! A circuit breaker for Tower services, observed with OpenTelemetry.
//!
//! In reading order: [`Config`] says when to open; [`CircuitBreaker`] is the state machine; the window module counts
//! calls; [`Permit`] is one call, and what becomes of it; [`CircuitBreakerLayer`] puts it all in front of a service;
//! [`Registry`] keeps one breaker for each dependency.
//!
//! ```
//! use circuit_breaker::{CircuitBreaker, Config, Error};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let breaker = CircuitBreaker::new("payments", Config::default()).unwrap();
//! match breaker.call(async { Err::<(), _>("connection refused") }).await {
//!     Ok(()) => println!("paid"),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//!     Err(Error::Rejected(rejected)) => println!("not tried: {rejected}"),
//! }
//! # });
//! ```

mod breaker;
mod call;
mod classify;
mod clock;
mod config;
mod counts;
mod error;
mod event;
mod handle;
mod middleware;
#[cfg(all(test, feature = "loom"))]
mod model;
mod permit;
mod rate;
mod registry;
pub mod service;
mod state;
mod sync;
mod telemetry;
mod wait;
mod window;

pub use breaker::CircuitBreaker;
pub use classify::{Classify, ErrorsAreFailures, Outcome};
pub use clock::{Clock, CoarseClock, ManualClock, PreciseClock, TokioClock};
pub use config::{Cancellation, Config, ConfigError, SlidingWindow};
pub use counts::Calls;
pub use error::{Error, Rejected};
pub use event::{Event, Transition};
pub use handle::Snapshot;
pub use middleware::{CircuitBreakerLayer, CircuitBreakerService, ResponseFuture};
pub use permit::Permit;
pub use rate::Rate;
pub use registry::Registry;
pub use state::{State, UnknownState};
pub use telemetry::scope;
pub use wait::Wait;
