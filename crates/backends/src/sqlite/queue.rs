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
    /// Takers are called when there are so many.
    wanted: usize,
}

/// How a taker waits for more than there is.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// As many as it hopes for; with these it waits no longer.
    pub(super) hoped: usize,
    /// As long as nothing may come.
    pub(super) gap: Duration,
    /// As long as it waits at most.
    pub(super) most: Duration,
}

impl<T> Queue<T> {
    /// An open queue with room for `capacity` items.
    pub(super) fn new(capacity: usize) -> Self {
        let waiting = Waiting { items: VecDeque::new(), open: true, wanted: 1 };
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
        let enough = waiting.items.len() >= waiting.wanted;
        drop(waiting);
        if enough {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Blocks until there is an item and takes at most `max`, with `patience` for more if any is given: only where nobody else takes.
    /// Empty once the queue is closed and drained.
    pub(super) fn take(&self, max: usize, patience: Option<Patience>) -> VecDeque<T> {
        let mut waiting = self.lock();
        while waiting.items.is_empty() && waiting.open {
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(patience) = patience {
            waiting = self.wait_for_more(waiting, patience);
        }
        let count = waiting.items.len().min(max);
        let taken = waiting.items.drain(..count).collect();
        drop(waiting);
        self.room.add_permits(count);
        taken
    }

    /// Waits while more comes. Nobody calls before there is as much as was hoped for, so this costs no more than it must.
    fn wait_for_more<'a>(
        &self,
        mut waiting: MutexGuard<'a, Waiting<T>>,
        patience: Patience,
    ) -> MutexGuard<'a, Waiting<T>> {
        let (hoped, mut left) = (patience.hoped, patience.most);
        waiting.wanted = hoped;
        while waiting.items.len() < hoped && waiting.open && !left.is_zero() {
            let (before, gap) = (waiting.items.len(), patience.gap.min(left));
            left -= gap;
            let few = |waiting: &mut Waiting<T>| waiting.items.len() < hoped && waiting.open;
            let waited = self.arrived.wait_timeout_while(waiting, gap, few);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            if waiting.items.len() == before {
                break;
            }
        }
        waiting.wanted = 1;
        waiting
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Longer than any test; who is patient must not need it.
    const LONG: Duration = Duration::from_secs(60);

    fn patience(hoped: usize, gap: Duration) -> Option<Patience> {
        Some(Patience { hoped, gap, most: LONG })
    }

    #[tokio::test]
    async fn who_is_patient_gets_what_was_hoped_for_or_what_came() {
        let queue = Arc::new(Queue::new(8));
        queue.push(1).await.unwrap();
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.take(8, patience(3, LONG))
        });
        queue.push(2).await.unwrap();
        queue.push(3).await.unwrap();
        assert_eq!(taker.join().unwrap(), [1, 2, 3], "with three it waits no longer");
        queue.push(4).await.unwrap();
        assert_eq!(queue.take(8, patience(3, Duration::from_millis(1))), [4], "nothing more came");
        queue.push(5).await.unwrap();
        queue.push(6).await.unwrap();
        assert_eq!(queue.take(1, patience(2, LONG)), [5], "no more than allowed");
        assert_eq!(queue.take(8, None), [6]);
    }

    #[tokio::test]
    async fn the_end_is_not_waited_for() {
        let queue = Arc::new(Queue::new(8));
        queue.push(1).await.unwrap();
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || [queue.take(8, patience(3, LONG)), queue.take(8, patience(3, LONG))]
        });
        queue.close();
        let [last, nothing] = taker.join().unwrap();
        assert_eq!((last.len(), nothing.len()), (1, 0));
        assert!(queue.push(2).await.is_err());
    }
}
