//! Outgoing work: one row per recipient and sender, however often it is asked for.

use super::accounts::{AccountRow, subscribe};
use super::fault::Fault;
use super::rows::{Sum, check, int, key};
use super::writer::Tx;
use super::{SqliteStore, counters};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidings_core::delivery::QUEUE_MAX;
use tidings_core::ports::{Deliveries, Stored};
use tidings_core::{Delivery, DeliveryOutcome, Key, Label, Notice, Timestamp};

/// A row of outgoing work.
pub(super) struct DeliveryRow {
    id: i64,
    account: i64,
    sender: Key,
    label: Label,
    generation: i64,
    pending: bool,
    due: i64,
    attempts: i64,
}

impl DeliveryRow {
    fn find(conn: &Connection, account: i64, sender: &Key) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, account, sender, label, generation, pending, due, attempts, sum
             FROM deliveries WHERE account = ?1 AND sender = ?2",
        )?;
        let mut rows = select.query(params![account, sender.tagged()])?;
        rows.next()?.map(Self::read).transpose()
    }

    fn load(conn: &Connection, id: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, account, sender, label, generation, pending, due, attempts, sum
             FROM deliveries WHERE id = ?1",
        )?;
        let mut rows = select.query(params![id])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `id, account, sender, label, generation, pending, due, attempts, sum`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let id = row.get(0)?;
        let delivery = Self {
            id,
            account: row.get(1)?,
            sender: key(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?, "deliveries", id)?,
            label: Label::new(row.get::<_, String>(3)?),
            generation: row.get(4)?,
            pending: row.get(5)?,
            due: row.get(6)?,
            attempts: row.get(7)?,
        };
        check(row.get(8)?, delivery.sum(), "deliveries", id)?;
        Ok(delivery)
    }

    fn save(&self, conn: &Connection) -> Result<(), Fault> {
        let mut update = conn.prepare_cached(
            "UPDATE deliveries SET label = ?2, generation = ?3, pending = ?4, due = ?5, attempts = ?6, sum = ?7
             WHERE id = ?1",
        )?;
        update.execute(params![
            self.id,
            self.label.as_str(),
            self.generation,
            self.pending,
            self.due,
            self.attempts,
            self.sum(),
        ])?;
        Ok(())
    }

    fn insert(&self, conn: &Connection) -> Result<(), Fault> {
        let mut insert = conn.prepare_cached(
            "INSERT INTO deliveries (account, sender, label, generation, pending, due, attempts, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        insert.execute(params![
            self.account,
            self.sender.tagged(),
            self.label.as_str(),
            self.generation,
            self.pending,
            self.due,
            self.attempts,
            self.sum(),
        ])?;
        Ok(())
    }

    fn delete(&self, tx: &Tx<'_>) -> Result<(), Fault> {
        let gone = tx.conn.prepare_cached("DELETE FROM deliveries WHERE id = ?1")?.execute(params![self.id])?;
        tx.counts.add(counters::DELIVERIES, -int(gone));
        Ok(())
    }

    fn sum(&self) -> i64 {
        Sum::new()
            .int(self.account)
            .bytes(&self.sender.tagged())
            .text(self.label.as_str())
            .int(self.generation)
            .int(i64::from(self.pending))
            .int(self.due)
            .int(self.attempts)
            .done()
    }
}

/// Asks for a notification, if the account wants any and there is room.
pub(super) fn queue(tx: &Tx<'_>, account: i64, sender: &Key, label: &Label, now: Timestamp) -> Result<(), Fault> {
    if let Some(mut row) = DeliveryRow::find(tx.conn, account, sender)? {
        row.generation += 1;
        row.label = label.clone();
        if !row.pending {
            // Held back until then; if that is over, it is due at once.
            row.pending = true;
            row.attempts = 0;
        }
        return row.save(tx.conn);
    }
    let mut select = tx.conn.prepare_cached("SELECT subscription IS NOT NULL FROM accounts WHERE number = ?1")?;
    let subscribed: Option<bool> = select.query_row(params![account], |row| row.get(0)).optional()?;
    if subscribed != Some(true) || tx.counts.now(tx.conn, counters::DELIVERIES)? >= int(QUEUE_MAX) {
        return Ok(());
    }
    tx.counts.add(counters::DELIVERIES, 1);
    let row = DeliveryRow {
        id: 0,
        account,
        sender: *sender,
        label: label.clone(),
        generation: 1,
        pending: true,
        due: now.millis(),
        attempts: 0,
    };
    row.insert(tx.conn)
}

/// Forgets all that was to be delivered to an account.
pub(super) fn forget(tx: &Tx<'_>, account: i64) -> Result<(), Fault> {
    let mut delete = tx.conn.prepare_cached("DELETE FROM deliveries WHERE account = ?1")?;
    tx.counts.add(counters::DELIVERIES, -int(delete.execute(params![account])?));
    Ok(())
}

/// Removes at most `limit` rows that only held back until a moment before `now`.
pub(super) fn forget_held(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<(), Fault> {
    let mut delete = tx.conn.prepare_cached(
        "DELETE FROM deliveries WHERE id IN
         (SELECT id FROM deliveries WHERE pending = 0 AND due <= ?1 ORDER BY due LIMIT ?2)",
    )?;
    let gone = delete.execute(params![now.millis(), int(limit)])?;
    tx.counts.add(counters::DELIVERIES, -int(gone));
    Ok(())
}

fn lease(tx: &Tx<'_>, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Delivery>, Fault> {
    forget_held(tx, now, limit)?;
    let mut select = tx.conn.prepare_cached(
        "SELECT id, account, sender, label, generation, pending, due, attempts, sum
         FROM deliveries WHERE pending = 1 AND due <= ?1 ORDER BY due LIMIT ?2",
    )?;
    let mut rows = select.query(params![now.millis(), int(limit)])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(DeliveryRow::read(row)?);
    }
    drop(rows);
    let mut leased = Vec::with_capacity(due.len());
    for mut row in due {
        match AccountRow::load(tx.conn, row.account)?.and_then(|account| account.subscription) {
            None => row.delete(tx)?,
            Some(subscription) => {
                row.due = until.millis();
                row.save(tx.conn)?;
                leased.push(leased_row(row, subscription));
            }
        }
    }
    Ok(leased)
}

fn leased_row(row: DeliveryRow, subscription: String) -> Delivery {
    Delivery {
        id: row.id,
        generation: row.generation,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        notice: Notice { sender: row.sender, label: row.label },
        subscription,
    }
}

fn finish(tx: &Tx<'_>, delivery: &Delivery, outcome: DeliveryOutcome, next: Option<Timestamp>) -> Result<(), Fault> {
    let Some(mut row) = DeliveryRow::load(tx.conn, delivery.id)? else {
        return Ok(());
    };
    if row.sender != delivery.notice.sender {
        // The number was given again after the row was deleted.
        return Ok(());
    }
    let more = row.generation > delivery.generation;
    match (outcome, next) {
        (DeliveryOutcome::Gone, _) => return gone(tx, row, delivery),
        (DeliveryOutcome::Retry(_), Some(next)) => {
            row.due = next.millis();
            row.attempts += 1;
        }
        (_, None) if !more => return row.delete(tx),
        (_, next) => {
            row.pending = more;
            row.attempts = 0;
            row.due = next.map_or(row.due, Timestamp::millis);
        }
    }
    row.save(tx.conn)
}

/// The subscription is gone. If there is another by now, the notification is for that one.
fn gone(tx: &Tx<'_>, mut row: DeliveryRow, delivery: &Delivery) -> Result<(), Fault> {
    match AccountRow::load(tx.conn, row.account)? {
        Some(account) if account.subscription.as_deref() == Some(delivery.subscription.as_str()) => {
            subscribe(tx, account, None)
        }
        _ => {
            row.attempts = 0;
            row.save(tx.conn)
        }
    }
}

#[async_trait]
impl Deliveries for SqliteStore {
    async fn lease_deliveries(&self, now: Timestamp, leased_until: Timestamp, limit: usize) -> Stored<Vec<Delivery>> {
        self.write_always(move |tx| lease(tx, now, leased_until, limit)).await
    }

    async fn finish_delivery(
        &self,
        delivery: Delivery,
        outcome: DeliveryOutcome,
        next: Option<Timestamp>,
    ) -> Stored<()> {
        self.write_always(move |tx| finish(tx, &delivery, outcome, next)).await
    }

    async fn next_delivery(&self) -> Stored<Option<Timestamp>> {
        self.read(move |conn| {
            let mut select =
                conn.prepare_cached("SELECT due FROM deliveries WHERE pending = 1 ORDER BY due LIMIT 1")?;
            let due: Option<i64> = select.query_row([], |row| row.get(0)).optional()?;
            Ok(due.map(Timestamp::from_millis))
        })
        .await
    }
}
