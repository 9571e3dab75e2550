//! The one way out: readers hold a cursor and ask for what comes after it. Live delivery and catching up are the same code.

use crate::Engine;
use crate::error::Error;
use crate::tail::{Item, Look};
use std::sync::Arc;
use std::time::Duration;
use tidings_core::group::group_of;
use tidings_core::policy::Keep;
use tidings_core::{Bound, Hint, HistoryQuery, Seq, StreamName, Timestamp};

/// Envelopes in one batch at most.
pub const BATCH_MAX: usize = 500;

/// Bytes of bodies and labels after which a batch ends.
pub const BATCH_BYTES: usize = 1 << 20;

/// How often all who follow anything look without having been called, where other processes write, too: their hints may be
/// lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Some envelopes in order.
pub struct Batch {
    /// The envelopes.
    pub items: Vec<Arc<Item>>,
    /// How many before them are gone; only live streams lose any.
    pub missed: u64,
    /// Whether the stream has no more after these for now.
    pub complete: bool,
}

impl Engine {
    /// Envelopes after the cursor, without waiting: from the tail if it has them, else from the store.
    pub async fn read(&self, stream: &StreamName, after: Seq) -> Result<Batch, Error> {
        let ticket = match self.inner.tail.look(stream, after) {
            Look::Complete(items) => {
                return Ok(Batch { items, missed: 0, complete: true });
            }
            Look::Unknown(ticket) => ticket,
        };
        let (batch, end) = self.page(stream, after).await?;
        if let Some(end) = end.filter(|_| batch.complete && after == Seq::START) {
            self.inner.tail.offer(stream, ticket, &batch.items, end);
        }
        Ok(batch)
    }

    /// Envelopes after the cursor from the store.
    pub(crate) async fn read_stored(&self, stream: &StreamName, after: Seq) -> Result<Batch, Error> {
        Ok(self.page(stream, after).await?.0)
    }

    /// Envelopes after the cursor from the store, and the number given last in the stream, if it is there.
    async fn page(&self, stream: &StreamName, after: Seq) -> Result<(Batch, Option<Seq>), Error> {
        let page = self.inner.store.read(stream.clone(), after, BATCH_MAX, BATCH_BYTES).await?;
        let items = page.envelopes.into_iter().map(|envelope| Arc::new(Item::new(envelope))).collect();
        Ok((Batch { items, missed: 0, complete: page.complete }, page.end))
    }

    /// A page of a room in the order in which its messages were written. A room that is not there is empty.
    pub async fn history(&self, room: &StreamName, query: &HistoryQuery) -> Result<Vec<Arc<Item>>, Error> {
        self.inner.history.history(&self.inner.store, room, query, self.kept_since(room), self.now()).await
    }

    /// How many messages of a room lie between two bounds, both inclusive.
    pub async fn count(&self, room: &StreamName, from: Bound, to: Bound) -> Result<u64, Error> {
        self.inner.history.count(&self.inner.store, room, from, to, self.kept_since(room), self.now()).await
    }

    /// What is older than this has lived its time and is not shown any more.
    fn kept_since(&self, stream: &StreamName) -> Timestamp {
        match self.policies().of(stream.kind()).keep {
            Keep::For(age) | Keep::UntilTaken(age) => self.now().before(age),
            Keep::Live | Keep::UntilDeleted => Timestamp::EPOCH,
        }
    }

    /// How many sessions on this node follow a stream.
    pub fn followers(&self, stream: &StreamName) -> usize {
        self.inner.feeds.count(stream)
    }

    /// Whether any session on this node follows a stream.
    pub fn followed(&self, stream: &StreamName) -> bool {
        self.followers(stream) > 0
    }

    /// Takes up what other processes tell, until the bus is gone.
    pub async fn run_hints(&self) {
        let mut hints = self.inner.bus.listen();
        let mut look_again = tokio::time::interval(LOOK_AGAIN);
        loop {
            let hint = tokio::select! {
                hint = hints.next() => hint,
                _ = look_again.tick(), if self.inner.bus.reaches_others() => Some(Hint::Lost),
            };
            match hint {
                Some(Hint::Stream(stream)) => {
                    // Another process has written it: what this one remembers of it is no longer all.
                    self.inner.tail.forget(&stream);
                    self.inner.history.forget(&stream);
                    if let Some(group) = group_of(&stream) {
                        self.inner.memberships.forget(&group);
                    }
                    self.inner.feeds.tell(&stream, |_| ());
                }
                Some(Hint::Deliveries) => self.look_for_deliveries(),
                Some(Hint::Account(identity, news)) => self.tell_account_here(&identity, news),
                Some(Hint::Lost) => self.look_everywhere(),
                None => return,
            }
        }
    }

    fn look_everywhere(&self) {
        if self.inner.bus.reaches_others() {
            self.inner.tail.forget_stored();
            self.inner.history.forget_all();
            self.inner.memberships.forget_all();
            self.inner.owners.forget_all();
        }
        self.inner.feeds.wake_all();
        self.look_for_deliveries();
    }

    fn look_for_deliveries(&self) {
        self.inner.deliveries.notify_one();
        self.inner.pushes.notify_one();
        self.inner.wakes.notify_one();
    }
}
