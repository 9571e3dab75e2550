//! Filling an empty store in large steps, with the numbers, names and times that things had elsewhere.

use super::accounts::{AccountRow, add_contact, save_backup};
use super::append::exists;
use super::counters::{self, Counts, Totals};
use super::envelopes::EnvelopeRow;
use super::exchanges::ExchangeRow;
use super::fault::Fault;
use super::rows::int;
use super::streams::StreamRow;
use super::{Options, blobs, housekeeping, open, senders};
use rusqlite::Connection;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use tidings_core::{
    AccountNumber, BlobContent, BlobName, Day, Draft, Envelope, Exchange, Key, Seq, StoreError, StreamName, Timestamp,
    TokenHash,
};

/// Rows after which what was inserted is committed, unless said otherwise.
pub const ROWS_PER_COMMIT: u32 = 10_000;

/// An account as it was elsewhere.
#[derive(Clone, Default)]
pub struct ImportedAccount {
    /// Its number; must be free.
    pub number: i64,
    /// Its key; none for a deleted one.
    pub key: Option<Key>,
    /// Whose invitation made it.
    pub creator: Option<AccountNumber>,
    /// When it was made, if that is known.
    pub created_at: Option<Timestamp>,
    /// When its owner was last seen.
    pub seen_at: Option<Timestamp>,
    /// What its client called itself then.
    pub client_version: Option<String>,
    /// Its push subscription, as its door keeps it.
    pub subscription: Option<String>,
    /// Its allow-list.
    pub contacts: Vec<Key>,
}

/// Inserts into an empty store that nobody else has open. Commits every so many rows and at [`Importer::finish`]; usages,
/// references, counters and checksums are kept right. Policies are not asked: what was accepted elsewhere is kept.
///
/// Blocks; call it outside of async code.
pub struct Importer {
    conn: Connection,
    totals: Totals,
    files: HashMap<BlobName, (i64, i64)>,
    rows: u32,
    rows_per_commit: u32,
    _lock: File,
}

impl Importer {
    /// Opens or makes the database and locks it. Fails if there is anything in it, or as [`SqliteStore::open`](super::SqliteStore::open) does.
    pub fn open(path: &Path, rows_per_commit: u32) -> Result<Self, StoreError> {
        Ok(Self::try_open(path, rows_per_commit)?)
    }

    fn try_open(path: &Path, rows_per_commit: u32) -> Result<Self, Fault> {
        let lock = open::lock(path)?;
        let conn = open::database(path, &Options::default())?;
        for sql in ["SELECT max(number) FROM accounts", "SELECT max(id) FROM streams", "SELECT max(id) FROM exchanges"]
        {
            if conn.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?.is_some() {
                return Err(Fault::Failed(format!("{} is not empty", path.display())));
            }
        }
        conn.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Self {
            conn,
            totals: Totals::default(),
            files: HashMap::new(),
            rows: 0,
            rows_per_commit: rows_per_commit.max(1),
            _lock: lock,
        })
    }

    /// Inserts an account with its allow-list and, unless it is a deleted one, an empty inbox. Fails if the number or the key
    /// is taken.
    pub fn insert_account(&mut self, account: ImportedAccount) -> Result<(), StoreError> {
        self.item(|importer| importer.try_insert_account(account))
    }

    fn try_insert_account(&mut self, account: ImportedAccount) -> Result<(), Fault> {
        let inbox = account.key.map(|key| StreamName::inbox(&key));
        let stream = inbox.map(|name| StreamRow::create(&self.conn, &name, Some(account.number))).transpose()?;
        for contact in &account.contacts {
            add_contact(&self.conn, account.number, contact)?;
        }
        let row = AccountRow {
            number: account.number,
            key: account.key,
            creator: account.creator.map(AccountNumber::number),
            created_at: account.created_at,
            seen_at: account.seen_at,
            stream: stream.map(|stream| stream.id),
            client_version: account.client_version,
            subscription: account.subscription,
        };
        row.insert(&self.conn)?;
        if row.key.is_some() {
            self.count(|counts| {
                counts.add(counters::ACCOUNTS, 1);
                if let Some(seen_at) = row.seen_at {
                    counts.add_at(counters::SEEN, seen_at, 1);
                }
            });
        }
        Ok(())
    }

    /// Inserts a profile backup. False if the owner has no account.
    pub fn insert_backup(&mut self, owner: &Key, content: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.item(|importer| match AccountRow::find(&importer.conn, owner)? {
            Some(account) => save_backup(&importer.conn, account.number, content, at).map(|()| true),
            None => Ok(false),
        })
    }

    /// Inserts a contact exchange in any state.
    pub fn insert_exchange(&mut self, token: TokenHash, exchange: Exchange) -> Result<(), StoreError> {
        self.item(|importer| ExchangeRow { id: 0, token, exchange }.insert(&importer.conn))
    }

    /// Appends an envelope to an inbox; they are to come in the order of the inbox. Envelopes that name the same blob file
    /// share it. Gives its number, or none if there is no such inbox. Fails if the id is taken.
    pub fn insert_envelope(
        &mut self,
        draft: Draft,
        sender: Option<Key>,
        at: Timestamp,
        blob: Option<BlobContent>,
    ) -> Result<Option<Seq>, StoreError> {
        self.item(|importer| importer.try_insert_envelope(draft, sender, at, blob))
    }

    fn try_insert_envelope(
        &mut self,
        draft: Draft,
        sender: Option<Key>,
        at: Timestamp,
        blob: Option<BlobContent>,
    ) -> Result<Option<Seq>, Fault> {
        let Some(mut stream) = StreamRow::find(&self.conn, &draft.stream)? else {
            return Ok(None);
        };
        if exists(&self.conn, draft.id)? {
            return Err(Fault::Failed(format!("there are two envelopes named {}", draft.id)));
        }
        let bytes = draft.size().saturating_add(blob.as_ref().map_or(0, BlobContent::size));
        let blob = blob.map(|content| self.refer(&content)).transpose()?;
        let seq = stream.last_seq.next();
        let envelope =
            Envelope { id: draft.id, seq, sender, label: draft.label, body: draft.body, at, time: draft.time };
        let kind = draft.stream.kind();
        EnvelopeRow { stream: stream.id, kind, bytes, blob, envelope: &envelope }.insert(&self.conn)?;
        stream.last_seq = seq;
        stream.used = stream.used.and(bytes);
        stream.save(&self.conn)?;
        if let Some(sender) = sender.filter(|_| senders::counts(kind)) {
            let usage = senders::usage(&self.conn, &sender)?;
            senders::set(&self.conn, &sender, usage.and(bytes))?;
        }
        self.count(|counts| counts.envelope(kind, &envelope.label, 1));
        Ok(Some(seq))
    }

    /// One more reference to a blob.
    fn refer(&mut self, content: &BlobContent) -> Result<i64, Fault> {
        let BlobContent::File { name, .. } = content else {
            return blobs::insert(&self.conn, content, 1);
        };
        if let Some((id, refs)) = self.files.get_mut(name) {
            *refs += 1;
            blobs::set_refs(&self.conn, *id, *refs)?;
            return Ok(*id);
        }
        let id = blobs::insert(&self.conn, content, 1)?;
        self.files.insert(*name, (id, 1));
        Ok(id)
    }

    /// Says how many envelopes inboxes received on a day; days add up.
    pub fn insert_received(&mut self, day: Day, envelopes: u64) -> Result<(), StoreError> {
        self.item(|importer| {
            importer.count(|counts| counts.add_at(counters::RECEIVED, day.start(), int(envelopes)));
            Ok(())
        })
    }

    /// Keeps a value of the node's own, such as its keys. Fails if there is another one already.
    pub fn insert_value(&mut self, name: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.item(|importer| match housekeeping::value_or_insert(&importer.conn, name, value.clone())? == value {
            true => Ok(()),
            false => Err(Fault::Failed(format!("there is another value of {name}"))),
        })
    }

    /// Commits what is left and closes the store. Without it the last rows are lost.
    pub fn finish(self) -> Result<(), StoreError> {
        self.commit()?;
        self.conn.close().map_err(|(_, error)| Fault::from(error))?;
        Ok(())
    }

    fn count(&self, change: impl FnOnce(&Counts<'_>)) {
        let counts = Counts::of(&self.totals);
        change(&counts);
        counts.keep();
    }

    /// Inserts one thing wholly or not at all, and commits now and then.
    fn item<T>(&mut self, insert: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, StoreError> {
        Ok(self.try_item(insert)?)
    }

    fn try_item<T>(&mut self, insert: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.conn.execute_batch("SAVEPOINT item")?;
        let result = insert(self);
        if result.is_err() {
            self.conn.execute_batch("ROLLBACK TO item")?;
        }
        self.conn.execute_batch("RELEASE item")?;
        self.rows += 1;
        if self.rows >= self.rows_per_commit {
            self.rows = 0;
            self.commit()?;
            self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); BEGIN IMMEDIATE")?;
        }
        result
    }

    fn commit(&self) -> Result<(), Fault> {
        self.totals.save(&self.conn)?;
        Ok(self.conn.execute_batch("COMMIT")?)
    }
}
