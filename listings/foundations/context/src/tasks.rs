//! Tasks of Tokio.

use tokio::task::{JoinHandle, JoinSet};
use tracing::{Instrument, Span};

// ANCHOR: spawn
/// Starts a task that belongs to the current span.
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(work.in_current_span())
}
// ANCHOR_END: spawn

// ANCHOR: join_set
/// Starts one task for each item, all below the current span, and waits for them.
pub async fn join_all<F>(work: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    work.into_iter().for_each(|item| drop(tasks.spawn(item.in_current_span())));
    tasks.join_all().await
}
// ANCHOR_END: join_set

// ANCHOR: entered
/// The trap: a guard that is held across an `.await` stays entered on the thread while the task sleeps, and whatever
/// runs there meanwhile becomes its child. `Instrument` enters for each poll, and leaves. `tokio::spawn` refuses the
/// trap, because the guard is not `Send`; `join!`, `block_on` and a `LocalSet` do not:
///
/// ```compile_fail
/// tokio::spawn(async {
///     let _entered = tracing::info_span!("sleeper").entered();
///     tokio::task::yield_now().await;
/// });
/// ```
pub async fn instrumented<F: Future>(span: Span, work: F) -> F::Output {
    work.instrument(span).await
}
// ANCHOR_END: entered
