//! The accounts as the node's owner sees them, page by page.

use super::SqliteStore;
use super::accounts::AccountRow;
use super::fault::Fault;
use super::people::devices::DeviceRow;
use super::rows::int;
use super::streams::StreamRow;
use rusqlite::{Connection, params};
use tidings_core::ports::Stored;
use tidings_core::{AccountNumber, Key, Timestamp, Usage};

/// A row of the list. All but number and creator is empty for a deleted account.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its row.
    pub number: AccountNumber,
    /// Its key, unless the account was deleted.
    pub key: Option<Key>,
    /// Whose invitation made it.
    pub creator: Option<AccountNumber>,
    /// When it was made, if that is known.
    pub created_at: Option<Timestamp>,
    /// When its owner was last seen.
    pub seen_at: Option<Timestamp>,
    /// Whether it wants push notifications.
    pub subscribed: bool,
    /// What waits in its inbox.
    pub waiting: Usage,
}

impl SqliteStore {
    /// At most `limit` rows after the number `after`, deleted ones too, by number.
    pub async fn list_accounts(&self, after: AccountNumber, limit: usize) -> Stored<Vec<Listed>> {
        self.read(move |conn| list(conn, after.number(), limit)).await
    }

    /// The account with this number, deleted or not.
    pub async fn account_by_number(&self, number: AccountNumber) -> Stored<Option<Listed>> {
        self.read(move |conn| AccountRow::load(conn, number.number())?.map(|row| listed(conn, row)).transpose()).await
    }
}

fn list(conn: &Connection, after: i64, limit: usize) -> Result<Vec<Listed>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT number, key, creator, created_at, seen_at, stream, sum, client_version, subscription FROM accounts
         WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut rows = select.query(params![after, int(limit)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(listed(conn, AccountRow::read(row)?)?);
    }
    Ok(page)
}

/// Whether any device of the account wants push notifications.
fn pushed(conn: &Connection, account: i64) -> Result<bool, Fault> {
    Ok(DeviceRow::of_account(conn, account)?.iter().any(|device| device.subscription.is_some()))
}

fn listed(conn: &Connection, row: AccountRow) -> Result<Listed, Fault> {
    let waiting = match row.stream {
        Some(stream) => StreamRow::load(conn, stream)?.used,
        None => Usage::default(),
    };
    Ok(Listed {
        number: AccountNumber::from_number(row.number),
        key: row.key,
        creator: row.creator.map(AccountNumber::from_number),
        created_at: row.created_at,
        seen_at: row.seen_at,
        subscribed: row.subscription.is_some() || pushed(conn, row.number)?,
        waiting,
    })
}
