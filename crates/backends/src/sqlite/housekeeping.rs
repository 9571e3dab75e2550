//! Deleting by age, emptying closed streams, and the node's own values.

use super::accounts::{AccountRow, delete as delete_account};
use super::envelopes::{Doomed, SEQ_MAX, place, stream_and_seq};
use super::fault::Fault;
use super::people::packages;
use super::rows::{Sum, check, int};
use super::streams::{Floor, StreamRow};
use super::writer::Tx;
use super::{SqliteStore, blobs, counters, deliveries, groups, integrity, knocks, swaps, uploads};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use tidings_core::ports::{Housekeeping, Stored, Swept};
use tidings_core::retention::Cutoffs;
use tidings_core::{BlobName, Seq, Statistics, StreamKind, Timestamp};

fn sweep(tx: &Tx<'_>, cutoffs: &Cutoffs, limit: usize, floor: &Floor) -> Result<Swept, Fault> {
    let mut swept = Swept::default();
    for (kind, before) in &cutoffs.envelopes {
        let left = limit.saturating_sub(swept.envelopes.len());
        sweep_envelopes(tx, *kind, *before, left, &mut swept)?;
    }
    sweep_rooms(tx, floor, limit, &mut swept)?;
    sweep_exchanges(tx, cutoffs.exchanges, limit, &mut swept)?;
    sweep_accounts(tx, cutoffs.accounts, limit, &mut swept)?;
    sweep_conversations(tx, cutoffs.now, limit, &mut swept)?;
    counters::forget(tx.conn, cutoffs.counters)?;
    // A row holds back for seconds, so none is that old and of use.
    deliveries::forget_held(tx, cutoffs.exchanges, limit)?;
    Ok(swept)
}

/// What Tidings' own clients left: exchanges, groups, blobs, and key packages from before a restore.
fn sweep_conversations(tx: &Tx<'_>, now: Timestamp, limit: usize, swept: &mut Swept) -> Result<(), Fault> {
    let swaps = swaps::sweep(tx, now, limit)?;
    swept.exchanges = swept.exchanges.saturating_add(u64::try_from(swaps).unwrap_or(u64::MAX));
    swept.more |= swaps == limit;
    groups::sweep(tx, now, limit, swept)?;
    uploads::sweep(tx, now, limit, swept)?;
    swept.more |= packages::sweep(tx.conn, limit)?;
    knocks::forget_held(tx, now, limit)
}

fn sweep_envelopes(
    tx: &Tx<'_>,
    kind: StreamKind,
    before: Timestamp,
    limit: usize,
    swept: &mut Swept,
) -> Result<(), Fault> {
    let mut select = tx.conn.prepare_cached(
        "SELECT place, kind, bytes, blob, sender, label FROM envelopes
         WHERE kind = ?1 AND min(at, coalesce(time, at)) < ?2 ORDER BY min(at, coalesce(time, at)) LIMIT ?3",
    )?;
    let mut rows = select.query(params![kind.code(), before.millis(), int(limit)])?;
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        doomed.push(Doomed::read(row)?);
    }
    drop(rows);
    swept.more |= doomed.len() == limit;
    let mut streams = BTreeMap::new();
    for envelope in doomed {
        let (id, seq) = stream_and_seq(envelope.place);
        swept.freed.extend(envelope.delete(tx)?);
        let stream = match streams.entry(id) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(StreamRow::load(tx.conn, id)?),
        };
        stream.subtract(envelope.bytes)?;
        swept.envelopes.extend(stream.name.clone().map(|name| (name, seq)));
    }
    streams.values().try_for_each(|stream| stream.save(tx.conn))
}

/// Deletes rooms that hold nothing any more, so that rooms nobody uses do not stay.
fn sweep_rooms(tx: &Tx<'_>, floor: &Floor, limit: usize, swept: &mut Swept) -> Result<(), Fault> {
    let mut select = tx.conn.prepare_cached(
        "SELECT id, kind, name, owner, last_seq, count, bytes, sum FROM streams WHERE kind = 2 AND count = 0 LIMIT ?1",
    )?;
    let rows = select.query_and_then(params![int(limit)], StreamRow::read)?;
    let empty: Vec<StreamRow> = rows.collect::<Result<_, _>>()?;
    let mut delete = tx.conn.prepare_cached("DELETE FROM streams WHERE id = ?1")?;
    let mut kept = false;
    for room in &empty {
        if floor.raise(room.last_seq) {
            delete.execute(params![room.id])?;
        } else {
            kept = true;
        }
    }
    swept.more |= empty.len() == limit && !kept;
    Ok(())
}

fn sweep_exchanges(tx: &Tx<'_>, before: Timestamp, limit: usize, swept: &mut Swept) -> Result<(), Fault> {
    let mut delete = tx.conn.prepare_cached(
        "DELETE FROM exchanges WHERE id IN
         (SELECT id FROM exchanges WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)",
    )?;
    let gone = delete.execute(params![before.millis(), int(limit)])?;
    swept.exchanges = u64::try_from(gone).unwrap_or(u64::MAX);
    swept.more |= gone == limit;
    Ok(())
}

fn sweep_accounts(tx: &Tx<'_>, before: Timestamp, limit: usize, swept: &mut Swept) -> Result<(), Fault> {
    let mut select = tx.conn.prepare_cached(
        "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription FROM accounts
         WHERE key IS NOT NULL AND coalesce(seen_at, created_at) < ?1
         ORDER BY coalesce(seen_at, created_at) LIMIT ?2",
    )?;
    let mut rows = select.query(params![before.millis(), int(limit)])?;
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        doomed.push(AccountRow::read(row)?);
    }
    drop(rows);
    swept.more |= doomed.len() == limit;
    for account in doomed {
        delete_account(tx, account)?;
        swept.accounts += 1;
    }
    Ok(())
}

/// Empties closed streams, one after another, and deletes those that are empty.
fn drain(tx: &Tx<'_>, limit: usize) -> Result<Swept, Fault> {
    let mut swept = Swept::default();
    let mut left = limit;
    while left > 0 {
        let mut select = tx.conn.prepare_cached("SELECT id FROM streams WHERE name IS NULL LIMIT 1")?;
        let mut rows = select.query([])?;
        let Some(row) = rows.next()? else { return Ok(swept) };
        let id = row.get(0)?;
        drop(rows);
        left -= drain_one(tx, id, left, &mut swept)?;
    }
    swept.more = true;
    Ok(swept)
}

/// Deletes at most `limit` envelopes of a stream, and the stream if that were all. Gives the work done, at least 1.
fn drain_one(tx: &Tx<'_>, id: i64, limit: usize, swept: &mut Swept) -> Result<usize, Fault> {
    let mut stream = StreamRow::load(tx.conn, id)?;
    let mut select = tx.conn.prepare_cached(
        "SELECT place, kind, bytes, blob, sender, label FROM envelopes WHERE place BETWEEN ?1 AND ?2 LIMIT ?3",
    )?;
    let (first, last) = (place(id, Seq::START), place(id, Seq::from_number(SEQ_MAX)));
    let mut rows = select.query(params![first, last, int(limit)])?;
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        doomed.push(Doomed::read(row)?);
    }
    drop(rows);
    for envelope in &doomed {
        swept.freed.extend(envelope.delete(tx)?);
        stream.subtract(envelope.bytes)?;
    }
    if doomed.len() == limit {
        stream.save(tx.conn)?;
    } else {
        tx.conn.prepare_cached("DELETE FROM streams WHERE id = ?1")?.execute(params![id])?;
    }
    Ok(doomed.len().max(1))
}

/// The checksum of a value of the node's own.
pub(super) fn value_sum(name: &str, value: &[u8]) -> i64 {
    Sum::new().text(name).bytes(value).done()
}

/// A value of the node's own.
pub(super) fn value(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let mut select = conn.prepare_cached("SELECT value, sum FROM node_values WHERE name = ?1")?;
    let mut rows = select.query(params![name])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let value: Vec<u8> = row.get(0)?;
    check(row.get(1)?, value_sum(name, &value), "node_values", name)?;
    Ok(Some(value))
}

/// Keeps a value unless there is one; gives the one that is kept.
pub(super) fn value_or_insert(conn: &Connection, name: &str, new: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if let Some(kept) = value(conn, name)? {
        return Ok(kept);
    }
    conn.prepare_cached("INSERT INTO node_values (name, value, sum) VALUES (?1, ?2, ?3)")?.execute(params![
        name,
        new,
        value_sum(name, &new)
    ])?;
    Ok(new)
}

#[async_trait]
impl Housekeeping for SqliteStore {
    async fn sweep(&self, cutoffs: Cutoffs, limit: usize) -> Stored<Swept> {
        let floor = Arc::clone(&self.floor);
        self.write_always(move |tx| sweep(tx, &cutoffs, limit.max(1), &floor)).await
    }

    async fn drain(&self, limit: usize) -> Stored<Swept> {
        self.write_always(move |tx| drain(tx, limit.max(1))).await
    }

    async fn unreferenced(&self, names: Vec<BlobName>) -> Stored<Vec<BlobName>> {
        self.read(move |conn| blobs::unreferenced(conn, names)).await
    }

    async fn statistics(&self, now: Timestamp) -> Stored<Statistics> {
        self.read(move |conn| counters::statistics(conn, now)).await
    }

    async fn value(&self, name: &'static str) -> Stored<Option<Vec<u8>>> {
        self.read(move |conn| value(conn, name)).await
    }

    async fn value_or_insert(&self, name: &'static str, new: Vec<u8>) -> Stored<Vec<u8>> {
        self.write(move |tx| value_or_insert(tx.conn, name, new)).await
    }

    async fn verify(&self) -> Stored<Vec<String>> {
        let path = self.path().to_owned();
        let verified = tokio::task::spawn_blocking(move || integrity::verify_file(&path)).await;
        let failed = |_| tidings_core::StoreError::Failed("the check was interrupted".to_owned());
        Ok(verified.map_err(failed)??)
    }

    fn spare_bytes(&self) -> u64 {
        self.room.spare()
    }
}
