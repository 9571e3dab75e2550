//! Inboxes that several devices read: posting, and deleting what all of them have.

use super::envelopes::{EnvelopeRow, SEQ_MAX, place, read as read_envelope};
use super::fault::Fault;
use super::people::devices::DeviceRow;
use super::people::{Ruled, account, identity, posting};
use super::rows::{damaged, int};
use super::streams::StreamRow;
use super::writer::Tx;
use super::{SqliteStore, counters, envelopes, knocks, senders, swaps};
use async_trait::async_trait;
use rusqlite::params;
use std::sync::Arc;
use tidings_core::admit::may_append;
use tidings_core::denial::Denial;
use tidings_core::device::PostingRight;
use tidings_core::parcel::{self, Kept, PARCEL, ParcelPosting, Placed};
use tidings_core::ports::Stored;
use tidings_core::ports::native::{Allowed, Cleared, Parcels, inbox_of};
use tidings_core::presence::Presences;
use tidings_core::swap::{Answered, Swap, SwapId};
use tidings_core::{
    Caller, Ed25519Key, Envelope, EnvelopeId, Key, Policy, Refusal, Seq, StreamFacts, StreamKind, Timestamp,
};

/// Finds an envelope of a stream by its id. One of a closed stream of the same name is deleted: it only waits for that, and would be in
/// the way of what is appended now.
pub(super) fn known(tx: &Tx<'_>, stream: &StreamRow, id: EnvelopeId) -> Result<Option<Envelope>, Fault> {
    let mut select = tx.conn.prepare_cached(
        "SELECT place, id, kind, at, bytes, blob, sum, sender, label, body, kin, time FROM envelopes WHERE id = ?1",
    )?;
    let mut rows = select.query(params![id.to_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let place: i64 = row.get(0)?;
    let (other, _) = envelopes::stream_and_seq(place);
    if other == stream.id {
        return read_envelope(row).map(Some);
    }
    drop(rows);
    let mut other = StreamRow::load(tx.conn, other)?;
    if other.name.is_some() {
        return Err(damaged("envelopes", place, "has the name of one of another stream"));
    }
    let mut select =
        tx.conn.prepare_cached("SELECT place, kind, bytes, blob, sender, label FROM envelopes WHERE place = ?1")?;
    let doomed = select.query_row(params![place], |row| Ok(envelopes::Doomed::read(row)))??;
    doomed.delete(tx)?;
    other.subtract(doomed.bytes)?;
    other.save(tx.conn)?;
    Ok(None)
}

/// What the same request was answered before, or why this one is another.
pub(super) fn repeated(known: &Envelope, label: &str, body: &[u8]) -> Result<Placed, Denial> {
    let same = known.label.as_str() == label && known.body.as_deref() == Some(body);
    if same { Ok(placed(known)) } else { Err(Denial::Exists) }
}

/// Where an envelope stands.
pub(super) fn placed(envelope: &Envelope) -> Placed {
    Placed { number: u64::try_from(envelope.seq.number()).unwrap_or(0), at: envelope.at }
}

/// Writes an envelope at the end of a stream, without asking any rule; the stream is saved.
pub(super) fn write(
    tx: &Tx<'_>,
    stream: &mut StreamRow,
    kind: StreamKind,
    envelope: &Envelope,
    bytes: u64,
) -> Result<(), Fault> {
    if envelope.seq.number() > SEQ_MAX {
        return Err(Fault::Failed(format!("stream {} has no numbers left", stream.id)));
    }
    if !(EnvelopeRow { stream: stream.id, kind, bytes, blob: None, envelope }).insert(tx.conn)? {
        return Err(Fault::Failed("an envelope came to be beside its own look-up".to_owned()));
    }
    stream.last_seq = envelope.seq;
    stream.used = stream.used.and(bytes);
    stream.save(tx.conn)?;
    tx.counts.envelope(kind, &envelope.label, 1);
    Ok(())
}

/// Bytes that count against budgets.
pub(super) fn bytes_of(label: &str, body: &[u8]) -> u64 {
    u64::try_from(label.len().saturating_add(body.len())).unwrap_or(u64::MAX)
}

/// What a refusal of the common rules is here.
pub(super) fn denial(refusal: Refusal) -> Denial {
    match refusal {
        Refusal::TooLarge => Denial::TooLarge,
        Refusal::StreamFull => Denial::Full,
        Refusal::SenderFull => Denial::TooMuch,
        Refusal::NotAccepted | Refusal::Duplicate | Refusal::TooOld => Denial::NotAccepted,
    }
}

fn post(tx: &Tx<'_>, posting: ParcelPosting) -> Ruled<Kept> {
    let ParcelPosting { parcel, policy, presences, now } = posting;
    let name = inbox_of(&parcel.owner);
    let owner = account(tx.conn, &parcel.owner)?;
    let stream = StreamRow::find(tx.conn, &name)?;
    let Some((owner, mut stream)) = owner.zip(stream) else { return Ok(Err(Denial::NotAccepted)) };
    let right = posting::right(tx.conn, owner.number, &parcel.caller)?;
    if right == Some(PostingRight::Dropped) {
        return Ok(Ok(Kept::Dropped));
    }
    let (id, body) = (parcel::envelope_id(&name, &parcel.id), parcel::stored(&parcel.id, &parcel.body));
    let sender = Key::Ed25519(parcel.caller);
    let bytes = bytes_of(PARCEL, &body);
    let facts = StreamFacts {
        open: true,
        listed: right.is_some(),
        used: stream.used,
        sent: senders::usage(tx.conn, &sender)?,
        ..StreamFacts::default()
    };
    if right.is_some()
        && let Some(known) = known(tx, &stream, id)?
    {
        return Ok(repeated(&known, PARCEL, &body).map(Kept::Before));
    }
    if let Err(refusal) = may_append(&policy, &facts, &Caller::Key(sender), bytes) {
        return Ok(Err(denial(refusal)));
    }
    if right == Some(PostingRight::Kept) && !parcel::contact_share(&policy).holds(facts.sent.and(bytes)) {
        return Ok(Err(Denial::TooMuch));
    }
    let envelope = Envelope {
        id,
        seq: stream.last_seq.next(),
        sender: Some(sender),
        label: parcel::label(PARCEL),
        body: Some(body),
        at: now,
        time: None,
    };
    write(tx, &mut stream, StreamKind::Inbox, &envelope, bytes)?;
    senders::set(tx.conn, &sender, facts.sent.and(bytes))?;
    tx.counts.add_at(counters::RECEIVED, now, 1);
    let knocks = parcel.notify && knocks::queue_pushes(tx, owner.number, &presences, now)?;
    Ok(Ok(Kept::New { envelope, knocks }))
}

fn note_taken(tx: &Tx<'_>, device: &Ed25519Key, number: Seq) -> Ruled<Ed25519Key> {
    let Some(mut device) = DeviceRow::find(tx.conn, device)? else { return Ok(Err(Denial::NoAccount)) };
    let Some(owner) = identity(tx.conn, device.account)? else { return Ok(Err(Denial::NoAccount)) };
    let end = StreamRow::find(tx.conn, &inbox_of(&owner))?.map_or(Seq::START, |stream| stream.last_seq);
    // Nobody has what is not there yet.
    let number = number.min(end).number();
    if number > device.taken {
        device.taken = number;
        device.save(tx.conn)?;
    }
    Ok(Ok(owner))
}

/// Deletes what all devices of an account have.
fn clear_taken(tx: &Tx<'_>, owner: &Ed25519Key, limit: usize) -> Result<Cleared, Fault> {
    let Some(account) = account(tx.conn, owner)? else { return Ok(Cleared::default()) };
    let devices = DeviceRow::of_account(tx.conn, account.number)?;
    let all_have = devices.iter().map(|device| device.taken).min();
    let (Some(all_have), Some(mut stream)) = (all_have, StreamRow::find(tx.conn, &inbox_of(owner))?) else {
        return Ok(Cleared::default());
    };
    let mut select = tx.conn.prepare_cached(
        "SELECT place, kind, bytes, blob, sender, label FROM envelopes WHERE place BETWEEN ?1 AND ?2 LIMIT ?3",
    )?;
    let (first, last) = (place(stream.id, Seq::START), place(stream.id, Seq::from_number(all_have)));
    let doomed: Vec<_> =
        select.query_and_then(params![first, last, int(limit)], envelopes::Doomed::read)?.collect::<Result<_, _>>()?;
    let mut cleared = Cleared { places: Vec::with_capacity(doomed.len()), more: doomed.len() == limit };
    for envelope in doomed {
        envelope.delete(tx)?;
        stream.subtract(envelope.bytes)?;
        cleared.places.push(envelopes::stream_and_seq(envelope.place).1);
    }
    if !cleared.places.is_empty() {
        stream.save(tx.conn)?;
    }
    Ok(cleared)
}

#[async_trait]
impl Parcels for SqliteStore {
    async fn post_parcel(&self, posting: ParcelPosting) -> Allowed<Kept> {
        self.write(move |tx| post(tx, posting)).await
    }

    async fn note_taken(&self, device: Ed25519Key, number: Seq) -> Allowed<Ed25519Key> {
        self.write_always(move |tx| note_taken(tx, &device, number)).await
    }

    async fn clear_taken(&self, identity: Ed25519Key, limit: usize) -> Stored<Cleared> {
        self.write_always(move |tx| clear_taken(tx, &identity, limit.max(1))).await
    }

    async fn create_swap(&self, maker: Ed25519Key, swap: Swap, now: Timestamp) -> Allowed<()> {
        self.write(move |tx| swaps::create(tx, &maker, swap, now)).await
    }

    async fn swap(&self, id: SwapId, now: Timestamp) -> Stored<Option<(Swap, Ed25519Key)>> {
        self.read(move |conn| swaps::look_up(conn, &id, now)).await
    }

    async fn answer_swap(
        &self,
        id: SwapId,
        answer: Vec<u8>,
        policy: Policy,
        presences: Arc<Presences>,
        now: Timestamp,
    ) -> Allowed<Result<Option<(Ed25519Key, Envelope)>, Answered>> {
        self.write(move |tx| swaps::answer(tx, &id, answer, &policy, &presences, now)).await
    }

    async fn reply_swap(&self, maker: Ed25519Key, id: SwapId, reply: Vec<u8>, now: Timestamp) -> Allowed<()> {
        self.write(move |tx| swaps::reply(tx, &maker, &id, reply, now)).await
    }

    async fn swaps(&self, maker: Ed25519Key, now: Timestamp) -> Stored<Vec<Swap>> {
        self.read(move |conn| swaps::of_maker(conn, &maker, now)).await
    }

    async fn delete_swap(&self, maker: Ed25519Key, id: SwapId) -> Stored<bool> {
        self.write_always(move |tx| swaps::delete(tx, &maker, &id)).await
    }
}
