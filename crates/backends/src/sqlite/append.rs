//! Appending: admitting the drafts of one posting and keeping what was admitted.

use super::accounts::lists_by_number;
use super::envelopes::{EnvelopeRow, SEQ_MAX};
use super::fault::Fault;
use super::streams::{Floor, StreamRow};
use super::writer::Tx;
use super::{blobs, counters, deliveries, senders};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use tidings_core::policy::Keep;
use tidings_core::ports::Posting;
use tidings_core::{
    BlobContent, Caller, Draft, Envelope, EnvelopeId, Key, Policies, Refusal, StreamFacts, StreamKind, StreamName,
    Timestamp, Usage, admit,
};

/// A stream while a posting is appended: looked up once and saved once, however many drafts are for it.
struct Touched {
    /// What does not change meanwhile.
    facts: StreamFacts,
    row: Option<StreamRow>,
    changed: bool,
}

/// A posting while it is appended.
struct Appending<'a, 'c> {
    tx: &'a Tx<'c>,
    floor: &'a Floor,
    caller: Caller,
    policies: &'a Policies,
    now: Timestamp,
    content: Option<BlobContent>,
    streams: BTreeMap<StreamName, Touched>,
    sent: Usage,
    /// Whether any of it counts against the sender's budget.
    counted: bool,
    blob: Option<i64>,
    stored: i64,
}

/// Admits and appends each draft; answers in their order.
pub(super) fn append(tx: &Tx<'_>, posting: Posting, floor: &Floor) -> Result<Vec<Result<Envelope, Refusal>>, Fault> {
    let Posting { caller, drafts, novel, blob, policies, now } = posting;
    let budgeted = drafts.iter().any(|draft| senders::counts(draft.stream.kind()));
    let sent = match caller.key().filter(|_| budgeted) {
        Some(key) => senders::usage(tx.conn, &key)?,
        None => Usage::default(),
    };
    let mut appending = Appending {
        tx,
        floor,
        caller,
        policies: &policies,
        now,
        content: blob,
        streams: BTreeMap::new(),
        sent,
        counted: false,
        blob: None,
        stored: 0,
    };
    let novel = novel.into_iter().chain(std::iter::repeat(false));
    let answers: Result<Vec<_>, Fault> =
        drafts.into_iter().zip(novel).map(|(draft, novel)| appending.one(draft, novel)).collect();
    let answers = answers?;
    appending.finish()?;
    Ok(answers)
}

impl Appending<'_, '_> {
    fn one(&mut self, draft: Draft, novel: bool) -> Result<Result<Envelope, Refusal>, Fault> {
        let name = draft.stream.clone();
        let mut stream = match self.streams.remove(&name) {
            Some(stream) => stream,
            None => self.look_up(&name)?,
        };
        let answer = self.append_to(&name, &mut stream, draft, novel)?;
        self.streams.insert(name, stream);
        Ok(answer)
    }

    fn look_up(&self, name: &StreamName) -> Result<Touched, Fault> {
        let row = StreamRow::find(self.tx.conn, name)?;
        let mut facts = facts_of(self.tx.conn, self.caller.key().as_ref(), name, row.as_ref())?;
        facts.open &= self.policies.of(name.kind()).keep != Keep::Live;
        Ok(Touched { facts, row, changed: false })
    }

    fn append_to(
        &mut self,
        name: &StreamName,
        stream: &mut Touched,
        draft: Draft,
        novel: bool,
    ) -> Result<Result<Envelope, Refusal>, Fault> {
        let (conn, kind, notify) = (self.tx.conn, name.kind(), draft.notify);
        let facts = StreamFacts {
            used: stream.row.as_ref().map(|row| row.used).unwrap_or_default(),
            sent: if senders::counts(kind) { self.sent } else { Usage::default() },
            duplicate: !novel && exists(conn, draft.id)?,
            ..stream.facts
        };
        let last = stream.row.as_ref().map_or(self.floor.number(), |row| row.last_seq);
        let blob_bytes = self.content.as_ref().map_or(0, BlobContent::size);
        let bytes = draft.size().saturating_add(blob_bytes);
        let policy = self.policies.of(kind);
        let envelope = match admit(policy, &facts, &self.caller, draft, blob_bytes, last.next(), self.now) {
            Ok(envelope) => envelope,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let row = match &mut stream.row {
            Some(row) => row,
            none => none.insert(StreamRow::insert(conn, name, None, last)?),
        };
        stream.changed = true;
        if !self.keep(row, kind, &envelope, bytes)? {
            return Ok(Err(Refusal::Duplicate));
        }
        self.note(row, kind, &envelope, notify)?;
        Ok(Ok(envelope))
    }

    /// Writes an admitted envelope and counts it. False, and nothing changes, if its id is there already.
    fn keep(&mut self, row: &mut StreamRow, kind: StreamKind, envelope: &Envelope, bytes: u64) -> Result<bool, Fault> {
        if envelope.seq.number() > SEQ_MAX {
            return Err(Fault::Failed(format!("stream {} has no numbers left", row.id)));
        }
        if let (None, Some(content)) = (self.blob, &self.content) {
            self.blob = Some(blobs::insert(self.tx.conn, content, 1)?);
        }
        let inserted = EnvelopeRow { stream: row.id, kind, bytes, blob: self.blob, envelope }.insert(self.tx.conn)?;
        if inserted {
            row.last_seq = envelope.seq;
            row.used = row.used.and(bytes);
            self.stored += 1;
            if senders::counts(kind) {
                self.sent = self.sent.and(bytes);
                self.counted = true;
            }
        }
        Ok(inserted)
    }

    /// All that goes with an envelope beside budgets: statistics and notifications.
    fn note(&self, row: &StreamRow, kind: StreamKind, envelope: &Envelope, notify: bool) -> Result<(), Fault> {
        self.tx.counts.envelope(kind, &envelope.label, 1);
        if kind == StreamKind::Inbox {
            self.tx.counts.add_at(counters::RECEIVED, self.now, 1);
        }
        match (notify, row.owner, envelope.sender) {
            (true, Some(owner), Some(sender)) => deliveries::queue(self.tx, owner, &sender, &envelope.label, self.now),
            _ => Ok(()),
        }
    }

    /// Saves what the drafts changed together.
    fn finish(self) -> Result<(), Fault> {
        let conn = self.tx.conn;
        for stream in self.streams.values().filter(|stream| stream.changed) {
            stream.row.as_ref().map_or(Ok(()), |row| row.save(conn))?;
        }
        match (self.blob, self.stored) {
            // All were found to be there already; who sent the blob removes it.
            (Some(blob), 0) => drop(blobs::release(conn, blob)?),
            (Some(blob), 2..) => blobs::set_refs(conn, blob, self.stored)?,
            _ => {}
        }
        match self.caller.key() {
            Some(key) if self.counted => senders::set(conn, &key, self.sent),
            _ => Ok(()),
        }
    }
}

/// What there is to know of a stream before a draft is looked at.
pub(super) fn facts_of(
    conn: &Connection,
    caller: Option<&Key>,
    name: &StreamName,
    stream: Option<&StreamRow>,
) -> Result<StreamFacts, Fault> {
    let owner = stream.and_then(|stream| stream.owner);
    let listed = match (owner, caller) {
        (Some(owner), Some(caller)) => lists_by_number(conn, owner, caller)?,
        _ => false,
    };
    Ok(StreamFacts {
        // All but inboxes come into being with their first envelope.
        open: stream.is_some() || name.kind() != StreamKind::Inbox,
        listed,
        owner: caller.is_some() && name.owner().as_ref() == caller,
        used: stream.map(|stream| stream.used).unwrap_or_default(),
        ..StreamFacts::default()
    })
}

/// Whether there is an envelope of this id in any stream.
pub(super) fn exists(conn: &Connection, id: EnvelopeId) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM envelopes WHERE id = ?1")?.exists(params![id.to_bytes()])?)
}
