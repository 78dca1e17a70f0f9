//! Says that there is something new.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::Notify;

use crate::pool::{SILENCE, within};

/// At most one notification in this time, whatever the number of appends.
const PAUSE: Duration = Duration::from_millis(2);

/// The channel of the notifications.
pub(crate) const CHANNEL: &str = "events";

// ANCHOR: bell
/// Rings after appends, at most once every two milliseconds.
///
/// `NOTIFY` inside the transaction of the append would be simpler, and every commit would then wait for every other: the
/// server orders notifications by a lock that it holds until the commit is on disk. Outside, a notification can get lost,
/// when the program ends at that moment. Readers look by themselves from time to time, so a lost one costs a moment.
#[derive(Debug, Clone)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    /// A task rings as long as a clone of the bell is there.
    pub fn hang(pool: PgPool) -> Self {
        let bell = Arc::new(Notify::new());
        let rope = Arc::downgrade(&bell);
        tokio::spawn(async move {
            while let Some(bell) = rope.upgrade() {
                // Looks up now and then, to see whether anybody is left.
                let pulled = tokio::time::timeout(Duration::from_secs(1), bell.notified()).await.is_ok();
                drop(bell);
                if pulled {
                    let notify = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&pool);
                    if let Err(error) = within(SILENCE, notify).await {
                        tracing::debug!(%error, "readers were not told of new events; they will look by themselves");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Self(bell)
    }

    /// There is something new.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}
// ANCHOR_END: bell
