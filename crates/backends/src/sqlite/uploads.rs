//! Uploaded blobs. Their bytes are in files; a row says how many of them are there for certain.

use super::fault::Fault;
use super::holdings::{self, Holding};
use super::people::devices::read_key;
use super::people::{Ruled, account};
use super::rows::{Sum, check, count, damaged, int};
use super::writer::Tx;
use super::{SqliteStore, counters};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidings_core::denial::Denial;
use tidings_core::ports::native::{Allowed, Uploads};
use tidings_core::ports::{Stored, Swept};
use tidings_core::upload::{INCOMPLETE_LIFE, NewUpload, UPLOADS_MAX, Upload};
use tidings_core::{BlobName, Timestamp};

/// An uploaded blob as stored.
pub(super) struct UploadRow {
    id: i64,
    file: String,
    account: i64,
    size: i64,
    received: i64,
    delete_hash: [u8; 32],
    created_at: i64,
    expires_at: i64,
}

impl UploadRow {
    fn find(conn: &Connection, file: BlobName) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, file, account, size, received, delete_hash, created_at, expires_at, sum FROM uploads
             WHERE file = ?1 AND gone = 0",
        )?;
        let mut rows = select.query(params![file.to_string()])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `id, file, account, size, received, delete_hash, created_at, expires_at, sum`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let upload = Self {
            id: row.get(0)?,
            file: row.get(1)?,
            account: row.get(2)?,
            size: row.get(3)?,
            received: row.get(4)?,
            delete_hash: row.get(5)?,
            created_at: row.get(6)?,
            expires_at: row.get(7)?,
        };
        check(row.get(8)?, upload.sum(), "uploads", upload.id)?;
        Ok(upload)
    }

    fn insert(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached(
            "INSERT INTO uploads (file, account, size, received, delete_hash, created_at, expires_at, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            self.file,
            self.account,
            self.size,
            self.received,
            self.delete_hash,
            self.created_at,
            self.expires_at,
            self.sum(),
        ])?;
        Ok(())
    }

    /// Deletes it; gives its file.
    fn delete(&self, tx: &Tx<'_>) -> Result<BlobName, Fault> {
        tx.conn.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute(params![self.id])?;
        holdings::change(tx.conn, self.account, Holding::Uploads, -1, -self.size)?;
        tx.counts.add(counters::UPLOADS, -1);
        self.name()
    }

    fn name(&self) -> Result<BlobName, Fault> {
        BlobName::parse(&self.file).ok_or_else(|| damaged("uploads", self.id, "names no file"))
    }

    fn sum(&self) -> i64 {
        Sum::new()
            .text(&self.file)
            .int(self.account)
            .int(self.size)
            .int(self.received)
            .bytes(&self.delete_hash)
            .int(self.created_at)
            .int(self.expires_at)
            .done()
    }
}

fn create(tx: &Tx<'_>, new: NewUpload) -> Ruled<()> {
    let Some(account) = account(tx.conn, &new.owner)? else { return Ok(Err(Denial::NoAccount)) };
    let held = holdings::of(tx.conn, account.number, Holding::Uploads)?;
    if held.count >= UPLOADS_MAX || held.bytes.saturating_add(new.size) > new.account_bytes_max {
        return Ok(Err(Denial::TooMuch));
    }
    let row = UploadRow {
        id: 0,
        file: new.file.to_string(),
        account: account.number,
        size: int(new.size),
        received: 0,
        delete_hash: new.delete_hash,
        created_at: new.created_at.millis(),
        expires_at: new.expires_at.millis(),
    };
    row.insert(tx.conn)?;
    holdings::change(tx.conn, account.number, Holding::Uploads, 1, row.size)?;
    tx.counts.add(counters::UPLOADS, 1);
    Ok(Ok(()))
}

fn look_up(conn: &Connection, file: BlobName) -> Result<Option<Upload>, Fault> {
    let Some(row) = UploadRow::find(conn, file)? else { return Ok(None) };
    let mut select = conn.prepare_cached("SELECT key FROM accounts WHERE number = ?1 AND key IS NOT NULL")?;
    let owner = select.query_row(params![row.account], |found| Ok(read_key(found, 0, "accounts", row.account)));
    let Some(owner) = owner.optional()?.transpose()? else { return Ok(None) };
    Ok(Some(Upload {
        owner,
        file,
        size: count(row.size),
        received: count(row.received),
        delete_hash: row.delete_hash,
        expires_at: Timestamp::from_millis(row.expires_at),
    }))
}

fn note_received(tx: &Tx<'_>, file: BlobName, received: u64) -> Result<bool, Fault> {
    let Some(mut row) = UploadRow::find(tx.conn, file)? else { return Ok(false) };
    row.received = int(received).min(row.size);
    tx.conn.prepare_cached("UPDATE uploads SET received = ?2, sum = ?3 WHERE id = ?1")?.execute(params![
        row.id,
        row.received,
        row.sum()
    ])?;
    Ok(true)
}

/// Marks all of an account; the sweeper deletes them.
pub(super) fn forget(conn: &Connection, account: i64) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE uploads SET gone = 1 WHERE account = ?1")?.execute(params![account])?;
    Ok(())
}

/// Deletes at most `limit` that are past their time, were never completed, or whose account is gone.
pub(super) fn sweep(tx: &Tx<'_>, now: Timestamp, limit: usize, swept: &mut Swept) -> Result<(), Fault> {
    let overdue = now.before(INCOMPLETE_LIFE);
    for (sql, moment) in [
        (
            "SELECT id, file, account, size, received, delete_hash, created_at, expires_at, sum FROM uploads
             WHERE gone = 1 AND ?1 = ?1 LIMIT ?2",
            now,
        ),
        (
            "SELECT id, file, account, size, received, delete_hash, created_at, expires_at, sum FROM uploads
             WHERE expires_at < ?1 LIMIT ?2",
            now,
        ),
        (
            "SELECT id, file, account, size, received, delete_hash, created_at, expires_at, sum FROM uploads
             WHERE received < size AND created_at < ?1 LIMIT ?2",
            overdue,
        ),
    ] {
        let mut select = tx.conn.prepare_cached(sql)?;
        let doomed: Vec<_> =
            select.query_and_then(params![moment.millis(), int(limit)], UploadRow::read)?.collect::<Result<_, _>>()?;
        swept.more |= doomed.len() == limit;
        for row in doomed {
            swept.freed.push(row.delete(tx)?);
            swept.uploads += 1;
        }
    }
    Ok(())
}

/// Whether a file is that of an uploaded blob.
pub(super) fn refers_to(conn: &Connection, file: &str) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM uploads WHERE file = ?1")?.exists(params![file])?)
}

#[async_trait]
impl Uploads for SqliteStore {
    async fn create_upload(&self, new: NewUpload) -> Allowed<()> {
        self.write(move |tx| create(tx, new)).await
    }

    async fn upload(&self, file: BlobName) -> Stored<Option<Upload>> {
        self.read(move |conn| look_up(conn, file)).await
    }

    async fn note_received(&self, file: BlobName, received: u64) -> Stored<bool> {
        self.write_always(move |tx| note_received(tx, file, received)).await
    }

    async fn delete_upload(&self, file: BlobName) -> Stored<bool> {
        self.write_always(move |tx| match UploadRow::find(tx.conn, file)? {
            Some(row) => row.delete(tx).map(|_| true),
            None => Ok(false),
        })
        .await
    }
}
