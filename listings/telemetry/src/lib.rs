//! One call sets up traces, metrics and logs over OTLP.
//!
//! The parts, in reading order: [`Config`] is what the standard `OTEL_*` variables say, `exporter` turns it into OTLP
//! exporters that have a runtime of their own, [`Builder`] joins them to `tracing`, and [`Telemetry`] is the guard that
//! flushes everything before the program ends, whichever way it ends. [`propagation`] and [`http`] carry the trace
//! across the network.
//!
//! ```
//! # fn work() -> Result<(), std::io::Error> { Ok(()) }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = telemetry::init("checkout")?; // reads OTEL_*; works with no collector
//! tracing::info_span!("work").in_scope(work)?; // an early `?` drops the guard, which flushes
//! # drop(telemetry); // nothing listens in this example, so the result of a shutdown would be an error
//! # Ok(())
//! # }
//! ```

mod builder;
mod config;
mod exporter;
mod guard;
pub mod http;
pub mod propagation;
mod signal;

pub use builder::{Builder, InitError, init, scope};
pub use config::{Config, Exporter};
pub use guard::{ShutdownError, Telemetry};
pub use opentelemetry_otlp::Protocol;
pub use signal::shutdown_signal;
