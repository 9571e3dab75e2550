//! Pushes and wakes: takes due rows, has them sent, and deletes or reschedules them.

use super::bytes;
use crate::Engine;
use crate::deliver::LEASE;
use crate::error::Error;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::Future;
use std::time::Duration;
use tidings_core::Hint;
use tidings_core::delivery::DeliveryOutcome;
use tidings_core::group::GroupId;
use tidings_core::knock::{Door, KNOCK_EVERY, Knock, SUBSCRIPTION_BYTES_MAX};
use tidings_core::ports::StoreError;
use tidings_core::presence::DeviceMark;
use tidings_core::{Ed25519Key, Timestamp, Token, TokenHash};
use tokio::time::{sleep, timeout};

/// Pushes that are being sent at a time.
const PUSHING_MAX: usize = 16;

/// Wakes that are being sent at a time. Their addresses are strangers', and may be slow on purpose.
const WAKING_MAX: usize = 64;

/// How often due work is looked for without having been told of any.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The pause between two looks: many messages that come at once are one look.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// How long a door that does not answer is left in peace.
const GIVEN_UP: Duration = Duration::from_secs(600);

impl Engine {
    /// Replaces or removes the push subscription of a device, kept as its door wrote it. Fails with [`Error::NoAccount`] or
    /// [`Error::TooLarge`].
    pub async fn set_push(&self, device: Ed25519Key, subscription: Option<String>) -> Result<(), Error> {
        let size = subscription.as_ref().map_or(0, String::len);
        if size > SUBSCRIPTION_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        if subscription.is_some() {
            self.allow_stored(bytes(size), self.now())?;
        }
        Ok(self.inner.store.set_push(device, subscription).await??)
    }

    /// The push subscription of a device. Fails with [`Error::NoAccount`].
    pub async fn push_subscription(&self, device: Ed25519Key) -> Result<Option<String>, Error> {
        Ok(self.inner.store.push(device).await??)
    }

    /// Makes a token with which others may wake the device. Only its hash is kept. Fails with [`Error::NoAccount`].
    pub async fn wake_token(&self, device: Ed25519Key, now: Timestamp) -> Result<Token, Error> {
        self.allow_stored(bytes(Ed25519Key::LEN), now)?;
        let token = self.inner.entropy.token();
        self.inner.store.add_wake_token(device, token.hash()).await??;
        Ok(token)
    }

    /// Wakes the device that made the token. Fails with [`Error::NotFound`].
    pub async fn wake(&self, token: TokenHash, now: Timestamp) -> Result<(), Error> {
        if !self.inner.store.wake(token, now).await? {
            return Err(Error::NotFound);
        }
        self.tell_knocks();
        Ok(())
    }

    /// Tells those who send pushes and wakes that some may be due.
    pub(super) fn tell_knocks(&self) {
        if self.inner.bus.reaches_others() {
            self.inner.bus.wake(Hint::Deliveries);
        } else {
            self.inner.pushes.notify_one();
            self.inner.wakes.notify_one();
        }
    }

    /// Pushes to a device that followed its inbox, fell silent, and may not have what was sent last: it counted as listening then.
    pub async fn push_again(&self, device: Ed25519Key, now: Timestamp) -> Result<(), Error> {
        self.inner.store.push_again(device, now).await?;
        self.tell_knocks();
        Ok(())
    }

    /// Wakes a device that followed a group, fell silent, and may not have what was sent last.
    pub async fn wake_again(
        &self,
        group: GroupId,
        key: Ed25519Key,
        device: DeviceMark,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.inner.store.wake_again(group, key, device, now).await?;
        self.tell_knocks();
        Ok(())
    }

    /// Knocks where it is due, for ever. `send` makes one attempt; it must end within the lease of 20 seconds and may be repeated. Drop
    /// the future to stop: what was under way is tried again after its lease.
    pub async fn run_knocks<F, Fut>(&self, send: F)
    where
        F: Fn(Knock) -> Fut,
        Fut: Future<Output = (Knock, DeliveryOutcome)>,
    {
        tokio::join!(self.run_door(Door::Push, PUSHING_MAX, &send), self.run_door(Door::Wake, WAKING_MAX, &send));
    }

    /// Knocks at doors of one kind, for ever.
    async fn run_door<F, Fut>(&self, door: Door, most: usize, send: &F)
    where
        F: Fn(Knock) -> Fut,
        Fut: Future<Output = (Knock, DeliveryOutcome)>,
    {
        let mut sending = FuturesUnordered::new();
        loop {
            let room = most.saturating_sub(sending.len());
            let leased = self.lease_knocks(door, room).await;
            let failed = leased.is_none();
            sending.extend(leased.into_iter().flatten().map(send));
            let room = sending.len() < most;
            tokio::select! {
                Some((knock, outcome)) = sending.next(), if !sending.is_empty() => {
                    self.finish_knock(door, knock, outcome).await;
                }
                () = self.wait_for_knocks(door, failed), if room => {}
            }
        }
    }

    /// `None` if the store failed.
    async fn lease_knocks(&self, door: Door, room: usize) -> Option<Vec<Knock>> {
        if room == 0 {
            return Some(Vec::new());
        }
        let leased = self.lease_due_knocks(door, self.now(), room).await;
        leased
            .inspect_err(|error| tracing::warn!(%error, "could not look for due pushes and wakes; it is tried again"))
            .ok()
    }

    async fn lease_due_knocks(&self, door: Door, now: Timestamp, room: usize) -> Result<Vec<Knock>, StoreError> {
        let store = &self.inner.store;
        // Looking costs no transaction.
        match store.next_knock(door).await? {
            Some(due) if due <= now => store.lease_knocks(door, now, now.after(LEASE), room).await,
            _ => Ok(Vec::new()),
        }
    }

    /// `failed`: the store did not do what the look before wanted. It is not asked again at each message: each time would be a warning.
    async fn wait_for_knocks(&self, door: Door, failed: bool) {
        if failed {
            return sleep(LOOK_AGAIN).await;
        }
        let next = self.inner.store.next_knock(door).await.ok().flatten();
        let pause = next.map_or(LOOK_AGAIN, |due: Timestamp| due.since(self.now()));
        let woken = match door {
            Door::Push => &self.inner.pushes,
            Door::Wake => &self.inner.wakes,
        };
        let _ = timeout(pause.clamp(PAUSE_MIN, LOOK_AGAIN), woken.notified()).await;
        sleep(PAUSE_MIN).await;
    }

    async fn finish_knock(&self, door: Door, knock: Knock, outcome: DeliveryOutcome) {
        let kind = match door {
            Door::Push => "push",
            Door::Wake => "wake",
        };
        metrics::counter!("tidings_knocks_total", "kind" => kind, "outcome" => outcome.name()).increment(1);
        let now = self.now();
        let [jitter] = self.inner.entropy.bytes();
        let (outcome, next) = match outcome {
            DeliveryOutcome::Delivered => (outcome, Some(now.after(KNOCK_EVERY))),
            DeliveryOutcome::Gone => (outcome, None),
            DeliveryOutcome::Refused => (outcome, Some(now.after(GIVEN_UP))),
            DeliveryOutcome::Retry(after) => match knock.retry_at(after, jitter, now) {
                Some(next) => (outcome, Some(next)),
                None => (DeliveryOutcome::Refused, Some(now.after(GIVEN_UP))),
            },
        };
        if let Err(error) = self.inner.store.finish_knock(knock, outcome, next).await {
            tracing::warn!(%error, "could not note how a push or a wake ended; it is tried again");
        }
    }
}
