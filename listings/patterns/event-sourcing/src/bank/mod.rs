//! The domain of this chapter: accounts, deposits and transfers.
//!
//! Not part of the pattern: lift the rest of this crate into your own system and put your domain in the place of this one.

mod account;
mod balances;
mod event;
mod statement;
mod teller;

pub use account::{Account, Refusal};
pub use balances::{Balance, Balances, balance};
pub use event::{AccountEvent, Deposited, Opened, Received, Sent};
pub use statement::{Entry, Statement, statement};
pub use teller::{Customer, Teller, TellerError};
