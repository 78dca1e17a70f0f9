//! Names that others understand, and how to check them.
//!
//! In reading order: [`request`] says what the conventions ask of an HTTP request, [`renamed`] keeps old names alive while
//! dashboards move. `examples/conventions-check.rs` shows what a check says, and `examples/conventions-weaver.rs` writes
//! the book's own names in the format of OpenTelemetry Weaver.

pub mod renamed;
pub mod request;
