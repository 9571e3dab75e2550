//! Outgoing work: notifications that are due, with their retries.

use crate::envelope::Label;
use crate::key::Key;
use crate::time::Timestamp;
use std::time::Duration;

/// Rows of outgoing work a node keeps at most. Beyond that no new notification is queued: it is only a hint.
pub const QUEUE_MAX: u64 = 100_000;

/// Attempts at one notification before it is given up.
pub const ATTEMPTS_MAX: u32 = 4;

/// After a notification, the next one from the same sender to the same recipient waits this long, and all that come
/// meanwhile become one.
pub const COLLAPSE: Duration = Duration::from_secs(5);

/// The longest wait between attempts, whatever the push service asks for.
pub const RETRY_MAX: Duration = Duration::from_secs(3600);

/// First wait between attempts; it quadruples each time.
const RETRY_FIRST: Duration = Duration::from_secs(10);

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who sent the envelope.
    pub sender: Key,
    /// Its kind in the client's words.
    pub label: Label,
}

/// A due notification, leased to one worker.
pub struct Delivery {
    /// Its row.
    pub id: i64,
    /// How often it was asked for. If this has grown when the attempt ends, there is more to tell.
    pub generation: i64,
    /// Attempts already made.
    pub attempts: u32,
    /// What it is about.
    pub notice: Notice,
    /// Where to: the subscription as its door stored it.
    pub subscription: String,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The service took it.
    Delivered,
    /// The service says that the subscription is gone: it is forgotten.
    Gone,
    /// It may work later; the service may have said how much later.
    Retry(Option<Duration>),
    /// It will never work.
    Refused,
}

impl DeliveryOutcome {
    /// What it is called where outcomes are counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Gone => "gone",
            Self::Retry(_) => "retry",
            Self::Refused => "refused",
        }
    }
}

impl Delivery {
    /// When to try again after a failed attempt at `now`, or `None` when it is given up. `jitter` (0 to 255) spreads
    /// attempts by up to a quarter.
    pub fn retry_at(&self, after: Option<Duration>, jitter: u8, now: Timestamp) -> Option<Timestamp> {
        retry_at(self.attempts, after, jitter, now)
    }
}

/// When to make the next attempt at something that was attempted `attempts` times before the one that failed at `now`.
pub(crate) fn retry_at(attempts: u32, after: Option<Duration>, jitter: u8, now: Timestamp) -> Option<Timestamp> {
    if attempts.saturating_add(1) >= ATTEMPTS_MAX {
        return None;
    }
    let backoff = RETRY_FIRST.saturating_mul(4u32.saturating_pow(attempts));
    let wait = after.unwrap_or(backoff).max(backoff).min(RETRY_MAX);
    Some(now.after(wait + wait / 4 * u32::from(jitter) / 255))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxKey;

    fn delivery(attempts: u32) -> Delivery {
        let sender = Key::Box(BoxKey::from_bytes([5; 32]).unwrap());
        let notice = Notice { sender, label: Label::new("MEDIA") };
        Delivery { id: 1, generation: 1, attempts, notice, subscription: String::new() }
    }

    #[test]
    fn waits_grow_honour_the_service_and_end() {
        let now = Timestamp::EPOCH;
        let wait =
            |attempts, after, jitter| delivery(attempts).retry_at(after, jitter, now).map(|at| at.since(now).as_secs());
        assert_eq!(wait(0, None, 0), Some(10));
        assert_eq!(wait(1, None, 0), Some(40));
        assert_eq!(wait(2, None, 0), Some(160));
        assert_eq!(wait(3, None, 0), None);
        assert_eq!(wait(0, Some(Duration::from_secs(60)), 0), Some(60));
        assert_eq!(wait(1, Some(Duration::from_secs(1)), 0), Some(40));
        assert_eq!(wait(0, Some(Duration::from_secs(u64::MAX)), 0), Some(3600));
        assert_eq!(wait(0, None, 255), Some(12));
    }
}
