//! The second read model: what has moved on each account.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::event::AccountEvent;
use crate::db::{Db, Operation, operation};
use crate::projection::{Projected, Projection};
use crate::store::EventStore;

/// Keeps `statement`.
#[derive(Debug, Clone)]
pub struct Statement(Db);

impl Statement {
    /// In this store.
    pub fn of(store: &EventStore) -> Self {
        Self(store.db().clone())
    }
}

const INSERT: Operation = operation!("INSERT", "statement", "statements");
const LINES: Operation = operation!("SELECT", "statement", "statement");

impl Projection for Statement {
    type Event = AccountEvent;
    const NAME: &'static str = "statement";
    const CATEGORIES: &'static [&'static str] = &["account"];
    const TABLES: &'static [&'static str] = &["statement"];

    async fn apply(
        &self,
        events: &[Projected<AccountEvent>],
        transaction: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        let (mut accounts, mut versions, mut whats, mut cents, mut times) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Projected { event, recorded } in events {
            let (what, moved) = match event {
                AccountEvent::Opened(_) => continue,
                AccountEvent::Deposited(deposited) => ("deposit".to_owned(), deposited.cents),
                AccountEvent::Sent(sent) => (format!("to {}", sent.to), -sent.cents),
                AccountEvent::Received(received) => (format!("from {}", received.from), received.cents),
            };
            let account: Uuid =
                recorded.stream.member().parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            accounts.push(account);
            versions.push(recorded.version.0);
            whats.push(what);
            cents.push(moved);
            times.push(recorded.recorded_at);
        }
        let rows = sqlx::query_file!("queries/statements.sql", &accounts, &versions, &whats, &cents, &times);
        self.0.call(&INSERT, accounts.len(), rows.execute(transaction)).await?;
        Ok(())
    }
}

/// A row of `statement`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The version of the account.
    pub version: i64,
    /// `deposit`, or the other account.
    pub what: String,
    /// More than zero came, less than zero went.
    pub cents: i64,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// The last movements of an account, the newest first.
///
/// # Errors
///
/// When the database does not answer.
pub async fn statement(store: &EventStore, account: Uuid, lines: u32) -> Result<Vec<Entry>, sqlx::Error> {
    let rows = sqlx::query_file_as!(Entry, "queries/statement.sql", account, i64::from(lines)).fetch_all(store.pool());
    store.db().call(&LINES, 1, rows).await
}
