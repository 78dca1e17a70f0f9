//! A service function that says what it does, and a test runtime that hears it on every thread.
//!
//! [`Orders`] is the code under test: one call to another service, a span, a metric and a log record. How it is tested
//! stands in `tests/`: `telemetry.rs` is the suite to copy, `alone.rs` does the same without `testkit`, `subscriber.rs`
//! shows which threads a test hears, and `globals.rs` and `callsite.rs` what two tests in one process do to each other.

mod orders;
mod runtime;

pub use orders::{OrderError, Orders};
pub use runtime::observed;
