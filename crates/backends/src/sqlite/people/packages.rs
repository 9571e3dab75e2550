//! Key packages that wait for devices. They are of one incarnation of the node: a node that was restored from a backup has none, so
//! that none is given twice.

use super::Ruled;
use super::devices::DeviceRow;
use crate::sqlite::fault::Fault;
use crate::sqlite::rows::{Sum, check, count, int};
use crate::sqlite::snapshot::incarnation;
use crate::sqlite::writer::Tx;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidings_core::Ed25519Key;
use tidings_core::denial::Denial;
use tidings_core::device::{GIVEN_MAX, PACKAGES_MAX, PackagesWaiting, TakenPackage};

const WAITS: i64 = 0;
const LAST_RESORT: i64 = 1;
const GIVEN: i64 = 2;

/// A key package as stored; empty once given.
pub(in crate::sqlite) struct PackageRow {
    id: i64,
    device: i64,
    state: i64,
    digest: i64,
    incarnation: i64,
    package: Vec<u8>,
}

impl PackageRow {
    /// Reads the columns `id, device, state, digest, incarnation, sum, package`.
    pub(in crate::sqlite) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let found = Self {
            id: row.get(0)?,
            device: row.get(1)?,
            state: row.get(2)?,
            digest: row.get(3)?,
            incarnation: row.get(4)?,
            package: row.get(6)?,
        };
        check(row.get(5)?, found.sum(), "packages", found.id)?;
        Ok(found)
    }

    /// The one to be given next in a state.
    fn first(conn: &Connection, device: i64, state: i64, incarnation: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, device, state, digest, incarnation, sum, package FROM packages
             WHERE device = ?1 AND state = ?2 AND incarnation = ?3 ORDER BY id LIMIT 1",
        )?;
        let mut rows = select.query(params![device, state, incarnation])?;
        rows.next()?.map(Self::read).transpose()
    }

    fn insert(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached(
            "INSERT INTO packages (device, state, digest, incarnation, sum, package) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![self.device, self.state, self.digest, self.incarnation, self.sum(), self.package])?;
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new().int(self.device).int(self.state).int(self.digest).int(self.incarnation).bytes(&self.package).done()
    }
}

/// Keeps what there is room for.
pub(super) fn add(
    tx: &Tx<'_>,
    device: &Ed25519Key,
    packages: Vec<Vec<u8>>,
    last_resort: Option<Vec<u8>>,
) -> Ruled<PackagesWaiting> {
    let Some(device) = DeviceRow::find(tx.conn, device)? else { return Ok(Err(Denial::NoAccount)) };
    let incarnation = int(incarnation(tx.conn)?);
    forget_others(tx.conn, device.id, incarnation)?;
    let mut room = PACKAGES_MAX.saturating_sub(usize::try_from(number(tx.conn, device.id, WAITS)?).unwrap_or(0));
    let new = |package: Vec<u8>, state| {
        let digest = Sum::new().bytes(&package).done();
        PackageRow { id: 0, device: device.id, state, digest, incarnation, package }
    };
    for row in packages.into_iter().map(|package| new(package, WAITS)) {
        if room > 0 && state_of(tx.conn, &row)?.is_none() {
            row.insert(tx.conn)?;
            room -= 1;
        }
    }
    if let Some(row) = last_resort.map(|package| new(package, LAST_RESORT))
        && state_of(tx.conn, &row)?.is_none()
    {
        tx.conn
            .prepare_cached("DELETE FROM packages WHERE device = ?1 AND state = ?2")?
            .execute(params![device.id, LAST_RESORT])?;
        row.insert(tx.conn)?;
    }
    waiting(tx.conn, device.id).map(Ok)
}

/// The state of this key package if it is known already.
fn state_of(conn: &Connection, row: &PackageRow) -> Result<Option<i64>, Fault> {
    let mut select = conn.prepare_cached("SELECT state FROM packages WHERE device = ?1 AND digest = ?2")?;
    Ok(select.query_row(params![row.device, row.digest], |found| found.get(0)).optional()?)
}

fn number(conn: &Connection, device: i64, state: i64) -> Result<u64, Fault> {
    let mut select = conn.prepare_cached("SELECT count(*) FROM packages WHERE device = ?1 AND state = ?2")?;
    Ok(count(select.query_row(params![device, state], |row| row.get(0))?))
}

/// Deletes those of other incarnations.
fn forget_others(conn: &Connection, device: i64, incarnation: i64) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM packages WHERE device = ?1 AND incarnation <> ?2")?
        .execute(params![device, incarnation])?;
    Ok(())
}

/// How many wait for a device in this incarnation.
pub(super) fn waiting(conn: &Connection, device: i64) -> Result<PackagesWaiting, Fault> {
    let incarnation = incarnation(conn)?;
    let mut select =
        conn.prepare_cached("SELECT count(*) FROM packages WHERE device = ?1 AND state = ?2 AND incarnation = ?3")?;
    let mut of = |state: i64| -> Result<u64, Fault> {
        Ok(count(select.query_row(params![device, state, int(incarnation)], |row| row.get(0))?))
    };
    Ok(PackagesWaiting { waiting: of(WAITS)?, last_resort: of(LAST_RESORT)? > 0, incarnation })
}

/// What somebody is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// What is given once, and the last resort when there is no more.
    Fresh,
    /// The last resort, and what is given once where there is none.
    LastResortsFirst,
    /// The last resort only; nothing is used up.
    LastResorts,
}

/// Gives one of each device that has any.
pub(super) fn take(tx: &Tx<'_>, account: i64, given: Given) -> Result<Vec<TakenPackage>, Fault> {
    let incarnation = int(incarnation(tx.conn)?);
    let mut taken = Vec::new();
    for device in DeviceRow::of_account(tx.conn, account)? {
        let first = |state| PackageRow::first(tx.conn, device.id, state, incarnation);
        let found = match given {
            Given::Fresh => first(WAITS)?.map_or_else(|| first(LAST_RESORT), |row| Ok(Some(row)))?,
            Given::LastResortsFirst => first(LAST_RESORT)?.map_or_else(|| first(WAITS), |row| Ok(Some(row)))?,
            Given::LastResorts => first(LAST_RESORT)?,
        };
        let Some(row) = found else { continue };
        let last_resort = row.state == LAST_RESORT;
        let package = if last_resort { row.package } else { give(tx.conn, row)? };
        taken.push(TakenPackage { device: device.key, package, last_resort });
    }
    Ok(taken)
}

/// Takes the bytes out of a row, which stays for a while so that the same does not come again.
fn give(conn: &Connection, mut row: PackageRow) -> Result<Vec<u8>, Fault> {
    let package = std::mem::take(&mut row.package);
    row.state = GIVEN;
    conn.prepare_cached("UPDATE packages SET state = ?2, sum = ?3, package = ?4 WHERE id = ?1")?.execute(params![
        row.id,
        row.state,
        row.sum(),
        row.package
    ])?;
    conn.prepare_cached(
        "DELETE FROM packages WHERE id IN
         (SELECT id FROM packages WHERE device = ?1 AND state = 2 ORDER BY id DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![row.device, int(GIVEN_MAX)])?;
    Ok(package)
}

/// Deletes all of a device.
pub(super) fn forget(conn: &Connection, device: i64) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM packages WHERE device = ?1")?.execute(params![device])?;
    Ok(())
}

/// Deletes at most `limit` of other incarnations than the present one. Whether there may be more.
pub(in crate::sqlite) fn sweep(conn: &Connection, limit: usize) -> Result<bool, Fault> {
    let incarnation = int(incarnation(conn)?);
    // Two stretches of the index, rather than all of it but one.
    let mut gone = 0;
    for sql in [
        "DELETE FROM packages WHERE id IN (SELECT id FROM packages WHERE incarnation < ?1 LIMIT ?2)",
        "DELETE FROM packages WHERE id IN (SELECT id FROM packages WHERE incarnation > ?1 LIMIT ?2)",
    ] {
        gone += conn.prepare_cached(sql)?.execute(params![incarnation, int(limit)])?;
    }
    Ok(gone >= limit)
}
