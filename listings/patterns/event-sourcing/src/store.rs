//! The store: a PostgreSQL, and what it needs to be one.

use std::time::Duration;

use opentelemetry::metrics::Meter;
use sqlx::PgPool;
use sqlx::migrate::MigrateError;

use crate::bell::Bell;
use crate::db::{Db, Operation, operation};
use crate::observe::Telemetry;

// ANCHOR: store
/// The event store. Clones share the pool.
#[derive(Debug, Clone)]
pub struct EventStore {
    pub(crate) pool: PgPool,
    pub(crate) db: Db,
    pub(crate) telemetry: Telemetry,
    pub(crate) bell: Bell,
}

impl EventStore {
    /// In the database behind `pool`, observed through `meter`. Call [`migrate`](Self::migrate) once before the first
    /// append, from a job and not from each replica.
    pub fn new(pool: PgPool, meter: &Meter) -> Self {
        let db = Db::new(meter, pool.connect_options().as_ref());
        Self { bell: Bell::hang(pool.clone()), telemetry: Telemetry::new(meter), db, pool }
    }

    /// With another limit for an answer of the database than 15 seconds. Give more than the server's `statement_timeout`.
    #[must_use]
    pub fn patience(mut self, limit: Duration) -> Self {
        self.db.patience = limit;
        self
    }

    /// Creates the tables, or brings them up to date.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or has migrations that this program does not know.
    pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
        sqlx::migrate!().run(pool).await
    }

    /// Makes sure that the events belong to this server. After a dump was restored into another one, their transactions have
    /// numbers that are still to come: nobody would see them, and later they would be read in another order.
    ///
    /// # Errors
    ///
    /// [`WrongServer`](VerifyError::WrongServer) then, with the cure.
    pub async fn verify(&self) -> Result<(), VerifyError> {
        let newest = self.head().await?.transaction; // first: what is appended meanwhile has a number above `next`
        let next = sqlx::query_file_scalar!("queries/next_transaction.sql");
        let next = self.db.measure(&NEXT, next.fetch_one(&self.pool)).await?;
        if newest < next { Ok(()) } else { Err(VerifyError::WrongServer { newest, next }) }
    }

    /// What observes statements, for those of read models.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The pool, for queries of read models.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}
// ANCHOR_END: store

const NEXT: Operation = operation!("SELECT", "pg_current_snapshot", "next_transaction");

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The events were written by another server.
    #[error(
        "transaction {newest} has written events, and this server is at {next}: a restored dump. Stop the server, and advance \
         its counter with `pg_resetwal --epoch`"
    )]
    WrongServer {
        /// The newest transaction that has written events.
        newest: i64,
        /// The next one of this server.
        next: i64,
    },
}
