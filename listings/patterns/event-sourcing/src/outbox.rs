//! Events for other systems, through a stream of Redis.
//!
//! The store is the outbox: what is appended will be published, and nothing is published that was not appended.

use std::future::Future;

use redis::aio::MultiplexedConnection;
use redis::{Client, RedisError, ServerError, cmd, pipe};
use tokio::sync::Mutex;
use tracing::Instrument;

use crate::event::Recorded;
use crate::follow::follow;
use crate::observe;
use crate::position::Position;
use crate::store::EventStore;
use crate::subscription::SubscriptionError;

/// How many events are published in one go.
const BATCH: u32 = 500;
/// How many the broker keeps, about. Who has been away for longer asks the store.
const KEPT: usize = 1_000_000;

// ANCHOR: outbox
// ANCHOR: outbox_type
/// Publishes events in their order.
///
/// The id of an entry in a stream of Redis is two numbers, and each entry must have a higher one than the entry before. A
/// [`Position`] is two numbers. So the broker itself knows how far it has come, refuses what it has already, and asks for again
/// what it has lost: there is no checkpoint that could disagree with it.
#[derive(Debug)]
pub struct Outbox {
    store: EventStore,
    broker: Client,
    stream: String,
    connection: Mutex<Option<MultiplexedConnection>>,
}
// ANCHOR_END: outbox_type

impl Outbox {
    /// From this store into this stream.
    pub fn new(store: EventStore, broker: Client, stream: impl Into<String>) -> Self {
        Self { store, broker, stream: stream.into(), connection: Mutex::default() }
    }

    /// Publishes what there is and what will come, until `stop`. A broker that is away is waited for.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError::Ahead`]. Anything else is tried again.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<(), SubscriptionError> {
        follow(&self.store, &self.stream, stop, || self.step()).await
    }

    /// Says how far the broker has come and how far behind it is, as each step does: for one that has stopped.
    ///
    /// # Errors
    ///
    /// When the database or the broker does not answer.
    pub async fn report(&self) -> Result<(), SubscriptionError> {
        let mut broker = self.broker.get_multiplexed_async_connection().await?;
        Ok(self.store.report(&self.stream, self.published(&mut broker).await?).await?)
    }

    /// Publishes the next events. How many.
    ///
    /// # Errors
    ///
    /// When the database or the broker does not answer.
    pub async fn step(&self) -> Result<usize, SubscriptionError> {
        let mut connection = self.connection.lock().await;
        let result = self.publish(&mut connection).await;
        if result.is_err() {
            *connection = None; // the next step makes a new one
        }
        result
    }

    // ANCHOR: publish
    async fn publish(&self, slot: &mut Option<MultiplexedConnection>) -> Result<usize, SubscriptionError> {
        if slot.is_none() {
            *slot = Some(self.broker.get_multiplexed_async_connection().await?);
        }
        let Some(broker) = slot else { return Ok(0) };
        let published = self.published(broker).await?;
        let page = self.store.page(published, BATCH).await?;
        self.store.report(&self.stream, published).await?;
        if page.is_empty() {
            let head = self.store.head().await?;
            return if published > head { Err(SubscriptionError::Ahead { published, head }) } else { Ok(0) };
        }
        let mut entries = pipe();
        entries.atomic(); // a broker whose memory is full must not refuse one and take the next
        for event in &page {
            self.entry(&mut entries, event);
        }
        let span = observe::publish(&self.stream, &page);
        let result = match entries.exec_async(broker).instrument(span.clone()).await {
            // Another program publishes as well, and was faster.
            Err(error) if are_known(error.clone()) => Ok(0),
            result => result.map(|()| page.len()).map_err(SubscriptionError::from),
        };
        observe::ended(&span, &result);
        result
    }
    // ANCHOR_END: publish

    /// How far the broker has come: the highest id that the stream has ever had.
    async fn published(&self, broker: &mut MultiplexedConnection) -> Result<Position, RedisError> {
        let info: Result<redis::streams::StreamInfoStreamReply, _> =
            cmd("XINFO").arg("STREAM").arg(&self.stream).query_async(broker).await;
        match info {
            Ok(info) => Ok(info.last_generated_id.parse().unwrap_or_default()),
            Err(error) if error.detail().is_some_and(|detail| detail.contains("no such key")) => Ok(Position::START),
            Err(error) => Err(error),
        }
    }

    fn entry(&self, entries: &mut redis::Pipeline, event: &Recorded) {
        let entry = entries.cmd("XADD").arg(&self.stream).arg("MAXLEN").arg("~").arg(KEPT);
        entry.arg(event.position.to_string()).arg("id").arg(event.id.0.to_string());
        entry.arg("stream").arg(event.stream.as_str()).arg("version").arg(event.version.0);
        entry.arg("kind").arg(&event.kind).arg("schema").arg(event.schema);
        entry.arg("data").arg(&event.data).arg("metadata").arg(&event.metadata).ignore();
    }
}
// ANCHOR_END: outbox

/// Whether entries were refused, and nothing else went wrong, because they, or later ones, are there.
fn are_known(error: RedisError) -> bool {
    let is_known = |error: &ServerError| error.details().is_some_and(|told| told.contains("equal or smaller"));
    error.into_server_errors().is_some_and(|errors| errors.iter().all(|(_, error)| is_known(error)))
}
