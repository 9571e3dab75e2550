//! What is kept of an account, counted row by row. Everything that names an account is here: a new table must come, too.

use super::account;
use super::devices::DeviceRow;
use crate::sqlite::accounts::AccountRow;
use crate::sqlite::fault::Fault;
use crate::sqlite::rows::count;
use crate::sqlite::streams::StreamRow;
use rusqlite::{Connection, Row, params};
use tidings_core::known::{Knowledge, KnownDevice, KnownKind, KnownRow, KnownRows, ROWS_MAX};
use tidings_core::ports::native::inbox_of;
use tidings_core::{Ed25519Key, Timestamp};

/// Counts and sizes: of these, no row has a time.
const COUNTED: &[(KnownKind, &str)] = &[
    (KnownKind::DeviceList, "SELECT count(*), sum(length(list)) FROM device_lists WHERE account = ?1"),
    (KnownKind::Profile, "SELECT count(*), sum(length(body)) FROM profiles WHERE account = ?1"),
    (KnownKind::PostingKeys, "SELECT count(*), sum(length(key)) FROM contacts WHERE account = ?1"),
    (
        KnownKind::KeyPackages,
        "SELECT count(*), sum(length(package)) FROM packages WHERE device IN (SELECT id FROM devices WHERE account = ?1)",
    ),
    (
        KnownKind::WakeAddresses,
        "SELECT count(*), sum(length(hash)) FROM wake_tokens WHERE device IN (SELECT id FROM devices WHERE account = ?1)",
    ),
];

/// Since when, bytes, until when.
const LISTED: &[(KnownKind, &str)] = &[
    (
        KnownKind::Exchanges,
        "SELECT NULL, ifnull(length(offer), 0) + ifnull(length(answer), 0) + ifnull(length(reply), 0), expires_at
         FROM swaps WHERE account = ?1",
    ),
    (KnownKind::Tokens, "SELECT created_at, length(token), expires_at FROM exchanges WHERE maker = ?1"),
    (KnownKind::Blobs, "SELECT created_at, received, expires_at FROM uploads WHERE account = ?1 AND gone = 0"),
    (
        KnownKind::Groups,
        "SELECT nullif(turn_at, 0), streams.bytes, NULL FROM groups JOIN streams ON streams.id = groups.stream
         WHERE groups.account = ?1",
    ),
];

/// All that is kept of an account; none if there is no such account.
pub(super) fn known(conn: &Connection, identity: &Ed25519Key) -> Result<Option<Knowledge>, Fault> {
    let Some(found) = account(conn, identity)? else { return Ok(None) };
    let mut rows = vec![itself(&found)];
    for (kind, select) in COUNTED {
        rows.push(counted(conn, *kind, select, found.number)?);
    }
    rows.push(parcels(conn, identity)?);
    for (kind, select) in LISTED {
        rows.push(listed(conn, *kind, select, found.number)?);
    }
    let devices = DeviceRow::of_account(conn, found.number)?.into_iter();
    let devices = devices.map(|device| KnownDevice { key: device.key, subscription: device.subscription }).collect();
    let mut invites = conn.prepare_cached("SELECT count(*) FROM accounts WHERE creator = ?1")?;
    Ok(Some(Knowledge {
        created: found.created_at,
        seen: found.seen_at,
        invited: found.creator.is_some(),
        invites: count(invites.query_row(params![found.number], |row| row.get(0))?),
        devices,
        rows,
    }))
}

fn itself(found: &AccountRow) -> KnownRows {
    let row = KnownRow { at: found.created_at, bytes: 0, expires: None };
    KnownRows { kind: KnownKind::Account, count: 1, bytes: 0, rows: vec![row] }
}

fn counted(conn: &Connection, kind: KnownKind, select: &str, account: i64) -> Result<KnownRows, Fault> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.unwrap_or_default()));
    let (number, bytes) = conn.prepare_cached(select)?.query_row(params![account], read)?;
    Ok(KnownRows { kind, count: count(number), bytes: count(bytes), rows: Vec::new() })
}

fn listed(conn: &Connection, kind: KnownKind, select: &str, account: i64) -> Result<KnownRows, Fault> {
    let mut found = KnownRows { kind, count: 0, bytes: 0, rows: Vec::new() };
    let mut select = conn.prepare_cached(select)?;
    found.rows = select.query_map(params![account], read)?.collect::<Result<_, _>>()?;
    found.count = u64::try_from(found.rows.len()).unwrap_or(u64::MAX);
    found.bytes = found.rows.iter().fold(0, |sum, row| sum.saturating_add(row.bytes));
    // What goes first stands first. Budgets bound how many there are.
    found.rows.sort_by_key(|row| (row.expires, row.at));
    found.rows.truncate(ROWS_MAX);
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<KnownRow> {
    let time = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis));
    Ok(KnownRow { at: time(0)?, bytes: count(row.get(1)?), expires: time(2)? })
}

fn parcels(conn: &Connection, identity: &Ed25519Key) -> Result<KnownRows, Fault> {
    let mut found = KnownRows { kind: KnownKind::Parcels, count: 0, bytes: 0, rows: Vec::new() };
    let Some(inbox) = StreamRow::find(conn, &inbox_of(identity))? else { return Ok(found) };
    (found.count, found.bytes) = (inbox.used.count, inbox.used.bytes);
    let mut select = conn.prepare_cached(
        "SELECT at, bytes, NULL FROM envelopes WHERE place > ?1 << 32 AND place < (?1 + 1) << 32 ORDER BY place LIMIT ?2",
    )?;
    let limit = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX);
    found.rows = select.query_map(params![inbox.id, limit], read)?.collect::<Result<_, _>>()?;
    Ok(found)
}
