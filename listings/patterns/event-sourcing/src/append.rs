//! Adding events.

use sqlx::PgExecutor;
use sqlx::error::DatabaseError;
use tracing::Instrument;
use uuid::Uuid;

use crate::db::{Operation, operation};
use crate::event::{EventId, NewEvent, StreamId, Tag};
use crate::metadata::Metadata;
use crate::observe;
use crate::position::{Position, Version};
use crate::query::Query;
use crate::store::EventStore;

// ANCHOR: append
/// What is to happen as a whole, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub(crate) streams: Vec<(StreamId, Version, Vec<NewEvent>)>,
    pub(crate) condition: Option<(Query, Position)>,
    pub(crate) metadata: Metadata,
}

impl Append {
    /// These events, to a stream that has this version now: the version that the decision was made with.
    pub fn to(stream: StreamId, expected: Version, events: Vec<NewEvent>) -> Self {
        Self { streams: vec![(stream, expected, events)], condition: None, metadata: Metadata::default() }
    }

    /// And these to another stream.
    #[must_use]
    pub fn and(mut self, stream: StreamId, expected: Version, events: Vec<NewEvent>) -> Self {
        self.streams.push((stream, expected, events));
        self
    }

    /// Unless an event that matches `query` has come after `seen`, the last one that the decision knew.
    #[must_use]
    pub fn unless(mut self, query: Query, seen: Position) -> Self {
        self.condition = Some((query, seen));
        self
    }

    /// With what else is known.
    #[must_use]
    pub fn with(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }
}
// ANCHOR_END: append

impl Append {
    pub(crate) fn events(&self) -> impl Iterator<Item = &NewEvent> {
        self.streams.iter().flat_map(|(_, _, events)| events)
    }

    /// That of its first stream.
    pub(crate) fn category(&self) -> &str {
        self.streams.first().map_or("", |(stream, ..)| stream.category())
    }

    /// The tags of its events and of its condition.
    fn tags(&self) -> Vec<String> {
        let condition = self.condition.iter().flat_map(|(query, _)| &query.tags);
        self.events().flat_map(|event| &event.tags).chain(condition).map(|tag| tag.as_str().to_owned()).collect()
    }
}

/// What was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The place of the last event.
    pub position: Position,
    /// Whether these events had been there before, so that nothing was added.
    pub again: bool,
}

// ANCHOR: errors
/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else was faster. Load again, decide again.
    #[error("{stream} has version {actual}, and {expected} was expected")]
    Conflict {
        /// Of the streams of the append, the first that has another version.
        stream: StreamId,
        /// The version that the decision was made with.
        expected: Version,
        /// The version that the stream has.
        actual: Version,
    },
    /// An event has come that the decision did not know of. Read again, decide again.
    #[error("the event at {by} matches the condition")]
    Overtaken {
        /// The first such event.
        by: Position,
    },
    /// One of the event ids is taken by another append, or the command asked for something else the first time.
    #[error("one of the ids was used before, for something else")]
    Reused,
    /// There is nothing in it, or a stream occurs twice.
    #[error("{0}")]
    Malformed(&'static str),
    /// The connection broke before the answer came: the events may be recorded or not. Append the same ids again to know.
    #[error("it is not known whether the events were recorded: {0}")]
    Unknown(#[source] sqlx::Error),
    /// The database refused. Nothing was recorded.
    #[error("the events were not recorded: {0}")]
    Refused(#[source] sqlx::Error),
}
// ANCHOR_END: errors

impl AppendError {
    /// Whether the same, decided anew, may succeed.
    pub fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Overtaken { .. } | Self::Unknown(_))
    }

    /// What the metric and the span call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Conflict { .. } | Self::Overtaken { .. } => "conflict",
            Self::Reused => "id_reused",
            Self::Malformed(_) => "malformed",
            Self::Unknown(_) => "outcome_unknown",
            Self::Refused(_) => "refused",
        }
    }
}

// ANCHOR: outcome
/// A broken connection leaves the outcome open. An answer of the database, or no connection at all, does not.
impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Self::Unknown(error),
            // 57P01 to 57P03: the server is shutting down, has crashed, or is starting. 08, 40003: a pooler has lost it.
            sqlx::Error::Database(ref answer) if is_one_of(answer.as_ref(), &["57P", "08", "40003"]) => {
                Self::Unknown(error)
            }
            _ => Self::Refused(error),
        }
    }
}
// ANCHOR_END: outcome

const INSERT: Operation = operation!("INSERT", "events", "append");
const LOCK: Operation = operation!("SELECT", "pg_advisory_xact_lock", "lock_tags");
const CHECK: Operation = operation!("SELECT", "events", "matching");
const RECORDED: Operation = operation!("SELECT", "events", "recorded");
const VERSIONS: Operation = operation!("SELECT", "events", "versions");

impl EventStore {
    /// Appends all of it or nothing.
    ///
    /// An append may be repeated: the ids of its events make sure that it takes effect once. Dropping the future leaves
    /// the outcome open, as a broken connection does.
    ///
    /// Cost: one statement, so one round trip and one commit. With tags, five: the tags are locked first.
    ///
    /// # Errors
    ///
    /// See [`AppendError`].
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let span = observe::send(&append);
        let result = self.append_in(append.clone(), &span).instrument(span.clone()).await;
        self.telemetry.appended(&span, &append, &result);
        if matches!(result, Ok(Appended { again: false, .. })) {
            self.bell.ring();
        }
        result
    }

    async fn append_in(&self, append: Append, span: &tracing::Span) -> Result<Appended, AppendError> {
        let rows = Rows::of(&append, &append.metadata.clone().in_trace_of(span))?;
        let tags = append.tags();
        let inserted = match &append.condition {
            None if tags.is_empty() => self.insert(&self.pool, &rows).await,
            condition => match self.insert_alone(&tags, condition.as_ref(), &rows).await {
                // By these very events, the first time?
                Err(overtaken @ AppendError::Overtaken { .. }) => {
                    return self.recorded(rows.first(), append.metadata.request).await?.ok_or(overtaken);
                }
                result => result?,
            },
        };
        match inserted {
            Ok(Some(position)) => Ok(Appended { position, again: false }),
            Err(error) if !is_unique_violation(&error) => Err(error.into()),
            _ => self.why_not(rows, append.metadata.request).await,
        }
    }

    // ANCHOR: insert
    /// The place of the last event, or nothing when a version was not as expected.
    async fn insert(&self, executor: impl PgExecutor<'_>, rows: &Rows) -> Result<Option<Position>, sqlx::Error> {
        let query = sqlx::query_file!(
            "queries/append.sql",
            &rows.streams,
            &rows.expected,
            &rows.ids,
            &rows.stream,
            &rows.version,
            &rows.kind as &[&str],
            &rows.schema,
            &rows.data,
            &rows.tags,
            &rows.metadata,
        );
        let inserted = self.db.call(&INSERT, rows.ids.len(), query.fetch_all(executor)).await?;
        Ok(inserted.last().map(|row| Position { transaction: row.transaction, number: row.position }))
    }
    // ANCHOR_END: insert

    // ANCHOR: insert_alone
    /// In a transaction of its own, in which no other with one of these tags is under way.
    async fn insert_alone(
        &self,
        tags: &[String],
        condition: Option<&(Query, Position)>,
        rows: &Rows,
    ) -> Result<Result<Option<Position>, sqlx::Error>, AppendError> {
        let mut transaction = self.db.answer(self.pool.begin()).await?;
        self.db.call(&LOCK, 1, sqlx::query_file!("queries/lock_tags.sql", tags).fetch_all(&mut *transaction)).await?;
        if let Some((query, seen)) = condition {
            let (tags, kinds) = query.parts();
            let matching = sqlx::query_file!("queries/matching.sql", &tags, &kinds, seen.number);
            let found = self.db.call(&CHECK, 1, matching.fetch_optional(&mut *transaction)).await?;
            if let Some(row) = found {
                return Err(AppendError::Overtaken {
                    by: Position { transaction: row.transaction, number: row.position },
                });
            }
        }
        match self.insert(&mut *transaction, rows).await {
            Ok(Some(position)) => {
                self.db.answer(transaction.commit()).await?;
                Ok(Ok(Some(position)))
            }
            other => Ok(other),
        }
    }
    // ANCHOR_END: insert_alone

    // ANCHOR: why_not
    /// Nothing was inserted: because it had been before, or because somebody else was faster?
    async fn why_not(&self, rows: Rows, request: Option<Uuid>) -> Result<Appended, AppendError> {
        if let Some(first) = self.recorded(rows.first(), request).await? {
            return Ok(first);
        }
        let versions = sqlx::query_file!("queries/versions.sql", &rows.streams).fetch_all(&self.pool);
        let versions = self.db.call(&VERSIONS, 1, versions).await?;
        let expected = rows.expected.iter().copied();
        let (actual, expected) = versions
            .into_iter()
            .zip(expected)
            .find(|(actual, expected)| actual.version != *expected)
            .ok_or(AppendError::Reused)?;
        Err(AppendError::Conflict {
            stream: StreamId::from(actual.stream),
            expected: Version(expected),
            actual: Version(actual.version),
        })
    }
    // ANCHOR_END: why_not
}

impl EventStore {
    /// The append that this event was the first of, if it is recorded.
    pub(crate) async fn recorded(
        &self,
        EventId(id): EventId,
        request: Option<Uuid>,
    ) -> Result<Option<Appended>, AppendError> {
        let row = sqlx::query_file!("queries/recorded.sql", id).fetch_optional(&self.pool);
        let Some(row) = self.db.call(&RECORDED, 1, row).await? else { return Ok(None) };
        if request.is_some_and(|request| row.request.is_some_and(|first| first != request.to_string())) {
            return Err(AppendError::Reused);
        }
        let position = Position { transaction: row.transaction, number: row.position };
        Ok(Some(Appended { position, again: true }))
    }
}

fn is_one_of(answer: &dyn DatabaseError, codes: &[&str]) -> bool {
    answer.code().is_some_and(|code| codes.iter().any(|begin| code.starts_with(begin)))
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
}

/// An append, column by column: one statement takes any number of events.
#[derive(Default)]
struct Rows {
    streams: Vec<String>,
    expected: Vec<i64>,
    ids: Vec<Uuid>,
    stream: Vec<String>,
    version: Vec<i64>,
    kind: Vec<&'static str>,
    schema: Vec<i16>,
    data: Vec<String>,
    tags: Vec<String>,
    metadata: String,
}

impl Rows {
    /// Streams in the order of their names: two appends to the same streams must not wait for each other in a circle.
    fn of(append: &Append, metadata: &Metadata) -> Result<Self, AppendError> {
        let metadata =
            serde_json::to_string(metadata).map_err(|_| AppendError::Malformed("the metadata are no JSON"))?;
        if append.condition.as_ref().is_some_and(|(query, _)| query.tags.is_empty()) {
            return Err(AppendError::Malformed("the condition names no tag, and so nothing that could be locked"));
        }
        let mut rows = Self { metadata, ..Self::default() };
        let mut streams: Vec<_> = append.streams.iter().collect();
        streams.sort_by(|one, other| one.0.cmp(&other.0));
        if streams.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(AppendError::Malformed("a stream occurs twice"));
        }
        for (stream, expected, events) in streams {
            if *expected < Version::NONE {
                return Err(AppendError::Malformed("a version is below zero"));
            }
            if events.is_empty() {
                return Err(AppendError::Malformed("there is no event for one of the streams"));
            }
            rows.streams.push(stream.to_string());
            rows.expected.push(expected.0);
            for (place, event) in events.iter().enumerate() {
                rows.add(stream, expected.plus(place + 1), event);
            }
        }
        if rows.ids.is_empty() { Err(AppendError::Malformed("there is nothing to append")) } else { Ok(rows) }
    }

    fn first(&self) -> EventId {
        EventId(self.ids[0])
    }

    fn add(&mut self, stream: &StreamId, version: Version, event: &NewEvent) {
        self.ids.push(event.id.0);
        self.stream.push(stream.to_string());
        self.version.push(version.0);
        self.kind.push(event.kind);
        self.schema.push(event.schema);
        self.data.push(event.data.clone());
        self.tags.push(event.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(" "));
    }
}
