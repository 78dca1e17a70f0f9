//! Goes on whenever there is something new.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::PgListener;

use crate::bell::CHANNEL;
use crate::store::EventStore;
use crate::subscription::SubscriptionError;

/// The longest time without a look, for when a notification got lost.
const POLL: Duration = Duration::from_secs(1);
/// The first wait after there was nothing new. It doubles up to [`POLL`]: an event may be there already, behind a
/// transaction that has not ended yet.
const SHORT: Duration = Duration::from_millis(2);
/// The longest wait after an error of the database.
const BACKOFF: Duration = Duration::from_secs(30);

// ANCHOR: follow
/// Takes one step after the other until `stop`. A step says how far it has come; after 0 there is nothing new, and the next
/// one follows when the bell rings or some time has passed.
pub(crate) async fn follow<S>(
    store: &EventStore,
    name: &str,
    stop: impl Future<Output = ()>,
    mut step: impl FnMut() -> S,
) -> Result<(), SubscriptionError>
where
    S: Future<Output = Result<usize, SubscriptionError>> + Send,
{
    let mut stop = std::pin::pin!(stop);
    let (mut bell, mut deaf, mut wait, mut backoff) = (None, false, SHORT, SHORT);
    loop {
        let pause = match step().await {
            Ok(0) => {
                (wait, backoff) = ((wait * 2).min(POLL), SHORT);
                wait
            }
            Ok(_) => {
                if std::mem::take(&mut deaf) {
                    bell = None;
                }
                (wait, backoff) = (SHORT, SHORT);
                tokio::select! {
                    biased;
                    () = &mut stop => return Ok(()),
                    () = std::future::ready(()) => continue,
                }
            }
            Err(error) if error.may_pass() => {
                tracing::warn!(
                    name: "projection.waiting",
                    { projection.name = name, exception.message = %error },
                    "it cannot go on now; it is tried again"
                );
                (bell, backoff) = (None, (backoff * 2).min(BACKOFF));
                backoff
            }
            Err(error) => return Err(error),
        };
        // ANCHOR: wait
        if bell.is_none() {
            bell = listen(store).await;
        }
        tokio::select! {
            () = &mut stop => return Ok(()),
            // What comes now and was not rung for: the network may have forgotten the bell's connection.
            () = tokio::time::sleep(pause) => deaf = pause == POLL,
            () = rings(&mut bell) => (deaf, wait) = (false, SHORT),
        }
        // ANCHOR_END: wait
    }
}
// ANCHOR_END: follow

/// Without a bell there is still the time.
async fn listen(store: &EventStore) -> Option<PgListener> {
    let listen = async {
        let mut listener = PgListener::connect_with(&store.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    store.db.answer(listen).await.ok()
}

async fn rings(bell: &mut Option<PgListener>) {
    if let Some(listener) = bell
        && listener.recv().await.is_ok()
    {
        while listener.next_buffered().is_some() {} // what rang meanwhile: one look is enough for all
        return;
    }
    // Broken, or never there: the clock is left.
    std::future::pending().await
}
