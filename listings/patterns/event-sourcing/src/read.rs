//! Reading: a stream, a page of all events, what matches a query.

use futures_core::Stream;
use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::db::{Operation, operation};
use crate::event::{EventId, Recorded, StreamId};
use crate::position::{Position, Version};
use crate::query::Query;
use crate::store::EventStore;

pub(crate) const STREAM: Operation = operation!("SELECT", "events", "stream");
const PAGE: Operation = operation!("SELECT", "events", "page");
const MATCHING: Operation = operation!("SELECT", "events", "matching");
const CHECKPOINT: Operation = operation!("SELECT", "checkpoints", "checkpoint");
const HEAD: Operation = operation!("SELECT", "events", "head");

/// A row of `events`, as the macros of sqlx check it.
struct Row {
    transaction: i64,
    position: i64,
    id: Uuid,
    stream: String,
    version: i64,
    kind: String,
    schema: i16,
    data: String,
    metadata: String,
    recorded_at: OffsetDateTime,
}

impl From<Row> for Recorded {
    fn from(row: Row) -> Self {
        Self {
            position: Position { transaction: row.transaction, number: row.position },
            id: EventId(row.id),
            stream: StreamId::from(row.stream),
            version: Version(row.version),
            kind: row.kind,
            schema: row.schema,
            data: row.data,
            metadata: row.metadata,
            recorded_at: row.recorded_at,
        }
    }
}

impl EventStore {
    /// The events of a stream after a version, one by one as they arrive.
    pub fn stream<'s>(
        &'s self,
        stream: &'s StreamId,
        after: Version,
    ) -> impl Stream<Item = Result<Recorded, sqlx::Error>> + Send + use<'s> {
        let rows = sqlx::query_file_as!(Row, "queries/stream.sql", stream.as_str(), after.0).fetch(&self.pool);
        tokio_stream::StreamExt::map(rows, |row| row.map(Recorded::from))
    }

    // ANCHOR: page
    /// The next events after `position` in the order of all events, at most `limit`.
    ///
    /// An event appears here when every transaction with a number below its own is over. Until then it waits, with all
    /// that come after it: the order of what has been read never changes, and nothing is ever added before it.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn page(&self, position: Position, limit: u32) -> Result<Vec<Recorded>, sqlx::Error> {
        self.page_on(&self.pool, position, limit).await
    }
    // ANCHOR_END: page

    pub(crate) async fn page_on(
        &self,
        executor: impl PgExecutor<'_>,
        Position { transaction, number }: Position,
        limit: u32,
    ) -> Result<Vec<Recorded>, sqlx::Error> {
        let rows = sqlx::query_file_as!(Row, "queries/page.sql", transaction, number, i64::from(limit));
        let rows = self.db.measure(&PAGE, rows.fetch_all(executor)).await?;
        Ok(rows.into_iter().map(Recorded::from).collect())
    }

    /// The events that match `query`, and the place of the last one: what a decision is based on, for
    /// [`Append::unless`](crate::Append::unless).
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn matching(&self, query: &Query) -> Result<(Vec<Recorded>, Position), sqlx::Error> {
        let (tags, kinds) = query.parts();
        let rows = sqlx::query_file_as!(Row, "queries/matching.sql", &tags, kinds, 0_i64).fetch_all(&self.pool);
        let events: Vec<Recorded> = self.db.call(&MATCHING, 1, rows).await?.into_iter().map(Recorded::from).collect();
        let last = events.last().map_or(Position::START, |event| event.position);
        Ok((events, last))
    }

    /// How far a projection has come.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn progress(&self, projection: &str) -> Result<Position, sqlx::Error> {
        let row = sqlx::query_file!("queries/checkpoint.sql", projection).fetch_optional(&self.pool);
        let row = self.db.measure(&CHECKPOINT, row).await?;
        Ok(row.map_or(Position::START, |row| Position { transaction: row.transaction, number: row.position }))
    }

    /// The place of the newest event, whether or not it may be read in order yet.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn head(&self) -> Result<Position, sqlx::Error> {
        let head = sqlx::query_file!("queries/head.sql").fetch_optional(&self.pool);
        let head = self.db.measure(&HEAD, head).await?;
        Ok(head.map_or(Position::START, |row| Position { transaction: row.transaction, number: row.position }))
    }
}
