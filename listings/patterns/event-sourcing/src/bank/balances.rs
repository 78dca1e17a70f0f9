//! The first read model: what is on each account.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::event::{AccountEvent, Opened};
use crate::db::{Db, Operation, operation};
use crate::projection::{Projected, Projection};
use crate::store::EventStore;

/// Keeps `balances`.
#[derive(Debug, Clone)]
pub struct Balances(Db);

impl Balances {
    /// In this store.
    pub fn of(store: &EventStore) -> Self {
        Self(store.db().clone())
    }
}

const UPSERT: Operation = operation!("INSERT", "balances", "balances");
const BALANCE: Operation = operation!("SELECT", "balances", "balance");

// ANCHOR: balances
impl Projection for Balances {
    type Event = AccountEvent;
    const NAME: &'static str = "balances";
    const CATEGORIES: &'static [&'static str] = &["account"];
    const TABLES: &'static [&'static str] = &["balances"];

    async fn apply(
        &self,
        events: &[Projected<AccountEvent>],
        transaction: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        // One row an account, however many of its events are in the batch.
        let mut changes = BTreeMap::<Uuid, Change>::new();
        for Projected { event, recorded } in events {
            let account = recorded.stream.member().parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            changes.entry(account).or_default().add(event, recorded.version.0);
        }
        let (accounts, changes): (Vec<Uuid>, Vec<Change>) = changes.into_iter().unzip();
        let owners: Vec<String> = changes.iter().map(|change| change.owner.clone()).collect();
        let currencies: Vec<String> = changes.iter().map(|change| change.currency.clone()).collect();
        let cents: Vec<i64> = changes.iter().map(|change| change.cents).collect();
        let versions: Vec<i64> = changes.iter().map(|change| change.version).collect();
        let rows = sqlx::query_file!("queries/balances.sql", &accounts, &owners, &currencies, &cents, &versions);
        self.0.call(&UPSERT, accounts.len(), rows.execute(transaction)).await?;
        Ok(())
    }
}
// ANCHOR_END: balances

/// What a batch changes about an account.
#[derive(Default)]
struct Change {
    owner: String,
    currency: String,
    cents: i64,
    version: i64,
}

impl Change {
    fn add(&mut self, event: &AccountEvent, version: i64) {
        self.version = version;
        match event {
            AccountEvent::Opened(Opened { owner, currency, .. }) => {
                (self.owner, self.currency) = (owner.clone(), currency.clone());
            }
            AccountEvent::Deposited(deposited) => self.cents += deposited.cents,
            AccountEvent::Received(received) => self.cents += received.cents,
            AccountEvent::Sent(sent) => self.cents -= sent.cents,
        }
    }
}

/// A row of `balances`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Balance {
    /// The account.
    pub account: Uuid,
    /// Whose it is.
    pub owner: String,
    /// In what.
    pub currency: String,
    /// How much.
    pub cents: i64,
    /// As of which version of the account.
    pub version: i64,
}

/// What is on an account, as far as the projection has come.
///
/// # Errors
///
/// When the database does not answer.
pub async fn balance(store: &EventStore, account: Uuid) -> Result<Option<Balance>, sqlx::Error> {
    let row = sqlx::query_file_as!(Balance, "queries/balance.sql", account).fetch_optional(store.pool());
    store.db().call(&BALANCE, 1, row).await
}
