//! The service of this chapter: a checkout that charges orders at a flaky payment provider.
//!
//! Not part of the pattern: lift the rest of this crate into your own system and leave this module behind. `payments`
//! is the client with the breaker around it, `checkout` answers customers, `admin` answers operators, `upstream` is the
//! provider that breaks on command, and `serve` brings every program to a clean end.

pub mod admin;
pub mod checkout;
mod config;
pub mod payments;
mod serve;
pub mod upstream;

pub use config::{Config, InvalidVariable};
pub use serve::{CannotListen, Stop, listen, serve};

use serde::{Deserialize, Serialize};

/// What a customer wants to pay for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The order's number.
    pub order: String,
    /// What it costs, in cents.
    pub cents: u32,
}

/// What the payment provider says to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The order's number.
    pub order: String,
    /// `accepted`.
    pub payment: String,
}
