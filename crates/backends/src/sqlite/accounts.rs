//! Accounts, their allow-lists and profile backups.

use super::fault::Fault;
use super::housekeeping::value;
use super::ownership::set_owner;
use super::rows::{Sum, check, damaged, key};
use super::streams::StreamRow;
use super::writer::Tx;
use super::{SqliteStore, counters, deliveries, people};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use tidings_core::ownership::OWNER;
use tidings_core::ports::{Accounts, Stored};
use tidings_core::{Account, AccountNumber, Invited, Key, StreamName, Timestamp};

/// An account as stored. All but number and creator is none for a deleted one.
#[derive(Default)]
pub(super) struct AccountRow {
    pub(super) number: i64,
    pub(super) key: Option<Key>,
    pub(super) creator: Option<i64>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) seen_at: Option<Timestamp>,
    pub(super) stream: Option<i64>,
    pub(super) client_version: Option<String>,
    pub(super) subscription: Option<String>,
}

impl AccountRow {
    /// Finds an account that is not deleted.
    pub(super) fn find(conn: &Connection, key: &Key) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription
             FROM accounts WHERE key = ?1",
        )?;
        let mut rows = select.query(params![key.tagged()])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Loads an account by its number.
    pub(super) fn load(conn: &Connection, number: i64) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription
             FROM accounts WHERE number = ?1",
        )?;
        let mut rows = select.query(params![number])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `number, key, creator, created_at, seen_at, stream, sum, client_version, subscription`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let number = row.get(0)?;
        let tagged = row.get_ref(1)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let account = Self {
            number,
            key: tagged.map(|tagged| key(tagged, "accounts", number)).transpose()?,
            creator: row.get(2)?,
            created_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
            seen_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
            stream: row.get(5)?,
            client_version: row.get(7)?,
            subscription: row.get(8)?,
        };
        check(row.get(6)?, account.sum(), "accounts", number)?;
        Ok(account)
    }

    /// Inserts a new row. The counters are the caller's.
    pub(super) fn insert(&self, conn: &Connection) -> Result<(), Fault> {
        conn.prepare_cached("INSERT INTO accounts (number, creator, sum) VALUES (?1, ?2, 0)")?
            .execute(params![self.number, self.creator])?;
        self.save(conn)
    }

    /// Writes all but number and creator.
    pub(super) fn save(&self, conn: &Connection) -> Result<(), Fault> {
        let mut update = conn.prepare_cached(
            "UPDATE accounts SET key = ?2, created_at = ?3, seen_at = ?4, stream = ?5, sum = ?6, client_version = ?7,
             subscription = ?8 WHERE number = ?1",
        )?;
        update.execute(params![
            self.number,
            self.key.map(|key| key.tagged()),
            self.created_at.map(Timestamp::millis),
            self.seen_at.map(Timestamp::millis),
            self.stream,
            self.sum(),
            self.client_version,
            self.subscription,
        ])?;
        Ok(())
    }

    fn sum(&self) -> i64 {
        let tagged = self.key.map(|key| key.tagged());
        Sum::new()
            .int(self.number)
            .bytes_or_none(tagged.as_ref().map(<[u8; Key::TAGGED_LEN]>::as_slice))
            .int_or_none(self.creator)
            .int_or_none(self.created_at.map(Timestamp::millis))
            .int_or_none(self.seen_at.map(Timestamp::millis))
            .int_or_none(self.stream)
            .text_or_none(self.client_version.as_deref())
            .text_or_none(self.subscription.as_deref())
            .done()
    }

    fn into_account(self) -> Result<Account, Fault> {
        let key = self.key.ok_or_else(|| damaged("accounts", self.number, "has lost its key"))?;
        Ok(Account {
            number: AccountNumber::from_number(self.number),
            key,
            creator: self.creator.map(AccountNumber::from_number),
            created_at: self.created_at,
            seen_at: self.seen_at,
            client_version: self.client_version,
            subscribed: self.subscription.is_some(),
        })
    }

    fn into_invited(self) -> Invited {
        Invited {
            number: AccountNumber::from_number(self.number),
            key: self.key,
            creator: self.creator.map(AccountNumber::from_number),
            seen_at: self.seen_at,
            client_version: self.client_version,
        }
    }
}

/// The number that the next account gets. Rows are never deleted, so it was never used.
pub(super) fn next_number(conn: &Connection) -> Result<i64, Fault> {
    let mut select = conn.prepare_cached("SELECT max(number) FROM accounts")?;
    let highest: Option<i64> = select.query_row([], |row| row.get(0))?;
    Ok(highest.unwrap_or(0) + 1)
}

/// Registers a key with an empty inbox. False if it has an account already.
pub(super) fn register(tx: &Tx<'_>, key: Key, creator: Option<i64>, now: Timestamp) -> Result<bool, Fault> {
    if AccountRow::find(tx.conn, &key)?.is_some() {
        return Ok(false);
    }
    let number = next_number(tx.conn)?;
    let stream = StreamRow::create(tx.conn, &StreamName::inbox(&key), Some(number))?;
    let account = AccountRow {
        number,
        key: Some(key),
        creator,
        created_at: Some(now),
        stream: Some(stream.id),
        ..AccountRow::default()
    };
    account.insert(tx.conn)?;
    tx.counts.add(counters::ACCOUNTS, 1);
    Ok(true)
}

/// Takes away all that is the owner's. The row stays with its number and its creator.
pub(super) fn delete(tx: &Tx<'_>, account: AccountRow) -> Result<(), Fault> {
    if let Some(stream) = account.stream {
        StreamRow::load(tx.conn, stream)?.close(tx.conn)?;
    }
    forget_contacts(tx.conn, account.number)?;
    tx.conn.prepare_cached("DELETE FROM backups WHERE account = ?1")?.execute(params![account.number])?;
    deliveries::forget(tx, account.number)?;
    people::forget(tx, account.number)?;
    // Whoever comes with the same key later is not the owner for that.
    if let Some(Key::Ed25519(identity)) = &account.key
        && value(tx.conn, OWNER)?.is_some_and(|owner| owner == identity.as_bytes())
    {
        set_owner(tx.conn, None)?;
    }
    tx.counts.add(counters::ACCOUNTS, -1);
    if let Some(seen_at) = account.seen_at {
        tx.counts.add_at(counters::SEEN, seen_at, -1);
    }
    let hole = AccountRow { number: account.number, creator: account.creator, ..AccountRow::default() };
    hole.save(tx.conn)
}

/// Whether the key is on the account's allow-list.
pub(super) fn lists_by_number(conn: &Connection, account: i64, key: &Key) -> Result<bool, Fault> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM contacts WHERE account = ?1 AND key = ?2")?
        .exists(params![account, key.tagged()])?)
}

/// Puts a key on the account's allow-list; twice is once.
pub(super) fn add_contact(conn: &Connection, account: i64, key: &Key) -> Result<(), Fault> {
    conn.prepare_cached("INSERT OR IGNORE INTO contacts (account, key, sum) VALUES (?1, ?2, ?3)")?.execute(params![
        account,
        key.tagged(),
        contact_sum(account, &key.tagged(), false)
    ])?;
    Ok(())
}

fn forget_contacts(conn: &Connection, account: i64) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM contacts WHERE account = ?1")?.execute(params![account])?;
    Ok(())
}

/// The checksum of a contact.
pub(super) fn contact_sum(account: i64, tagged: &[u8], dropped: bool) -> i64 {
    let sum = Sum::new().int(account).bytes(tagged);
    // Rows of versions 1 and 2 know no such thing, and their sums stay valid.
    if dropped { sum.int(1).done() } else { sum.done() }
}

/// Replaces a profile backup.
pub(super) fn save_backup(conn: &Connection, account: i64, content: &str, at: Timestamp) -> Result<(), Fault> {
    let sum = backup_sum(account, at.millis(), content);
    conn.prepare_cached("INSERT OR REPLACE INTO backups (account, updated_at, sum, content) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![account, at.millis(), sum, content])?;
    Ok(())
}

/// The checksum of a profile backup.
pub(super) fn backup_sum(account: i64, updated_at: i64, content: &str) -> i64 {
    Sum::new().int(account).int(updated_at).text(content).done()
}

fn backup(conn: &Connection, owner: &Key) -> Result<Option<(String, Timestamp)>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT b.account, b.updated_at, b.sum, b.content FROM accounts a JOIN backups b ON b.account = a.number
         WHERE a.key = ?1",
    )?;
    let mut rows = select.query(params![owner.tagged()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (account, updated_at, content): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
    check(row.get(2)?, backup_sum(account, updated_at, &content), "backups", account)?;
    Ok(Some((content, Timestamp::from_millis(updated_at))))
}

fn invited(conn: &Connection, by: Option<AccountNumber>) -> Result<Vec<Invited>, Fault> {
    let by = by.map(AccountNumber::number);
    let mut select = conn.prepare_cached(match by {
        Some(_) => {
            "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription
             FROM accounts WHERE number = ?1 OR creator = ?1"
        }
        None => {
            "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription
             FROM accounts /* the whole table */ WHERE ?1 IS NULL"
        }
    })?;
    let mut rows = select.query(params![by])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(AccountRow::read(row)?.into_invited());
    }
    found.sort_by_key(|row| row.number);
    Ok(found)
}

/// Finds the account and works on it; false if there is none.
fn with_account(tx: &Tx<'_>, owner: &Key, work: impl FnOnce(AccountRow) -> Result<(), Fault>) -> Result<bool, Fault> {
    match AccountRow::find(tx.conn, owner)? {
        Some(account) => work(account).map(|()| true),
        None => Ok(false),
    }
}

fn touch(tx: &Tx<'_>, mut account: AccountRow, now: Timestamp, version: Option<String>) -> Result<(), Fault> {
    if let Some(before) = account.seen_at {
        tx.counts.add_at(counters::SEEN, before, -1);
    }
    tx.counts.add_at(counters::SEEN, now, 1);
    account.seen_at = Some(now);
    account.client_version = version;
    account.save(tx.conn)
}

/// Replaces or removes the subscription. Without one nothing is left to be delivered.
pub(super) fn subscribe(tx: &Tx<'_>, mut account: AccountRow, subscription: Option<String>) -> Result<(), Fault> {
    if subscription.is_none() {
        deliveries::forget(tx, account.number)?;
    }
    account.subscription = subscription;
    account.save(tx.conn)
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn account(&self, key: Key) -> Stored<Option<Account>> {
        self.read(move |conn| AccountRow::find(conn, &key)?.map(AccountRow::into_account).transpose()).await
    }

    async fn invited(&self, by: Option<AccountNumber>) -> Stored<Vec<Invited>> {
        self.read(move |conn| invited(conn, by)).await
    }

    async fn lists(&self, owner: Key, key: Key) -> Stored<bool> {
        self.read(move |conn| {
            let mut select = conn.prepare_cached(
                "SELECT 1 FROM accounts a JOIN contacts c ON c.account = a.number WHERE a.key = ?1 AND c.key = ?2",
            )?;
            Ok(select.exists(params![owner.tagged(), key.tagged()])?)
        })
        .await
    }

    async fn set_contacts(&self, owner: Key, contacts: Vec<Key>) -> Stored<bool> {
        self.write(move |tx| {
            with_account(tx, &owner, |account| {
                forget_contacts(tx.conn, account.number)?;
                contacts.iter().try_for_each(|contact| add_contact(tx.conn, account.number, contact))
            })
        })
        .await
    }

    async fn set_subscription(&self, owner: Key, subscription: Option<String>) -> Stored<bool> {
        self.write(move |tx| with_account(tx, &owner, |account| subscribe(tx, account, subscription))).await
    }

    async fn set_backup(&self, owner: Key, content: String, now: Timestamp) -> Stored<bool> {
        self.write(move |tx| with_account(tx, &owner, |account| save_backup(tx.conn, account.number, &content, now)))
            .await
    }

    async fn backup(&self, owner: Key) -> Stored<Option<(String, Timestamp)>> {
        self.read(move |conn| backup(conn, &owner)).await
    }

    async fn touch(&self, owner: Key, now: Timestamp, client_version: Option<String>) -> Stored<bool> {
        self.write_always(move |tx| with_account(tx, &owner, |account| touch(tx, account, now, client_version))).await
    }

    async fn delete_account(&self, owner: Key) -> Stored<bool> {
        self.write_always(move |tx| with_account(tx, &owner, |account| delete(tx, account))).await
    }
}
