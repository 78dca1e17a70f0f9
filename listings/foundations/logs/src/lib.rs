//! From `tracing` events to OTLP log records.
//!
//! In reading order: [`order`] writes events and records an error once, [`panics`] records what nobody handled, [`setup`]
//! gives each sink its level and keeps telemetry from talking about itself, [`lines`] prints JSON that knows its trace,
//! and [`processors`] see each record before it leaves: to add, to hide, to cut.

pub mod lines;
pub mod order;
pub mod panics;
pub mod processors;
pub mod setup;
