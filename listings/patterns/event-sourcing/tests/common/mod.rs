//! A database for each test, in one server.
#![allow(dead_code, reason = "each test program uses its own part of it")]

pub mod child;
pub mod crash;
pub mod customer;
pub mod gate;
pub mod load;
pub mod running;

use std::future::Future;
use std::time::Duration;

use event_sourcing::{
    Append, AppendError, Appended, Event, EventStore, NewEvent, Position, Recorded, StreamId, Tag, Undecodable,
    Version, scope,
};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use telemetry::Telemetry;
use testkit::{Capture, Postgres, Receiver};
use uuid::Uuid;

/// The longest time that anything may take. Only ever used up by a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Or it is a failure.
pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it takes too long")
}

/// How many events there are.
pub async fn count(pool: &PgPool) -> i64 {
    sqlx::query("SELECT count(*) FROM events").fetch_one(pool).await.unwrap().get(0)
}

/// A store in a database of its own, and what receives its telemetry.
pub struct Bank {
    pub store: EventStore,
    pub telemetry: Telemetry,
    pub receiver: Receiver,
    pub options: PgConnectOptions,
    /// Last, so that it is there until nobody asks any more.
    pub server: Option<Postgres>,
}

impl Bank {
    pub async fn open() -> Self {
        let server: PgConnectOptions = Postgres::shared().parse().unwrap();
        Self::on(server, &format!("test_{}", Uuid::new_v4().simple())).await
    }

    /// In a server of its own, where nobody else holds back the horizon.
    pub async fn alone() -> Self {
        let server = Postgres::start(&[("fsync", "off")]);
        let bank = Self::on(server.url("postgres").parse().unwrap(), "bank").await;
        Self { server: Some(server), ..bank }
    }

    /// In a new database of this server.
    pub async fn on(server: PgConnectOptions, name: &str) -> Self {
        let mut connection = PgConnection::connect_with(&server).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let options = server.database(name);
        let receiver = Receiver::grpc().await;
        let telemetry = receiver.telemetry("bank").build().unwrap();
        let pool = event_sourcing::connect(options.clone(), 8).await.unwrap();
        EventStore::migrate(&pool).await.unwrap();
        let store = EventStore::new(pool, &telemetry.meter(scope()));
        Self { store, telemetry, receiver, options, server: None }
    }

    /// Closes it, and returns all that was said in it.
    pub async fn close(self) -> Capture {
        self.telemetry.shutdown().unwrap();
        self.receiver.capture().await
    }

    pub fn pool(&self) -> &PgPool {
        self.store.pool()
    }

    /// Waits until what has been committed may be read in order. Tests share a server, and a transaction in any of its
    /// databases holds back the horizon of all: `symptom_a_transaction_in_another_database_holds_everybody_back`.
    pub async fn settle(&self) {
        let head = self.store.head().await.unwrap();
        let horizon = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
        while sqlx::query(horizon).fetch_one(self.pool()).await.unwrap().get::<i64, _>(0) <= head.transaction {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// All events, in their order.
    pub async fn all(&self) -> Vec<Recorded> {
        self.settle().await;
        self.store.page(Position::START, 1_000_000).await.unwrap()
    }

    /// The same store, with less patience in one regard.
    pub async fn hasty(&self, limit: &str, milliseconds: &str) -> EventStore {
        let options = self.options.clone().options([(limit, milliseconds)]);
        let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
        EventStore::new(pool, &self.telemetry.meter(scope()))
    }

    /// A connection outside the pool, for whoever disturbs.
    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect_with(&self.options).await.unwrap()
    }
}

/// An event that is a value.
macro_rules! value {
    ($(#[$doc:meta])* $name:ident($type:ty), $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name(pub $type);

        impl Event for $name {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn encode(&self) -> Result<String, serde_json::Error> {
                serde_json::to_string(self)
            }

            fn decode(kind: &str, data: &str) -> Result<Self, Undecodable> {
                serde_json::from_str(data).map_err(|source| Undecodable::Data { kind: kind.to_owned(), source })
            }
        }
    };
}

value!(
    /// A number.
    Said(i64), "said"
);
value!(
    /// A text.
    Told(String), "told"
);

/// `number`, in this stream, after this version.
pub async fn say(store: &EventStore, stream: &str, after: i64, number: i64) -> Result<Appended, AppendError> {
    store.append(saying(stream, after, number)).await
}

pub fn saying(stream: &str, after: i64, number: i64) -> Append {
    Append::to(StreamId::new("talk", stream), Version(after), vec![NewEvent::of(&Said(number)).unwrap()])
}

/// To a stream of its own, with a tag that all of them share.
pub fn tagged(number: i64) -> Append {
    let event = NewEvent::of(&Said(number)).unwrap().tagged([Tag::new("owner", "ann").unwrap()]);
    Append::to(StreamId::new("talk", number), Version::NONE, vec![event])
}
