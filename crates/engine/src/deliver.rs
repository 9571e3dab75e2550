//! Outgoing notifications: takes due rows, has them sent, and deletes or reschedules them.

use crate::Engine;
use crate::error::Error;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::Future;
use std::time::Duration;
use tidings_core::Timestamp;
use tidings_core::delivery::{COLLAPSE, Delivery, DeliveryOutcome};
use tidings_core::ports::StoreError;
use tokio::time::{sleep, timeout};

/// Notifications that are being sent at a time.
pub const SENDING_MAX: usize = 16;

/// How long a leased notification belongs to its worker. Longer than any attempt may take.
pub const LEASE: Duration = Duration::from_secs(20);

/// How often due work is looked for without having been told of any.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The shortest pause between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(20);

impl Engine {
    /// Sends what is due, for ever. `send` makes one attempt; it must end within the lease of 20 seconds and may be repeated. Drop the future to
    /// stop: what was under way is tried again after its lease.
    pub async fn run_deliveries<F, Fut>(&self, send: F)
    where
        F: Fn(Delivery) -> Fut,
        Fut: Future<Output = (Delivery, DeliveryOutcome)>,
    {
        let mut sending = FuturesUnordered::new();
        loop {
            let room = SENDING_MAX.saturating_sub(sending.len());
            let leased = self.lease(room).await;
            let failed = leased.is_none();
            sending.extend(leased.into_iter().flatten().map(&send));
            // A slow service must not hold up what becomes due for others meanwhile.
            let room = sending.len() < SENDING_MAX;
            tokio::select! {
                Some((delivery, outcome)) = sending.next(), if !sending.is_empty() => {
                    self.finish(delivery, outcome).await;
                }
                () = self.wait_for_work(failed), if room => {}
            }
        }
    }

    /// `None` if the store failed.
    async fn lease(&self, room: usize) -> Option<Vec<Delivery>> {
        if room == 0 {
            return Some(Vec::new());
        }
        let leased = self.lease_due(self.now(), room).await;
        leased
            .inspect_err(|error| tracing::warn!(%error, "could not look for due notifications; it is tried again"))
            .ok()
    }

    async fn lease_due(&self, now: Timestamp, room: usize) -> Result<Vec<Delivery>, StoreError> {
        let store = &self.inner.store;
        // Looking costs no transaction.
        match store.next_delivery().await? {
            Some(due) if due <= now => store.lease_deliveries(now, now.after(LEASE), room).await,
            _ => Ok(Vec::new()),
        }
    }

    /// `failed`: the store did not do what the look before wanted. It is not asked again at each message: each time would be a warning.
    async fn wait_for_work(&self, failed: bool) {
        if failed {
            return sleep(LOOK_AGAIN).await;
        }
        let next = self.inner.store.next_delivery().await.ok().flatten();
        let pause = next.map_or(LOOK_AGAIN, |due: Timestamp| due.since(self.now()));
        let woken = self.inner.deliveries.notified();
        let _ = timeout(pause.clamp(PAUSE_MIN, LOOK_AGAIN), woken).await;
    }

    async fn finish(&self, delivery: Delivery, outcome: DeliveryOutcome) {
        metrics::counter!("tidings_notifications_total", "outcome" => outcome.name()).increment(1);
        let now = self.now();
        let [jitter] = self.inner.entropy.bytes();
        let next = match outcome {
            DeliveryOutcome::Delivered => Some(now.after(COLLAPSE)),
            DeliveryOutcome::Retry(after) => delivery.retry_at(after, jitter, now),
            DeliveryOutcome::Gone | DeliveryOutcome::Refused => None,
        };
        if let Err(error) = self.inner.store.finish_delivery(delivery, outcome, next).await {
            tracing::warn!(%error, "could not note how a notification ended; it is tried again");
        }
    }

    /// Queued notifications that are due, for tests and diagnosis: leases and forgets none.
    pub async fn next_delivery(&self) -> Result<Option<Timestamp>, Error> {
        Ok(self.inner.store.next_delivery().await?)
    }
}
