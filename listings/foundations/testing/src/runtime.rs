//! A runtime for one test.

use std::io;

use tokio::runtime::Builder;
use tracing::Dispatch;
use tracing::dispatcher::{set_default, with_default};

// ANCHOR: observed
/// Runs `work` on a runtime of its own, on whose every thread `subscriber` is the default: on the
/// workers, where spawned tasks run, and on the blocking pool. Threads that the work starts by itself
/// are not among them.
///
/// ```
/// let subscriber = tracing::Dispatch::none(); // a test has a better one
/// let sum = testing::observed(&subscriber, async { tokio::spawn(async { 1 + 1 }).await.unwrap() });
/// assert_eq!(sum.unwrap(), 2);
/// ```
///
/// # Errors
///
/// When the threads cannot be started.
pub fn observed<T>(subscriber: &Dispatch, work: impl Future<Output = T>) -> io::Result<T> {
    let for_threads = subscriber.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .on_thread_start(move || std::mem::forget(set_default(&for_threads))) // until the thread ends
        .build()?;
    Ok(with_default(subscriber, || runtime.block_on(work)))
}
// ANCHOR_END: observed
