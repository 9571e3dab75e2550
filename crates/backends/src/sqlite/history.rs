//! Rooms, read by the time their messages were written. Where a stretch begins and ends is found in the index alone, and what is
//! passed over is passed over there: SQLite reads a row of the table only once its columns are wanted.

use super::SqliteStore;
use super::envelopes::read as read_envelope;
use super::fault::Fault;
use super::rows::{count, int};
use super::streams::{StreamRow, stored_name};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use tidings_core::ports::{Ids, Rooms, Stored};
use tidings_core::{Bound, Envelope, EnvelopeId, HistoryQuery, Order, Seq, StreamKind, StreamName, Timestamp};

/// Where a message stands in the order of a room: its time in milliseconds, or that of its arrival if it has none, and its place.
type Position = (i64, i64);

/// A stretch of a room, both ends inclusive.
struct Stretch {
    room: i64,
    first: Position,
    last: Position,
}

impl Stretch {
    /// Finds the stretch between two bounds, none if it is certainly empty. The rules are those of
    /// [`Positions`](tidings_core::history::Positions), without counting the whole room.
    fn find(
        conn: &Connection,
        room: &StreamName,
        from: Bound,
        to: Bound,
        since: Timestamp,
    ) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached("SELECT id FROM streams WHERE name = ?1")?;
        let id: Option<i64> = select.query_row(params![stored_name(room)], |row| row.get(0)).optional()?;
        let Some(room) = id else { return Ok(None) };
        let oldest = (since.millis(), i64::MIN);
        let first = match from {
            Bound::Oldest => oldest,
            // One that lies before the oldest means the oldest.
            Bound::Newest(back) => newest(conn, room, back, since)?.unwrap_or(oldest),
            Bound::At(time) => (time.max(since).millis(), i64::MIN),
        };
        let last = match to {
            Bound::Newest(0) => Some((i64::MAX, i64::MAX)),
            Bound::Newest(back) => newest(conn, room, back, since)?,
            Bound::At(time) => Some((time.millis(), i64::MAX)),
            Bound::Oldest => oldest_of(conn, room, since)?,
        };
        Ok(last.map(|last| Self { room, first, last }))
    }

    fn count(&self, conn: &Connection) -> Result<u64, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT count(*) FROM envelopes
             WHERE kind = 2 AND place >> 32 = ?1 AND coalesce(time, at) BETWEEN ?2 AND ?3
             AND (coalesce(time, at) > ?2 OR place >= ?4) AND (coalesce(time, at) < ?3 OR place <= ?5)",
        )?;
        let found = params![self.room, self.first.0, self.last.0, self.first.1, self.last.1];
        Ok(count(select.query_row(found, |row| row.get(0))?))
    }

    fn page(&self, conn: &Connection, query: &HistoryQuery) -> Result<Vec<Envelope>, Fault> {
        let mut select = conn.prepare_cached(match query.order {
            Order::Ascending => {
                "SELECT place, id, kind, at, bytes, blob, sum, sender, label, body, kin, time FROM envelopes
                 WHERE kind = 2 AND place >> 32 = ?1 AND coalesce(time, at) BETWEEN ?2 AND ?3
                 AND (coalesce(time, at) > ?2 OR place >= ?4) AND (coalesce(time, at) < ?3 OR place <= ?5)
                 ORDER BY coalesce(time, at), place LIMIT ?6 OFFSET ?7"
            }
            Order::Descending => {
                "SELECT place, id, kind, at, bytes, blob, sum, sender, label, body, kin, time FROM envelopes
                 WHERE kind = 2 AND place >> 32 = ?1 AND coalesce(time, at) BETWEEN ?2 AND ?3
                 AND (coalesce(time, at) > ?2 OR place >= ?4) AND (coalesce(time, at) < ?3 OR place <= ?5)
                 ORDER BY coalesce(time, at) DESC, place DESC LIMIT ?6 OFFSET ?7"
            }
        })?;
        let ((from, first), (to, last)) = (self.first, self.last);
        let mut rows = select.query(params![self.room, from, to, first, last, int(query.limit), int(query.skip)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_envelope(row)?);
        }
        Ok(found)
    }
}

/// The position of the newest message but `back`.
fn newest(conn: &Connection, room: i64, back: u64, since: Timestamp) -> Result<Option<Position>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT coalesce(time, at), place FROM envelopes
         WHERE kind = 2 AND place >> 32 = ?1 AND coalesce(time, at) >= ?2
         ORDER BY coalesce(time, at) DESC, place DESC LIMIT 1 OFFSET ?3",
    )?;
    let position = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(select.query_row(params![room, since.millis(), int(back)], position).optional()?)
}

fn oldest_of(conn: &Connection, room: i64, since: Timestamp) -> Result<Option<Position>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT coalesce(time, at), place FROM envelopes
         WHERE kind = 2 AND place >> 32 = ?1 AND coalesce(time, at) >= ?2
         ORDER BY coalesce(time, at), place LIMIT 1",
    )?;
    let position = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(select.query_row(params![room, since.millis()], position).optional()?)
}

/// Walks through the index of ids, which is a small part of the table.
fn ids(conn: &Connection, kind: StreamKind, after: Option<EnvelopeId>, limit: usize) -> Result<Ids, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT e.id, s.kind FROM envelopes e LEFT JOIN streams s ON s.id = e.place >> 32
         WHERE e.id > ?1 ORDER BY e.id LIMIT ?2",
    )?;
    let after = after.map(EnvelopeId::to_bytes);
    let mut rows = select.query(params![after.as_ref().map_or(&[][..], |id| id.as_slice()), int(limit)])?;
    let (mut ids, mut seen, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let id = EnvelopeId::from_bytes(row.get(0)?);
        (seen, last) = (seen + 1, Some(id));
        if row.get::<_, Option<u8>>(1)? == Some(kind.code()) {
            ids.push(id);
        }
    }
    Ok(Ids { ids, next: last.filter(|_| seen == limit) })
}

#[async_trait]
impl Rooms for SqliteStore {
    async fn end(&self, stream: StreamName) -> Stored<Seq> {
        self.read(move |conn| Ok(StreamRow::find(conn, &stream)?.map_or(Seq::START, |row| row.last_seq))).await
    }

    async fn history(&self, room: StreamName, query: HistoryQuery, since: Timestamp) -> Stored<Vec<Envelope>> {
        self.read(move |conn| match Stretch::find(conn, &room, query.from, query.to, since)? {
            Some(stretch) => stretch.page(conn, &query),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn count(&self, room: StreamName, from: Bound, to: Bound, since: Timestamp) -> Stored<u64> {
        self.read(move |conn| match Stretch::find(conn, &room, from, to, since)? {
            Some(stretch) => stretch.count(conn),
            None => Ok(0),
        })
        .await
    }

    async fn ids(&self, kind: StreamKind, after: Option<EnvelopeId>, limit: usize) -> Stored<Ids> {
        self.read(move |conn| ids(conn, kind, after, limit)).await
    }
}
