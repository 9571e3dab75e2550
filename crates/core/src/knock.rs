//! Knocks: telling a device that something came, without saying what. A push to a device of this node, or a request to the address
//! that a member of a group left (docs/protocol/node.md, Push).

use crate::delivery;
use crate::time::Timestamp;
use std::time::Duration;

/// Rows of knocks that a node keeps at most. Beyond that no new one is queued: it is only a hint.
pub const KNOCKS_MAX: u64 = 100_000;

/// After a knock, the next one at the same door waits this long, and all that come meanwhile become one.
pub const KNOCK_EVERY: Duration = Duration::from_secs(60);

/// Tokens that one device may have given out to be woken with. Beyond that the oldest go.
pub const WAKE_TOKENS_MAX: u64 = 2000;

/// Addresses that a group keeps for one access key. In a room all devices share one.
pub const WAKES_PER_KEY_MAX: u64 = 256;

/// Addresses that a group keeps in all: each message looks at all of them, and no group may be a means of flooding others.
pub const WAKES_PER_GROUP_MAX: u64 = 4096;

/// Most bytes of an address to knock at.
pub const WAKE_URL_MAX: usize = 512;

/// Most bytes of a push subscription as its door writes it.
pub const SUBSCRIPTION_BYTES_MAX: usize = 4096;

/// What kind of door is knocked at. They wait for each other's slots only within a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The push service of a device of this node.
    Push,
    /// An address at another node.
    Wake,
}

impl Door {
    /// The number by which it is kept. Never change one.
    pub fn code(self) -> u8 {
        match self {
            Self::Push => 0,
            Self::Wake => 1,
        }
    }
}

/// Where to knock.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A push subscription of a device of this node, as its door stored it.
    Push(String),
    /// An address at another node.
    Wake(String),
}

/// A due knock, leased to one worker.
pub struct Knock {
    /// Its row.
    pub id: i64,
    /// Until when it is leased; tells this lease from a later one.
    pub leased_until: Timestamp,
    /// Attempts already made.
    pub attempts: u32,
    /// Where.
    pub target: Target,
}

impl Knock {
    /// When to try again after a failed attempt at `now`, or `None` when it is given up. `jitter` (0 to 255) spreads attempts by
    /// up to a quarter.
    pub fn retry_at(&self, after: Option<Duration>, jitter: u8, now: Timestamp) -> Option<Timestamp> {
        delivery::retry_at(self.attempts, after, jitter, now)
    }
}
