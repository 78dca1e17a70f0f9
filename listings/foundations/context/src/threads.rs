//! Threads: Tokio's blocking pool, rayon, your own.

use rayon::prelude::*;
use tokio::task::JoinHandle;
use tracing::Span;

// ANCHOR: blocking
/// Runs blocking work on Tokio's pool, below the current span.
pub fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}
// ANCHOR_END: blocking

// ANCHOR: rayon
/// Maps on rayon's pool, each item below the current span. A span can be entered on many threads at once.
pub fn par_map<T: Send, U: Send>(items: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U> {
    let span = Span::current();
    items.into_par_iter().map(|item| span.in_scope(|| work(item))).collect()
}
// ANCHOR_END: rayon
