//! Which API for what: `tracing`, or OpenTelemetry's own.
//!
//! [`with_tracing`] and [`with_api`] say the same things, function by function. [`layers`] joins `tracing` to the
//! providers, once as most programs do and once without duplicates. [`arguments`] and [`name`] are about what
//! `#[instrument]` and the bridge do on their own.

pub mod arguments;
pub mod layers;
pub mod name;
pub mod with_api;
pub mod with_tracing;

/// Why an order cannot be packed.
#[derive(Debug, thiserror::Error)]
#[error("no stock is left")]
pub struct OutOfStock;

impl OutOfStock {
    /// Its `error.type`: one of a closed set.
    pub const TYPE: &str = "out_of_stock";
}
