//! Exchanges of Tidings' own clients: a sealed offer, one sealed answer, a sealed reply (docs/protocol/contacts.md, Invitation, and
//! identity.md, Linking). Their maker chooses the id, which whoever is to answer derives from a secret.

use crate::time::Timestamp;
use std::time::Duration;

/// Exchanges that one account may have at a time.
pub const SWAPS_MAX: u64 = 1000;

/// Most bytes of an offer, an answer or a reply.
pub const SWAP_BYTES_MAX: usize = 1024 * 1024;

/// Most bytes of all offers, answers and replies of one account.
pub const SWAPS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The longest that one can stay open.
pub const SWAP_LIFE_MAX: Duration = Duration::from_secs(30 * 86_400);

/// How long one that was answered is kept after it expired, so that the maker can still reply and the other can read that.
pub const SWAP_GRACE: Duration = Duration::from_secs(3600);

/// The name of an exchange.
pub type SwapId = [u8; 16];

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwapState {
    /// It takes an answer.
    Open,
    /// It has one.
    Answered,
    /// Its maker has replied.
    Replied,
}

/// An exchange.
#[derive(Clone, PartialEq, Eq)]
pub struct Swap {
    /// Its name.
    pub id: SwapId,
    /// How far it has come.
    pub state: SwapState,
    /// The sealed offer.
    pub offer: Option<Vec<u8>>,
    /// The sealed answer.
    pub answer: Option<Vec<u8>>,
    /// The sealed reply.
    pub reply: Option<Vec<u8>>,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// It has another answer already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered;

impl Swap {
    /// Whether anybody can see it at `now`: an open one until it expires, an answered one a little longer.
    pub fn visible(&self, now: Timestamp) -> bool {
        match self.state {
            SwapState::Open => now <= self.expires_at,
            SwapState::Answered | SwapState::Replied => now <= self.expires_at.after(SWAP_GRACE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_in_the_last_moment_can_be_replied_to() {
        let at = Timestamp::from_millis;
        let (offer, answer, reply) = (None, None, None);
        let open = Swap { id: [1; 16], state: SwapState::Open, offer, answer, reply, expires_at: at(10) };
        assert!(open.visible(at(10)) && !open.visible(at(11)));
        let answered = Swap { state: SwapState::Answered, ..open };
        let grace = i64::try_from(SWAP_GRACE.as_millis()).unwrap();
        assert!(answered.visible(at(10 + grace)) && !answered.visible(at(11 + grace)));
    }
}
