//! What accounts of Tidings' own clients take of the node, kept so that budgets never count rows.

use super::fault::Fault;
use super::rows::{count, damaged};
use rusqlite::{Connection, OptionalExtension, params};
use tidings_core::Usage;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// Groups that the account made, and the bytes of their entries and infos.
    Groups = 1,
    /// Uploaded blobs, and the bytes that they will have.
    Uploads = 2,
}

/// What an account takes.
pub(super) fn of(conn: &Connection, account: i64, holding: Holding) -> Result<Usage, Fault> {
    let mut select = conn.prepare_cached("SELECT count, bytes FROM holdings WHERE account = ?1 AND kind = ?2")?;
    let read = |row: &rusqlite::Row<'_>| Ok(Usage { count: count(row.get(0)?), bytes: count(row.get(1)?) });
    Ok(select.query_row(params![account, holding as i64], read).optional()?.unwrap_or_default())
}

/// Some things and bytes more or less.
pub(super) fn change(conn: &Connection, account: i64, holding: Holding, things: i64, bytes: i64) -> Result<(), Fault> {
    change_from(conn, account, holding, of(conn, account, holding)?, things, bytes)
}

/// Some things and bytes more or less than there are, which is known already.
pub(super) fn change_from(
    conn: &Connection,
    account: i64,
    holding: Holding,
    before: Usage,
    things: i64,
    bytes: i64,
) -> Result<(), Fault> {
    let after = before.count.checked_add_signed(things).zip(before.bytes.checked_add_signed(bytes));
    let Some((things, bytes)) = after else {
        return Err(damaged("holdings", account, "counts less than is there"));
    };
    if things == 0 && bytes == 0 {
        conn.prepare_cached("DELETE FROM holdings WHERE account = ?1 AND kind = ?2")?
            .execute(params![account, holding as i64])?;
        return Ok(());
    }
    conn.prepare_cached("INSERT OR REPLACE INTO holdings (account, kind, count, bytes) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![account, holding as i64, super::rows::int(things), super::rows::int(bytes)])?;
    Ok(())
}
