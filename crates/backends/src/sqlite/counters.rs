//! Running counts, kept so that statistics never count rows. Changes are gathered in memory and written once per transaction.

use super::fault::Fault;
use super::rows::{Sum, check};
use rusqlite::{Connection, OptionalExtension, params};
use std::cell::RefCell;
use std::collections::BTreeMap;
use tidings_core::statistics::MEDIA;
use tidings_core::{Label, Statistics, StreamKind, Timestamp};

/// Accounts that are not deleted.
pub(super) const ACCOUNTS: &str = "accounts";
/// Accounts by the UTC day on which they were last seen.
pub(super) const SEEN: &str = "seen";
/// Waiting envelopes of the label [`MEDIA`] in inboxes.
pub(super) const MEDIA_WAITING: &str = "media";
/// Envelopes received in inboxes, by UTC day.
pub(super) const RECEIVED: &str = "received";
/// Messages in rooms.
pub(super) const ROOM_MESSAGES: &str = "rooms";
/// Rows of outgoing work.
pub(super) const DELIVERIES: &str = "deliveries";

/// Entries of groups.
pub(super) const GROUP_ENTRIES: &str = "entries";
/// Uploaded blobs.
pub(super) const UPLOADS: &str = "uploads";
/// Rows of pushes and wakes.
pub(super) const KNOCKS: &str = "knocks";

/// The day of counters that are not counted by day.
const ALWAYS: i64 = 0;

type Changes = BTreeMap<(&'static str, i64), i64>;

/// The changes of a whole transaction.
#[derive(Default)]
pub(super) struct Totals(RefCell<Changes>);

/// The changes of one job.
pub(super) struct Counts<'a> {
    totals: &'a Totals,
    own: RefCell<Changes>,
}

impl<'a> Counts<'a> {
    /// None yet.
    pub(super) fn of(totals: &'a Totals) -> Self {
        Self { totals, own: RefCell::default() }
    }

    /// Changes a counter that is not counted by day.
    pub(super) fn add(&self, name: &'static str, change: i64) {
        self.add_on(name, ALWAYS, change);
    }

    /// Changes the counter of the day that `at` is in.
    pub(super) fn add_at(&self, name: &'static str, at: Timestamp, change: i64) {
        self.add_on(name, at.day().number(), change);
    }

    fn add_on(&self, name: &'static str, day: i64, change: i64) {
        *self.own.borrow_mut().entry((name, day)).or_default() += change;
    }

    /// What a counter stands at inside this job.
    pub(super) fn now(&self, conn: &Connection, name: &'static str) -> Result<i64, Fault> {
        let change = |changes: &RefCell<Changes>| changes.borrow().get(&(name, ALWAYS)).copied().unwrap_or(0);
        Ok(load(conn, name, ALWAYS)? + change(&self.totals.0) + change(&self.own))
    }

    /// Counts one envelope more or less, if it counts.
    pub(super) fn envelope(&self, kind: StreamKind, label: &Label, change: i64) {
        match kind {
            StreamKind::Inbox if label.as_str() == MEDIA => self.add(MEDIA_WAITING, change),
            StreamKind::Room => self.add(ROOM_MESSAGES, change),
            StreamKind::Group => self.add(GROUP_ENTRIES, change),
            _ => {}
        }
    }

    /// The job succeeded: its changes join those of the transaction.
    pub(super) fn keep(&self) {
        let mut totals = self.totals.0.borrow_mut();
        for (counter, change) in self.own.take() {
            *totals.entry(counter).or_default() += change;
        }
    }
}

impl Totals {
    /// Writes the changes.
    pub(super) fn save(&self, conn: &Connection) -> Result<(), Fault> {
        for ((name, day), change) in self.0.take() {
            if change != 0 {
                store(conn, name, day, load(conn, name, day)? + change)?;
            }
        }
        Ok(())
    }
}

/// The checksum of a counter.
pub(super) fn sum(name: &str, day: i64, n: i64) -> i64 {
    Sum::new().text(name).int(day).int(n).done()
}

/// What a counter stands at.
pub(super) fn load(conn: &Connection, name: &str, day: i64) -> Result<i64, Fault> {
    let mut select = conn.prepare_cached("SELECT n FROM counters WHERE name = ?1 AND day = ?2")?;
    Ok(select.query_row(params![name, day], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Sets a counter; one of zero has no row.
pub(super) fn store(conn: &Connection, name: &str, day: i64, n: i64) -> Result<(), Fault> {
    if n == 0 {
        conn.prepare_cached("DELETE FROM counters WHERE name = ?1 AND day = ?2")?.execute(params![name, day])?;
    } else {
        conn.prepare_cached("INSERT OR REPLACE INTO counters (name, day, n, sum) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![name, day, n, sum(name, day, n)])?;
    }
    Ok(())
}

/// Forgets what was received before the day of `cutoff`.
pub(super) fn forget(conn: &Connection, cutoff: Timestamp) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM counters WHERE name = 'received' AND day < ?1")?
        .execute(params![cutoff.day().number()])?;
    Ok(())
}

/// The published counts, from a few dozen rows.
pub(super) fn statistics(conn: &Connection, now: Timestamp) -> Result<Statistics, Fault> {
    let mut select = conn.prepare_cached("SELECT day, n, sum FROM counters WHERE name = ?1 AND day >= ?2")?;
    let mut since = |name: &'static str, first: i64| -> Result<u64, Fault> {
        let mut rows = select.query(params![name, first])?;
        let mut total = 0;
        while let Some(row) = rows.next()? {
            let (day, n): (i64, i64) = (row.get(0)?, row.get(1)?);
            check(row.get(2)?, sum(name, day, n), "counters", name)?;
            total += u64::try_from(n).unwrap_or(0);
        }
        Ok(total)
    };
    let today = now.day();
    Ok(Statistics {
        accounts: since(ACCOUNTS, ALWAYS)?,
        seen_last_7_days: since(SEEN, today.earlier(7).number())?,
        seen_last_30_days: since(SEEN, today.earlier(30).number())?,
        media_waiting: since(MEDIA_WAITING, ALWAYS)?,
        room_messages: since(ROOM_MESSAGES, ALWAYS)?,
        group_entries: since(GROUP_ENTRIES, ALWAYS)?,
        uploads: since(UPLOADS, ALWAYS)?,
        received_last_7_days: since(RECEIVED, today.earlier(6).number())?,
    })
}
