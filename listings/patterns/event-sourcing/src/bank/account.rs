//! What may be done with an account.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{AccountEvent, Deposited, Opened, Received, Sent};
use crate::aggregate::{Aggregate, Snapshots};
use crate::shredding::Sealed;

// ANCHOR: account
/// What decisions about an account need to know of it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// Empty before it is opened.
    pub currency: String,
    /// What is on it.
    pub cents: i64,
}

impl Aggregate for Account {
    type Event = AccountEvent;
    const CATEGORY: &'static str = "account";
    const SNAPSHOTS: Option<Snapshots> = Some(Snapshots { every: 100, shape: 1 });

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Opened(Opened { currency, .. }) => self.currency = currency,
            AccountEvent::Deposited(Deposited { cents }) => self.cents += cents,
            AccountEvent::Sent(Sent { cents, .. }) => self.cents -= cents,
            AccountEvent::Received(Received { cents, .. }) => self.cents += cents,
        }
    }
}
// ANCHOR_END: account

/// The bank says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was opened under this number.
    #[error("there is no such account")]
    NotOpen,
    /// It was opened before.
    #[error("the account is open already")]
    AlreadyOpen,
    /// Nobody moves nothing, or less.
    #[error("an amount must be more than zero and at most {LARGEST} cents")]
    Amount,
    /// More than there is.
    #[error("there are {cents} cents on the account")]
    Funds {
        /// What there is.
        cents: i64,
    },
    /// From one currency to another.
    #[error("one account has {from}, the other {to}")]
    Currency {
        /// Of the sender.
        from: String,
        /// Of the receiver.
        to: String,
    },
    /// Three capital letters.
    #[error("{0:?} is no currency; expected three capital letters, like EUR")]
    NoCurrency(String),
    /// From an account to itself.
    #[error("both accounts are the same")]
    Same,
    /// Enough for one customer.
    #[error("the customer has {0} accounts, and may not have more")]
    TooMany(usize),
}

/// Ten billion, in cents: far from the end of the numbers.
pub(super) const LARGEST: i64 = 1_000_000_000_000;

// ANCHOR: decide
impl Account {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it is open.
    pub fn open(&self, owner: &str, name: Sealed, currency: &str) -> Result<Vec<AccountEvent>, Refusal> {
        if !self.currency.is_empty() {
            return Err(Refusal::AlreadyOpen);
        }
        if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(Refusal::NoCurrency(currency.to_owned()));
        }
        Ok(vec![AccountEvent::Opened(Opened { owner: owner.to_owned(), name, currency: currency.to_owned() })])
    }

    /// Takes in money.
    ///
    /// # Errors
    ///
    /// When it is not open, or the amount is none.
    pub fn deposit(&self, cents: i64) -> Result<Vec<AccountEvent>, Refusal> {
        self.ready(cents)?;
        Ok(vec![AccountEvent::Deposited(Deposited { cents })])
    }

    // ANCHOR: send
    /// Gives money to another account. `transfer` is the number of both sides.
    ///
    /// # Errors
    ///
    /// When it is not open, the amount is none, or there is not enough.
    pub fn send(&self, transfer: Uuid, to: Uuid, cents: i64) -> Result<Vec<AccountEvent>, Refusal> {
        self.ready(cents)?;
        if self.cents < cents {
            return Err(Refusal::Funds { cents: self.cents });
        }
        Ok(vec![AccountEvent::Sent(Sent { transfer, to, cents })])
    }
    // ANCHOR_END: send

    /// Takes it from there.
    ///
    /// # Errors
    ///
    /// When it is not open, the amount is none, or the currency is another.
    pub fn receive(&self, transfer: Uuid, from: Uuid, sender: &Self, cents: i64) -> Result<Vec<AccountEvent>, Refusal> {
        self.ready(cents)?;
        if self.currency != sender.currency {
            return Err(Refusal::Currency { from: sender.currency.clone(), to: self.currency.clone() });
        }
        Ok(vec![AccountEvent::Received(Received { transfer, from, cents })])
    }

    fn ready(&self, cents: i64) -> Result<(), Refusal> {
        match self {
            account if account.currency.is_empty() => Err(Refusal::NotOpen),
            _ if !(1..=LARGEST).contains(&cents) => Err(Refusal::Amount),
            _ => Ok(()),
        }
    }
}
// ANCHOR_END: decide
