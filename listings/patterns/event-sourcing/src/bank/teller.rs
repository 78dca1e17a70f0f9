//! Carries out what customers ask for.

use uuid::Uuid;

use super::account::{Account, Refusal};
use crate::aggregate::{Aggregate, ExecuteError, LoadError, Loaded, numbered};
use crate::append::{Append, Appended};
use crate::event::{StreamId, Tag};
use crate::metadata::Metadata;
use crate::query::Query;
use crate::shredding::{Vault, VaultError};
use crate::store::EventStore;

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Their number: the subject of their key.
    pub number: Uuid,
    /// Their name, which is stored sealed.
    pub name: String,
}

/// What was asked for did not happen, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum TellerError {
    /// The domain refuses, or the store does.
    #[error(transparent)]
    Execute(#[from] ExecuteError<Refusal>),
    /// There is no key.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// More accounts than these a customer cannot have.
const MOST: usize = 3;

/// Carries out commands. Each has an id: sent twice, it is carried out once.
#[derive(Debug, Clone)]
pub struct Teller {
    store: EventStore,
    vault: Vault,
}

impl Teller {
    /// For accounts in this store.
    pub fn new(store: EventStore) -> Self {
        Self { vault: Vault::of(&store), store }
    }

    // ANCHOR: open
    /// Opens an account. A customer has three at most: a rule about many streams, so the decision is about a query.
    ///
    /// # Errors
    ///
    /// When it is refused, or the database does not answer.
    pub async fn open(
        &self,
        account: Uuid,
        customer: &Customer,
        currency: &str,
        command: Uuid,
        metadata: Metadata,
    ) -> Result<Appended, TellerError> {
        let owner = customer.number.to_string();
        let name = self.vault.seal(&owner, &customer.name).await?;
        let tag = Tag::new("owner", &owner).expect("a UUID has no spaces");
        let theirs = Query::tagged([tag.clone()]).of_kinds(["account_opened"]);
        let opened = self.store.decide(command, metadata, || async {
            let (accounts, seen) = self.store.matching(&theirs).await.map_err(LoadError::from)?;
            if accounts.len() >= MOST {
                return Err(ExecuteError::Refused(Refusal::TooMany(accounts.len())));
            }
            let Loaded { state, version, .. } = self.store.load::<Account>(account).await?;
            let events = state.open(&owner, name.clone(), currency).map_err(ExecuteError::Refused)?;
            let events = numbered(command, 0, &events)?.into_iter().map(|event| event.tagged([tag.clone()])).collect();
            let stream = StreamId::new(Account::CATEGORY, account);
            Ok(Append::to(stream, version, events).unless(theirs.clone(), seen))
        });
        Ok(opened.await?)
    }
    // ANCHOR_END: open

    /// Takes in money: a decision about one stream.
    ///
    /// # Errors
    ///
    /// When it is refused, or the database does not answer.
    pub async fn deposit(
        &self,
        account: Uuid,
        cents: i64,
        command: Uuid,
        metadata: Metadata,
    ) -> Result<Appended, TellerError> {
        Ok(self.store.execute(account, command, metadata, |account: &Account| account.deposit(cents)).await?)
    }

    // ANCHOR: transfer
    /// Moves money between two accounts: two streams, and one transaction. The command's id is the number of the transfer.
    ///
    /// # Errors
    ///
    /// When it is refused, or the database does not answer.
    pub async fn transfer(
        &self,
        from: Uuid,
        to: Uuid,
        cents: i64,
        command: Uuid,
        metadata: Metadata,
    ) -> Result<Appended, TellerError> {
        if from == to {
            return Err(ExecuteError::Refused(Refusal::Same).into());
        }
        let moved = self.store.decide(command, metadata, || async {
            let sender = self.store.load::<Account>(from).await?;
            let receiver = self.store.load::<Account>(to).await?;
            let sent = sender.state.send(command, to, cents).map_err(ExecuteError::Refused)?;
            let received =
                receiver.state.receive(command, from, &sender.state, cents).map_err(ExecuteError::Refused)?;
            let stream = |account| StreamId::new(Account::CATEGORY, account);
            let (sent, received) = (numbered(command, 0, &sent)?, numbered(command, sent.len(), &received)?);
            Ok(Append::to(stream(from), sender.version, sent).and(stream(to), receiver.version, received))
        });
        Ok(moved.await?)
    }
    // ANCHOR_END: transfer

    /// Forgets who a customer is. Their accounts and what was moved stay.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn forget(&self, customer: Uuid) -> Result<(), TellerError> {
        Ok(self.vault.forget(&customer.to_string()).await?)
    }
}
