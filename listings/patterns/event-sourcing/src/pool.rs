//! The connections, and how long anything may take.

use std::future::Future;
use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

// ANCHOR: connect
/// How long a statement may take before the server ends it.
const STATEMENT: &str = "10s";
/// How long it may wait for somebody else's lock.
const LOCK: &str = "2s";
/// How long a transaction may do nothing. It holds back every reader meanwhile.
const IDLE: &str = "5s";
/// How long an answer may take. Longer than the server's limits: this one is for a network that has gone silent.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);
/// How long to wait for a free connection, and for one that is asked whether it is still there.
const FREE: Duration = Duration::from_secs(2);
/// How long a connection may do nothing before it is asked again when it is needed. All are asked when they come back.
pub(crate) const FRESH: Duration = Duration::from_millis(100);

/// A pool in which nothing lasts without end.
///
/// # Errors
///
/// When the database does not answer.
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<PgPool, sqlx::Error> {
    let limits =
        [("statement_timeout", STATEMENT), ("lock_timeout", LOCK), ("idle_in_transaction_session_timeout", IDLE)];
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(FREE)
        .test_before_acquire(false) // not each time:
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // The pool asks by itself as well, right after, but would wait for the answer without end.
        .after_release(|connection, _| Box::pin(async { within(FREE, connection.ping()).await.map(|()| true) }))
        .connect_with(options.options(limits))
        .await
}
// ANCHOR_END: connect

// ANCHOR: within
/// What `answer` says, or after this time that nobody answers. The connection is closed then, and not used again.
pub(crate) async fn within<T, E: From<sqlx::Error>>(
    patience: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let silent = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"));
    tokio::time::timeout(patience, answer).await.map_err(silent)?
}
// ANCHOR_END: within
