//! What a node stands on, as the engine asks for it: a store and a bus.
//!
//! Each call of a store is one transaction: it happens wholly and durably, or not at all.

pub mod native;

pub use native::{Allowed, Groups, Knocks, Parcels, People, Uploads};

use crate::account::{Account, AccountNews, AccountNumber, Invited};
use crate::admit::{Caller, Refusal, StreamFacts};
use crate::blob::{Blob, BlobContent, BlobName};
use crate::delivery::{Delivery, DeliveryOutcome};
use crate::envelope::{Draft, Envelope, EnvelopeId, Label};
use crate::exchange::{Acceptance, Accepted, Exchange, ExchangeRefusal, NewExchange};
use crate::history::{Bound, HistoryQuery};
use crate::key::{Ed25519Key, Key};
use crate::policy::Policies;
use crate::retention::Cutoffs;
use crate::statistics::Statistics;
use crate::stream::{Seq, StreamKind, StreamName};
use crate::time::Timestamp;
use crate::token::TokenHash;
use async_trait::async_trait;
use std::sync::Arc;
use thiserror::Error;

/// Why a store could not do what was asked. Nothing was changed.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// No room is left on the disk, or none that may be used.
    #[error("the disk is full")]
    Full,
    /// What is stored is damaged; says where.
    #[error("the stored data is damaged: {0}")]
    Damaged(String),
    /// Too much work is waiting already.
    #[error("too busy")]
    Busy,
    /// Anything else; says what.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// What every verb of a store answers.
pub type Stored<T> = Result<T, StoreError>;

/// One or several drafts of one caller that share at most one blob and are appended together.
pub struct Posting {
    /// Who posts.
    pub caller: Caller,
    /// What; each is admitted or refused by itself.
    pub drafts: Vec<Draft>,
    /// For each draft, whether its id is certainly not stored, so that it need not be looked up. Where nothing is said, it is
    /// looked up.
    pub novel: Vec<bool>,
    /// What they all point to.
    pub blob: Option<BlobContent>,
    /// The rules.
    pub policies: Arc<Policies>,
    /// When.
    pub now: Timestamp,
}

/// A stretch of a stream, in order.
pub struct Page {
    /// Envelopes after the cursor.
    pub envelopes: Vec<Envelope>,
    /// Whether the stream has no more after these.
    pub complete: bool,
    /// The number given last in the stream, also if what had it is gone. None for a stream that is not there.
    pub end: Option<Seq>,
}

/// An envelope was taken out of its stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where it was.
    pub seq: Seq,
    /// A blob file that nothing refers to any more.
    pub freed: Option<BlobName>,
}

/// What a round of deleting in the background did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Envelopes deleted, each with its stream.
    pub envelopes: Vec<(StreamName, Seq)>,
    /// Exchanges deleted.
    pub exchanges: u64,
    /// Accounts deleted.
    pub accounts: u64,
    /// Uploaded blobs deleted.
    pub uploads: u64,
    /// Groups deleted.
    pub groups: u64,
    /// Blob files that nothing refers to any more.
    pub freed: Vec<BlobName>,
    /// Whether another round would find more.
    pub more: bool,
}

/// Streams and their envelopes.
#[async_trait]
pub trait Streams: Send + Sync {
    /// Admits and appends. The answers stand in the order of the drafts; at least one envelope was stored if any is `Ok`, and
    /// then the blob is referred to. Durable when this returns. Pushes that were asked for are queued in the same transaction.
    async fn append(&self, posting: Posting) -> Stored<Vec<Result<Envelope, Refusal>>>;
    /// What [`admit`](crate::admit()) needs to know, for each stream; duplicates are not looked for.
    async fn facts(&self, caller: Caller, streams: Vec<StreamName>) -> Stored<Vec<StreamFacts>>;
    /// Envelopes after the cursor: at most `count`, and no more once their bodies and labels exceed `bytes` (but at least one, if
    /// there is one). A stream that is not there is empty.
    async fn read(&self, stream: StreamName, after: Seq, count: usize, bytes: usize) -> Stored<Page>;
    /// Deletes one envelope; `None` if it is not in this stream. The blob goes with its last reference.
    async fn take(&self, stream: StreamName, id: EnvelopeId) -> Stored<Option<Taken>>;
    /// The blob of an envelope in this stream: `None` if the envelope isn't there, `Some(None)` if it has no blob.
    async fn blob(&self, stream: StreamName, id: EnvelopeId) -> Stored<Option<Option<Blob>>>;
    /// How many envelopes with this label the sender has waiting in the stream.
    async fn waiting(&self, stream: StreamName, sender: Key, label: Label) -> Stored<u64>;
}

/// Envelope ids of one kind of stream, from one id on.
#[derive(Debug, PartialEq, Eq)]
pub struct Ids {
    /// The ids, in their order.
    pub ids: Vec<EnvelopeId>,
    /// After which id the next ones come; `None` after the last.
    pub next: Option<EnvelopeId>,
}

/// Rooms, read by the time their messages were written (see [`history`](crate::history)). Messages from before `since` count as
/// gone: they only wait for the sweeper.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// The place given last in a stream; [`Seq::START`] if it is not there.
    async fn end(&self, stream: StreamName) -> Stored<Seq>;
    /// A page of a room. A room that is not there is empty.
    async fn history(&self, room: StreamName, query: HistoryQuery, since: Timestamp) -> Stored<Vec<Envelope>>;
    /// How many messages lie between two bounds.
    async fn count(&self, room: StreamName, from: Bound, to: Bound, since: Timestamp) -> Stored<u64>;
    /// Ids of stored envelopes of this kind after one of them, found by looking at `limit` ids at most.
    async fn ids(&self, kind: StreamKind, after: Option<EnvelopeId>, limit: usize) -> Stored<Ids>;
}

/// Registered identities.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of a key.
    async fn account(&self, key: Key) -> Stored<Option<Account>>;
    /// The account itself and all that its invitations created; every row, deleted ones too, for `None`. By number.
    async fn invited(&self, by: Option<AccountNumber>) -> Stored<Vec<Invited>>;
    /// Whether `key` is on the allow-list of `owner`. False if the owner has no account.
    async fn lists(&self, owner: Key, key: Key) -> Stored<bool>;
    /// Replaces the allow-list. False if there is no such account.
    async fn set_contacts(&self, owner: Key, contacts: Vec<Key>) -> Stored<bool>;
    /// Replaces or removes the push subscription, kept as its door wrote it. False if there is no such account.
    async fn set_subscription(&self, owner: Key, subscription: Option<String>) -> Stored<bool>;
    /// Replaces the profile backup. False if there is no such account.
    async fn set_backup(&self, owner: Key, content: String, now: Timestamp) -> Stored<bool>;
    /// The profile backup and when it was made.
    async fn backup(&self, owner: Key) -> Stored<Option<(String, Timestamp)>>;
    /// Notes that the owner was seen, with the client's version. False if there is no such account.
    async fn touch(&self, owner: Key, now: Timestamp, client_version: Option<String>) -> Stored<bool>;
    /// Takes the key, the backup, the contacts, the subscription and the inbox away at once; the inbox's envelopes are
    /// deleted by [`Housekeeping::drain`]. False if there is no such account.
    async fn delete_account(&self, owner: Key) -> Stored<bool>;
}

/// Contact exchanges.
#[async_trait]
pub trait Exchanges: Send + Sync {
    /// Makes one.
    async fn create_exchange(&self, new: NewExchange) -> Stored<Result<(), ExchangeRefusal>>;
    /// Accepts one and registers the key if that is wanted, in one step. Of several at once exactly one succeeds.
    async fn accept_exchange(&self, acceptance: Acceptance) -> Stored<Result<Accepted, ExchangeRefusal>>;
    /// Looks one up.
    async fn exchange(&self, token: TokenHash) -> Stored<Option<Exchange>>;
    /// Deletes one of this maker's. False if there is none.
    async fn delete_exchange(&self, token: TokenHash, maker: AccountNumber) -> Stored<bool>;
    /// Whether there is no account row at all (deleted ones count) and no exchange of the owner's that can still be accepted.
    async fn wants_first_invitation(&self, now: Timestamp) -> Stored<bool>;
}

/// Outgoing work.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// At most `limit` due notifications, which nobody else gets until `leased_until`.
    async fn lease_deliveries(&self, now: Timestamp, leased_until: Timestamp, limit: usize) -> Stored<Vec<Delivery>>;
    /// Notes how an attempt ended: deletes the row, holds it back until `next`, or, for [`DeliveryOutcome::Gone`], forgets
    /// the subscription if it is still the one that was used.
    async fn finish_delivery(
        &self,
        delivery: Delivery,
        outcome: DeliveryOutcome,
        next: Option<Timestamp>,
    ) -> Stored<()>;
    /// When the earliest notification is due.
    async fn next_delivery(&self) -> Stored<Option<Timestamp>>;
}

/// Care for what is stored.
#[async_trait]
pub trait Housekeeping: Send + Sync {
    /// Deletes at most about `limit` things that are past their cut-off.
    async fn sweep(&self, cutoffs: Cutoffs, limit: usize) -> Stored<Swept>;
    /// Deletes at most about `limit` envelopes of streams that have no owner any more.
    async fn drain(&self, limit: usize) -> Stored<Swept>;
    /// Which of these blob files nothing refers to.
    async fn unreferenced(&self, names: Vec<BlobName>) -> Stored<Vec<BlobName>>;
    /// Counts.
    async fn statistics(&self, now: Timestamp) -> Stored<Statistics>;
    /// A value of the node's own, such as its keys.
    async fn value(&self, name: &'static str) -> Stored<Option<Vec<u8>>>;
    /// Keeps a value unless there is one; gives the one that is kept.
    async fn value_or_insert(&self, name: &'static str, value: Vec<u8>) -> Stored<Vec<u8>>;
    /// Reads everything and compares it with its checksums and indexes; gives what is wrong, in words.
    async fn verify(&self) -> Stored<Vec<String>>;
    /// Bytes that it can take without more of the disk, since they were deleted from it. An estimate.
    fn spare_bytes(&self) -> u64;
}

/// All that a node keeps.
pub trait Store:
    Streams + Rooms + Accounts + Exchanges + Deliveries + Housekeeping + People + Parcels + Groups + Uploads + Knocks
{
}

impl<T> Store for T where
    T: Streams
        + Rooms
        + Accounts
        + Exchanges
        + Deliveries
        + Housekeeping
        + People
        + Parcels
        + Groups
        + Uploads
        + Knocks
{
}

/// That something changed somewhere. It carries no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// This stream has something new.
    Stream(StreamName),
    /// Outgoing work was queued.
    Deliveries,
    /// Something of this account changed: what, in a word.
    Account(Ed25519Key, AccountNews),
    /// Some hints were lost: look everywhere.
    Lost,
}

/// Carries hints between the tasks and processes of one domain. A lost hint costs delay, never a message.
pub trait Bus: Send + Sync {
    /// Tells all who listen.
    fn wake(&self, hint: Hint);
    /// Whether other processes listen. Where none do, whoever appends tells the readers of its own process, and that is all.
    fn reaches_others(&self) -> bool;
    /// Listens from now on.
    fn listen(&self) -> Box<dyn Hints>;
}

/// One listener on a [`Bus`].
#[async_trait]
pub trait Hints: Send {
    /// The next hint, or `None` when the bus is gone. Safe to abandon half-way.
    async fn next(&mut self) -> Option<Hint>;
}
