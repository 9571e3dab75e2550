//! Where devices of members want to be woken.

use crate::sqlite::fault::Fault;
use crate::sqlite::knocks;
use crate::sqlite::people::Ruled;
use crate::sqlite::people::devices::{read_key, tagged};
use crate::sqlite::rows::{Sum, check, count};
use crate::sqlite::streams::StreamRow;
use crate::sqlite::writer::Tx;
use rusqlite::{Connection, Row, params};
use tidings_core::denial::Denial;
use tidings_core::group::{GroupId, group_stream};
use tidings_core::knock::{Door, WAKES_PER_GROUP_MAX, WAKES_PER_KEY_MAX};
use tidings_core::presence::{DeviceMark, Presences};
use tidings_core::{Ed25519Key, Timestamp};

/// An address as stored.
pub(in crate::sqlite) struct WakeRow {
    id: i64,
    stream: i64,
    key: Ed25519Key,
    device: DeviceMark,
    /// Where to post.
    pub(in crate::sqlite) url: String,
}

impl WakeRow {
    fn find(conn: &Connection, stream: i64, key: &Ed25519Key, device: &DeviceMark) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, stream, key, device, sum, url FROM wakes WHERE stream = ?1 AND key = ?2 AND device = ?3",
        )?;
        let mut rows = select.query(params![stream, tagged(key), device])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Loads one by its row.
    pub(in crate::sqlite) fn load(conn: &Connection, id: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached("SELECT id, stream, key, device, sum, url FROM wakes WHERE id = ?1")?;
        let mut rows = select.query(params![id])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `id, stream, key, device, sum, url`.
    pub(in crate::sqlite) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let id = row.get(0)?;
        let wake = Self {
            id,
            stream: row.get(1)?,
            key: read_key(row, 2, "wakes", id)?,
            device: row.get(3)?,
            url: row.get(5)?,
        };
        check(row.get(4)?, wake.sum(), "wakes", id)?;
        Ok(wake)
    }

    /// Deletes one by its row.
    pub(in crate::sqlite) fn delete(conn: &Connection, id: i64) -> Result<(), Fault> {
        conn.prepare_cached("DELETE FROM wakes WHERE id = ?1")?.execute(params![id])?;
        Ok(())
    }

    fn remove(&self, tx: &Tx<'_>) -> Result<(), Fault> {
        knocks::forget(tx, Door::Wake, self.id)?;
        Self::delete(tx.conn, self.id)
    }

    fn sum(&self) -> i64 {
        Sum::new().int(self.stream).bytes(&tagged(&self.key)).bytes(&self.device).text(&self.url).done()
    }
}

/// Sets or removes the address of a device of a member.
pub(super) fn set(tx: &Tx<'_>, stream: i64, key: &Ed25519Key, device: &DeviceMark, url: Option<String>) -> Ruled<()> {
    let known = WakeRow::find(tx.conn, stream, key, device)?;
    let Some(url) = url else {
        return known.map_or(Ok(()), |known| known.remove(tx)).map(Ok);
    };
    if let Some(known) = known {
        let changed = WakeRow { url, ..known };
        tx.conn.prepare_cached("UPDATE wakes SET sum = ?2, url = ?3 WHERE id = ?1")?.execute(params![
            changed.id,
            changed.sum(),
            changed.url
        ])?;
        return Ok(Ok(()));
    }
    if !has_room(tx.conn, stream, key)? {
        return Ok(Err(Denial::TooMuch));
    }
    let new = WakeRow { id: 0, stream, key: *key, device: *device, url };
    tx.conn
        .prepare_cached("INSERT INTO wakes (stream, key, device, sum, url) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![stream, tagged(key), device, new.sum(), new.url])?;
    Ok(Ok(()))
}

/// Whether a group keeps one more address, and one more of this member.
fn has_room(conn: &Connection, stream: i64, key: &Ed25519Key) -> Result<bool, Fault> {
    let mut of_key = conn.prepare_cached("SELECT count(*) FROM wakes WHERE stream = ?1 AND key = ?2")?;
    let mut of_group = conn.prepare_cached("SELECT count(*) FROM wakes WHERE stream = ?1")?;
    let own = count(of_key.query_row(params![stream, tagged(key)], |row| row.get(0))?);
    let all = count(of_group.query_row(params![stream], |row| row.get(0))?);
    Ok(own < WAKES_PER_KEY_MAX && all < WAKES_PER_GROUP_MAX)
}

/// Asks for a knock at all doors of a group behind which nobody listens, and tells whether there is any. Those that are asked for
/// already are passed over.
pub(super) fn queue(
    tx: &Tx<'_>,
    stream: i64,
    group: &GroupId,
    presences: &Presences,
    now: Timestamp,
) -> Result<bool, Fault> {
    let mut select = tx.conn.prepare_cached(
        "SELECT id, stream, key, device, sum, url FROM wakes w WHERE stream = ?1
         AND NOT EXISTS (SELECT 1 FROM knocks k WHERE k.kind = 1 AND k.target = w.id AND k.state IN (1, 3))",
    )?;
    let all: Vec<_> = select.query_and_then(params![stream], WakeRow::read)?.collect::<Result<_, _>>()?;
    let mut any = false;
    for wake in all.iter().filter(|wake| !presences.in_group(group, &wake.key, &wake.device)) {
        knocks::queue(tx, Door::Wake, wake.id, now)?;
        any = true;
    }
    Ok(any)
}

/// Asks for a knock at the door of one device, if it left an address.
pub(in crate::sqlite) fn queue_one(
    tx: &Tx<'_>,
    group: &GroupId,
    key: &Ed25519Key,
    device: &DeviceMark,
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(stream) = StreamRow::find(tx.conn, &group_stream(group))? else { return Ok(()) };
    match WakeRow::find(tx.conn, stream.id, key, device)? {
        Some(wake) => knocks::queue(tx, Door::Wake, wake.id, now),
        None => Ok(()),
    }
}

/// Forgets the addresses of a member.
pub(super) fn forget_member(tx: &Tx<'_>, stream: i64, key: &Ed25519Key) -> Result<(), Fault> {
    let mut select =
        tx.conn.prepare_cached("SELECT id, stream, key, device, sum, url FROM wakes WHERE stream = ?1 AND key = ?2")?;
    let all: Vec<_> = select.query_and_then(params![stream, tagged(key)], WakeRow::read)?.collect::<Result<_, _>>()?;
    all.iter().try_for_each(|wake| wake.remove(tx))
}

/// Forgets all addresses of a group.
pub(super) fn forget_group(tx: &Tx<'_>, stream: i64) -> Result<(), Fault> {
    let mut select = tx.conn.prepare_cached("SELECT id, stream, key, device, sum, url FROM wakes WHERE stream = ?1")?;
    let all: Vec<_> = select.query_and_then(params![stream], WakeRow::read)?.collect::<Result<_, _>>()?;
    all.iter().try_for_each(|wake| wake.remove(tx))
}
