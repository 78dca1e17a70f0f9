//! The new forms run, what changed in silence is shown, and the old forms fail for the reason that the page gives.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

mod context;
mod environment;
mod exporters;
mod logs;
mod metrics;
mod page;
mod refused;
mod setup;
mod shutdown;
mod upgrade;

/// With one subscriber only, an event that another test reaches first without it is switched off for good
/// (tokio-rs/tracing#3611). A second one that never ends keeps `tracing` asking.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// Runs `work` with a subscriber of its own.
fn with<T>(subscriber: impl tracing::Subscriber + Send + Sync + 'static, work: impl FnOnce() -> T) -> T {
    LazyLock::force(&SECOND);
    tracing::subscriber::with_default(subscriber, work)
}
