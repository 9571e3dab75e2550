//! Counting again what accounts hold and groups have.

use super::{counter, number};
use crate::sqlite::counters::{KNOCKS, UPLOADS};
use crate::sqlite::fault::Fault;
use crate::sqlite::groups::GroupRow;
use crate::sqlite::rows::damaged;
use rusqlite::Connection;

/// Compares all running counts of version 3 with the rows.
pub(super) fn all(conn: &Connection) -> Result<(), Fault> {
    counter(conn, KNOCKS, 0, number(conn, "SELECT count(*) FROM knocks /* the whole table */")?)?;
    counter(conn, UPLOADS, 0, number(conn, "SELECT count(*) FROM uploads /* the whole table */")?)?;
    holdings(conn)?;
    members(conn)
}

/// What accounts hold: each sum that differs, on either side, is one too many.
fn holdings(conn: &Connection) -> Result<(), Fault> {
    let wrong = number(
        conn,
        "WITH held AS (
           SELECT g.account AS account, 1 AS kind, count(*) AS things, sum(s.bytes + length(i.info)) AS total
           FROM groups g /* the whole table */ JOIN streams s ON s.id = g.stream JOIN infos i ON i.stream = g.stream
           GROUP BY g.account
           UNION ALL SELECT account, 2, count(*), sum(size) FROM uploads GROUP BY account)
         SELECT (SELECT count(*) FROM (SELECT * FROM held EXCEPT SELECT account, kind, count, bytes FROM holdings))
              + (SELECT count(*) FROM (SELECT account, kind, count, bytes FROM holdings EXCEPT SELECT * FROM held))",
    )?;
    if wrong == 0 { Ok(()) } else { Err(damaged("holdings", "any", "counts other than what is there")) }
}

/// How many members and owners each group has, and that each has its stream.
fn members(conn: &Connection) -> Result<(), Fault> {
    let mut select = conn.prepare(
        "SELECT g.stream, g.account, g.turn, g.turn_at, g.members, g.owners, g.sum, count(m.key),
                coalesce(sum(m.role = 0), 0), (SELECT kind FROM streams s WHERE s.id = g.stream)
         FROM groups g /* the whole table */ LEFT JOIN members m ON m.stream = g.stream GROUP BY g.stream",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let group = GroupRow::read(row)?;
        if group.counted() != (row.get(7)?, row.get(8)?) {
            return Err(damaged("groups", group.stream, "counts other members than there are"));
        }
        if row.get::<_, Option<i64>>(9)? != Some(6) {
            return Err(damaged("groups", group.stream, "has no stream"));
        }
    }
    let lost = number(
        conn,
        "SELECT count(*) FROM streams s /* the whole table */ WHERE s.kind = 6 AND s.name IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM groups g WHERE g.stream = s.id)",
    )?;
    if lost == 0 { Ok(()) } else { Err(damaged("streams", "any", "belongs to no group")) }
}
