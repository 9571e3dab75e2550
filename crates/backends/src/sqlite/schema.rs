//! The tables, brought up to date one numbered step after another.

use super::counters;
use super::fault::Fault;
use rusqlite::Connection;

/// The steps. What stands at index n leads from version n to n + 1. Never change one that was released.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_store.sql"),
    include_str!("migrations/0002_rooms.sql"),
    include_str!("migrations/0003_conversations.sql"),
];

/// The step that gives envelopes a time and counts what rooms hold.
const TIMES: usize = 2;

/// The step that brings devices, groups and all that goes with them.
const CONVERSATIONS: usize = 3;

/// Marks a database file as Tidings' own: "Tdng". In the header since before a file has its name (open.rs).
pub(super) const APPLICATION_ID: u32 = 0x5464_6e67;

/// Applies the steps that are missing, each in a transaction. Fails if the file is of a newer version, or not Tidings'.
pub(super) fn migrate(conn: &Connection) -> Result<(), Fault> {
    migrate_to(conn, STEPS.len())
}

fn migrate_to(conn: &Connection, last: usize) -> Result<(), Fault> {
    let version = version(conn)?;
    for (number, step) in (1i64..).zip(STEPS).take(last).skip(version) {
        let transaction = conn.unchecked_transaction()?;
        transaction.execute_batch(step)?;
        if usize::try_from(number) == Ok(TIMES) {
            count_rooms(&transaction)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Counts messages in rooms. Not in the step itself, since only the program knows the checksum.
fn count_rooms(conn: &Connection) -> Result<(), Fault> {
    let messages = conn.query_row("SELECT count(*) FROM envelopes WHERE kind = 2", [], |row| row.get(0))?;
    counters::store(conn, counters::ROOM_MESSAGES, 0, messages)
}

/// The number of steps that the file has seen.
fn version(conn: &Connection) -> Result<usize, Fault> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && version == 0 && id == 0 {
        return Ok(0);
    }
    if id != i64::from(APPLICATION_ID) {
        return Err(Fault::Damaged("the file is no database of Tidings, or its header is damaged".to_owned()));
    }
    match usize::try_from(version) {
        Ok(version) if (1..=STEPS.len()).contains(&version) => Ok(version),
        Ok(newer) if newer > STEPS.len() => Err(Fault::Failed(format!(
            "the database is of version {newer}, but this program knows versions up to {} only: use a newer program",
            STEPS.len()
        ))),
        _ => Err(Fault::Damaged(format!("the database says that it is of version {version}"))),
    }
}

/// Whether envelopes have a time. A copy of a database of version 1 does not get it before it becomes a node's.
pub(super) fn has_times(conn: &Connection) -> Result<bool, Fault> {
    Ok(version(conn)? >= TIMES)
}

/// Whether there are the tables of devices, groups and uploads. A copy of an older database does not get them before it becomes a
/// node's.
pub(super) fn has_conversations(conn: &Connection) -> Result<bool, Fault> {
    Ok(version(conn)? >= CONVERSATIONS)
}

/// Compares the tables and indexes with those that the steps up to the file's version make.
pub(super) fn check(conn: &Connection) -> Result<(), Fault> {
    let expected = Connection::open_in_memory()?;
    migrate_to(&expected, version(conn)?)?;
    if describe(conn)? == describe(&expected)? {
        Ok(())
    } else {
        let other = "the definitions of the tables are not those that this version makes: they were changed, or the program that made \
                     them was never released";
        Err(Fault::Damaged(other.to_owned()))
    }
}

type Definition = (String, String, String, Option<String>);

fn describe(conn: &Connection) -> Result<Vec<Definition>, Fault> {
    let mut select = conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An empty database of the newest version.
#[cfg(test)]
pub(super) fn in_memory() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    migrate_to(&conn, STEPS.len()).unwrap();
    conn
}
