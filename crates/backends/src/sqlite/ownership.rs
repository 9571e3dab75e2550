//! What the node's owner sees: open invitations, and how much is kept; and who they are.

use super::SqliteStore;
use super::exchanges::ExchangeRow;
use super::fault::Fault;
use super::housekeeping::value_sum;
use super::rows::{count, int};
use rusqlite::{Connection, params};
use tidings_core::ownership::{OWNER, OpenInvitation, StorageUsed};
use tidings_core::ports::Stored;
use tidings_core::{Ed25519Key, Timestamp, TokenHash};

/// Makes somebody the owner, or nobody.
pub(super) fn set_owner(conn: &Connection, owner: Option<&Ed25519Key>) -> Result<(), Fault> {
    let Some(owner) = owner else {
        conn.prepare_cached("DELETE FROM node_values WHERE name = ?1")?.execute(params![OWNER])?;
        return Ok(());
    };
    conn.prepare_cached("INSERT OR REPLACE INTO node_values (name, value, sum) VALUES (?1, ?2, ?3)")?
        .execute(params![OWNER, owner.as_bytes(), value_sum(OWNER, owner.as_bytes())])?;
    Ok(())
}

fn open_invitations(conn: &Connection, now: Timestamp, limit: usize) -> Result<Vec<OpenInvitation>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT id, token, maker, state, created_at, expires_at, sum, text FROM exchanges
         /* the whole table: the owner asks, and it holds what is open for days alone */ WHERE state = 0 AND expires_at > ?1 ORDER BY maker IS NOT NULL, expires_at LIMIT ?2",
    )?;
    let mut rows = select.query(params![now.millis(), int(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let ExchangeRow { token, exchange, .. } = ExchangeRow::read(row)?;
        let (maker, created_at, expires_at) = (exchange.maker, exchange.created_at, exchange.expires_at);
        found.push(OpenInvitation { token, maker, created_at, expires_at });
    }
    Ok(found)
}

fn storage(conn: &Connection, since: Timestamp) -> Result<StorageUsed, Fault> {
    let pair = |select: &str, since: i64| -> Result<(u64, u64), Fault> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok((
                count(row.get::<_, Option<i64>>(0)?.unwrap_or_default()),
                count(row.get::<_, Option<i64>>(1)?.unwrap_or_default()),
            ))
        };
        Ok(conn.prepare_cached(select)?.query_row(params![since], read)?)
    };
    let since = since.millis();
    let (pages, page) = pair(
        "SELECT page_count, page_size FROM pragma_page_count(), pragma_page_size() /* the whole table, of one row */ WHERE ?1 IS NOT NULL",
        since,
    )?;
    let (streams, envelopes) = pair(
        "SELECT sum(bytes), sum(count) FROM streams /* the whole table: the owner asks */ WHERE ?1 IS NOT NULL",
        since,
    )?;
    let (uploads, uploads_since) = pair(
        "SELECT sum(received), sum(CASE WHEN created_at >= ?1 THEN received END) FROM uploads /* the whole table: the owner asks */ WHERE gone = 0",
        since,
    )?;
    Ok(StorageUsed { database: pages.saturating_mul(page), streams, envelopes, uploads, uploads_since })
}

impl SqliteStore {
    /// Makes somebody the node's owner, or nobody.
    pub async fn set_owner(&self, owner: Option<Ed25519Key>) -> Stored<()> {
        self.write_always(move |tx| set_owner(tx.conn, owner.as_ref())).await
    }

    /// At most `limit` invitations that can still be used: the node's own first, of each kind the next to expire.
    pub async fn open_invitations(&self, now: Timestamp, limit: usize) -> Stored<Vec<OpenInvitation>> {
        self.read(move |conn| open_invitations(conn, now, limit)).await
    }

    /// Takes an invitation back, whoever made it. False if there is none.
    pub async fn withdraw_invitation(&self, token: TokenHash) -> Stored<bool> {
        self.write_always(move |tx| {
            let mut delete = tx.conn.prepare_cached("DELETE FROM exchanges WHERE token = ?1 AND state = 0")?;
            Ok(delete.execute(params![token.as_bytes()])? > 0)
        })
        .await
    }

    /// How much is kept, and how much of the uploads came since a moment.
    pub async fn storage_used(&self, since: Timestamp) -> Stored<StorageUsed> {
        self.read(move |conn| storage(conn, since)).await
    }
}
