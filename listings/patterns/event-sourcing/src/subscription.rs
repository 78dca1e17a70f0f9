//! Takes a projection from event to event.

use std::future::Future;

use sqlx::{PgConnection, PgTransaction};
use tracing::Instrument;

use crate::db::{Operation, operation};
use crate::event::{Recorded, Undecodable};
use crate::follow::follow;
use crate::observe;
use crate::position::Position;
use crate::projection::{Poison, Projected, Projection, is_poison};
use crate::rebuild::enter;
use crate::store::EventStore;

const CHECKPOINT: Operation = operation!("SELECT", "checkpoints", "checkpoint");
const LOCK: Operation = operation!("SELECT", "checkpoints", "take_checkpoint");
const SAVE: Operation = operation!("UPDATE", "checkpoints", "save_checkpoint");
const ENROL: Operation = operation!("INSERT", "checkpoints", "enrol");
const SKIP: Operation = operation!("INSERT", "skipped", "skip");

/// A projection that ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The broker does not answer.
    #[error(transparent)]
    Broker(#[from] redis::RedisError),
    /// A newer version of this program has written the event: a newer replica will apply it, or this one after its update.
    #[error("{projection} leaves the event at {position} to a newer version: {reason}")]
    Newer {
        /// The projection.
        projection: String,
        /// The event.
        position: Position,
        /// What is new.
        reason: Undecodable,
    },
    /// The broker has entries that this store never published: its events are from before a restore, or somebody else's.
    #[error("the broker's stream is at {published} and the newest event at {head}; publish into a new stream")]
    Ahead {
        /// Where the stream is.
        published: Position,
        /// Where the store is.
        head: Position,
    },
    /// An event cannot be applied, and the policy is to stop.
    #[error("{projection} cannot apply the event at {position}: {reason}")]
    Poison {
        /// The projection.
        projection: String,
        /// The event.
        position: Position,
        /// Why.
        reason: String,
    },
}

impl SubscriptionError {
    /// Whether it is over some day without anybody's help.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Broker(_) | Self::Newer { .. })
    }

    /// What the span calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Broker(_) => "broker",
            Self::Newer { .. } => "newer_schema",
            Self::Ahead { .. } => "stream_ahead",
            Self::Poison { .. } => "poison",
        }
    }
}

/// A projection on its way through the events.
#[derive(Debug)]
pub struct Subscription<P> {
    pub(crate) store: EventStore,
    pub(crate) projection: P,
    /// Its name in `checkpoints`.
    pub(crate) name: String,
    /// Where its tables are looked up first, if not where all are.
    pub(crate) schema: Option<String>,
    pub(crate) batch: u32,
    poison: Poison,
}

impl<P: Projection> Subscription<P> {
    /// With batches of five hundred, and a stop at the first event that cannot be applied.
    pub fn new(store: EventStore, projection: P) -> Self {
        Self { store, projection, name: P::NAME.to_owned(), schema: None, batch: 500, poison: Poison::Stop }
    }

    /// Where the events come from.
    pub fn store(&self) -> &EventStore {
        &self.store
    }

    /// With this many events in a transaction, at most.
    #[must_use]
    pub fn batch(mut self, events: u32) -> Self {
        self.batch = events.max(1);
        self
    }

    /// With another policy.
    #[must_use]
    pub fn poison(mut self, poison: Poison) -> Self {
        self.poison = poison;
        self
    }

    /// Applies what there is and what will come, until `stop`. A batch that has begun is finished.
    ///
    /// Of several programs that run the same projection one is at work at a time; when it ends, another goes on.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError::Poison`]. A database that is away is waited for, and so is a newer version of this program for
    /// an event that only it understands.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<(), SubscriptionError> {
        follow(&self.store, &self.name, stop, || self.step()).await
    }

    /// Says how far it has come and how far behind it is, as each step does: for one that has stopped.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn report(&self) -> Result<(), sqlx::Error> {
        self.store.report(&self.name, self.checkpoint().await?).await
    }

    // ANCHOR: step
    /// Applies the next events, one batch at most. How many places the checkpoint moved on; 0 means that there is nothing
    /// new, or that another program was faster.
    ///
    /// # Errors
    ///
    /// When the database does not answer, or an event cannot be applied and the policy is to stop.
    pub async fn step(&self) -> Result<usize, SubscriptionError> {
        let from = self.checkpoint().await?;
        // Read before the transaction begins: a transaction that writes holds back the horizon of everybody.
        let page = self.store.page(from, self.batch).await?;
        let Some(last) = page.last().map(|event| event.position) else {
            self.store.report(&self.name, from).await?;
            return Ok(0);
        };
        let span = observe::process(&self.name, &page);
        let applied = self.apply(from, &page).instrument(span.clone()).await;
        observe::ended(&span, &applied);
        self.store
            .report(&self.name, if applied.as_ref().is_ok_and(|&events| events > 0) { last } else { from })
            .await?;
        applied
    }
    // ANCHOR_END: step

    /// As a whole. When that fails because of an event, one by one, so that it is clear because of which.
    async fn apply(&self, from: Position, page: &[Recorded]) -> Result<usize, SubscriptionError> {
        match self.apply_at_once(from, page).await {
            Err(Failed::Poison(_) | Failed::Newer(_)) if page.len() > 1 => {
                let mut from = from;
                for (applied, event) in page.iter().enumerate() {
                    if Box::pin(self.apply(from, std::slice::from_ref(event))).await? == 0 {
                        return Ok(applied);
                    }
                    from = event.position;
                }
                Ok(page.len())
            }
            Err(Failed::Poison(reason)) => self.swallow(from, page[0].position, reason).await,
            Err(Failed::Newer(reason)) => {
                Err(SubscriptionError::Newer { projection: self.name.clone(), position: page[0].position, reason })
            }
            Err(Failed::Database(error)) => Err(error.into()),
            Ok(applied) => Ok(applied),
        }
    }

    // ANCHOR: transaction
    async fn apply_at_once(&self, from: Position, page: &[Recorded]) -> Result<usize, Failed> {
        let events = decode::<P>(page)?;
        let Some(mut transaction) = self.begin(from).await? else { return Ok(0) };
        if !events.is_empty() {
            self.projection.apply(&events, &mut transaction).await?;
        }
        self.save(&mut transaction, page[page.len() - 1].position).await?;
        self.store.db.answer(transaction.commit()).await?;
        Ok(page.len())
    }

    /// A transaction in which nobody else moves this checkpoint; none when somebody does so, or has done so already.
    async fn begin(&self, from: Position) -> Result<Option<PgTransaction<'static>>, sqlx::Error> {
        let mut transaction = self.store.db.answer(self.store.pool.begin()).await?;
        let row = sqlx::query_file!("queries/take_checkpoint.sql", self.name);
        let row = self.store.db.call(&LOCK, 1, row.fetch_optional(&mut *transaction)).await?;
        let now = row.map(|row| Position { transaction: row.transaction, number: row.position });
        if let Some(schema) = &self.schema {
            now.ok_or(sqlx::Error::RowNotFound)?; // nobody else works on it: it is over, and its tables are gone
            self.store.db.answer(enter::<P>(&mut transaction, schema)).await?;
        }
        Ok((now == Some(from)).then_some(transaction))
    }
    // ANCHOR_END: transaction

    pub(crate) async fn save(&self, connection: &mut PgConnection, to: Position) -> Result<(), sqlx::Error> {
        let row = sqlx::query_file!("queries/save_checkpoint.sql", self.name, to.transaction, to.number);
        self.store.db.call(&SAVE, 1, row.execute(connection)).await?;
        Ok(())
    }

    /// Follows the policy for an event that cannot be applied.
    async fn swallow(&self, from: Position, at: Position, reason: String) -> Result<usize, SubscriptionError> {
        if self.poison == Poison::Stop {
            return Err(SubscriptionError::Poison { projection: self.name.clone(), position: at, reason });
        }
        let Some(mut transaction) = self.begin(from).await? else { return Ok(0) };
        let row = sqlx::query_file!("queries/skip.sql", self.name, at.transaction, at.number, reason);
        self.store.db.call(&SKIP, 1, row.execute(&mut *transaction)).await?;
        self.save(&mut transaction, at).await?;
        self.store.db.answer(transaction.commit()).await?;
        self.store.telemetry.skipped(&self.name);
        tracing::error!(
            name: "projection.skipped",
            { projection.name = self.name, eventstore.position = at.number, exception.message = reason },
            "an event was left out"
        );
        Ok(1)
    }

    /// How far it has come. The first time, it is entered in the list.
    ///
    /// # Errors
    ///
    /// When the database does not answer, or this is a rebuild that another one has ended.
    pub async fn checkpoint(&self) -> Result<Position, sqlx::Error> {
        let row = sqlx::query_file!("queries/checkpoint.sql", self.name).fetch_optional(&self.store.pool);
        match self.store.db.measure(&CHECKPOINT, row).await? {
            Some(row) => Ok(Position { transaction: row.transaction, number: row.position }),
            // A rebuild is in it from the beginning: it is over, and its tables are gone.
            None if self.schema.is_some() => Err(sqlx::Error::RowNotFound),
            None => {
                let row = sqlx::query_file!("queries/enrol.sql", self.name).execute(&self.store.pool);
                self.store.db.measure(&ENROL, row).await?;
                Ok(Position::START)
            }
        }
    }
}

const LAG: Operation = operation!("SELECT", "events", "lag");

impl EventStore {
    // ANCHOR: lag
    /// Says how far a reader has come, and how far behind it is: behind the newest event that was committed, readable in order or
    /// not. So one that waits for somebody else's transaction is behind as well. How far in events is about right: what was
    /// rolled back has left gaps in the numbers.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn report(&self, reader: &str, checkpoint: Position) -> Result<(), sqlx::Error> {
        let row = sqlx::query_file!("queries/lag.sql", checkpoint.transaction, checkpoint.number);
        let row = self.db.measure(&LAG, row.fetch_optional(&self.pool)).await?;
        let behind = row.and_then(|head| Some((head.waiting?.max(0.0), head.position - checkpoint.number)));
        let (time, events) = behind.map_or((0.0, 0), |(time, events)| (time, events.max(1)));
        self.telemetry.progress(reader, checkpoint.number, events.unsigned_abs(), time);
        Ok(())
    }
    // ANCHOR_END: lag
}

/// Why a batch was not applied.
enum Failed {
    Database(sqlx::Error),
    Poison(String),
    Newer(Undecodable),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        if is_poison(&error) { Self::Poison(error.to_string()) } else { Self::Database(error) }
    }
}

/// The events of the categories that the projection reads.
fn decode<P: Projection>(page: &[Recorded]) -> Result<Vec<Projected<P::Event>>, Failed> {
    page.iter()
        .filter(|recorded| P::CATEGORIES.contains(&recorded.stream.category()))
        .map(|recorded| {
            let event = recorded.decode().map_err(|error| match error {
                Undecodable::Newer { .. } => Failed::Newer(error),
                error => Failed::Poison(error.to_string()),
            })?;
            Ok(Projected { event, recorded: recorded.clone() })
        })
        .collect()
}
