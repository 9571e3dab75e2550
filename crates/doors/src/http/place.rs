//! What an upgraded connection keeps of the server: its place among all connections, and the news that the node ends.

use super::crowd::Guest;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A connection's place; it counts until the last clone is dropped. A request that asks for an upgrade has it as an
/// extension.
#[derive(Clone)]
pub struct Place(Arc<Held>);

struct Held {
    // Each is given back when this is dropped.
    _permit: OwnedSemaphorePermit,
    _guest: Option<Guest>,
    _tracked: TaskTrackerToken,
    departure: Arc<Departure>,
}

impl Place {
    /// Counts a connection as open.
    pub(super) fn new(
        permit: OwnedSemaphorePermit,
        guest: Option<Guest>,
        tracked: TaskTrackerToken,
        departure: Arc<Departure>,
    ) -> Self {
        metrics::gauge!("tidings_open_connections").increment(1.0);
        Self(Arc::new(Held { _permit: permit, _guest: guest, _tracked: tracked, departure }))
    }

    /// Keeps the place for a session.
    pub fn stay(self) -> Presence {
        let id = self.0.departure.next.fetch_add(1, Ordering::Relaxed);
        Presence { place: self, id, waker: None }
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
}

impl Presence {
    /// Whether the node ends. If not, the task is woken when it does. Costs next to nothing when the same task asks again.
    pub fn poll_ending(&mut self, cx: &mut Context<'_>) -> bool {
        let departure = &self.place.0.departure;
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
            departure.wakers.lock().unwrap_or_else(PoisonError::into_inner).insert(self.id, cx.waker().clone());
        }
        departure.begun.load(Ordering::SeqCst)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if self.waker.is_some() {
            let wakers = &self.place.0.departure.wakers;
            wakers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        }
    }
}

/// The end of a server, and who waits for it. Asking whether it has come is a look at one flag, unlike with a token, which
/// would be locked by thousands of sessions at each of their steps.
#[derive(Default)]
pub(super) struct Departure {
    begun: AtomicBool,
    next: AtomicU64,
    wakers: Mutex<HashMap<u64, Waker>>,
}

impl Departure {
    /// Tells all sessions to end.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_values().for_each(Waker::wake);
    }
}
