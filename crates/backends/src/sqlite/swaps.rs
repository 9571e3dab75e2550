//! Exchanges of Tidings' own clients.

use super::fault::Fault;
use super::parcels::{bytes_of, denial, known, repeated, write};
use super::people::{Ruled, account, identity};
use super::rows::{Sum, check, count, damaged, int};
use super::streams::StreamRow;
use super::writer::Tx;
use super::{counters, knocks};
use rusqlite::{Connection, Row, params};
use tidings_core::admit::may_append;
use tidings_core::denial::Denial;
use tidings_core::exchange::ExchangeRefusal;
use tidings_core::parcel::{self, ANSWER};
use tidings_core::ports::native::inbox_of;
use tidings_core::presence::Presences;
use tidings_core::swap::{Answered, SWAP_GRACE, SWAPS_BYTES_MAX, SWAPS_MAX, Swap, SwapId, SwapState};
use tidings_core::{Caller, Ed25519Key, Envelope, Key, Policy, StreamFacts, StreamKind, Timestamp, Usage};

/// An exchange as stored.
pub(super) struct SwapRow {
    id: i64,
    account: i64,
    swap: Swap,
}

impl SwapRow {
    fn find(conn: &Connection, name: &SwapId) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, name, account, state, expires_at, sum, offer, answer, reply FROM swaps WHERE name = ?1",
        )?;
        let mut rows = select.query(params![name])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `id, name, account, state, expires_at, sum, offer, answer, reply`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let id = row.get(0)?;
        let state = match row.get(3)? {
            0i64 => SwapState::Open,
            1 => SwapState::Answered,
            2 => SwapState::Replied,
            _ => return Err(damaged("swaps", id, "is in no state")),
        };
        let swap = Swap {
            id: row.get(1)?,
            state,
            offer: row.get(6)?,
            answer: row.get(7)?,
            reply: row.get(8)?,
            expires_at: Timestamp::from_millis(row.get(4)?),
        };
        let found = Self { id, account: row.get(2)?, swap };
        check(row.get(5)?, found.sum(), "swaps", id)?;
        Ok(found)
    }

    fn insert(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached(
            "INSERT INTO swaps (name, account, state, expires_at, sum, offer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            self.swap.id,
            self.account,
            code(self.swap.state),
            self.swap.expires_at.millis(),
            self.sum(),
            self.swap.offer,
        ])?;
        Ok(())
    }

    fn save(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached("UPDATE swaps SET state = ?2, sum = ?3, answer = ?4, reply = ?5 WHERE id = ?1")?
            .execute(params![self.id, code(self.swap.state), self.sum(), self.swap.answer, self.swap.reply])?;
        Ok(())
    }

    fn sum(&self) -> i64 {
        let swap = &self.swap;
        Sum::new()
            .bytes(&swap.id)
            .int(self.account)
            .int(code(swap.state))
            .int(swap.expires_at.millis())
            .bytes_or_none(swap.offer.as_deref())
            .bytes_or_none(swap.answer.as_deref())
            .bytes_or_none(swap.reply.as_deref())
            .done()
    }
}

fn code(state: SwapState) -> i64 {
    match state {
        SwapState::Open => 0,
        SwapState::Answered => 1,
        SwapState::Replied => 2,
    }
}

/// Makes one. The same again changes nothing.
pub(super) fn create(tx: &Tx<'_>, maker: &Ed25519Key, swap: Swap, now: Timestamp) -> Ruled<()> {
    let Some(account) = account(tx.conn, maker)? else { return Ok(Err(Denial::NoAccount)) };
    if let Some(known) = SwapRow::find(tx.conn, &swap.id)? {
        if known.swap.visible(now) {
            let same = known.account == account.number
                && known.swap.offer == swap.offer
                && known.swap.expires_at == swap.expires_at;
            return Ok(if same { Ok(()) } else { Err(Denial::Exists) });
        }
        // It is over, and only waits for the sweeper.
        tx.conn.prepare_cached("DELETE FROM swaps WHERE id = ?1")?.execute(params![known.id])?;
    }
    let held = held(tx.conn, account.number)?;
    if held.count >= SWAPS_MAX || !has_room(held, swap.offer.as_deref()) {
        return Ok(Err(Denial::Token(ExchangeRefusal::TooMany)));
    }
    SwapRow { id: 0, account: account.number, swap }.insert(tx.conn).map(Ok)
}

/// What an account has of exchanges: their number, and the bytes of all that was offered, answered and replied.
fn held(conn: &Connection, account: i64) -> Result<Usage, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT count(*), coalesce(sum(coalesce(length(offer), 0) + coalesce(length(answer), 0) + coalesce(length(reply), 0)), 0)
         FROM swaps WHERE account = ?1",
    )?;
    let (number, bytes): (i64, i64) = select.query_row(params![account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Usage { count: count(number), bytes: count(bytes) })
}

fn has_room(held: Usage, more: Option<&[u8]>) -> bool {
    let more = u64::try_from(more.map_or(0, <[u8]>::len)).unwrap_or(u64::MAX);
    held.bytes.saturating_add(more) <= SWAPS_BYTES_MAX
}

/// Looks one up, with its maker.
pub(super) fn look_up(conn: &Connection, id: &SwapId, now: Timestamp) -> Result<Option<(Swap, Ed25519Key)>, Fault> {
    let found = SwapRow::find(conn, id)?.filter(|row| row.swap.visible(now));
    let Some(row) = found else { return Ok(None) };
    Ok(identity(conn, row.account)?.map(|maker| (row.swap, maker)))
}

/// Gives it its answer, and the inbox of its maker, too.
pub(super) fn answer(
    tx: &Tx<'_>,
    id: &SwapId,
    answer: Vec<u8>,
    policy: &Policy,
    presences: &Presences,
    now: Timestamp,
) -> Ruled<Result<Option<(Ed25519Key, Envelope)>, Answered>> {
    let found = SwapRow::find(tx.conn, id)?.filter(|row| row.swap.visible(now));
    let Some(mut row) = found else { return Ok(Err(Denial::NotFound)) };
    if row.swap.state != SwapState::Open {
        let same = row.swap.answer.as_ref() == Some(&answer);
        return Ok(Ok(if same { Ok(None) } else { Err(Answered) }));
    }
    let Some(maker) = identity(tx.conn, row.account)? else { return Ok(Err(Denial::NotFound)) };
    if !has_room(held(tx.conn, row.account)?, Some(&answer)) {
        return Ok(Err(Denial::TooMuch));
    }
    let envelope = match into_inbox(tx, &maker, id, &answer, policy, now)? {
        Ok(envelope) => envelope,
        Err(denial) => return Ok(Err(denial)),
    };
    row.swap.answer = Some(answer);
    row.swap.state = SwapState::Answered;
    row.save(tx.conn)?;
    if envelope.is_some() {
        knocks::queue_pushes(tx, row.account, presences, now)?;
    }
    Ok(Ok(Ok(envelope.map(|envelope| (maker, envelope)))))
}

/// Puts the answer into the inbox of the maker; none if it is there already.
fn into_inbox(
    tx: &Tx<'_>,
    maker: &Ed25519Key,
    swap: &SwapId,
    answer: &[u8],
    policy: &Policy,
    now: Timestamp,
) -> Ruled<Option<Envelope>> {
    let name = inbox_of(maker);
    let Some(mut stream) = StreamRow::find(tx.conn, &name)? else { return Ok(Err(Denial::NotFound)) };
    // The name is that of the exchange, and so is the beginning of the body (node.md).
    let body = parcel::stored(swap, &[swap.as_slice(), answer].concat());
    let (id, bytes) = (answer_id(&name, swap), bytes_of(ANSWER, &body));
    if let Some(known) = known(tx, &stream, id)? {
        // An exchange of the same name was answered before, and was deleted since. What came then has been told.
        return Ok(repeated(&known, ANSWER, &body).map(|_| None));
    }
    let facts = StreamFacts { open: true, listed: true, used: stream.used, ..StreamFacts::default() };
    if let Err(refusal) = may_append(policy, &facts, &Caller::Key(Key::Ed25519(*maker)), bytes) {
        return Ok(Err(denial(refusal)));
    }
    let (seq, label) = (stream.last_seq.next(), parcel::label(ANSWER));
    let envelope = Envelope { id, seq, sender: None, label, body: Some(body), at: now, time: None };
    write(tx, &mut stream, StreamKind::Inbox, &envelope, bytes)?;
    tx.counts.add_at(counters::RECEIVED, now, 1);
    Ok(Ok(Some(envelope)))
}

/// Answers have names of their own, so that no parcel can be in the way.
fn answer_id(inbox: &tidings_core::StreamName, swap: &SwapId) -> tidings_core::EnvelopeId {
    let own = parcel::envelope_id(inbox, swap).to_bytes();
    parcel::envelope_id(inbox, &own)
}

/// Gives it its reply.
pub(super) fn reply(tx: &Tx<'_>, maker: &Ed25519Key, id: &SwapId, reply: Vec<u8>, now: Timestamp) -> Ruled<()> {
    let Some(account) = account(tx.conn, maker)? else { return Ok(Err(Denial::NoAccount)) };
    let found = SwapRow::find(tx.conn, id)?;
    let own = found.filter(|row| row.account == account.number && row.swap.visible(now));
    let Some(mut row) = own else { return Ok(Err(Denial::NotFound)) };
    match row.swap.state {
        SwapState::Replied if row.swap.reply.as_ref() == Some(&reply) => return Ok(Ok(())),
        SwapState::Open | SwapState::Replied => return Ok(Err(Denial::Conflict)),
        SwapState::Answered => {}
    }
    if !has_room(held(tx.conn, account.number)?, Some(&reply)) {
        return Ok(Err(Denial::TooMuch));
    }
    row.swap.reply = Some(reply);
    row.swap.state = SwapState::Replied;
    row.save(tx.conn).map(Ok)
}

/// The maker's own ones, without what is in them.
pub(super) fn of_maker(conn: &Connection, maker: &Ed25519Key, now: Timestamp) -> Result<Vec<Swap>, Fault> {
    let Some(account) = account(conn, maker)? else { return Ok(Vec::new()) };
    let mut select = conn.prepare_cached(
        "SELECT id, name, account, state, expires_at, sum, offer, answer, reply FROM swaps WHERE account = ?1",
    )?;
    let mut rows = select.query(params![account.number])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let swap = SwapRow::read(row)?.swap;
        if swap.visible(now) {
            found.push(Swap { offer: None, answer: None, reply: None, ..swap });
        }
    }
    Ok(found)
}

/// Deletes one of the maker's. False if there is none.
pub(super) fn delete(tx: &Tx<'_>, maker: &Ed25519Key, id: &SwapId) -> Result<bool, Fault> {
    let Some(account) = account(tx.conn, maker)? else { return Ok(false) };
    let mut delete = tx.conn.prepare_cached("DELETE FROM swaps WHERE name = ?1 AND account = ?2")?;
    Ok(delete.execute(params![id, account.number])? > 0)
}

/// Deletes all of an account.
pub(super) fn forget(conn: &Connection, account: i64) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM swaps WHERE account = ?1")?.execute(params![account])?;
    Ok(())
}

/// Deletes at most `limit` that are over. Gives how many.
pub(super) fn sweep(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<usize, Fault> {
    let mut delete = tx.conn.prepare_cached(
        "DELETE FROM swaps WHERE id IN (SELECT id FROM swaps WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
    )?;
    Ok(delete.execute(params![now.before(SWAP_GRACE).millis(), int(limit)])?)
}
