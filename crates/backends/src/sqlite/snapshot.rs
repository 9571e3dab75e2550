//! Copies of a database that no process has open: what a backup holds, and what becomes a node's database again.
//!
//! A copy is read as an immutable file, so that nothing is written beside it, not even on a read-only disk.

use super::fault::Fault;
use super::housekeeping::{value, value_sum};
use super::rows::count;
use super::{Options, integrity, open, schema};
use rusqlite::{Connection, OpenFlags, params};
use std::fmt::Write as _;
use std::path::Path;
use tidings_core::{BlobName, StoreError};

/// Under which name the store keeps the node's incarnation, a number in decimal digits. None is kept before the first restore.
///
/// It tells a node that was restored from a backup from the node that it was before (design, section 6), so that what was given
/// out once is not given out again.
pub const INCARNATION: &str = "incarnation";

/// A copy of a database, opened for reading alone.
pub struct Snapshot {
    conn: Connection,
}

impl Snapshot {
    /// Opens a copy that nobody writes to, of this version or an older one. Fails with [`StoreError::Damaged`] if it is cut off, no database, or not Tidings'.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::try_open(path)?)
    }

    fn try_open(path: &Path) -> Result<Self, Fault> {
        integrity::check_header(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let conn = Connection::open_with_flags(immutable(path), flags)?;
        conn.pragma_update(None, "trusted_schema", "OFF")?;
        conn.pragma_update(None, "cell_size_check", "ON")?;
        schema::check(&conn)?;
        Ok(Self { conn })
    }

    /// Reads everything and compares it with its checksums and indexes; gives what is wrong, in words.
    pub fn verify(&self) -> Result<Vec<String>, StoreError> {
        Ok(integrity::verify(&self.conn)?)
    }

    /// Tells each blob that is a file, with its length in bytes, until `tell` fails. Blocks for as long as that takes.
    pub fn each_file<E: From<StoreError>>(
        &self,
        mut tell: impl FnMut(BlobName, u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |error: rusqlite::Error| E::from(StoreError::from(Fault::from(error)));
        let mut select = self.conn.prepare(self.files_sql()?.0).map_err(sql)?;
        let mut rows = select.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let (file, size): (String, i64) = (row.get(0).map_err(sql)?, row.get(1).map_err(sql)?);
            let name = BlobName::parse(&file)
                .ok_or_else(|| E::from(StoreError::Damaged("table blobs: a row names no file".to_owned())))?;
            tell(name, count(size))?;
        }
        Ok(())
    }

    /// How many blobs are files, and their bytes together.
    pub fn files(&self) -> Result<(u64, u64), StoreError> {
        let sums = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let sums: Result<(i64, i64), _> = self.conn.query_row(self.files_sql()?.1, [], sums);
        let (files, bytes) = sums.map_err(Fault::from)?;
        Ok((count(files), count(bytes)))
    }

    /// The statements that list and count files: attachments, and blobs whose upload is complete. The others are begun anew after a
    /// restore.
    fn files_sql(&self) -> Result<(&'static str, &'static str), StoreError> {
        Ok(match schema::has_conversations(&self.conn)? {
            true => (
                "SELECT file, size FROM blobs WHERE file IS NOT NULL /* the whole table */
                 UNION ALL SELECT file, size FROM uploads WHERE received = size AND gone = 0 ORDER BY file",
                "SELECT count(*), coalesce(sum(size), 0) FROM
                 (SELECT size FROM blobs WHERE file IS NOT NULL /* the whole table */
                  UNION ALL SELECT size FROM uploads WHERE received = size AND gone = 0)",
            ),
            false => (
                "SELECT file, size FROM blobs WHERE file IS NOT NULL ORDER BY file /* the whole table */",
                "SELECT count(*), coalesce(sum(size), 0) FROM blobs WHERE file IS NOT NULL /* the whole table */",
            ),
        })
    }

    /// How many accounts there are that were not deleted, and how many envelopes wait in inboxes.
    pub fn totals(&self) -> Result<(u64, u64), StoreError> {
        let number = |sql: &str| self.conn.query_row(sql, [], |row| row.get(0)).map_err(Fault::from);
        let accounts = number("SELECT count(*) FROM accounts WHERE key IS NOT NULL /* the whole table */")?;
        let envelopes = number("SELECT count(*) FROM envelopes WHERE kind = 1")?;
        Ok((count(accounts), count(envelopes)))
    }

    /// The node's incarnation: 1 before the first restore.
    pub fn incarnation(&self) -> Result<u64, StoreError> {
        Ok(incarnation(&self.conn)?)
    }
}

/// The node's incarnation: 1 before the first restore.
pub(super) fn incarnation(conn: &Connection) -> Result<u64, Fault> {
    let kept = value(conn, INCARNATION)?;
    let number = kept.and_then(|digits| String::from_utf8(digits).ok()?.parse().ok());
    Ok(number.unwrap_or(1))
}

/// Writes a new incarnation into a copy that is about to become a node's database: the next one, but at least `floor`, so that two
/// restores of one backup differ if `floor` is taken from the clock. Durable when this returns. Gives the number.
pub fn reincarnate(path: &Path, floor: u64) -> Result<u64, StoreError> {
    let write = || -> Result<u64, Fault> {
        let conn = open::writer(path, &Options::default())?;
        let next = incarnation(&conn)?.saturating_add(1).max(floor);
        let digits = next.to_string().into_bytes();
        conn.execute(
            "INSERT OR REPLACE INTO node_values (name, value, sum) VALUES (?1, ?2, ?3)",
            params![INCARNATION, digits, value_sum(INCARNATION, &digits)],
        )?;
        conn.close().map_err(|(_, error)| error)?;
        Ok(next)
    };
    Ok(write()?)
}

/// The URI of a file that nobody changes (sqlite.org/uri.html): all but letters, digits, `/` and `.` escaped.
fn immutable(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}
