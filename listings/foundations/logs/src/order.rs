//! What a service writes.

use std::error::Error;
use std::fmt;
use std::iter::successors;

use tracing::field::Empty;
use tracing::{Level, Span, event, info_span};

/// Why an order cannot be packed.
#[derive(Debug, thiserror::Error)]
#[error("the order cannot be packed")]
pub struct PackError(#[from] pub StockError);

/// Why the stock has no answer.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// Nothing is left.
    #[error("no stock is left")]
    Empty,
    /// The warehouse does not answer.
    #[error("the warehouse does not answer")]
    Timeout,
}

impl PackError {
    /// Its `error.type`: one of a closed set, because metrics carry it as well.
    pub fn error_type(&self) -> &'static str {
        match self.0 {
            StockError::Empty => "out_of_stock",
            StockError::Timeout => "timeout",
        }
    }
}

// ANCHOR: event
/// A record with a name is an event: others count it and alert on it, so the name and the fields are an interface.
pub fn packed(items: u64) {
    event!(name: "order.packed", Level::INFO, order.items = items, "order packed");
}
// ANCHOR_END: event

// ANCHOR: failure
/// Handles a request. Below this function an error is returned, and not logged: it is recorded where it ends.
pub fn handle(pack: impl FnOnce() -> Result<u64, PackError>) -> u16 {
    let span = info_span!("POST /orders", otel.kind = "server", otel.status_code = Empty, error.type = Empty);
    span.in_scope(|| match pack() {
        Ok(items) => {
            packed(items);
            201
        }
        Err(error) => {
            failed(&span, &error, error.error_type());
            503
        }
    })
}

/// The span says that it failed and in which way; the record says everything else. One of each.
fn failed<E: Error + 'static>(span: &Span, error: &E, error_type: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", error_type);
    event!(
        name: "order.pack.exception",
        Level::ERROR,
        exception.type = std::any::type_name::<E>(),
        exception.message = %Chain(error),
        error.type = error_type,
        "the request failed"
    );
}
// ANCHOR_END: failure

/// An error and what caused it: `the order cannot be packed: no stock is left`. The sources are what an error of Rust
/// has in place of a stack trace.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        successors(self.0.source(), |cause| (*cause).source()).try_for_each(|cause| write!(f, ": {cause}"))
    }
}
