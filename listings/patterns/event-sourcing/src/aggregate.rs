//! What decisions are made with: the state that the events of one stream add up to.

use std::fmt;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt;
use uuid::Uuid;

use crate::append::{Append, AppendError, Appended};
use crate::db::{Operation, operation};
use crate::event::{Event, EventId, NewEvent, StreamId, Undecodable};
use crate::metadata::Metadata;
use crate::pool::FRESH;
use crate::position::Version;
use crate::read;
use crate::store::EventStore;

// ANCHOR: aggregate
/// A state made of events.
pub trait Aggregate: Default + Serialize + DeserializeOwned + Send + Sync {
    /// What can happen to it.
    type Event: Event;

    /// The first part of the names of its streams.
    const CATEGORY: &'static str;

    /// Snapshots, if there are to be any.
    const SNAPSHOTS: Option<Snapshots> = None;

    /// What an event makes of it. Never refuses: it has happened.
    fn apply(&mut self, event: Self::Event);
}

/// When to keep the state beside the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshots {
    /// After so many events that had to be read.
    pub every: usize,
    /// Count it up when the fields of the aggregate change, or what `apply` does with an event: snapshots of another shape
    /// are not used any more.
    pub shape: i16,
}
// ANCHOR_END: aggregate

/// An aggregate as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<A> {
    /// Its state.
    pub state: A,
    /// The version of its stream.
    pub version: Version,
    /// How many events were read for it.
    pub replayed: usize,
}

/// An aggregate that could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// One of its events is not understood.
    #[error("{stream}, event {version}: {source}")]
    Undecodable {
        /// The stream.
        stream: StreamId,
        /// The number of the event.
        version: Version,
        /// Why.
        source: Undecodable,
    },
}

/// A command that was not carried out. `R` is what the domain calls a refusal.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<R> {
    /// The domain says no.
    #[error("{0}")]
    Refused(R),
    /// The state could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

const SNAPSHOT: Operation = operation!("SELECT", "snapshots", "snapshot");
const SAVE: Operation = operation!("INSERT", "snapshots", "save_snapshot");

/// How often a decision is made again after a conflict, or tried again when its outcome is unknown.
const TRIES: usize = 3;

impl EventStore {
    // ANCHOR: load
    /// Loads an aggregate: from its snapshot, if there is one, and the events after it.
    ///
    /// # Errors
    ///
    /// When the database does not answer, or an event is not understood.
    pub async fn load<A: Aggregate>(&self, id: impl fmt::Display) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::new(A::CATEGORY, id);
        let (state, from) = self.snapshot::<A>(&stream).await?.unwrap_or_default();
        let mut loaded = Loaded { state, version: from, replayed: 0 };
        let read = async {
            let mut events = std::pin::pin!(self.stream(&stream, from));
            while let Some(recorded) = events.try_next().await? {
                match recorded.decode() {
                    Ok(event) => loaded.state.apply(event),
                    Err(source) => return Ok(Some((recorded.version, source))), // no fault of the database
                }
                loaded.version = recorded.version;
                loaded.replayed += 1;
            }
            Ok::<_, sqlx::Error>(None)
        };
        if let Some((version, source)) = self.db.call(&read::STREAM, 1, read).await? {
            return Err(LoadError::Undecodable { stream, version, source });
        }
        self.telemetry.rehydrated(A::CATEGORY, loaded.replayed, from > Version::NONE);
        if A::SNAPSHOTS.is_some_and(|snapshots| loaded.replayed >= snapshots.every) {
            self.keep(&stream, &loaded).await;
        }
        Ok(loaded)
    }
    // ANCHOR_END: load

    /// A snapshot that cannot be read is as good as none: it is a cache.
    async fn snapshot<A: Aggregate>(&self, stream: &StreamId) -> Result<Option<(A, Version)>, LoadError> {
        let Some(snapshots) = A::SNAPSHOTS else { return Ok(None) };
        let row = sqlx::query_file!("queries/snapshot.sql", stream.as_str(), snapshots.shape);
        let row = self.db.call(&SNAPSHOT, 1, row.fetch_optional(&self.pool)).await?;
        Ok(row.and_then(|row| Some((serde_json::from_str(&row.state).ok()?, Version(row.version)))))
    }

    async fn keep<A: Aggregate>(&self, stream: &StreamId, loaded: &Loaded<A>) {
        let Some(snapshots) = A::SNAPSHOTS else { return };
        let Ok(state) = serde_json::to_string(&loaded.state) else { return };
        let row =
            sqlx::query_file!("queries/save_snapshot.sql", stream.as_str(), loaded.version.0, snapshots.shape, state);
        // The next reader will try again.
        if let Err(error) = self.db.call(&SAVE, 1, row.execute(&self.pool)).await {
            tracing::warn!(name: "eventstore.snapshot.failed", { exception.message = %error }, "a snapshot was not kept");
        }
    }

    // ANCHOR: decide
    /// Makes a decision and appends it. After a conflict it is made again, with what is there now; three times in all.
    ///
    /// `command` names what a person or a program wants, and is the source of the events' ids ([`numbered`]). Who sends it
    /// again, because no answer came, gets the result of the first time; who asks for something else by it
    /// ([`Metadata::request`]) is refused.
    ///
    /// # Errors
    ///
    /// When the domain refuses, the conflicts do not end, or the database does not answer.
    pub async fn decide<R, D>(
        &self,
        command: Uuid,
        metadata: Metadata,
        decide: impl Fn() -> D,
    ) -> Result<Appended, ExecuteError<R>>
    where
        D: Future<Output = Result<Append, ExecuteError<R>>> + Send,
    {
        let (mut tries, mut unknown) = (1, None);
        loop {
            match self.decide_once(command, &metadata, decide()).await {
                Err(ExecuteError::Append(error)) if error.is_worth_another_try() && tries < TRIES => {
                    tries += 1;
                    if matches!(error, AppendError::Unknown(_)) {
                        unknown = Some(error);
                        tokio::time::sleep(FRESH).await; // other connections may be broken, too: now they are asked first
                    }
                }
                // There was no answer to the question whether the first time has worked.
                Err(error @ (ExecuteError::Load(_) | ExecuteError::Append(AppendError::Refused(_)))) => {
                    return Err(unknown.map_or(error, ExecuteError::Append));
                }
                result => return result,
            }
        }
    }

    async fn decide_once<R>(
        &self,
        command: Uuid,
        metadata: &Metadata,
        decision: impl Future<Output = Result<Append, ExecuteError<R>>> + Send,
    ) -> Result<Appended, ExecuteError<R>> {
        match decision.await {
            Ok(append) => Ok(self.append(append.with(metadata.clone())).await?),
            // The first time may be what makes a second impossible: then it is no refusal.
            Err(ExecuteError::Refused(refusal)) => {
                let first = self.recorded(EventId::of_command(command, 0), metadata.request).await?;
                first.ok_or(ExecuteError::Refused(refusal))
            }
            Err(error) => Err(error),
        }
    }
    // ANCHOR_END: decide

    // ANCHOR: execute
    /// A decision about one aggregate: loads it, and appends what `decide` says.
    ///
    /// # Errors
    ///
    /// As [`decide`](Self::decide).
    pub async fn execute<A: Aggregate, R>(
        &self,
        id: impl fmt::Display + Sync,
        command: Uuid,
        metadata: Metadata,
        decide: impl Fn(&A) -> Result<Vec<A::Event>, R> + Sync,
    ) -> Result<Appended, ExecuteError<R>> {
        let stream = StreamId::new(A::CATEGORY, &id);
        self.decide(command, metadata, || async {
            let Loaded { state, version, .. } = self.load::<A>(&id).await?;
            let events = decide(&state).map_err(ExecuteError::Refused)?;
            Ok(Append::to(stream.clone(), version, numbered(command, 0, &events)?))
        })
        .await
    }
    // ANCHOR_END: execute
}

/// The events of a command, with ids that are the same at each attempt. The first has the number `from`.
///
/// # Errors
///
/// When an event has no form in JSON.
pub fn numbered<E: Event>(command: Uuid, from: usize, events: &[E]) -> Result<Vec<NewEvent>, AppendError> {
    let number = |(place, event)| Ok(NewEvent::of(event)?.with_id(EventId::of_command(command, from + place)));
    let events: Result<_, serde_json::Error> = events.iter().enumerate().map(number).collect();
    events.map_err(|_| AppendError::Malformed("an event has no form in JSON"))
}
