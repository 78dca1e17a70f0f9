//! A read model made anew beside the one that is in use.

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::position::Position;
use crate::projection::Projection;
use crate::store::EventStore;
use crate::subscription::{Subscription, SubscriptionError};

// ANCHOR: rebuild
/// Builds the projection's tables again from the first event, in a schema of their own, while the old ones are read and
/// written. When it has caught up, the tables change places in one transaction.
///
/// The same statements write both: which `balances` they mean depends on the `search_path`. When this is cut off, the old
/// tables are as they were, and the next rebuild begins anew.
///
/// Returns the number of events.
///
/// # Errors
///
/// When the database does not answer, or an event cannot be applied.
pub async fn rebuild<P: Projection>(store: &EventStore, projection: P) -> Result<usize, SubscriptionError> {
    let live = P::NAME.to_owned();
    let schema = format!("rebuild_{live}");
    let mut new = Subscription::new(store.clone(), projection);
    new.name = format!("{live}.rebuild");
    new.schema = Some(schema.clone());

    store.db.answer(prepare::<P>(store, &new.name, &schema)).await?;
    let mut events = 0;
    loop {
        match new.step().await? {
            0 => break,
            applied => events += applied,
        }
    }
    swap::<P>(store, &new, &schema).await?;
    Ok(events)
}
// ANCHOR_END: rebuild

/// Empty tables like the ones in use, and a checkpoint at the start.
async fn prepare<P: Projection>(store: &EventStore, name: &str, schema: &str) -> Result<(), sqlx::Error> {
    let mut transaction = store.pool.begin().await?;
    run(&mut transaction, format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await?;
    run(&mut transaction, format!("CREATE SCHEMA {schema}")).await?;
    for table in P::TABLES {
        run(&mut transaction, format!("CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING ALL)")).await?;
    }
    sqlx::query("DELETE FROM checkpoints WHERE name = $1").bind(name).execute(&mut *transaction).await?;
    transaction.commit().await
}

// ANCHOR: swap
/// The lock on the live checkpoint stops the live projection, until the new tables have come as far: nobody sees a read model
/// go back. Then they take the place of the old ones, and the live projection goes on with them.
async fn swap<P: Projection>(store: &EventStore, new: &Subscription<P>, schema: &str) -> Result<(), SubscriptionError> {
    let mut transaction = store.db.answer(store.pool.begin()).await?;
    let live = sqlx::query_file!("queries/lock_checkpoint.sql", P::NAME).fetch_optional(&mut *transaction);
    let live = store.db.answer(live).await?;
    let live = live.map(|row| Position { transaction: row.transaction, number: row.position });
    while live.is_some_and(|live| live > Position::START) && new.checkpoint().await? < live.unwrap_or_default() {
        new.step().await?;
    }
    let places = async {
        for table in P::TABLES {
            run(&mut transaction, format!("DROP TABLE public.{table}")).await?;
            run(&mut transaction, format!("ALTER TABLE {schema}.{table} SET SCHEMA public")).await?;
        }
        run(&mut transaction, format!("DROP SCHEMA {schema}")).await?;
        let names = (P::NAME, &new.name);
        sqlx::query_file!("queries/swap_checkpoint.sql", names.0, names.1).execute(&mut *transaction).await?;
        transaction.commit().await
    };
    Ok(store.db.answer(places).await?)
}
// ANCHOR_END: swap

/// The names in it are constants of the program.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
