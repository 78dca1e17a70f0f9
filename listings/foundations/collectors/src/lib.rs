//! A collector between the program and the backend.
//!
//! The configurations in `collector/` are for a real OpenTelemetry Collector. [`Settings`] says which of them to start and
//! with what in its variables, [`Collector`] is the running process: a test sends to [`Collector::endpoint`], and kills or
//! stops it. The binary `otelcol` is built by `cargo xtask test`, from `collector/builder.yaml`. [`program`] is what sends:
//! it shows what a request notices when the collector is in trouble.

mod collector;
mod log;
pub mod program;

pub use collector::{Collector, Error, Settings};
