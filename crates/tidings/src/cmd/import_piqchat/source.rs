//! The piqchat server's database: opened so that nothing is written to it or beside it, and read with suspicion, since SQLite keeps
//! whatever it was given in any column.

use crate::failure::Failure;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tidings_core::Timestamp;

/// Where the header of an SQLite file says how it is journaled: 1 rollback, 2 write-ahead (sqlite.org/fileformat2.html, 1.3).
const VERSION_AT: usize = 18;

/// What every part of the import reads (wire/piqchat.md, section 9). If these can be prepared, it is a piqchat server's.
pub(super) const USERS: &str = "SELECT id, uuid, push_subscription_json, contacts_json, client_version, client_last_seen_at, \
                                created_at, created_by FROM users ORDER BY id";
pub(super) const EXCHANGES: &str =
    "SELECT state, one_time_token, encrypted_contact, created_at, created_by FROM contact_exchanges ORDER BY id";
pub(super) const BACKUPS: &str = "SELECT user_uuid, content, updated_at FROM profile_backups ORDER BY id";
pub(super) const COUNTS: &str = "SELECT date, count(*) FROM parcels_count GROUP BY date";
pub(super) const PARCEL: &str = "SELECT uuid, recipient_uuid, type, content, attachment_filename, uploaded_by, uploaded_at \
                                 FROM parcels WHERE rowid = ?1";
/// The parcels, inbox by inbox, each in its order.
pub(super) const PARCELS_IN_ORDER: &str = "SELECT p.rowid FROM parcels p LEFT JOIN users u ON u.uuid = p.recipient_uuid \
                                           ORDER BY u.id, p.uploaded_at, p.id";
/// The attachments that several parcels refer to.
pub(super) const SHARED: &str = "SELECT attachment_filename FROM parcels WHERE attachment_filename IS NOT NULL \
                                 GROUP BY attachment_filename HAVING count(*) > 1";

/// Looks for the tables of wire/piqchat.md, section 9. Whatever can't be read is none; the store says what is wrong with it.
pub(crate) fn is_piqchat(database: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let count = |conn: &Connection| {
        conn.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table'
             AND name IN ('users', 'parcels', 'contact_exchanges', 'profile_backups', 'parcels_count')",
            [],
            |row| row.get::<_, i64>(0),
        )
    };
    let whole = |conn: &Connection| {
        conn.query_row(
            "SELECT count(*) FROM pragma_table_info('users') WHERE name = 'push_subscription_json'",
            [],
            |row| row.get::<_, i64>(0),
        )
    };
    let opened = database.is_file().then(|| Connection::open_with_flags(database, flags).ok()).flatten();
    opened
        .is_some_and(|conn| count(&conn).is_ok_and(|tables| tables == 5) && whole(&conn).is_ok_and(|found| found == 1))
}

/// An opened database, held at one moment.
pub(super) struct Source {
    path: PathBuf,
    conn: Connection,
}

impl Source {
    /// Opens it. While it is open a piqchat server that still runs can't write to it. Fails with [`Failure::Usage`] if it is another
    /// database, and with [`Failure::InUse`] if something is written or was broken off.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let uri = uri(path, access(path)?);
        let conn = Connection::open_with_flags(uri, flags).map_err(|error| Self::failed_at(path, &error))?;
        let source = Self { path: path.to_owned(), conn };
        source
            .conn
            .execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; BEGIN")
            .map_err(|error| source.failed(&error))?;
        for sql in [USERS, EXCHANGES, BACKUPS, COUNTS, PARCEL, PARCELS_IN_ORDER] {
            source.conn.prepare(sql).map_err(|error| {
                Failure::Usage(format!("{} is not the database of a piqchat server: {error}", path.display()))
            })?;
        }
        // From the first reading on, until the transaction ends, nobody writes.
        let looked = source.conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        looked.map_err(|error| source.failed(&error))?;
        Ok(source)
    }

    /// Reads rows until `each` fails.
    pub(super) fn rows(&self, sql: &str, mut each: impl FnMut(&Row<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut select = self.conn.prepare(sql).map_err(|error| self.failed(&error))?;
        let mut rows = select.query([]).map_err(|error| self.failed(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            each(row)?;
        }
        Ok(())
    }

    /// Reads the parcel of a row.
    pub(super) fn parcel<T>(&self, rowid: i64, read: impl FnOnce(&Row<'_>) -> T) -> Result<T, Failure> {
        let mut select = self.conn.prepare_cached(PARCEL).map_err(|error| self.failed(&error))?;
        select.query_row([rowid], |row| Ok(read(row))).map_err(|error| self.failed(&error))
    }

    /// A value of the table `config`; none if there is none, or no such table (`user_version` 1).
    pub(super) fn config(&self, name: &str) -> Option<String> {
        let mut select = self.conn.prepare("SELECT value FROM config WHERE name = ?1").ok()?;
        let value: String = select.query_row([name], |row| row.get(0)).ok()?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn failed(&self, error: &rusqlite::Error) -> Failure {
        Self::failed_at(&self.path, error)
    }

    fn failed_at(path: &Path, error: &rusqlite::Error) -> Failure {
        Failure::Failed(format!("{} can't be read: {error}", path.display()))
    }
}

/// How a file may be opened without anything being written: with locks if it has a rollback journal. One with a write-ahead log
/// would get files beside it, so that it is read as one that nobody changes; then nothing may be waiting in the log.
fn access(path: &Path) -> Result<&'static str, Failure> {
    let mut header = Vec::new();
    let file = File::open(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    file.take(100).read_to_end(&mut header)?;
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(Failure::Usage(format!("{} is not an SQLite database", path.display())));
    }
    if begins(&beside(path, "-journal")) {
        return Err(unfinished(path, "-journal"));
    }
    if begins(&beside(path, "-wal")) {
        return Err(unfinished(path, "-wal"));
    }
    Ok(if header.get(VERSION_AT) == Some(&2) { "immutable=1" } else { "mode=ro" })
}

fn unfinished(path: &Path, suffix: &str) -> Failure {
    Failure::InUse(format!(
        "{0}{suffix} is there: the piqchat server is writing just now, or was broken off while it did.\n\
         To bring the database in order one must write to it, which an import never does. Start the piqchat server once more and \
         stop it, or work on a copy of {0} and {0}{suffix} that you have opened with `sqlite3` once.",
        path.display()
    ))
}

/// Whether a file is there and begins with something: finished journals are empty or begin with zeros.
fn begins(path: &Path) -> bool {
    let mut first = [0; 1];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first != [0]
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The URI of a file (sqlite.org/uri.html): all but letters, digits and a few signs escaped.
fn uri(path: &Path, access: &str) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    format!("{uri}?{access}")
}

/// Whether both are the same file or folder.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

/// The text in a column; none for anything else.
pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Option<&'r str> {
    match row.get_ref(column) {
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Whether there is anything in a column.
pub(super) fn is_set(row: &Row<'_>, column: usize) -> bool {
    !matches!(row.get_ref(column), Ok(ValueRef::Null))
}

/// The time in a column; none for anything else.
pub(super) fn time(row: &Row<'_>, column: usize) -> Option<Timestamp> {
    text(row, column).and_then(Timestamp::parse_iso)
}

/// The whole number in a column: piqchat stores some as `2.0`, and as text.
pub(super) fn number(row: &Row<'_>, column: usize) -> Option<i64> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => Some(number),
        Ok(ValueRef::Real(number)) => whole(&number.to_string()),
        Ok(ValueRef::Text(bytes)) => whole(std::str::from_utf8(bytes).ok()?),
        _ => None,
    }
}

fn whole(text: &str) -> Option<i64> {
    let digits =
        text.split_once('.').map_or(text, |(digits, rest)| if rest.bytes().all(|b| b == b'0') { digits } else { "" });
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_in_many_forms() {
        for (text, number) in
            [("2.0", Some(2)), ("2", Some(2)), ("17.000", Some(17)), ("2.5", None), ("", None), ("x", None)]
        {
            assert_eq!(whole(text), number, "{text}");
        }
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(uri(Path::new("/a b/ü?#%.sqlite"), "mode=ro"), "file:/a%20b/%C3%BC%3F%23%25.sqlite?mode=ro");
    }
}
