//! The one way out: readers hold a cursor and ask for what comes after it. Live delivery and catching up are the same code.

use crate::Engine;
use crate::error::Error;
use crate::tail::{Item, Look};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tidings_core::policy::Keep;
use tidings_core::{Hint, Seq, StreamName};
use tokio::sync::Notify;

/// Envelopes in one batch at most.
pub const BATCH_MAX: usize = 500;

/// Bytes of bodies and labels after which a batch ends.
pub const BATCH_BYTES: usize = 1 << 20;

/// How often a waiting feed looks without having been woken, since a hint may be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Some envelopes in order.
pub struct Batch {
    /// The envelopes.
    pub items: Vec<Arc<Item>>,
    /// How many before them are gone; only live channels lose any.
    pub missed: u64,
    /// Whether the stream has no more after these for now.
    pub complete: bool,
}

/// A reader's place in a stream.
pub struct Feed {
    engine: Engine,
    stream: StreamName,
    cursor: Seq,
    wake: Arc<Notify>,
    here: Arc<()>,
}

/// Shows that a session has joined a live channel: it holds while the session's [`Feed`] does.
#[derive(Clone)]
pub struct Membership {
    stream: StreamName,
    here: Weak<()>,
}

impl Membership {
    /// Whether it is still good for this stream.
    pub(crate) fn holds(&self, stream: &StreamName) -> bool {
        self.stream == *stream && self.here.strong_count() > 0
    }
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
        let page = self.inner.store.read(stream.clone(), after, BATCH_MAX, BATCH_BYTES).await?;
        let items: Vec<_> = page.envelopes.into_iter().map(|envelope| Arc::new(Item::new(envelope))).collect();
        if page.complete && after == Seq::START {
            self.inner.tail.offer(stream, ticket, &items);
        }
        Ok(Batch { items, missed: 0, complete: page.complete })
    }

    /// Follows a stream from a cursor on. On a live channel this is joining, and the cursor does not count: there is no past.
    pub fn follow(&self, stream: StreamName, cursor: Seq) -> Feed {
        let wake = self.inner.feeds.enter(&stream);
        let live = self.policies().of(stream.kind()).keep == Keep::Live;
        let cursor = if live { self.inner.tail.live_end(&stream) } else { cursor };
        Feed { engine: self.clone(), stream, cursor, wake, here: Arc::default() }
    }

    /// Passes hints of the bus on to the feeds of this process, until the bus is gone.
    pub async fn run_hints(&self) {
        let mut hints = self.inner.bus.listen();
        while let Some(hint) = hints.next().await {
            match hint {
                Hint::Stream(stream) => self.inner.feeds.wake(&stream),
                Hint::Deliveries => self.inner.deliveries.notify_one(),
                Hint::Lost => {
                    self.inner.feeds.wake_all();
                    self.inner.deliveries.notify_one();
                }
            }
        }
    }
}

impl Feed {
    /// Waits for what comes after the cursor and moves the cursor behind it. Safe to abandon half-way.
    pub async fn next(&mut self) -> Result<Batch, Error> {
        loop {
            let wake = Arc::clone(&self.wake);
            let woken = wake.notified();
            tokio::pin!(woken);
            // Listening begins before looking, so that nothing falls in between.
            woken.as_mut().enable();
            let batch = self.look().await?;
            if let Some(last) = batch.items.last() {
                self.cursor = last.envelope.seq;
                return Ok(batch);
            }
            // A hint that was lost costs this delay.
            let _ = tokio::time::timeout(LOOK_AGAIN, woken).await;
        }
    }

    /// What its session shows to speak on the channel.
    pub fn membership(&self) -> Membership {
        Membership { stream: self.stream.clone(), here: Arc::downgrade(&self.here) }
    }

    /// The place up to which everything was read.
    pub fn cursor(&self) -> Seq {
        self.cursor
    }

    async fn look(&self) -> Result<Batch, Error> {
        if self.engine.policies().of(self.stream.kind()).keep == Keep::Live {
            let (missed, items) = self.engine.inner.tail.look_live(&self.stream, self.cursor);
            return Ok(Batch { items, missed, complete: true });
        }
        self.engine.read(&self.stream, self.cursor).await
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let live = self.engine.policies().of(self.stream.kind()).keep == Keep::Live;
        let forget = || self.engine.inner.tail.forget(&self.stream);
        self.engine.inner.feeds.leave(&self.stream, || {
            if live {
                forget()
            }
        });
    }
}

/// Who listens to what in this process. Its size is bounded by the sessions that the doors allow.
#[derive(Default)]
pub(crate) struct Feeds {
    listeners: Mutex<HashMap<StreamName, (Arc<Notify>, usize)>>,
}

impl Feeds {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<StreamName, (Arc<Notify>, usize)>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stream: &StreamName) -> Arc<Notify> {
        let mut listeners = self.lock();
        let (wake, count) = listeners.entry(stream.clone()).or_default();
        *count += 1;
        Arc::clone(wake)
    }

    /// Runs `last` if nobody else listens, before anybody can begin to: a channel that is forgotten under a new listener
    /// would start its places anew behind that listener's cursor.
    fn leave(&self, stream: &StreamName, last: impl FnOnce()) {
        let mut listeners = self.lock();
        if let Some((_, count)) = listeners.get_mut(stream) {
            *count = count.saturating_sub(1);
            if *count > 0 {
                return;
            }
        }
        listeners.remove(stream);
        last();
    }

    /// Runs `work`, which is told whether somebody listens; that does not change meanwhile.
    pub(crate) fn listening<T>(&self, stream: &StreamName, work: impl FnOnce(bool) -> T) -> T {
        let listeners = self.lock();
        work(listeners.contains_key(stream))
    }

    fn wake(&self, stream: &StreamName) {
        if let Some((wake, _)) = self.lock().get(stream) {
            wake.notify_waiters();
        }
    }

    fn wake_all(&self) {
        for (wake, _) in self.lock().values() {
            wake.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_core::StreamKind;

    #[test]
    fn when_all_have_left_nobody_listens() {
        let (feeds, lobby) = (Feeds::default(), StreamName::named(StreamKind::Channel, b"lobby").unwrap());
        let mut last = 0;
        for _ in 0..3 {
            feeds.enter(&lobby);
        }
        for left in 1..=3 {
            assert!(feeds.listening(&lobby, |somebody| somebody));
            feeds.leave(&lobby, || last = left);
        }
        assert_eq!(last, 3);
        assert!(!feeds.listening(&lobby, |somebody| somebody) && feeds.lock().is_empty());
    }
}
