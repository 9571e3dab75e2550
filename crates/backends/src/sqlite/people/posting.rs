//! Who may post into an inbox.

use super::account;
use super::devices::{DeviceRow, tagged};
use crate::sqlite::accounts::contact_sum;
use crate::sqlite::fault::Fault;
use crate::sqlite::writer::Tx;
use rusqlite::{Connection, OptionalExtension, params};
use tidings_core::Ed25519Key;
use tidings_core::device::{PostingKey, PostingRight};

/// Replaces the allow-list. False if there is no such account.
pub(super) fn set(tx: &Tx<'_>, owner: &Ed25519Key, keys: &[PostingKey]) -> Result<bool, Fault> {
    let Some(account) = account(tx.conn, owner)? else { return Ok(false) };
    tx.conn.prepare_cached("DELETE FROM contacts WHERE account = ?1")?.execute(params![account.number])?;
    let mut insert = tx
        .conn
        .prepare_cached("INSERT OR IGNORE INTO contacts (account, key, sum, dropped) VALUES (?1, ?2, ?3, ?4)")?;
    for PostingKey { key, dropped } in keys {
        let sum = contact_sum(account.number, &tagged(key), *dropped);
        insert.execute(params![account.number, tagged(key), sum, dropped])?;
    }
    Ok(true)
}

/// As what a key may post into the inbox of an account.
pub(in crate::sqlite) fn right(
    conn: &Connection,
    account: i64,
    key: &Ed25519Key,
) -> Result<Option<PostingRight>, Fault> {
    let mut select = conn.prepare_cached("SELECT dropped FROM contacts WHERE account = ?1 AND key = ?2")?;
    let dropped: Option<bool> = select.query_row(params![account, tagged(key)], |row| row.get(0)).optional()?;
    match dropped {
        Some(true) => Ok(Some(PostingRight::Dropped)),
        Some(false) => Ok(Some(PostingRight::Kept)),
        None => {
            let device = DeviceRow::find(conn, key)?.filter(|device| device.account == account);
            Ok(device.map(|_| PostingRight::Device))
        }
    }
}
