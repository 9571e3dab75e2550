//! What a Tidings node does, in verbs that doors call.
//!
//! The [`Engine`] is a cheap handle. A door turns its wire form into a draft and a credential into a caller, and calls a verb;
//! the rules are in `tidings_core`, what is kept is behind its `Store`.

pub mod accept;
pub mod accounts;
pub mod blobs;
pub mod clock;
pub mod deliver;
pub mod disk;
pub mod entropy;
pub mod error;
pub mod exchanges;
pub mod feed;
mod feeds;
mod history;
pub mod hold;
mod known;
pub mod limits;
pub mod live;
pub mod native;
pub mod subscriber;
pub mod sweep;
mod tail;

pub use accept::Post;
pub use accounts::Status;
pub use blobs::{BlobReader, BlobWriter, Blobs};
pub use clock::Clock;
pub use entropy::Entropy;
pub use error::Error;
pub use feed::Batch;
pub use hold::Hold;
pub use limits::Limits;
pub use live::{Live, Passing};
pub use subscriber::{Membership, News, Subscriber};
pub use tail::{ENCODINGS, Item};

use std::sync::Arc;
use std::time::Duration;
use tidings_core::retention::Retention;
use tidings_core::{Bus, Policies, Store, Timestamp};

/// What an engine needs to know; the store and the bus come beside it.
pub struct Settings {
    /// The rules of each kind of stream.
    pub policies: Policies,
    /// How long other things are kept.
    pub retention: Retention,
    /// How long an exchange between friends can be accepted.
    pub exchange_life: Duration,
    /// How long an invitation of the node's owner can be accepted.
    pub invitation_life: Duration,
    /// Bytes of the disk that must stay free; beyond that, nothing that takes room is accepted.
    pub disk_reserve: u64,
    /// Bytes that the memory tail may hold.
    pub tail_bytes: usize,
    /// Bytes that rooms which are being read may take in memory.
    pub history_bytes: usize,
    /// Bytes of uploaded blobs that one account may have.
    pub account_blob_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policies: Policies::default(),
            retention: Retention::default(),
            exchange_life: Duration::from_secs(600),
            invitation_life: Duration::from_secs(3600),
            disk_reserve: 128 << 20,
            tail_bytes: 12 << 20,
            history_bytes: 32 << 20,
            account_blob_bytes: tidings_core::upload::ACCOUNT_BYTES_MAX,
        }
    }
}

/// A running node, without its doors. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    blobs: Blobs,
    tail: tail::Tail,
    feeds: feeds::Feeds,
    history: history::History,
    known: known::Known,
    window: live::Window,
    relays: live::Relays,
    seen: accounts::SeenLately,
    owners: native::Owners,
    memberships: native::Memberships,
    takings: native::Takings,
    presences: Arc<tidings_core::presence::Presences>,
    writing: native::Writing,
    incarnation: std::sync::OnceLock<u64>,
    account_blob_bytes: u64,
    pushes: tokio::sync::Notify,
    wakes: tokio::sync::Notify,
    deliveries: tokio::sync::Notify,
    sweeper: tokio::sync::Notify,
    disk: disk::FreeSpace,
    policies: Arc<Policies>,
    retention: Retention,
    exchange_life: Duration,
    invitation_life: Duration,
    clock: Clock,
    entropy: Entropy,
}

impl Engine {
    /// Puts an engine together. Background work is started by [`Engine::run_sweeper`] and [`Engine::run_deliveries`].
    pub fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        blobs: Blobs,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        let disk = disk::FreeSpace::new(blobs.folder().to_owned(), settings.disk_reserve);
        Self {
            inner: Arc::new(Inner {
                store,
                bus,
                blobs,
                tail: tail::Tail::new(settings.tail_bytes),
                feeds: feeds::Feeds::default(),
                history: history::History::new(settings.history_bytes),
                known: known::Known::default(),
                window: live::Window::default(),
                relays: live::Relays::default(),
                seen: accounts::SeenLately::default(),
                owners: native::Owners::default(),
                memberships: native::Memberships::default(),
                takings: native::Takings::default(),
                presences: Arc::default(),
                writing: native::Writing::default(),
                incarnation: std::sync::OnceLock::new(),
                account_blob_bytes: settings.account_blob_bytes,
                pushes: tokio::sync::Notify::new(),
                wakes: tokio::sync::Notify::new(),
                deliveries: tokio::sync::Notify::new(),
                sweeper: tokio::sync::Notify::new(),
                disk,
                policies: Arc::new(settings.policies),
                retention: settings.retention,
                exchange_life: settings.exchange_life,
                invitation_life: settings.invitation_life,
                clock,
                entropy,
            }),
        }
    }

    /// The time by the node's clock.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The node's source of randomness.
    pub fn entropy(&self) -> &Entropy {
        &self.inner.entropy
    }

    /// The rules of each kind of stream.
    pub fn policies(&self) -> &Policies {
        &self.inner.policies
    }

    /// The attachments' folder.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Whether the store answers, as a readiness probe asks it.
    pub async fn ready(&self) -> Result<(), Error> {
        self.inner.store.value("readiness").await?;
        Ok(())
    }

    /// Fails with [`Error::DiskFull`] if `bytes` more in the store would touch what is kept back of the disk.
    pub(crate) fn allow_stored(&self, bytes: u64, now: Timestamp) -> Result<(), Error> {
        self.inner.disk.allow_stored(bytes, self.inner.store.spare_bytes(), now)
    }

    /// Counts over the whole node.
    pub async fn statistics(&self, now: Timestamp) -> Result<tidings_core::Statistics, Error> {
        Ok(self.inner.store.statistics(now).await?)
    }

    /// A value of the node's own, made by `make` if there is none yet, such as its keys. The one that is kept is given, also
    /// when two processes race.
    pub async fn node_value(
        &self,
        name: &'static str,
        make: impl FnOnce(&Entropy) -> Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        if let Some(value) = self.inner.store.value(name).await? {
            return Ok(value);
        }
        Ok(self.inner.store.value_or_insert(name, make(&self.inner.entropy)).await?)
    }
}
