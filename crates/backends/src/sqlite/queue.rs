//! A bounded queue from async tasks to threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidings_core::StoreError;
use tokio::sync::Semaphore;

/// Tasks wait for room in it, threads wait for items in it.
pub(super) struct Queue<T> {
    room: Semaphore,
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
}

struct Waiting<T> {
    items: VecDeque<T>,
    open: bool,
}

impl<T> Queue<T> {
    /// An open queue with room for `capacity` items.
    pub(super) fn new(capacity: usize) -> Self {
        let waiting = Waiting { items: VecDeque::new(), open: true };
        Self { room: Semaphore::new(capacity), waiting: Mutex::new(waiting), arrived: Condvar::new() }
    }

    /// Waits for room and puts the item in. Fails once the queue is closed.
    pub(super) async fn push(&self, item: T) -> Result<(), StoreError> {
        let closed = || StoreError::Failed("the store is closed".to_owned());
        self.room.acquire().await.map_err(|_| closed())?.forget();
        let mut waiting = self.lock();
        if !waiting.open {
            return Err(closed());
        }
        waiting.items.push_back(item);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Blocks until there is an item and takes at most `max`. If `hoped` says more than are there, waits `patience` for
    /// them. Empty once the queue is closed and drained.
    pub(super) fn take(&self, max: usize, hoped: usize, patience: Duration) -> VecDeque<T> {
        let mut waiting = self.lock();
        while waiting.items.is_empty() && waiting.open {
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.items.len() < hoped && waiting.open {
            let few = |waiting: &mut Waiting<T>| waiting.items.len() < hoped && waiting.open;
            let waited = self.arrived.wait_timeout_while(waiting, patience, few);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = waiting.items.len().min(max);
        let taken = waiting.items.drain(..count).collect();
        drop(waiting);
        self.room.add_permits(count);
        taken
    }

    /// Lets nothing more in. What is in it is still given out.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.room.close();
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
