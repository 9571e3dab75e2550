//! What each sender has waiting on this node.

use super::fault::Fault;
use super::rows::{count, damaged, int};
use rusqlite::{Connection, OptionalExtension, params};
use tidings_core::{Key, StreamKind, Usage};

/// Whether what is appended to such a stream counts. In rooms and groups nobody takes it, and senders have no budget.
pub(super) fn counts(kind: StreamKind) -> bool {
    !matches!(kind, StreamKind::Room | StreamKind::Group)
}

/// What the sender has waiting.
pub(super) fn usage(conn: &Connection, key: &Key) -> Result<Usage, Fault> {
    let mut select = conn.prepare_cached("SELECT count, bytes FROM senders WHERE key = ?1")?;
    let read = |row: &rusqlite::Row<'_>| Ok(Usage { count: count(row.get(0)?), bytes: count(row.get(1)?) });
    Ok(select.query_row(params![key.tagged()], read).optional()?.unwrap_or_default())
}

/// Sets what the sender has waiting.
pub(super) fn set(conn: &Connection, key: &Key, usage: Usage) -> Result<(), Fault> {
    conn.prepare_cached("INSERT OR REPLACE INTO senders (key, count, bytes) VALUES (?1, ?2, ?3)")?.execute(params![
        key.tagged(),
        int(usage.count),
        int(usage.bytes)
    ])?;
    Ok(())
}

/// One envelope of `bytes` bytes less. A sender with nothing waiting is forgotten.
pub(super) fn subtract(conn: &Connection, key: &Key, bytes: u64) -> Result<(), Fault> {
    let usage = usage(conn, key)?;
    let left = usage.count.checked_sub(1).zip(usage.bytes.checked_sub(bytes));
    match left {
        None => Err(damaged("senders", key, "counts less than is there")),
        Some((0, _)) => {
            conn.prepare_cached("DELETE FROM senders WHERE key = ?1")?.execute(params![key.tagged()])?;
            Ok(())
        }
        Some((count, bytes)) => set(conn, key, Usage { count, bytes }),
    }
}
