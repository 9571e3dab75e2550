//! The threads that read, each with a connection of its own.

use super::fault::Fault;
use super::queue::Queue;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidings_core::StoreError;
use tokio::sync::oneshot;

/// Looks that may wait for a reader; who comes later waits for room.
pub(super) const WAITING_MAX: usize = 1024;

/// What waits for a reader.
pub(super) type Look = Box<dyn FnOnce(&Connection) + Send>;

/// Wraps reading with a way to hear its result.
pub(super) fn look<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
) -> (Look, oneshot::Receiver<Result<T, StoreError>>) {
    let (asker, receiver) = oneshot::channel();
    let look = move |conn: &Connection| {
        // Whoever gave up waiting needs no answer.
        if !asker.is_closed() {
            let _ = asker.send(work(conn).map_err(StoreError::from));
        }
    };
    (Box::new(look), receiver)
}

/// Works until the queue is closed and empty.
pub(super) fn run(conn: &Connection, looks: &Queue<Look>) {
    loop {
        let Some(look) = looks.take(1, None).pop_front() else {
            return;
        };
        // All that a look does is one transaction, so that it sees one moment.
        let begun = conn.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        if catch_unwind(AssertUnwindSafe(|| look(conn))).is_err() {
            tracing::error!("a look of a reader panicked");
        }
        let ended = conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if let Err(error) = begun.and(ended) {
            tracing::warn!(%error, "a reader's transaction failed");
        }
    }
}
