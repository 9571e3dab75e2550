//! What is kept of an account, counted row by row. Each table is here, or its test says why not.

use super::account;
use super::devices::DeviceRow;
use crate::sqlite::accounts::AccountRow;
use crate::sqlite::fault::Fault;
use crate::sqlite::rows::count;
use crate::sqlite::streams::StreamRow;
use rusqlite::{Connection, Row, params, params_from_iter};
use tidings_core::known::{Knowledge, KnownDevice, KnownKind, KnownRow, KnownRows, ROWS_MAX};
use tidings_core::ports::native::inbox_of;
use tidings_core::upload::INCOMPLETE_LIFE;
use tidings_core::{Ed25519Key, Timestamp};

/// How many rows of a kind there are, and their bytes. `?1` is the account's number.
const COUNTED: &[(KnownKind, &str)] = &[
    (KnownKind::DeviceList, "SELECT count(*), sum(length(list)) FROM device_lists WHERE account = ?1"),
    (KnownKind::Profile, "SELECT count(*), sum(length(body)) FROM profiles WHERE account = ?1"),
    (KnownKind::PostingKeys, "SELECT count(*), sum(length(key)) FROM contacts WHERE account = ?1"),
    (
        KnownKind::KeyPackages,
        "SELECT count(*), sum(length(package)) FROM packages
         WHERE device IN (SELECT id FROM devices WHERE account = ?1) AND state IN (0, 1)",
    ),
    (
        KnownKind::UsedKeyPackages,
        "SELECT count(*), 8 * count(*) FROM packages WHERE device IN (SELECT id FROM devices WHERE account = ?1) AND state = 2",
    ),
    (
        KnownKind::WakeAddresses,
        "SELECT count(*), sum(length(hash)) FROM wake_tokens WHERE device IN (SELECT id FROM devices WHERE account = ?1)",
    ),
    (
        KnownKind::Pushes,
        "SELECT count(*), 0 FROM knocks WHERE kind = 0 AND target IN (SELECT id FROM devices WHERE account = ?1)",
    ),
    (
        KnownKind::Groups,
        "SELECT count(*), sum(streams.bytes + ifnull((SELECT length(info) FROM infos WHERE infos.stream = groups.stream), 0))
         FROM groups JOIN streams ON streams.id = groups.stream WHERE groups.account = ?1",
    ),
    (
        KnownKind::Exchanges,
        "SELECT count(*), sum(ifnull(length(offer), 0) + ifnull(length(answer), 0) + ifnull(length(reply), 0))
         FROM swaps WHERE account = ?1",
    ),
    (KnownKind::Tokens, "SELECT count(*), sum(length(token)) FROM exchanges WHERE maker = ?1"),
    (KnownKind::Blobs, "SELECT count(*), sum(received) FROM uploads WHERE account = ?1 AND gone = 0"),
];

/// Of kinds whose rows have times: since when, bytes, until when. What goes first stands first. `?2` is how many; `?3` is how long an
/// upload may stay incomplete, in milliseconds.
const LISTED: &[(KnownKind, &str)] = &[
    (
        KnownKind::Exchanges,
        "SELECT NULL, ifnull(length(offer), 0) + ifnull(length(answer), 0) + ifnull(length(reply), 0), expires_at
         FROM swaps /* the whole table of one account */ WHERE account = ?1 ORDER BY expires_at LIMIT ?2",
    ),
    (
        KnownKind::Tokens,
        "SELECT created_at, length(token), expires_at
         FROM exchanges /* the whole table of one account */ WHERE maker = ?1 ORDER BY created_at LIMIT ?2",
    ),
    (
        KnownKind::Blobs,
        "SELECT created_at, received,
           CASE WHEN received < size THEN min(expires_at, created_at + ?3) ELSE expires_at END AS goes
         FROM uploads /* the whole table of one account */ WHERE account = ?1 AND gone = 0 ORDER BY goes LIMIT ?2",
    ),
];

/// All that is kept of an account; none if there is no such account.
pub(super) fn known(conn: &Connection, identity: &Ed25519Key) -> Result<Option<Knowledge>, Fault> {
    let Some(found) = account(conn, identity)? else { return Ok(None) };
    let mut rows = vec![itself(&found)];
    rows.push(parcels(conn, identity)?);
    for (kind, select) in COUNTED {
        rows.push(counted(conn, *kind, select, found.number)?);
    }
    for (kind, select) in LISTED {
        let listed = listed(conn, select, found.number)?;
        rows.iter_mut().filter(|rows| rows.kind == *kind).for_each(|rows| rows.rows.clone_from(&listed));
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

fn listed(conn: &Connection, select: &str, account: i64) -> Result<Vec<KnownRow>, Fault> {
    let mut select = conn.prepare_cached(select)?;
    let incomplete = i64::try_from(INCOMPLETE_LIFE.as_millis()).unwrap_or(i64::MAX);
    let all = [account, i64::try_from(ROWS_MAX).unwrap_or(i64::MAX), incomplete];
    let wanted = all.into_iter().take(select.parameter_count());
    Ok(select.query_map(params_from_iter(wanted), read)?.collect::<Result<_, _>>()?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    /// Tables of which [`known`] tells in other ways.
    const TOLD: &[&str] = &["accounts", "devices", "streams", "envelopes", "infos"];
    /// Tables in which nothing names an account of Tidings' own clients or one of its devices.
    const OTHERS: &[(&str, &str)] = &[
        ("backups", "of piqchat's accounts"),
        ("blobs", "attachments of piqchat's envelopes and of rooms"),
        ("deliveries", "of piqchat's accounts"),
        ("senders", "keys that post, for their budgets: of Tidings' own clients they name no account"),
        ("counters", "of the whole node"),
        ("node_values", "of the whole node; whose it is is told beside"),
        ("members", "keys that belong to groups: they name no account"),
        ("wakes", "of members of groups, who name no account"),
        ("holdings", "sums of what is told"),
        ("sqlite_sequence", "numbers that SQLite gives next"),
    ];

    #[test]
    fn every_table_is_told_of_or_names_no_account() {
        let conn = schema::in_memory();
        let mut select = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let tables: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(tables.len() > 20);
        let counted: String = COUNTED.iter().map(|(_, select)| *select).collect();
        for table in tables {
            let told = TOLD.contains(&&*table) || counted.contains(&format!("FROM {table} "));
            let other = OTHERS.iter().any(|(name, _)| *name == table);
            assert!(told != other, "{table}: what is said of it to whom it is about?");
        }
    }
}
