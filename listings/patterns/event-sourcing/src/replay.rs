//! Everything again, as fast as it comes.
//!
//! A query returns rows, and each row costs the driver a look at each of its columns' types. `COPY … TO STDOUT (FORMAT
//! binary)` returns the same rows as bytes whose layout is known, and nothing else.

use std::str;

use bytes::{Buf, Bytes};
use futures_core::Stream;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use time::Duration;
use time::macros::datetime;
use tokio_stream::StreamExt;
use uuid::Uuid;

use crate::event::{EventId, Recorded, StreamId};
use crate::pool::within;
use crate::position::{Position, Version};
use crate::store::EventStore;

/// A replay that broke off.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The database sent something else than was agreed.
    #[error("the copy has another layout than expected: {0}")]
    Layout(&'static str),
}

// ANCHOR: replay
impl EventStore {
    /// All events after `position`, in their order, up to the horizon of this moment.
    ///
    /// In constant memory: who reads slowly makes the server wait. Has a connection of its own, which is closed when the
    /// stream is dropped, and on it a snapshot, as any long query has: the server keeps what others delete meanwhile.
    ///
    /// # Errors
    ///
    /// An item may be the error that ended the replay.
    pub fn replay(&self, after: Position) -> impl Stream<Item = Result<Recorded, ReplayError>> + Send + use<> {
        let options = self.pool.connect_options().as_ref().clone().options([("statement_timeout", "0")]);
        let (copy, patience) = (copy(after), self.db.patience);
        async_stream::try_stream! {
            let mut connection = within(patience, PgConnection::connect_with(&options)).await?;
            let mut rows = within(patience, connection.copy_out_raw(&copy)).await?;
            if let Some(mut row) = within(patience, rows.try_next()).await? {
                header(&mut row)?;
                let mut next = Some(row);
                while let Some(row) = next {
                    if let Some(event) = event(row)? {
                        yield event;
                    }
                    next = within(patience, rows.try_next()).await?;
                }
            }
        }
    }
}

/// A copy takes no parameters. Two numbers cannot be anything else in the text.
fn copy(Position { transaction, number }: Position) -> String {
    format!(
        "COPY (SELECT transaction, position, id, stream, version, kind, schema, data, metadata, recorded_at
            FROM events WHERE (transaction, position) > ({transaction}, {number})
                AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            ORDER BY transaction, position) TO STDOUT (FORMAT binary)"
    )
}
// ANCHOR_END: replay

/// What every binary copy begins with: eleven bytes, flags, and the length of what may follow them.
fn header(row: &mut Bytes) -> Result<(), ReplayError> {
    const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
    if !row.starts_with(SIGNATURE) {
        return Err(ReplayError::Layout("no signature"));
    }
    row.advance(SIGNATURE.len());
    let _flags = row.try_get_u32().map_err(|_| SHORT)?;
    let extension = row.try_get_u32().map_err(|_| SHORT)? as usize;
    if row.len() < extension {
        return Err(SHORT);
    }
    row.advance(extension);
    Ok(())
}

const SHORT: ReplayError = ReplayError::Layout("too short");

// ANCHOR: row
/// A row: the number of its columns, and each as its length and its bytes. After the last row comes the number -1.
fn event(mut row: Bytes) -> Result<Option<Recorded>, ReplayError> {
    if row.is_empty() || row.try_get_i16().map_err(|_| SHORT)? == -1 {
        return Ok(None);
    }
    Ok(Some(Recorded {
        position: Position { transaction: number(&mut row)?, number: number(&mut row)? },
        id: EventId(Uuid::from_bytes(fixed(&mut row)?)),
        stream: StreamId::from(text(&mut row)?),
        version: Version(number(&mut row)?),
        kind: text(&mut row)?,
        schema: i16::from_be_bytes(fixed(&mut row)?),
        data: text(&mut row)?,
        metadata: text(&mut row)?,
        // Microseconds since the year 2000.
        recorded_at: datetime!(2000-01-01 0:00 UTC) + Duration::microseconds(number(&mut row)?),
    }))
}
// ANCHOR_END: row

fn column(row: &mut Bytes) -> Result<Bytes, ReplayError> {
    let length = row.try_get_i32().map_err(|_| SHORT)?;
    let length = usize::try_from(length).map_err(|_| ReplayError::Layout("a column is null"))?;
    if row.len() < length { Err(SHORT) } else { Ok(row.split_to(length)) }
}

fn fixed<const LENGTH: usize>(row: &mut Bytes) -> Result<[u8; LENGTH], ReplayError> {
    column(row)?.as_ref().try_into().map_err(|_| ReplayError::Layout("a column has another width"))
}

fn number(row: &mut Bytes) -> Result<i64, ReplayError> {
    fixed(row).map(i64::from_be_bytes)
}

fn text(row: &mut Bytes) -> Result<String, ReplayError> {
    let column = column(row)?;
    str::from_utf8(&column).map(str::to_owned).map_err(|_| ReplayError::Layout("a text is not UTF-8"))
}
