//! Counting again what the store keeps as running counts: usages, references, counters.

mod conversations;

use super::accounts::AccountRow;
use super::counters::{ACCOUNTS, DELIVERIES, GROUP_ENTRIES, MEDIA_WAITING, ROOM_MESSAGES, SEEN};
use super::envelopes::{SEQ_MAX, stream_and_seq};
use super::fault::Fault;
use super::rows::{Sum, count, damaged, kind};
use super::schema::has_conversations;
use super::senders;
use super::streams::StreamRow;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use tidings_core::statistics::MEDIA;
use tidings_core::{StreamKind, StreamName, Timestamp, Usage};

/// Compares all running counts with the rows, as of one moment. Fails with the first that is wrong.
pub(super) fn all(conn: &Connection) -> Result<(), Fault> {
    let transaction = conn.unchecked_transaction()?;
    envelopes(&transaction)?;
    accounts(&transaction)?;
    counter(
        &transaction,
        DELIVERIES,
        0,
        number(&transaction, "SELECT count(*) FROM deliveries /* the whole table */")?,
    )?;
    if has_conversations(&transaction)? {
        conversations::all(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}

fn number(conn: &Connection, sql: &str) -> Result<i64, Fault> {
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

/// Sums over a whole table in which each row has its own random-looking weight: they agree with those over another table
/// only if the rows do. So no map of all senders and blobs is needed.
#[derive(Default, PartialEq, Eq)]
struct Weighed {
    count: u64,
    bytes: u64,
}

impl Weighed {
    fn add(&mut self, weight: i64, count: u64, bytes: u64) {
        let weight = u64::from_le_bytes(weight.to_le_bytes());
        self.count = self.count.wrapping_add(weight.wrapping_mul(count));
        self.bytes = self.bytes.wrapping_add(weight.wrapping_mul(bytes));
    }
}

fn weight(bytes: &[u8]) -> i64 {
    Sum::new().bytes(bytes).done()
}

fn blob_weight(id: i64) -> i64 {
    Sum::new().int(id).done()
}

/// One pass over the envelopes, which stand in the order of their streams.
fn envelopes(conn: &Connection) -> Result<(), Fault> {
    let mut select = conn.prepare(
        "SELECT place, bytes, blob, sender, kind, label FROM envelopes ORDER BY place /* the whole table */",
    )?;
    let mut rows = select.query([])?;
    let (mut found, mut blobs) = (Weighed::default(), Weighed::default());
    let (mut stream, mut used, mut streams, mut media) = (0, Usage::default(), 0i64, 0);
    let (mut highest, mut rooms, mut entries) = (0, 0, 0);
    while let Some(row) = rows.next()? {
        let (id, seq) = stream_and_seq(row.get(0)?);
        if id != stream {
            finish_stream(conn, stream, used, highest)?;
            (stream, used) = (id, Usage::default());
            streams += 1;
        }
        highest = seq.number();
        let bytes = count(row.get(1)?);
        used = used.and(bytes);
        if let Some(blob) = row.get::<_, Option<i64>>(2)? {
            blobs.add(blob_weight(blob), 1, 0);
        }
        let kind = kind(row.get(4)?, "envelopes", row.get::<_, i64>(0)?)?;
        if let Some(sender) = row.get_ref(3)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
            let counts = u64::from(senders::counts(kind));
            found.add(weight(sender), counts, counts * bytes);
        }
        rooms += i64::from(kind == StreamKind::Room);
        entries += i64::from(kind == StreamKind::Group);
        let inbox = kind == StreamKind::Inbox;
        media += i64::from(inbox && row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)? == MEDIA);
    }
    finish_stream(conn, stream, used, highest)?;
    let with_some: i64 =
        conn.query_row("SELECT count(*) FROM streams /* the whole table */ WHERE count > 0", [], |row| row.get(0))?;
    if with_some != streams {
        return Err(damaged("streams", "any", "counts envelopes that are not there"));
    }
    counter(conn, MEDIA_WAITING, 0, media)?;
    counter(conn, ROOM_MESSAGES, 0, rooms)?;
    counter(conn, GROUP_ENTRIES, 0, entries)?;
    compare_senders(conn, &found)?;
    compare_blobs(conn, &blobs)
}

fn finish_stream(conn: &Connection, id: i64, used: Usage, highest: i64) -> Result<(), Fault> {
    if id == 0 {
        return Ok(());
    }
    let stream = StreamRow::load(conn, id)?;
    if stream.used != used {
        return Err(damaged("streams", id, "counts other than what is there"));
    }
    if stream.last_seq.number() < highest || highest > SEQ_MAX {
        return Err(damaged("streams", id, "has given higher numbers than it knows"));
    }
    Ok(())
}

fn compare_senders(conn: &Connection, expected: &Weighed) -> Result<(), Fault> {
    let mut select = conn.prepare("SELECT key, count, bytes FROM senders /* the whole table */")?;
    let mut rows = select.query([])?;
    let mut found = Weighed::default();
    while let Some(row) = rows.next()? {
        let key = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        found.add(weight(key), count(row.get(1)?), count(row.get(2)?));
    }
    match found == *expected {
        true => Ok(()),
        false => Err(damaged("senders", "any", "counts other than what is there")),
    }
}

fn compare_blobs(conn: &Connection, expected: &Weighed) -> Result<(), Fault> {
    let mut select = conn.prepare("SELECT id, refs FROM blobs /* the whole table */")?;
    let mut rows = select.query([])?;
    let mut found = Weighed::default();
    while let Some(row) = rows.next()? {
        found.add(blob_weight(row.get(0)?), count(row.get(1)?), 0);
    }
    match found == *expected {
        true => Ok(()),
        false => Err(damaged("blobs", "any", "counts other references than there are")),
    }
}

fn accounts(conn: &Connection) -> Result<(), Fault> {
    let mut select = conn.prepare(
        "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription
         FROM accounts /* the whole table */ WHERE key IS NOT NULL",
    )?;
    let mut rows = select.query([])?;
    let (mut total, mut seen) = (0, BTreeMap::<i64, i64>::new());
    while let Some(row) = rows.next()? {
        let account = AccountRow::read(row)?;
        total += 1;
        if let Some(day) = account.seen_at.map(Timestamp::day) {
            *seen.entry(day.number()).or_default() += 1;
        }
        inbox(conn, &account)?;
    }
    counter(conn, ACCOUNTS, 0, total)?;
    let mut select = conn.prepare("SELECT day, n FROM counters WHERE name = ?1")?;
    let counted = select.query_map(params![SEEN], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let counted: BTreeMap<i64, i64> = counted.collect::<Result<_, _>>()?;
    match counted == seen {
        true => Ok(()),
        false => Err(damaged("counters", SEEN, "counts other than what is there")),
    }
}

fn inbox(conn: &Connection, account: &AccountRow) -> Result<(), Fault> {
    let (Some(key), Some(id)) = (account.key, account.stream) else {
        return Err(damaged("accounts", account.number, "has no inbox"));
    };
    let stream = StreamRow::load(conn, id)?;
    if stream.name != Some(StreamName::inbox(&key)) || stream.owner != Some(account.number) {
        return Err(damaged("streams", id, "is not the inbox of its owner"));
    }
    Ok(())
}

fn counter(conn: &Connection, name: &str, day: i64, expected: i64) -> Result<(), Fault> {
    match super::counters::load(conn, name, day)? == expected {
        true => Ok(()),
        false => Err(damaged("counters", name, "counts other than what is there")),
    }
}
