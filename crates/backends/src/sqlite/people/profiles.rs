//! Sealed profiles.

use crate::sqlite::fault::Fault;
use crate::sqlite::rows::{Sum, check, count, int};
use crate::sqlite::writer::Tx;
use rusqlite::{Connection, Row, params};

/// A profile as stored.
pub(in crate::sqlite) struct ProfileRow {
    account: i64,
    /// Rises by one with each change.
    pub(in crate::sqlite) counter: u64,
    /// The sealed document.
    pub(in crate::sqlite) body: Vec<u8>,
}

impl ProfileRow {
    /// Finds the profile of an account.
    pub(in crate::sqlite) fn find(conn: &Connection, account: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached("SELECT account, counter, sum, body FROM profiles WHERE account = ?1")?;
        let mut rows = select.query(params![account])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `account, counter, sum, body`.
    pub(in crate::sqlite) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let profile = Self { account: row.get(0)?, counter: count(row.get(1)?), body: row.get(3)? };
        check(row.get(2)?, profile.sum(), "profiles", profile.account)?;
        Ok(profile)
    }

    fn sum(&self) -> i64 {
        Sum::new().int(self.account).int(int(self.counter)).bytes(&self.body).done()
    }
}

/// Replaces the profile of the expected counter; gives the new counter, or the stored one if it is another. What is stored already
/// is not stored again.
pub(super) fn set(tx: &Tx<'_>, account: i64, expected: u64, body: Vec<u8>) -> Result<Result<u64, u64>, Fault> {
    let stored = ProfileRow::find(tx.conn, account)?;
    let before = stored.as_ref().map_or(0, |stored| stored.counter);
    let after = expected.saturating_add(1);
    if before == after && stored.is_some_and(|stored| stored.body == body) {
        return Ok(Ok(after));
    }
    if before != expected {
        return Ok(Err(before));
    }
    let new = ProfileRow { account, counter: after, body };
    tx.conn
        .prepare_cached("INSERT OR REPLACE INTO profiles (account, counter, sum, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![account, int(after), new.sum(), new.body])?;
    Ok(Ok(after))
}
