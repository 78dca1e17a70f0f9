//! Event sourcing on PostgreSQL, observed with OpenTelemetry.
//!
//! In reading order: [`Event`] is what happens and [`Append`] writes it down; [`Position`] is its place in an order that
//! never changes; [`Aggregate`] is what decisions are made with; [`EventStore::page`] and [`EventStore::replay`] read;
//! [`Projection`] and [`Subscription`] keep read models; [`rebuild`] makes them anew; [`Vault`] lets people be forgotten.
//! [`bank`] is the domain of this chapter, and [`given`] tests it.

mod aggregate;
mod append;
pub mod bank;
mod bell;
mod db;
mod event;
mod follow;
mod harness;
mod metadata;
mod observe;
mod outbox;
mod pool;
mod position;
mod projection;
mod query;
mod read;
mod rebuild;
mod replay;
pub mod service;
mod shredding;
mod store;
mod subscription;
mod upcast;

pub use aggregate::{Aggregate, ExecuteError, LoadError, Loaded, Snapshots, numbered};
pub use append::{Append, AppendError, Appended};
pub use db::{Db, Operation};
pub use event::{Event, EventId, InvalidTag, NewEvent, Recorded, StreamId, Tag, Undecodable};
pub use harness::{Decided, Given, given};
pub use metadata::Metadata;
pub use observe::scope;
pub use outbox::Outbox;
pub use pool::connect;
pub use position::{InvalidPosition, Position, Version};
pub use projection::{Poison, Projected, Projection, is_poison};
pub use query::Query;
pub use rebuild::{RebuildError, rebuild};
pub use replay::ReplayError;
pub use shredding::{Sealed, Vault, VaultError};
pub use store::{EventStore, VerifyError};
pub use subscription::{Subscription, SubscriptionError};
pub use upcast::{Upcaster, Upcasters};
