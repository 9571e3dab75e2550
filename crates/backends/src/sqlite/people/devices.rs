//! Devices of accounts.

use super::packages;
use crate::sqlite::fault::Fault;
use crate::sqlite::knocks;
use crate::sqlite::rows::{Sum, check, damaged};
use crate::sqlite::writer::Tx;
use rusqlite::{Connection, Row, params};
use tidings_core::{Ed25519Key, Key};

/// A device as stored.
pub(in crate::sqlite) struct DeviceRow {
    /// Its row.
    pub(in crate::sqlite) id: i64,
    /// Whose it is.
    pub(in crate::sqlite) account: i64,
    /// Its key.
    pub(in crate::sqlite) key: Ed25519Key,
    /// It has everything in the inbox up to here.
    pub(in crate::sqlite) taken: i64,
    /// Its push subscription, as the door wrote it.
    pub(in crate::sqlite) subscription: Option<String>,
}

impl DeviceRow {
    /// Finds a device by its key.
    pub(in crate::sqlite) fn find(conn: &Connection, key: &Ed25519Key) -> Result<Option<Self>, Fault> {
        let mut select =
            conn.prepare_cached("SELECT id, account, key, taken, sum, subscription FROM devices WHERE key = ?1")?;
        let mut rows = select.query(params![tagged(key)])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Loads a device by its row.
    pub(in crate::sqlite) fn load(conn: &Connection, id: i64) -> Result<Option<Self>, Fault> {
        let mut select =
            conn.prepare_cached("SELECT id, account, key, taken, sum, subscription FROM devices WHERE id = ?1")?;
        let mut rows = select.query(params![id])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// All devices of an account.
    pub(in crate::sqlite) fn of_account(conn: &Connection, account: i64) -> Result<Vec<Self>, Fault> {
        let mut select =
            conn.prepare_cached("SELECT id, account, key, taken, sum, subscription FROM devices WHERE account = ?1")?;
        select.query_and_then(params![account], Self::read)?.collect()
    }

    /// Reads the columns `id, account, key, taken, sum, subscription`.
    pub(in crate::sqlite) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let id = row.get(0)?;
        let device = Self {
            id,
            account: row.get(1)?,
            key: read_key(row, 2, "devices", id)?,
            taken: row.get(3)?,
            subscription: row.get(5)?,
        };
        check(row.get(4)?, device.sum(), "devices", id)?;
        Ok(device)
    }

    /// Adds a device that has nothing of the inbox yet.
    pub(in crate::sqlite) fn insert(conn: &Connection, account: i64, key: &Ed25519Key) -> Result<(), Fault> {
        conn.prepare_cached("INSERT INTO devices (account, key, taken, sum) VALUES (?1, ?2, 0, 0)")?
            .execute(params![account, tagged(key)])?;
        Self { id: conn.last_insert_rowid(), account, key: *key, taken: 0, subscription: None }.save(conn)
    }

    /// Writes what changes.
    pub(in crate::sqlite) fn save(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached("UPDATE devices SET taken = ?2, sum = ?3, subscription = ?4 WHERE id = ?1")?
            .execute(params![self.id, self.taken, self.sum(), self.subscription])?;
        Ok(())
    }

    /// Deletes the device with all that is for it alone.
    pub(in crate::sqlite) fn delete(&self, tx: &Tx<'_>) -> Result<(), Fault> {
        packages::forget(tx.conn, self.id)?;
        knocks::forget_device(tx, self.id)?;
        tx.conn.prepare_cached("DELETE FROM devices WHERE id = ?1")?.execute(params![self.id])?;
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new()
            .int(self.id)
            .int(self.account)
            .bytes(&tagged(&self.key))
            .int(self.taken)
            .text_or_none(self.subscription.as_deref())
            .done()
    }
}

/// A key as it is stored.
pub(in crate::sqlite) fn tagged(key: &Ed25519Key) -> [u8; Key::TAGGED_LEN] {
    Key::Ed25519(*key).tagged()
}

/// Reads a key of this kind.
pub(in crate::sqlite) fn read_key(row: &Row<'_>, column: usize, table: &str, id: i64) -> Result<Ed25519Key, Fault> {
    let stored = row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?;
    match Key::from_tagged(stored) {
        Ok(Key::Ed25519(key)) => Ok(key),
        _ => Err(damaged(table, id, "holds no key")),
    }
}
