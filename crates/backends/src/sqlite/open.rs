//! Opening and making the database file, and the settings of each connection.

use super::fault::Fault;
use super::{Options, integrity, log, schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Only the owner reads and writes: contacts and senders stand in the file as they are.
const FILE_MODE: u32 = 0o600;

/// Prepared statements kept by each connection; the crate has fewer.
const STATEMENTS_KEPT: usize = 256;

/// How long a connection waits for a lock of another. Only the moving of the log ever needs it.
const LOCK_WAIT: Duration = Duration::from_millis(200);

/// Page cache of the writer in KiB.
pub(super) const WRITER_CACHE_KIB: i64 = 8 * 1024;

/// Page cache of each reader in KiB.
pub(super) const READER_CACHE_KIB: i64 = 2048;

/// Page cache of connections for side work in KiB.
pub(super) const SIDE_CACHE_KIB: i64 = 512;

/// The path with something added to its file name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Locks the database against other processes until the file is dropped.
pub(super) fn lock(path: &Path) -> Result<File, Fault> {
    let lock = beside(path, ".lock");
    let file = private_file().create(true).truncate(false).open(&lock)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Fault::Failed(format!("{} is in use by another process", path.display()))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(FILE_MODE);
    options
}

/// Opens the database for writing, made if it is not there, checked if it is.
pub(super) fn database(path: &Path, options: &Options) -> Result<Connection, Fault> {
    if !path.try_exists()? {
        create(path)?;
    }
    integrity::check_header(path)?;
    log::check(&beside(path, "-wal"))?;
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))?;
    let conn = writer(path, options)?;
    // A database that is refused is left as it was, with its log.
    keep_log(&conn, true)?;
    schema::migrate(&conn)?;
    schema::check(&conn)?;
    if fs::metadata(path)?.len() <= options.verify_at_open_max {
        let findings = integrity::verify(&conn)?;
        if !findings.is_empty() {
            return Err(Fault::Damaged(findings.join("; ")));
        }
    }
    keep_log(&conn, false)?;
    Ok(conn)
}

/// Makes an empty database under another name first, so that an empty or partial file under its own is known as damage.
fn create(path: &Path) -> Result<(), Fault> {
    let unfinished = beside(path, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(&unfinished, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    private_file().create_new(true).open(&unfinished)?;
    let conn = writer(&unfinished, &Options::default())?;
    schema::migrate(&conn)?;
    conn.close().map_err(|(_, error)| error)?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)
}

/// Makes a new name in the file's folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
}

/// The connection that writes.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    settle(&conn, WRITER_CACHE_KIB)?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Failed(format!("the file system does not allow a write-ahead log, but {mode} only")));
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "secure_delete", "ON")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    if let Some(pages) = options.pages_max {
        conn.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(conn)
}

/// Whether the log stays as it is when this connection is the last to be closed. Otherwise SQLite moves it into the database and
/// removes it.
pub(super) fn keep_log(conn: &Connection, keep: bool) -> Result<(), Fault> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, cache_kib: i64) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    settle(&conn, cache_kib)?;
    Ok(conn)
}

/// The connection that moves the log.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    settle(&conn, SIDE_CACHE_KIB)?;
    keep_log(&conn, true)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(conn)
}

fn settle(conn: &Connection, cache_kib: i64) -> Result<(), Fault> {
    conn.busy_timeout(LOCK_WAIT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.pragma_update(None, "trusted_schema", "OFF")?;
    conn.pragma_update(None, "cell_size_check", "ON")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "mmap_size", 0)?;
    // Negative: KiB rather than pages.
    conn.pragma_update(None, "cache_size", -cache_kib)?;
    Ok(())
}
