//! Streams: admitting, appending, reading and taking envelopes.

use super::append::{append, facts_of};
use super::envelopes::{Doomed, SEQ_MAX, kin, place, read as read_envelope};
use super::fault::Fault;
use super::rows::{Sum, check, count, damaged, int};
use super::writer::Tx;
use super::{SqliteStore, blobs, senders};
use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tidings_core::ports::{Page, Posting, Stored, Streams, Taken};
use tidings_core::{
    Blob, Caller, Envelope, EnvelopeId, Key, Label, Refusal, Seq, StreamFacts, StreamKind, StreamName, Usage,
};

/// A stream as stored.
pub(super) struct StreamRow {
    /// Its row.
    pub(super) id: i64,
    /// Its name; none once closed.
    pub(super) name: Option<StreamName>,
    /// The account whose inbox it is.
    pub(super) owner: Option<i64>,
    /// The number given last.
    pub(super) last_seq: Seq,
    /// What it holds.
    pub(super) used: Usage,
}

impl StreamRow {
    /// Finds an open stream.
    pub(super) fn find(conn: &Connection, name: &StreamName) -> Result<Option<Self>, Fault> {
        let mut select = conn
            .prepare_cached("SELECT id, kind, name, owner, last_seq, count, bytes, sum FROM streams WHERE name = ?1")?;
        let mut rows = select.query(params![stored_name(name)])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Loads a stream, open or closed.
    pub(super) fn load(conn: &Connection, id: i64) -> Result<Self, Fault> {
        let mut select = conn
            .prepare_cached("SELECT id, kind, name, owner, last_seq, count, bytes, sum FROM streams WHERE id = ?1")?;
        let mut rows = select.query(params![id])?;
        let row = rows.next()?.ok_or_else(|| damaged("streams", id, "is missing"))?;
        Self::read(row)
    }

    /// Makes an empty stream.
    pub(super) fn create(conn: &Connection, name: &StreamName, owner: Option<i64>) -> Result<Self, Fault> {
        let row = Self::insert(conn, name, owner, Seq::START)?;
        row.save(conn)?;
        Ok(row)
    }

    /// Makes an empty stream whose numbers begin after `last_seq`. The caller saves it, which gives it its checksum.
    pub(super) fn insert(
        conn: &Connection,
        name: &StreamName,
        owner: Option<i64>,
        last_seq: Seq,
    ) -> Result<Self, Fault> {
        conn.prepare_cached(
            "INSERT INTO streams (kind, name, owner, last_seq, count, bytes, sum) VALUES (?1, ?2, ?3, ?4, 0, 0, 0)",
        )?
        .execute(params![name.kind().code(), stored_name(name), owner, last_seq.number()])?;
        let (id, name, used) = (conn.last_insert_rowid(), Some(name.clone()), Usage::default());
        Ok(Self { id, name, owner, last_seq, used })
    }

    /// Reads the columns `id, kind, name, owner, last_seq, count, bytes, sum`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let id = row.get(0)?;
        let stored = row.get_ref(2)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let name = match stored {
            Some(stored) => Some(read_name(stored).ok_or_else(|| damaged("streams", id, "has no valid name"))?),
            None => None,
        };
        let stream = Self {
            id,
            name,
            owner: row.get(3)?,
            last_seq: Seq::from_number(row.get(4)?),
            used: Usage { count: count(row.get(5)?), bytes: count(row.get(6)?) },
        };
        check(row.get(7)?, stream.sum(), "streams", id)?;
        let kind: i64 = row.get(1)?;
        match &stream.name {
            Some(name) if i64::from(name.kind().code()) != kind => Err(damaged("streams", id, "has two kinds")),
            _ => Ok(stream),
        }
    }

    /// Writes the numbers that change.
    pub(super) fn save(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached("UPDATE streams SET last_seq = ?2, count = ?3, bytes = ?4, sum = ?5 WHERE id = ?1")?
            .execute(params![
                self.id,
                self.last_seq.number(),
                int(self.used.count),
                int(self.used.bytes),
                self.sum()
            ])?;
        Ok(())
    }

    /// Takes its name and owner away: nobody finds it any more, and [`Housekeeping::drain`](tidings_core::ports::Housekeeping::drain) empties it.
    pub(super) fn close(mut self, conn: &Connection) -> Result<(), Fault> {
        self.name = None;
        self.owner = None;
        conn.prepare_cached("UPDATE streams SET name = NULL, owner = NULL, sum = ?2 WHERE id = ?1")?
            .execute(params![self.id, self.sum()])?;
        Ok(())
    }

    /// One envelope less.
    pub(super) fn subtract(&mut self, bytes: u64) -> Result<(), Fault> {
        let left = self.used.count.checked_sub(1).zip(self.used.bytes.checked_sub(bytes));
        let (count, bytes) = left.ok_or_else(|| damaged("streams", self.id, "counts less than is there"))?;
        self.used = Usage { count, bytes };
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new()
            .int(self.id)
            .bytes_or_none(self.name.as_ref().map(stored_name).as_deref())
            .int_or_none(self.owner)
            .int(self.last_seq.number())
            .int(int(self.used.count))
            .int(int(self.used.bytes))
            .done()
    }
}

/// The highest number that was given in any room that is deleted. New rooms begin after it, so that a room that comes back never
/// gives a number twice to readers whose cursors are older. They live in this process, and so does this: nobody keeps cursors
/// of rooms elsewhere.
#[derive(Default)]
pub(super) struct Floor(AtomicI64);

/// Where the floor ends: no more rooms are deleted until the next start, so that numbers are left.
const FLOOR_MAX: i64 = SEQ_MAX / 2;

impl Floor {
    /// The number after which a new room begins.
    pub(super) fn number(&self) -> Seq {
        Seq::from_number(self.0.load(Ordering::Relaxed))
    }

    /// Notes that a room is deleted. False if it must stay.
    pub(super) fn raise(&self, last: Seq) -> bool {
        let fits = last.number() <= FLOOR_MAX;
        if fits {
            self.0.fetch_max(last.number(), Ordering::Relaxed);
        }
        fits
    }
}

/// A name as the column holds it: the kind's code, then the bytes.
pub(super) fn stored_name(name: &StreamName) -> Vec<u8> {
    let mut stored = Vec::with_capacity(1 + name.bytes().len());
    stored.push(name.kind().code());
    stored.extend_from_slice(name.bytes());
    stored
}

fn read_name(stored: &[u8]) -> Option<StreamName> {
    let (code, bytes) = stored.split_first()?;
    match StreamKind::ALL.into_iter().find(|kind| kind.code() == *code)? {
        StreamKind::Inbox => Key::from_tagged(bytes).ok().map(|owner| StreamName::inbox(&owner)),
        kind => StreamName::named(kind, bytes),
    }
}

fn page(conn: &Connection, stream: &StreamName, after: Seq, limit: usize, bytes_max: usize) -> Result<Page, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT e.place, e.id, e.kind, e.at, e.bytes, e.blob, e.sum, e.sender, e.label, e.body, e.kin, e.time, s.last_seq
         FROM streams s LEFT JOIN envelopes e ON e.place > (s.id << 32) + ?2 AND e.place < (s.id + 1) << 32
         WHERE s.name = ?1 ORDER BY e.place LIMIT ?3",
    )?;
    let after = after.number().min(SEQ_MAX);
    let mut rows = select.query(params![stored_name(stream), after, int(limit.saturating_add(1))])?;
    let (mut envelopes, mut bytes, mut end) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        end = Some(Seq::from_number(row.get(12)?));
        if row.get_ref(0)? == ValueRef::Null {
            break;
        }
        let envelope = read_envelope(row)?;
        bytes += envelope.body.as_ref().map_or(0, |body| body.len()) + envelope.label.as_str().len();
        if envelopes.len() == limit || (bytes > bytes_max && !envelopes.is_empty()) {
            return Ok(Page { envelopes, complete: false, end });
        }
        envelopes.push(envelope);
    }
    Ok(Page { envelopes, complete: true, end })
}

fn take(tx: &Tx<'_>, name: &StreamName, id: EnvelopeId) -> Result<Option<Taken>, Fault> {
    let Some(mut stream) = StreamRow::find(tx.conn, name)? else {
        return Ok(None);
    };
    let mut select =
        tx.conn.prepare_cached("SELECT place, kind, bytes, blob, sender, label FROM envelopes WHERE id = ?1")?;
    let mut rows = select.query(params![id.to_bytes()])?;
    let doomed = rows.next()?.map(Doomed::read).transpose()?;
    // The cursor must not stand on the row that is deleted.
    drop(rows);
    let Some(doomed) = doomed else { return Ok(None) };
    let (place_stream, seq) = super::envelopes::stream_and_seq(doomed.place);
    if place_stream != stream.id {
        return Ok(None);
    }
    let freed = doomed.delete(tx)?;
    stream.subtract(doomed.bytes)?;
    stream.save(tx.conn)?;
    Ok(Some(Taken { seq, freed }))
}

fn blob(conn: &Connection, stream: &StreamName, id: EnvelopeId) -> Result<Option<Option<Blob>>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT e.blob, b.size, b.sum, b.file, b.data
         FROM streams s CROSS JOIN envelopes e ON e.id = ?2 LEFT JOIN blobs b ON b.id = e.blob
         WHERE s.name = ?1 AND e.place >> 32 = s.id",
    )?;
    let mut rows = select.query(params![stored_name(stream), id.to_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let Some(blob) = row.get::<_, Option<i64>>(0)? else {
        return Ok(Some(None));
    };
    if row.get::<_, Option<i64>>(1)?.is_none() {
        return Err(damaged("blobs", blob, "is missing"));
    }
    Ok(Some(Some(blobs::read(row, 1, blob)?)))
}

fn waiting(conn: &Connection, stream: &StreamName, sender: &Key, label: &Label) -> Result<u64, Fault> {
    let mut select = conn.prepare_cached("SELECT id FROM streams WHERE name = ?1")?;
    let id: Option<i64> = select.query_row(params![stored_name(stream)], |row| row.get(0)).optional()?;
    let Some(id) = id else { return Ok(0) };
    // The stretch of places keeps a hash that happens to be equal in another stream out.
    let mut select =
        conn.prepare_cached("SELECT count(*) FROM envelopes WHERE kin = ?1 AND place BETWEEN ?2 AND ?3")?;
    let (first, last) = (place(id, Seq::START), place(id, Seq::from_number(SEQ_MAX)));
    let found = select.query_row(params![kin(id, sender, label), first, last], |row| row.get(0))?;
    Ok(count(found))
}

#[async_trait]
impl Streams for SqliteStore {
    async fn append(&self, posting: Posting) -> Stored<Vec<Result<Envelope, Refusal>>> {
        let floor = Arc::clone(&self.floor);
        self.write(move |tx| append(tx, posting, &floor)).await
    }

    async fn facts(&self, caller: Caller, streams: Vec<StreamName>) -> Stored<Vec<StreamFacts>> {
        self.read(move |conn| {
            let caller = caller.key();
            let sent = caller.map(|key| senders::usage(conn, &key)).transpose()?.unwrap_or_default();
            let one = |name: &StreamName| {
                let stream = StreamRow::find(conn, name)?;
                let facts = facts_of(conn, caller.as_ref(), name, stream.as_ref())?;
                Ok(StreamFacts { sent, ..facts })
            };
            streams.iter().map(one).collect()
        })
        .await
    }

    async fn read(&self, stream: StreamName, after: Seq, limit: usize, bytes: usize) -> Stored<Page> {
        self.read(move |conn| page(conn, &stream, after, limit, bytes)).await
    }

    async fn take(&self, stream: StreamName, id: EnvelopeId) -> Stored<Option<Taken>> {
        self.write_always(move |tx| take(tx, &stream, id)).await
    }

    async fn blob(&self, stream: StreamName, id: EnvelopeId) -> Stored<Option<Option<Blob>>> {
        self.read(move |conn| blob(conn, &stream, id)).await
    }

    async fn waiting(&self, stream: StreamName, sender: Key, label: Label) -> Stored<u64> {
        self.read(move |conn| waiting(conn, &stream, &sender, &label)).await
    }
}
