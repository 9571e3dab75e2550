//! Who follows what in this process, and the bells by which sessions are called.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_core::StreamName;
use tokio::sync::Notify;

/// Calls one session: which of its streams have something new.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<VecDeque<u32>>,
    notify: Notify,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, VecDeque<u32>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place that was called for first, which must be looked at now.
    pub(crate) fn answer(&self) -> Option<u32> {
        self.lock().pop_front()
    }

    /// Waits until it is rung. Safe to abandon half-way.
    pub(crate) async fn wait(&self) {
        self.notify.notified().await;
    }
}

/// One session's interest in one stream.
pub(crate) struct Ear {
    bell: Arc<Bell>,
    place: u32,
    rung: AtomicBool,
}

impl Ear {
    /// An ear that rings the session's bell for one of its places.
    pub(crate) fn new(bell: &Arc<Bell>, place: u32) -> Arc<Self> {
        Arc::new(Self { bell: Arc::clone(bell), place, rung: AtomicBool::new(false) })
    }

    /// Calls the session, unless it is called already and has not begun to look.
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.bell.lock().push_back(self.place);
            self.bell.notify.notify_one();
        }
    }

    /// The session begins to look; what comes from now on rings again.
    pub(crate) fn look(self: &Arc<Self>) -> Looking {
        self.rung.store(false, Ordering::Release);
        Looking { ear: Arc::clone(self), seen: false }
    }
}

/// A look at a place. Given up half-way, it calls for another, so that a place is never called for twice, nor forgotten.
pub(crate) struct Looking {
    ear: Arc<Ear>,
    seen: bool,
}

impl Looking {
    /// All was seen that was there.
    pub(crate) fn end(mut self) {
        self.seen = true;
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if !self.seen {
            self.ear.ring();
        }
    }
}

/// Who follows what. Its size is bounded by the sessions and streams that the doors allow.
#[derive(Default)]
pub(crate) struct Feeds {
    followers: Mutex<HashMap<StreamName, Vec<Arc<Ear>>>>,
}

impl Feeds {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamName, Vec<Arc<Ear>>>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a follower.
    pub(crate) fn enter(&self, stream: &StreamName, ear: &Arc<Ear>) {
        self.lock().entry(stream.clone()).or_default().push(Arc::clone(ear));
    }

    /// Takes a follower away. Runs `last` if nobody else follows, before anybody can begin to: a channel that is forgotten
    /// under a new follower would start its places anew behind that follower's cursor.
    pub(crate) fn leave(&self, stream: &StreamName, ear: &Arc<Ear>, last: impl FnOnce()) {
        let mut followers = self.lock();
        let Some(ears) = followers.get_mut(stream) else { return };
        if let Some(at) = ears.iter().position(|other| Arc::ptr_eq(other, ear)) {
            ears.swap_remove(at);
        }
        if ears.is_empty() {
            followers.remove(stream);
            last();
        }
    }

    /// Runs `work`, which is told whether somebody follows (that does not change meanwhile), and calls all who do.
    pub(crate) fn tell<T>(&self, stream: &StreamName, work: impl FnOnce(bool) -> T) -> T {
        let followers = self.lock();
        let ears = followers.get(stream);
        let done = work(ears.is_some());
        ears.into_iter().flatten().for_each(|ear| ear.ring());
        done
    }

    /// How many sessions follow a stream.
    pub(crate) fn count(&self, stream: &StreamName) -> usize {
        self.lock().get(stream).map_or(0, Vec::len)
    }

    /// Calls all who follow anything.
    pub(crate) fn wake_all(&self) {
        self.lock().values().flatten().for_each(|ear| ear.ring());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_core::StreamKind;

    fn lobby() -> StreamName {
        StreamName::named(StreamKind::Channel, b"lobby").unwrap()
    }

    #[test]
    fn when_all_have_left_nobody_follows() {
        let (feeds, bell) = (Feeds::default(), Arc::default());
        let ears: Vec<_> = (0..3).map(|place| Ear::new(&bell, place)).collect();
        ears.iter().for_each(|ear| feeds.enter(&lobby(), ear));
        let mut last = 0;
        for (left, ear) in (1..).zip(&ears) {
            assert!(feeds.tell(&lobby(), |somebody| somebody));
            feeds.leave(&lobby(), ear, || last = left);
        }
        assert_eq!(last, 3);
        assert!(!feeds.tell(&lobby(), |somebody| somebody) && feeds.lock().is_empty());
    }

    #[test]
    fn a_bell_is_rung_once_for_each_place_until_somebody_looks() {
        let (feeds, bell) = (Feeds::default(), Arc::default());
        let ear = Ear::new(&bell, 7);
        feeds.enter(&lobby(), &ear);
        for _ in 0..3 {
            feeds.tell(&lobby(), |_| ());
        }
        assert_eq!(bell.lock().len(), 1);
        assert_eq!(bell.answer(), Some(7));
        for _ in 0..3 {
            let looking = ear.look();
            feeds.wake_all();
            drop(looking);
            assert_eq!(bell.lock().len(), 1, "what was looked at in vain is called for once more");
            assert_eq!(bell.answer(), Some(7));
        }
        drop(ear.look());
        assert_eq!(bell.answer(), Some(7), "also when nothing has come");
        let looking = ear.look();
        feeds.wake_all();
        looking.end();
        assert_eq!(bell.answer(), Some(7), "what came after the look began rings again");
        ear.look().end();
        assert_eq!(bell.answer(), None);
    }
}
