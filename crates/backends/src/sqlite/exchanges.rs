//! Contact exchanges.

use super::SqliteStore;
use super::accounts::{AccountRow, next_number, register};
use super::fault::Fault;
use super::rows::{Sum, check, count, damaged};
use super::writer::Tx;
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use tidings_core::exchange::{Acceptance, Accepted, Exchange, ExchangeRefusal, ExchangeState, NewExchange, OPEN_MAX};
use tidings_core::ports::{Exchanges, Stored};
use tidings_core::{AccountNumber, Timestamp, TokenHash};

/// An exchange with its row.
pub(super) struct ExchangeRow {
    /// Its row; any number for a new one.
    pub(super) id: i64,
    /// What is kept of its token.
    pub(super) token: TokenHash,
    /// Itself.
    pub(super) exchange: Exchange,
}

impl ExchangeRow {
    fn find(conn: &Connection, token: &TokenHash) -> Result<Option<Self>, Fault> {
        let mut select = conn.prepare_cached(
            "SELECT id, token, maker, state, created_at, expires_at, sum, text FROM exchanges WHERE token = ?1",
        )?;
        let mut rows = select.query(params![token.as_bytes()])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Reads the columns `id, token, maker, state, created_at, expires_at, sum, text`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let id = row.get(0)?;
        let state = match row.get(3)? {
            0i64 => ExchangeState::Initiated,
            1 => ExchangeState::Accepted,
            _ => return Err(damaged("exchanges", id, "is in no state")),
        };
        let found = Self {
            id,
            token: TokenHash::from_bytes(row.get(1)?),
            exchange: Exchange {
                state,
                maker: row.get::<_, Option<i64>>(2)?.map(AccountNumber::from_number),
                text: row.get(7)?,
                created_at: Timestamp::from_millis(row.get(4)?),
                expires_at: Timestamp::from_millis(row.get(5)?),
            },
        };
        check(row.get(6)?, found.sum(), "exchanges", id)?;
        Ok(found)
    }

    /// Keeps a new one.
    pub(super) fn insert(&self, conn: &Connection) -> Result<(), Fault> {
        let exchange = &self.exchange;
        conn.prepare_cached(
            "INSERT INTO exchanges (token, maker, state, created_at, expires_at, sum, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            self.token.as_bytes(),
            exchange.maker.map(AccountNumber::number),
            code(exchange.state),
            exchange.created_at.millis(),
            exchange.expires_at.millis(),
            self.sum(),
            exchange.text,
        ])?;
        Ok(())
    }

    /// Notes that it was accepted with this text; gives the text of its maker.
    fn close(&mut self, conn: &Connection, text: Option<String>) -> Result<Option<String>, Fault> {
        self.exchange.state = ExchangeState::Accepted;
        let before = std::mem::replace(&mut self.exchange.text, text);
        conn.prepare_cached("UPDATE exchanges SET state = ?2, text = ?3, sum = ?4 WHERE id = ?1")?.execute(params![
            self.id,
            code(self.exchange.state),
            self.exchange.text,
            self.sum()
        ])?;
        Ok(before)
    }

    fn sum(&self) -> i64 {
        let exchange = &self.exchange;
        Sum::new()
            .bytes(self.token.as_bytes())
            .int_or_none(exchange.maker.map(AccountNumber::number))
            .int(code(exchange.state))
            .int(exchange.created_at.millis())
            .int(exchange.expires_at.millis())
            .text_or_none(exchange.text.as_deref())
            .done()
    }
}

fn code(state: ExchangeState) -> i64 {
    match state {
        ExchangeState::Initiated => 0,
        ExchangeState::Accepted => 1,
    }
}

fn create(tx: &Tx<'_>, new: NewExchange) -> Result<Result<(), ExchangeRefusal>, Fault> {
    let maker = match new.maker {
        None if open(tx.conn, None, new.created_at)? >= OPEN_MAX => return Ok(Err(ExchangeRefusal::TooMany)),
        None => None,
        Some(key) => match AccountRow::find(tx.conn, &key)? {
            None => return Ok(Err(ExchangeRefusal::NoAccount)),
            Some(account) if open(tx.conn, Some(account.number), new.created_at)? >= OPEN_MAX => {
                return Ok(Err(ExchangeRefusal::TooMany));
            }
            Some(account) => Some(AccountNumber::from_number(account.number)),
        },
    };
    let row = ExchangeRow {
        id: 0,
        token: new.token,
        exchange: Exchange {
            state: ExchangeState::Initiated,
            maker,
            text: new.text,
            created_at: new.created_at,
            expires_at: new.expires_at,
        },
    };
    row.insert(tx.conn).map(Ok)
}

/// How many exchanges of the maker can still be accepted.
/// How many of an account's tokens can be used; without an account, of the node's own.
fn open(conn: &Connection, maker: Option<i64>, now: Timestamp) -> Result<u64, Fault> {
    let mut select =
        conn.prepare_cached("SELECT count(*) FROM exchanges WHERE maker IS ?1 AND state = 0 AND expires_at >= ?2")?;
    Ok(count(select.query_row(params![maker, now.millis()], |row| row.get(0))?))
}

fn accept(tx: &Tx<'_>, acceptance: Acceptance) -> Result<Result<Accepted, ExchangeRefusal>, Fault> {
    let Some(mut row) = ExchangeRow::find(tx.conn, &acceptance.token)? else {
        return Ok(Err(ExchangeRefusal::Unknown));
    };
    if let Err(refusal) = row.exchange.may_accept(acceptance.now) {
        return Ok(Err(refusal));
    }
    let creator = row.exchange.maker.map(AccountNumber::number);
    let created_account = match acceptance.register {
        Some(key) => register(tx, key, creator, acceptance.now)?,
        None => false,
    };
    let text = row.close(tx.conn, acceptance.text)?;
    Ok(Ok(Accepted { text, expires_at: row.exchange.expires_at, created_account }))
}

/// Uses up a token that lets somebody in; gives the account of its maker.
pub(super) fn use_up(
    tx: &Tx<'_>,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Result<Option<i64>, ExchangeRefusal>, Fault> {
    let Some(mut row) = ExchangeRow::find(tx.conn, token)? else { return Ok(Err(ExchangeRefusal::Unknown)) };
    if let Err(refusal) = row.exchange.may_accept(now) {
        return Ok(Err(refusal));
    }
    row.close(tx.conn, None)?;
    Ok(Ok(row.exchange.maker.map(AccountNumber::number)))
}

fn wants_first_invitation(conn: &Connection, now: Timestamp) -> Result<bool, Fault> {
    if next_number(conn)? > 1 {
        return Ok(false);
    }
    let mut select =
        conn.prepare_cached("SELECT 1 FROM exchanges WHERE maker IS NULL AND state = 0 AND expires_at >= ?1 LIMIT 1")?;
    Ok(!select.exists(params![now.millis()])?)
}

#[async_trait]
impl Exchanges for SqliteStore {
    async fn create_exchange(&self, new: NewExchange) -> Stored<Result<(), ExchangeRefusal>> {
        self.write(move |tx| create(tx, new)).await
    }

    async fn accept_exchange(&self, acceptance: Acceptance) -> Stored<Result<Accepted, ExchangeRefusal>> {
        self.write(move |tx| accept(tx, acceptance)).await
    }

    async fn exchange(&self, token: TokenHash) -> Stored<Option<Exchange>> {
        self.read(move |conn| Ok(ExchangeRow::find(conn, &token)?.map(|row| row.exchange))).await
    }

    async fn delete_exchange(&self, token: TokenHash, maker: AccountNumber) -> Stored<bool> {
        self.write_always(move |tx| {
            let mut delete = tx.conn.prepare_cached("DELETE FROM exchanges WHERE token = ?1 AND maker = ?2")?;
            Ok(delete.execute(params![token.as_bytes(), maker.number()])? > 0)
        })
        .await
    }

    async fn wants_first_invitation(&self, now: Timestamp) -> Stored<bool> {
        self.read(move |conn| wants_first_invitation(conn, now)).await
    }
}
