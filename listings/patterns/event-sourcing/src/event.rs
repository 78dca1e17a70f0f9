//! Events: as the domain knows them, as they are appended, and as they are read.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::position::{Position, Version};
use crate::upcast::Upcasters;

// ANCHOR: event
/// What can happen to an aggregate: an enum, as a rule, with one variant for each kind of event.
pub trait Event: Sized + Send + Sync {
    /// The name under which the event is stored: `money_deposited`. It outlives every renaming of the code.
    fn kind(&self) -> &'static str;

    /// Which shape its data have: the newest. When the shape changes, an upcaster from the one before is added, and the newest
    /// is one more.
    fn schema(&self) -> i16 {
        Self::upcasters().newest(self.kind())
    }

    /// Its data as JSON.
    ///
    /// # Errors
    ///
    /// When a value has no form in JSON.
    fn encode(&self) -> Result<String, serde_json::Error>;

    /// The event of this kind, from data of the newest schema.
    ///
    /// # Errors
    ///
    /// When the kind is unknown, or the data are not what the kind has.
    fn decode(kind: &str, data: &str) -> Result<Self, Undecodable>;

    /// How data of older schemas become data of the newest.
    fn upcasters() -> &'static Upcasters {
        Upcasters::none()
    }
}
// ANCHOR_END: event

/// An event that this program does not understand.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    /// Nobody knows the kind.
    #[error("unknown kind of event {0:?}")]
    Kind(String),
    /// The data are older than what the upcasters begin with.
    #[error("{kind} has schema {schema}, and no upcaster takes it from there")]
    Schema {
        /// The kind.
        kind: String,
        /// The schema.
        schema: i16,
    },
    /// A newer version of this program has written it.
    #[error("{kind} has schema {schema}, which is newer than this program")]
    Newer {
        /// The kind.
        kind: String,
        /// The schema.
        schema: i16,
    },
    /// The data are something else.
    #[error("the data of {kind} are not what they should be: {source}")]
    Data {
        /// The kind.
        kind: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The identity of an event. Who appends the same id twice has appended once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// A new one. Version 7 of UUIDs begins with the time, so that the index grows at its end.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    // ANCHOR: of_command
    /// The id of the event number `place` of a command: the same whenever the same command is tried again.
    pub fn of_command(command: Uuid, place: usize) -> Self {
        Self(Uuid::new_v5(&command, &place.to_be_bytes()))
    }
    // ANCHOR_END: of_command
}

impl Default for EventId {
    fn default() -> Self {
        Self::new()
    }
}

/// The name of a stream: a category and the id of one member, `account-42`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(Arc<str>);

impl StreamId {
    /// The stream of one member of a category.
    pub fn new(category: &str, id: impl fmt::Display) -> Self {
        Self(format!("{category}-{id}").into())
    }

    /// What stands before the first `-`. Of these there are few: they name spans and metrics.
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or(&self.0, |(category, _)| category)
    }

    /// What stands behind it.
    pub fn member(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, member)| member)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for StreamId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A word by which events are found across streams, `owner:7`. Without spaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// `name:value`.
    ///
    /// # Errors
    ///
    /// When there is a space in it, or nothing.
    pub fn new(name: &str, value: impl fmt::Display) -> Result<Self, InvalidTag> {
        let tag = format!("{name}:{value}");
        if tag.len() == 1 || tag.contains(char::is_whitespace) { Err(InvalidTag(tag)) } else { Ok(Self(tag)) }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text cannot be a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no tag: it must have a value, and no spaces")]
pub struct InvalidTag(String);

/// An event on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub(crate) id: EventId,
    pub(crate) kind: &'static str,
    pub(crate) schema: i16,
    pub(crate) data: String,
    pub(crate) tags: Vec<Tag>,
}

impl NewEvent {
    /// With a new id and no tags.
    ///
    /// # Errors
    ///
    /// When the event has no form in JSON.
    pub fn of(event: &impl Event) -> Result<Self, serde_json::Error> {
        let data = event.encode()?;
        Ok(Self { id: EventId::new(), kind: event.kind(), schema: event.schema(), data, tags: Vec::new() })
    }

    /// With this id.
    #[must_use]
    pub fn with_id(mut self, id: EventId) -> Self {
        self.id = id;
        self
    }

    /// With these tags.
    #[must_use]
    pub fn tagged(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }
}

/// An event as it was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its place among all events.
    pub position: Position,
    /// Its identity.
    pub id: EventId,
    /// Its stream.
    pub stream: StreamId,
    /// Its number in the stream.
    pub version: Version,
    /// What kind of event it is.
    pub kind: String,
    /// Which shape its data have.
    pub schema: i16,
    /// JSON.
    pub data: String,
    /// JSON; see [`Metadata`](crate::Metadata).
    pub metadata: String,
    /// When the database wrote it. Not an order: clocks go back, and transactions overlap.
    pub recorded_at: OffsetDateTime,
}

impl Recorded {
    /// The event, in its newest form.
    ///
    /// # Errors
    ///
    /// When this program does not understand it.
    pub fn decode<E: Event>(&self) -> Result<E, Undecodable> {
        E::upcasters().decode(&self.kind, self.schema, &self.data)
    }
}
