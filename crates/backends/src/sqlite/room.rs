//! Room on a disk that may become full, so that what makes room can always be done (docs/decisions/0008-deleting-on-a-full-disk.md).
//!
//! Deleting needs room itself: it is written to the write-ahead log first. So some blocks of the log are reserved while there are
//! any. When little is left, only what makes room is written, in small steps, and the log is used again from its beginning.
//! Whatever has been committed must find its place in the database file, or the log could not be begun anew: on a disk that
//! is not far from full, these blocks are reserved before the commit.

use super::fault::Fault;
use super::open::beside;
use super::rows::count;
use rusqlite::Connection;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of the log that are reserved: some thousand deletions, or a few of the largest.
const LOG_RESERVED: u64 = 8 << 20;

/// Free bytes below which only what makes room is written.
const TIGHT: u64 = 8 << 20;

/// Free bytes below which the log's blocks are not given back, not even for the moment until they are reserved again: somebody else
/// may take them. That much more than `TIGHT` is not written by anybody in that moment.
const SCARCE: u64 = 64 << 20;

/// Free bytes below which blocks are reserved before each commit.
const WATCHED: u64 = 1 << 30;

/// Jobs in one transaction while there is hardly any room.
pub(super) const TIGHT_BATCH: usize = 16;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Nothing need be done.
    Plenty,
    /// It may become tight soon.
    Watched,
    /// Only what makes room is written.
    Tight,
}

/// Knows the disk that holds the database.
pub(super) struct Room {
    database: PathBuf,
    log: PathBuf,
    tight: AtomicBool,
    spare: AtomicU64,
}

impl Room {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            log: beside(database, "-wal"),
            tight: AtomicBool::new(false),
            spare: AtomicU64::new(0),
        }
    }

    /// Bytes of the database file that nothing uses, as last noted.
    pub(super) fn spare(&self) -> u64 {
        self.spare.load(Ordering::Relaxed)
    }

    /// Notes how many bytes of the database file nothing uses.
    pub(super) fn note_spare(&self, conn: &Connection) -> Result<(), Fault> {
        self.spare.store(bytes(conn, "PRAGMA freelist_count")?, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the log has no more than is reserved for it. From a longer one the disk would get back what it lacks.
    pub(super) fn log_is_short(&self) -> bool {
        std::fs::metadata(&self.log).is_ok_and(|log| log.len() <= LOG_RESERVED)
    }

    /// Reserves blocks for all of the database as the transaction has made it. Fails if there is no room for them.
    pub(super) fn reserve_for(&self, conn: &Connection) -> Result<(), Fault> {
        self.reserve_database(bytes(conn, "PRAGMA page_count")?)
    }

    /// How much room there is now. What can't be read does not refuse: the write itself will say.
    pub(super) fn look(&self) -> Level {
        let free = self.free();
        let tight = free < TIGHT;
        if self.tight.swap(tight, Ordering::Relaxed) != tight {
            if tight {
                tracing::warn!(free, "the disk is full: only what makes room is written from now on");
            } else {
                tracing::info!(free, "the disk has room again");
            }
        }
        match free {
            _ if tight => Level::Tight,
            ..WATCHED => Level::Watched,
            _ => Level::Plenty,
        }
    }

    /// Whether blocks that are given back might not be had again.
    pub(super) fn is_scarce(&self) -> bool {
        self.free() < SCARCE
    }

    /// Free bytes on the disk.
    fn free(&self) -> u64 {
        statvfs(&self.database).map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Gives back what a log has above its reserved blocks. All of it must have been moved: a commit that changes nothing begins it
    /// anew, and SQLite then cuts it to its limit.
    pub(super) fn shorten_log(conn: &Connection) -> Result<(), Fault> {
        conn.pragma_update(None, "journal_size_limit", i64::try_from(LOG_RESERVED).unwrap_or(i64::MAX))?;
        let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(conn.pragma_update(None, "user_version", version)?)
    }

    /// Reserves blocks for the log, as far as it has none. To be called after it was cut off, which gives them back.
    pub(super) fn reserve_log(&self) {
        // Without them, all works as long as the disk has room.
        if let Err(error) = reserve(&self.log, LOG_RESERVED) {
            tracing::debug!(%error, "no blocks were reserved for the write-ahead log");
        }
    }

    /// Reserves blocks for so many bytes of the database file. Fails if there is no room for them.
    fn reserve_database(&self, bytes: u64) -> Result<(), Fault> {
        match reserve(&self.database, bytes) {
            Err(error) if error.kind() == ErrorKind::StorageFull => Err(error.into()),
            // A file system without reservations; writing will say whether there is room.
            _ => Ok(()),
        }
    }
}

/// What a statement counts in pages, in bytes.
fn bytes(conn: &Connection, pages: &'static str) -> Result<u64, Fault> {
    let pages: i64 = conn.prepare_cached(pages)?.query_row([], |row| row.get(0))?;
    let page: i64 = conn.prepare_cached("PRAGMA page_size")?.query_row([], |row| row.get(0))?;
    Ok(count(pages.saturating_mul(page)))
}

/// Reserves blocks up to a length, without changing the length.
fn reserve(path: &Path, bytes: u64) -> std::io::Result<()> {
    let file: File = OpenOptions::new().write(true).open(path)?;
    Ok(fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes)?)
}
