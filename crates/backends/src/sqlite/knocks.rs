//! Due pushes and wakes: one row per door to knock at, however often it is asked for.

use super::fault::Fault;
use super::groups::wakes::{self, WakeRow};
use super::people::devices::DeviceRow;
use super::rows::{Sum, check, int};
use super::writer::Tx;
use super::{SqliteStore, counters};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidings_core::delivery::DeliveryOutcome;
use tidings_core::denial::Denial;
use tidings_core::group::GroupId;
use tidings_core::knock::{Door, KNOCKS_MAX, Knock, Target, WAKE_TOKENS_MAX};
use tidings_core::ports::Stored;
use tidings_core::ports::native::{Allowed, Knocks};
use tidings_core::presence::{DeviceMark, Presences};
use tidings_core::{Ed25519Key, Timestamp, TokenHash};

/// The next one is held back until it is due.
const HELD: i64 = 0;
/// To be knocked.
const PENDING: i64 = 1;
/// Leased.
const LEASED: i64 = 2;
/// Leased, and there is more to tell.
const LEASED_AGAIN: i64 = 3;

/// A row of outgoing knocks.
pub(super) struct KnockRow {
    id: i64,
    kind: i64,
    target: i64,
    state: i64,
    due: i64,
    attempts: i64,
}

impl KnockRow {
    fn find(conn: &Connection, kind: i64, target: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, kind, target, state, due, attempts, sum FROM knocks WHERE kind = ?1 AND target = ?2",
        )?;
        let mut rows = select.query(params![kind, target])?;
        rows.next()?.map(Self::read).transpose()
    }

    fn load(conn: &Connection, id: i64) -> Result<Option<Self>, Fault> {
        let mut select =
            conn.prepare_cached("SELECT id, kind, target, state, due, attempts, sum FROM knocks WHERE id = ?1")?;
        let mut rows = select.query(params![id])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `id, kind, target, state, due, attempts, sum`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let found = Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            target: row.get(2)?,
            state: row.get(3)?,
            due: row.get(4)?,
            attempts: row.get(5)?,
        };
        check(row.get(6)?, found.sum(), "knocks", found.id)?;
        Ok(found)
    }

    fn save(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached("UPDATE knocks SET state = ?2, due = ?3, attempts = ?4, sum = ?5 WHERE id = ?1")?
            .execute(params![self.id, self.state, self.due, self.attempts, self.sum()])?;
        Ok(())
    }

    fn delete(&self, tx: &Tx<'_>) -> Result<(), Fault> {
        let gone = tx.conn.prepare_cached("DELETE FROM knocks WHERE id = ?1")?.execute(params![self.id])?;
        tx.counts.add(counters::KNOCKS, -int(gone));
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new().int(self.kind).int(self.target).int(self.state).int(self.due).int(self.attempts).done()
    }

    /// Where it leads now; none if that is gone.
    fn target(&self, conn: &Connection) -> Result<Option<Target>, Fault> {
        if self.kind == i64::from(Door::Push.code()) {
            let device = DeviceRow::load(conn, self.target)?;
            Ok(device.and_then(|device| device.subscription).map(Target::Push))
        } else {
            Ok(WakeRow::load(conn, self.target)?.map(|wake| Target::Wake(wake.url)))
        }
    }
}

/// Asks for a knock, if there is room.
pub(super) fn queue(tx: &Tx<'_>, door: Door, target: i64, now: Timestamp) -> Result<(), Fault> {
    let kind = i64::from(door.code());
    if let Some(mut row) = KnockRow::find(tx.conn, kind, target)? {
        row.state = match row.state {
            HELD => {
                row.attempts = 0;
                PENDING
            }
            LEASED => LEASED_AGAIN,
            _ => return Ok(()),
        };
        return row.save(tx.conn);
    }
    if tx.counts.now(tx.conn, counters::KNOCKS)? >= int(KNOCKS_MAX) {
        return Ok(());
    }
    tx.counts.add(counters::KNOCKS, 1);
    let row = KnockRow { id: 0, kind, target, state: PENDING, due: now.millis(), attempts: 0 };
    tx.conn
        .prepare_cached("INSERT INTO knocks (kind, target, state, due, attempts, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![kind, target, row.state, row.due, row.attempts, row.sum()])?;
    Ok(())
}

/// Asks for a push to each device of an account that wants pushes and does not listen, and tells whether there is any.
pub(super) fn queue_pushes(tx: &Tx<'_>, account: i64, presences: &Presences, now: Timestamp) -> Result<bool, Fault> {
    let mut any = false;
    for device in DeviceRow::of_account(tx.conn, account)? {
        if device.subscription.is_some() && !presences.in_inbox(&device.key) {
            queue(tx, Door::Push, device.id, now)?;
            any = true;
        }
    }
    Ok(any)
}

/// Forgets what was to be knocked at a door.
pub(super) fn forget(tx: &Tx<'_>, door: Door, target: i64) -> Result<(), Fault> {
    match KnockRow::find(tx.conn, i64::from(door.code()), target)? {
        Some(row) => row.delete(tx),
        None => Ok(()),
    }
}

/// Forgets the tokens and the pushes of a device.
pub(super) fn forget_device(tx: &Tx<'_>, device: i64) -> Result<(), Fault> {
    tx.conn.prepare_cached("DELETE FROM wake_tokens WHERE device = ?1")?.execute(params![device])?;
    forget(tx, Door::Push, device)
}

/// Removes at most `limit` rows that only held back until a moment before `now`.
pub(super) fn forget_held(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<(), Fault> {
    let mut delete = tx.conn.prepare_cached(
        "DELETE FROM knocks WHERE id IN (SELECT id FROM knocks WHERE state = 0 AND due <= ?1 ORDER BY due LIMIT ?2)",
    )?;
    let gone = delete.execute(params![now.millis(), int(limit)])?;
    tx.counts.add(counters::KNOCKS, -int(gone));
    Ok(())
}

fn lease(tx: &Tx<'_>, door: Door, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Knock>, Fault> {
    forget_held(tx, now, limit)?;
    let mut select = tx.conn.prepare_cached(
        "SELECT id, kind, target, state, due, attempts, sum FROM knocks
         WHERE state > 0 AND kind = ?3 AND due <= ?1 ORDER BY due LIMIT ?2",
    )?;
    let due: Vec<_> = select
        .query_and_then(params![now.millis(), int(limit), door.code()], KnockRow::read)?
        .collect::<Result<_, _>>()?;
    let mut leased = Vec::with_capacity(due.len());
    for mut row in due {
        let Some(target) = row.target(tx.conn)? else {
            row.delete(tx)?;
            continue;
        };
        row.state = LEASED;
        row.due = until.millis();
        row.save(tx.conn)?;
        let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
        leased.push(Knock { id: row.id, leased_until: until, attempts, target });
    }
    Ok(leased)
}

fn finish(tx: &Tx<'_>, knock: &Knock, outcome: DeliveryOutcome, next: Option<Timestamp>) -> Result<(), Fault> {
    let Some(mut row) = KnockRow::load(tx.conn, knock.id)? else { return Ok(()) };
    let own = row.due == knock.leased_until.millis() && [LEASED, LEASED_AGAIN].contains(&row.state);
    if !own {
        // Its lease was over, and somebody else has it.
        return Ok(());
    }
    let more = row.state == LEASED_AGAIN;
    match (outcome, next) {
        (DeliveryOutcome::Gone, _) => return gone(tx, &row, knock),
        (DeliveryOutcome::Retry(_), Some(next)) => {
            row.state = PENDING;
            row.due = next.millis();
            row.attempts += 1;
        }
        (_, None) if !more => return row.delete(tx),
        (_, next) => {
            row.state = if more { PENDING } else { HELD };
            row.attempts = 0;
            row.due = next.map_or(row.due, Timestamp::millis);
        }
    }
    row.save(tx.conn)
}

/// The address is gone. If there is another by now, the knock is for that one.
fn gone(tx: &Tx<'_>, row: &KnockRow, knock: &Knock) -> Result<(), Fault> {
    if row.target(tx.conn)?.is_some_and(|target| target != knock.target) {
        return KnockRow { state: PENDING, attempts: 0, ..*row }.save(tx.conn);
    }
    row.delete(tx)?;
    match knock.target {
        Target::Push(_) => match DeviceRow::load(tx.conn, row.target)? {
            Some(device) => DeviceRow { subscription: None, ..device }.save(tx.conn),
            None => Ok(()),
        },
        Target::Wake(_) => WakeRow::delete(tx.conn, row.target),
    }
}

fn set_push(tx: &Tx<'_>, device: &Ed25519Key, subscription: Option<String>) -> Result<Result<(), Denial>, Fault> {
    let Some(device) = DeviceRow::find(tx.conn, device)? else { return Ok(Err(Denial::NoAccount)) };
    if subscription.is_none() {
        forget(tx, Door::Push, device.id)?;
    }
    DeviceRow { subscription, ..device }.save(tx.conn).map(Ok)
}

/// The checksum of a token's row.
pub(super) fn token_sum(hash: &[u8], device: i64) -> i64 {
    Sum::new().bytes(hash).int(device).done()
}

fn add_token(tx: &Tx<'_>, device: &Ed25519Key, token: &TokenHash) -> Result<Result<(), Denial>, Fault> {
    let Some(device) = DeviceRow::find(tx.conn, device)? else { return Ok(Err(Denial::NoAccount)) };
    tx.conn.prepare_cached("INSERT INTO wake_tokens (hash, device, sum) VALUES (?1, ?2, ?3)")?.execute(params![
        token.as_bytes(),
        device.id,
        token_sum(token.as_bytes(), device.id)
    ])?;
    tx.conn
        .prepare_cached(
            "DELETE FROM wake_tokens WHERE id IN
             (SELECT id FROM wake_tokens WHERE device = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![device.id, int(WAKE_TOKENS_MAX)])?;
    Ok(Ok(()))
}

/// The row of the device that made a token.
fn device_of(conn: &Connection, token: &TokenHash) -> Result<Option<i64>, Fault> {
    let mut select = conn.prepare_cached("SELECT device FROM wake_tokens WHERE hash = ?1")?;
    Ok(select.query_row(params![token.as_bytes()], |row| row.get(0)).optional()?)
}

fn wake(tx: &Tx<'_>, token: &TokenHash, now: Timestamp) -> Result<bool, Fault> {
    let Some(device) = device_of(tx.conn, token)? else { return Ok(false) };
    if DeviceRow::load(tx.conn, device)?.is_some_and(|device| device.subscription.is_some()) {
        queue(tx, Door::Push, device, now)?;
    }
    Ok(true)
}

#[async_trait]
impl Knocks for SqliteStore {
    async fn set_push(&self, device: Ed25519Key, subscription: Option<String>) -> Allowed<()> {
        match subscription {
            Some(_) => self.write(move |tx| set_push(tx, &device, subscription)).await,
            None => self.write_always(move |tx| set_push(tx, &device, None)).await,
        }
    }

    async fn push(&self, device: Ed25519Key) -> Allowed<Option<String>> {
        self.read(move |conn| match DeviceRow::find(conn, &device)? {
            Some(device) => Ok(Ok(device.subscription)),
            None => Ok(Err(Denial::NoAccount)),
        })
        .await
    }

    async fn add_wake_token(&self, device: Ed25519Key, token: TokenHash) -> Allowed<()> {
        self.write(move |tx| add_token(tx, &device, &token)).await
    }

    async fn wake(&self, token: TokenHash, now: Timestamp) -> Stored<bool> {
        // Strangers may ask: guesses must not keep the writer busy.
        let known = self.read(move |conn| Ok(device_of(conn, &token)?.is_some())).await?;
        if known { self.write_always(move |tx| wake(tx, &token, now)).await } else { Ok(false) }
    }

    async fn push_again(&self, device: Ed25519Key, now: Timestamp) -> Stored<()> {
        self.write_always(move |tx| match DeviceRow::find(tx.conn, &device)? {
            Some(device) if device.subscription.is_some() => queue(tx, Door::Push, device.id, now),
            _ => Ok(()),
        })
        .await
    }

    async fn wake_again(&self, group: GroupId, key: Ed25519Key, device: DeviceMark, now: Timestamp) -> Stored<()> {
        self.write_always(move |tx| wakes::queue_one(tx, &group, &key, &device, now)).await
    }

    async fn lease_knocks(
        &self,
        door: Door,
        now: Timestamp,
        leased_until: Timestamp,
        limit: usize,
    ) -> Stored<Vec<Knock>> {
        self.write_always(move |tx| lease(tx, door, now, leased_until, limit)).await
    }

    async fn finish_knock(&self, knock: Knock, outcome: DeliveryOutcome, next: Option<Timestamp>) -> Stored<()> {
        self.write_always(move |tx| finish(tx, &knock, outcome, next)).await
    }

    async fn next_knock(&self, door: Door) -> Stored<Option<Timestamp>> {
        self.read(move |conn| {
            let mut select =
                conn.prepare_cached("SELECT due FROM knocks WHERE state > 0 AND kind = ?1 ORDER BY due LIMIT 1")?;
            let due: Option<i64> = select.query_row(params![door.code()], |row| row.get(0)).optional()?;
            Ok(due.map(Timestamp::from_millis))
        })
        .await
    }
}
