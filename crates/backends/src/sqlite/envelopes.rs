//! The rows of envelopes.

use super::fault::Fault;
use super::rows::{Sum, check, damaged, int, key, kind};
use super::writer::Tx;
use super::{blobs, groups, senders};
use rusqlite::{Connection, Row, params};
use tidings_core::group::commit_turn;
use tidings_core::{BlobName, Envelope, EnvelopeId, Key, Label, Seq, StreamKind, Timestamp};

/// Envelopes that one stream can ever have: a place has 32 bits for the number in the stream.
pub(super) const SEQ_MAX: i64 = (1 << 32) - 1;

/// Where an envelope stands in the table: its stream in the upper, its number in the lower half.
pub(super) fn place(stream: i64, seq: Seq) -> i64 {
    (stream << 32) | seq.number().clamp(0, SEQ_MAX)
}

/// The stream and the number of a place.
pub(super) fn stream_and_seq(place: i64) -> (i64, Seq) {
    (place >> 32, Seq::from_number(place & SEQ_MAX))
}

/// An envelope with what is kept beside it.
pub(super) struct EnvelopeRow<'a> {
    /// The row of its stream.
    pub(super) stream: i64,
    /// The kind of its stream.
    pub(super) kind: StreamKind,
    /// What it counts against budgets.
    pub(super) bytes: u64,
    /// The row of its blob.
    pub(super) blob: Option<i64>,
    /// Itself.
    pub(super) envelope: &'a Envelope,
}

impl EnvelopeRow<'_> {
    /// Keeps it. Usages, references and counters are the caller's. False if there is one of this id already.
    pub(super) fn insert(&self, conn: &Connection) -> Result<bool, Fault> {
        let envelope = self.envelope;
        let sender = envelope.sender.map(|sender| sender.tagged());
        let mut insert = conn.prepare_cached(
            "INSERT INTO envelopes (place, id, kind, at, bytes, blob, kin, sum, sender, label, body, time)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING",
        )?;
        let inserted = insert.execute(params![
            place(self.stream, envelope.seq),
            envelope.id.to_bytes(),
            self.kind.code(),
            envelope.at.millis(),
            int(self.bytes),
            self.blob,
            self.kin(),
            self.sum(),
            sender,
            envelope.label.as_str(),
            envelope.body.as_deref(),
            envelope.time.map(Timestamp::millis),
        ])?;
        Ok(inserted > 0)
    }

    /// What finds it by its sender, or, in a group, a commit by its turn; none in rooms, where nobody asks for that.
    fn kin(&self) -> Option<i64> {
        if self.kind == StreamKind::Group {
            return commit_turn(&self.envelope.label).map(|turn| turn_kin(self.stream, turn));
        }
        let sender = self.envelope.sender.filter(|_| senders::counts(self.kind));
        sender.map(|sender| kin(self.stream, &sender, &self.envelope.label))
    }

    fn sum(&self) -> i64 {
        let envelope = self.envelope;
        let sender = envelope.sender.map(|sender| sender.tagged());
        let sum = Sum::new()
            .int(place(self.stream, envelope.seq))
            .bytes(&envelope.id.to_bytes())
            .int(i64::from(self.kind.code()))
            .int(envelope.at.millis())
            .int(int(self.bytes))
            .int_or_none(self.blob)
            .bytes_or_none(sender.as_ref().map(<[u8; Key::TAGGED_LEN]>::as_slice))
            .text(envelope.label.as_str())
            .bytes_or_none(envelope.body.as_deref());
        // Rows of version 1 have no time, and their sums stay valid.
        match envelope.time {
            Some(time) => sum.int(time.millis()).done(),
            None => sum.done(),
        }
    }
}

/// Finds envelopes of one sender and label in one stream.
pub(super) fn kin(stream: i64, sender: &Key, label: &Label) -> i64 {
    Sum::new().int(stream).bytes(&sender.tagged()).text(label.as_str()).done()
}

/// Finds the commit that took a turn of a group.
pub(super) fn turn_kin(stream: i64, turn: u64) -> i64 {
    Sum::new().int(stream).text("turn").int(int(turn)).done()
}

/// Reads an envelope from the columns `place, id, kind, at, bytes, blob, sum, sender, label, body, kin, time` and compares it with
/// its checksum.
pub(super) fn read(row: &Row<'_>) -> Result<Envelope, Fault> {
    let place: i64 = row.get(0)?;
    let (stream, seq) = stream_and_seq(place);
    let label: Box<str> = row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?.into();
    let envelope = Envelope {
        id: EnvelopeId::from_bytes(row.get(1)?),
        seq,
        sender: sender(row, 7, place)?,
        label: Label::new(label),
        body: row.get_ref(9)?.as_blob_or_null().map_err(rusqlite::Error::from)?.map(Into::into),
        at: Timestamp::from_millis(row.get(3)?),
        time: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_millis),
    };
    let whole = EnvelopeRow {
        stream,
        kind: kind(row.get(2)?, "envelopes", place)?,
        bytes: super::rows::count(row.get(4)?),
        blob: row.get(5)?,
        envelope: &envelope,
    };
    check(row.get(6)?, whole.sum(), "envelopes", place)?;
    if row.get::<_, Option<i64>>(10)? != whole.kin() {
        return Err(damaged("envelopes", place, "has a wrong hash of its sender"));
    }
    Ok(envelope)
}

fn sender(row: &Row<'_>, column: usize, place: i64) -> Result<Option<Key>, Fault> {
    let tagged = row.get_ref(column)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    tagged.map(|tagged| key(tagged, "envelopes", place)).transpose()
}

/// An envelope about to be deleted.
pub(super) struct Doomed {
    /// Where it stands.
    pub(super) place: i64,
    /// What it counts against budgets.
    pub(super) bytes: u64,
    kind: StreamKind,
    blob: Option<i64>,
    sender: Option<Key>,
    label: Label,
}

impl Doomed {
    /// Reads the columns `place, kind, bytes, blob, sender, label`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let place = row.get(0)?;
        Ok(Self {
            place,
            kind: kind(row.get(1)?, "envelopes", place)?,
            bytes: super::rows::count(row.get(2)?),
            blob: row.get(3)?,
            sender: sender(row, 4, place)?,
            label: Label::new(row.get::<_, String>(5)?),
        })
    }

    /// Deletes it, with its blob if it was the last to refer to it, and takes it out of its sender's usage. Gives a freed
    /// file. The usage of the stream is the caller's.
    pub(super) fn delete(&self, tx: &Tx<'_>) -> Result<Option<BlobName>, Fault> {
        tx.conn.prepare_cached("DELETE FROM envelopes WHERE place = ?1")?.execute(params![self.place])?;
        if let Some(sender) = self.sender.as_ref().filter(|_| senders::counts(self.kind)) {
            senders::subtract(tx.conn, sender, self.bytes)?;
        }
        if self.kind == StreamKind::Group {
            groups::lighten(tx.conn, stream_and_seq(self.place).0, self.bytes)?;
        }
        tx.counts.envelope(self.kind, &self.label, -1);
        match self.blob {
            Some(blob) => blobs::release(tx.conn, blob),
            None => Ok(None),
        }
    }
}
