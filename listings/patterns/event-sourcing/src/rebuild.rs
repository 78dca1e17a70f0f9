//! A read model made anew beside the one that is in use.

use sqlx::postgres::PgAdvisoryLock;
use sqlx::{AssertSqlSafe, Connection, Either, Executor, PgConnection};

use crate::position::Position;
use crate::projection::Projection;
use crate::subscription::{Subscription, SubscriptionError};

/// Why a read model was not made anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Somebody else is at it.
    #[error("a rebuild of {0} is already at work")]
    AtWork(&'static str),
    /// The database does not answer, or an event cannot be applied.
    #[error(transparent)]
    Failed(#[from] SubscriptionError),
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

// ANCHOR: rebuild
/// Builds the projection's tables again from the first event, in a schema of their own, while the old ones are read and
/// written. When it has caught up, the tables change places in one transaction.
///
/// The same statements write both: which `balances` they mean depends on the `search_path`. When this is cut off, the old
/// tables are as they were, and the next rebuild begins anew. Batch and policy are those of `new`.
///
/// It is for the owner of the tables. Columns, constraints, indexes and the privileges on the tables are copied; triggers, foreign
/// keys, policies of rows and privileges on columns are not. A view on them, or a foreign key to them, prevents the change.
///
/// Returns the number of events.
///
/// # Errors
///
/// When another rebuild of it is at work, the database does not answer, or an event cannot be applied.
pub async fn rebuild<P: Projection>(mut new: Subscription<P>) -> Result<usize, RebuildError> {
    let schema = format!("rebuild_{}", P::NAME);
    new.name = format!("{}.rebuild", P::NAME);
    new.schema = Some(schema.clone());

    let db = new.store.db.clone();
    let options = new.store.pool.connect_options();
    let connection = db.answer(PgConnection::connect_with(&options)).await?;
    let lock = PgAdvisoryLock::new(&new.name);
    let Either::Left(lock) = db.answer(lock.try_acquire(connection)).await? else {
        return Err(RebuildError::AtWork(P::NAME));
    };
    let events = build(&new, &schema).await;
    // Who is cut off lets go of it as well, once the server has noticed.
    let _ = db.answer(lock.release_now()).await;
    Ok(events?)
}
// ANCHOR_END: rebuild

// ANCHOR: build
async fn build<P: Projection>(new: &Subscription<P>, schema: &str) -> Result<usize, SubscriptionError> {
    new.store.db.answer(prepare(new, schema)).await?;
    let mut events = 0;
    loop {
        let applied = new.step().await?;
        events += applied;
        // The rest is for the swap: behind a writer that never rests, there is always something new.
        if applied < new.batch as usize {
            return Ok(events + swap(new, schema).await?);
        }
    }
}
// ANCHOR_END: build

// ANCHOR: prepare
/// Empty tables like the ones in use, and a checkpoint at the start, which is there as long as they are. Its row comes first:
/// whoever is still at work on the tables of an earlier rebuild has locked it.
async fn prepare<P: Projection>(new: &Subscription<P>, schema: &str) -> Result<(), sqlx::Error> {
    let (live, name) = (P::NAME, &new.name);
    let mut transaction = new.store.pool.begin().await?;
    run(&mut transaction, format!("DELETE FROM checkpoints WHERE name = '{name}'")).await?;
    run(&mut transaction, format!("DELETE FROM skipped WHERE name = '{name}'")).await?;
    run(&mut transaction, format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await?;
    run(&mut transaction, format!("CREATE SCHEMA {schema}")).await?;
    for table in P::TABLES {
        run(&mut transaction, format!("CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING ALL)")).await?;
        let grants = sqlx::query_file_scalar!("queries/grants.sql", table, schema);
        for grant in grants.fetch_all(&mut *transaction).await? {
            run(&mut transaction, grant).await?;
        }
    }
    let enrol = format!("INSERT INTO checkpoints (name) VALUES ('{live}'), ('{name}') ON CONFLICT DO NOTHING");
    run(&mut transaction, enrol).await?;
    transaction.commit().await
}
// ANCHOR_END: prepare

// ANCHOR: enter
/// From here on, the names of tables mean those in `schema`. First they are locked by their full names: the `search_path` goes
/// past a table that is not there any more, to the one in use.
pub(crate) async fn enter<P: Projection>(transaction: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    for table in P::TABLES {
        run(transaction, format!("LOCK TABLE {schema}.{table} IN ROW EXCLUSIVE MODE")).await?;
    }
    run(transaction, format!("SET LOCAL search_path = {schema}, public")).await
}
// ANCHOR_END: enter

/// It does nothing while the last events are applied through other connections, which may take longer than the pool allows.
const IDLE: &str = "SET LOCAL idle_in_transaction_session_timeout = '1min'";
/// The tables change places when nobody reads them. A reader's statement ends within this time, and others wait behind it.
const LOCK: &str = "SET LOCAL lock_timeout = '10s'";

// ANCHOR: swap
/// The lock on the live checkpoint stops the live projection, until the new tables have come as far: nobody sees a read model
/// go back. Then they take the place of the old ones, and the live projection goes on with them.
async fn swap<P: Projection>(new: &Subscription<P>, schema: &str) -> Result<usize, SubscriptionError> {
    let (live, name, db) = (P::NAME, &new.name, &new.store.db);
    let mut transaction = db.answer(new.store.pool.begin()).await?;
    for limit in [IDLE, LOCK] {
        db.answer(transaction.execute(limit)).await?;
    }
    let row = sqlx::query_file!("queries/lock_checkpoint.sql", live).fetch_one(&mut *transaction);
    let row = db.answer(row).await?;
    let goal = Position { transaction: row.transaction, number: row.position };
    let mut events = 0;
    while new.checkpoint().await? < goal {
        events += new.step().await?;
    }
    let places = async {
        // No row: another rebuild, which did not know of this one, was faster.
        let row = sqlx::query_file!("queries/swap_checkpoint.sql", live, name);
        row.fetch_one(&mut *transaction).await?;
        run(&mut transaction, format!("DELETE FROM skipped WHERE name = '{live}'")).await?;
        run(&mut transaction, format!("UPDATE skipped SET name = '{live}' WHERE name = '{name}'")).await?;
        for table in P::TABLES {
            run(&mut transaction, format!("DROP TABLE public.{table}")).await?;
            run(&mut transaction, format!("ALTER TABLE {schema}.{table} SET SCHEMA public")).await?;
        }
        run(&mut transaction, format!("DROP SCHEMA {schema}")).await?;
        transaction.commit().await
    };
    db.answer(places).await?;
    Ok(events)
}
// ANCHOR_END: swap

/// The names in it are constants of the program.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
