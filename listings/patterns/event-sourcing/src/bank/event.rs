//! What can happen to an account.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::event::{Event, Undecodable};
use crate::shredding::Sealed;
use crate::upcast::Upcasters;

// ANCHOR: events
/// What can happen to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AccountEvent {
    /// It is there.
    Opened(Opened),
    /// Somebody brought money.
    Deposited(Deposited),
    /// Money went to another account.
    Sent(Sent),
    /// Money came from another account.
    Received(Received),
}

/// Of whom, and in what. Schema 1 had no currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's number.
    pub owner: String,
    /// Their name, as long as they want us to know it.
    pub name: Sealed,
    /// Three letters, as ISO 4217 has them.
    pub currency: String,
}

/// How much, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposited {
    /// More than nothing.
    pub cents: i64,
}

/// Where to, and how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The number that both sides have in common.
    pub transfer: Uuid,
    /// The other account.
    pub to: Uuid,
    /// More than nothing.
    pub cents: i64,
}

/// Where from, and how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The number that both sides have in common.
    pub transfer: Uuid,
    /// The other account.
    pub from: Uuid,
    /// More than nothing.
    pub cents: i64,
}
// ANCHOR_END: events

// ANCHOR: codec
impl Event for AccountEvent {
    fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "account_opened",
            Self::Deposited(_) => "money_deposited",
            Self::Sent(_) => "transfer_sent",
            Self::Received(_) => "transfer_received",
        }
    }

    fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    fn decode(kind: &str, data: &str) -> Result<Self, Undecodable> {
        let event = match kind {
            "account_opened" => serde_json::from_str(data).map(Self::Opened),
            "money_deposited" => serde_json::from_str(data).map(Self::Deposited),
            "transfer_sent" => serde_json::from_str(data).map(Self::Sent),
            "transfer_received" => serde_json::from_str(data).map(Self::Received),
            _ => return Err(Undecodable::Kind(kind.to_owned())),
        };
        event.map_err(|source| Undecodable::Data { kind: kind.to_owned(), source })
    }

    // ANCHOR: upcaster
    fn upcasters() -> &'static Upcasters {
        static UPCASTERS: LazyLock<Upcasters> = LazyLock::new(|| {
            Upcasters::new(
                "account_opened",
                &[|mut data| {
                    data["currency"] = json!("EUR"); // in those days there was no other
                    data
                }],
            )
        });
        &UPCASTERS
    }
    // ANCHOR_END: upcaster
}
// ANCHOR_END: codec
