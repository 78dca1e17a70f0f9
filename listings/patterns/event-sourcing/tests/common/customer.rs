//! An account, and what happens on it.

use std::time::Duration;

use event_sourcing::bank::{Customer, Teller, TellerError, balance};
use event_sourcing::{Appended, EventStore, Metadata, Position};
use uuid::Uuid;

use super::{Bank, count, in_time};

/// An account with nothing on it.
pub async fn account(bank: &Bank) -> Uuid {
    let (account, customer) = (Uuid::new_v4(), Customer { number: Uuid::new_v4(), name: "Ann".into() });
    let teller = Teller::new(bank.store.clone());
    teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    account
}

pub async fn deposit(store: &EventStore, account: Uuid, command: Uuid) -> Result<Appended, TellerError> {
    Teller::new(store.clone()).deposit(account, 500, command, Metadata::default()).await
}

/// Waits until so much is on an account.
pub async fn has(bank: &Bank, account: Uuid, cents: i64) {
    in_time(async {
        while balance(&bank.store, account).await.unwrap().map(|balance| balance.cents) != Some(cents) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

impl Bank {
    /// Waits until there are so many events; the place of the newest.
    pub async fn recorded(&self, events: i64) -> Position {
        in_time(async {
            while count(self.pool()).await < events {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        self.store.head().await.unwrap()
    }
}
