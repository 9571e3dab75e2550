//! What an upgraded connection keeps of the server: its place among all connections, and the news that the node ends.

use super::crowd::Guest;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Bytes of a message under way that each session has for itself.
const UNFINISHED_FREE: usize = 64 * 1024;

/// Bytes beyond these that the messages under way of all sessions may take together. Without it, whoever begins large messages
/// and ends none would take memory for each connection.
const UNFINISHED_MAX: usize = 64 << 20;

/// A connection's place; it counts until the last clone is dropped. A request that asks for an upgrade has it as an
/// extension.
#[derive(Clone)]
pub struct Place(Arc<Held>);

struct Held {
    // Each is given back when this is dropped.
    _permit: OwnedSemaphorePermit,
    _guest: Option<Guest>,
    _tracked: TaskTrackerToken,
    sessions: Arc<Sessions>,
}

impl Place {
    /// Counts a connection as open.
    pub(super) fn new(
        permit: OwnedSemaphorePermit,
        guest: Option<Guest>,
        tracked: TaskTrackerToken,
        sessions: Arc<Sessions>,
    ) -> Self {
        metrics::gauge!("tidings_open_connections").increment(1.0);
        Self(Arc::new(Held { _permit: permit, _guest: guest, _tracked: tracked, sessions }))
    }

    /// Keeps the place for a session.
    pub fn stay(self) -> Presence {
        let id = self.0.sessions.next.fetch_add(1, Ordering::Relaxed);
        Presence { place: self, id, waker: None, unfinished: 0 }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        metrics::gauge!("tidings_open_connections").decrement(1.0);
    }
}

/// A session's hold on its connection's place.
pub struct Presence {
    place: Place,
    id: u64,
    waker: Option<Waker>,
    /// What is counted of its message under way, in bytes.
    unfinished: usize,
}

impl Presence {
    /// Whether the node ends. If not, the task is woken when it does. Costs next to nothing when the same task asks again.
    pub fn poll_ending(&mut self, cx: &mut Context<'_>) -> bool {
        let sessions = &self.place.0.sessions;
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
            sessions.wakers.lock().unwrap_or_else(PoisonError::into_inner).insert(self.id, cx.waker().clone());
        }
        sessions.begun.load(Ordering::SeqCst)
    }
}

impl Presence {
    /// Notes how many bytes of a message have come without its end. False if all sessions together have too much of them.
    pub fn holds(&mut self, bytes: usize) -> bool {
        let beyond = bytes.saturating_sub(UNFINISHED_FREE);
        if beyond == self.unfinished {
            return true;
        }
        let (all, more) = (&self.place.0.sessions.unfinished, beyond.saturating_sub(self.unfinished));
        let before = all.fetch_add(more, Ordering::Relaxed);
        all.fetch_sub(self.unfinished.saturating_sub(beyond), Ordering::Relaxed);
        self.unfinished = beyond;
        more == 0 || before.saturating_add(more) <= UNFINISHED_MAX
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.holds(0);
        if self.waker.is_some() {
            let wakers = &self.place.0.sessions.wakers;
            wakers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        }
    }
}

/// What the sessions of a server share: its end, and what their messages under way take. Asking whether the end has come is a
/// look at one flag, unlike with a token, which would be locked by thousands of sessions at each of their steps.
#[derive(Default)]
pub(super) struct Sessions {
    begun: AtomicBool,
    next: AtomicU64,
    wakers: Mutex<HashMap<u64, Waker>>,
    unfinished: AtomicUsize,
}

impl Sessions {
    /// Tells all sessions to end.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_values().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Semaphore;
    use tokio_util::task::TaskTracker;

    #[test]
    fn what_all_have_under_way_is_bounded_and_given_back() {
        let (places, tracker, sessions) = (Arc::new(Semaphore::new(100)), TaskTracker::new(), Arc::default());
        let session = || {
            let permit = Arc::clone(&places).try_acquire_owned().unwrap();
            Place::new(permit, None, tracker.token(), Arc::clone(&sessions)).stay()
        };
        const LARGE: usize = (1 << 20) + UNFINISHED_FREE;
        let mut open: Vec<_> = (0..64).map(|_| session()).collect();
        assert!(open.iter_mut().all(|session| session.holds(LARGE) && session.holds(LARGE)));
        let mut more = session();
        assert!(more.holds(UNFINISHED_FREE), "small messages always pass");
        assert!(!more.holds(LARGE));
        drop(more);
        assert!(open[0].holds(0) && session().holds(LARGE));
        drop(open);
        assert_eq!(sessions.unfinished.load(Ordering::Relaxed), 0);
    }
}
