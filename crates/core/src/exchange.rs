//! Contact exchanges: one-time tokens that swap two sealed texts and may create an account.

use crate::account::AccountNumber;
use crate::key::Key;
use crate::time::Timestamp;
use crate::token::TokenHash;
use thiserror::Error;

/// Open exchanges that one account may have at a time.
pub const OPEN_MAX: u64 = 1000;

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeState {
    /// Waits for somebody to accept.
    Initiated,
    /// Was accepted: the text is now the accepter's.
    Accepted,
}

/// An exchange as stored.
#[derive(Clone)]
pub struct Exchange {
    /// Where it stands.
    pub state: ExchangeState,
    /// Who made it; none if the node's owner did.
    pub maker: Option<AccountNumber>,
    /// The maker's sealed text until it is accepted, the accepter's afterwards.
    pub text: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// An exchange to be made.
pub struct NewExchange {
    /// What is kept of the token.
    pub token: TokenHash,
    /// Who makes it; none for the node's owner.
    pub maker: Option<Key>,
    /// The maker's sealed text.
    pub text: Option<String>,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// An attempt to accept.
pub struct Acceptance {
    /// The hash of the presented token.
    pub token: TokenHash,
    /// The key that wants an account, if it wants one.
    pub register: Option<Key>,
    /// The accepter's sealed text.
    pub text: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// What the accepter gets.
pub struct Accepted {
    /// The maker's sealed text.
    pub text: Option<String>,
    /// Until when the exchange could be accepted.
    pub expires_at: Timestamp,
    /// Whether an account was created.
    pub created_account: bool,
}

/// Why an exchange can't be made or accepted. Nothing changes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExchangeRefusal {
    /// Never made, deleted, or accepted already.
    #[error("unknown or already used")]
    Unknown,
    /// Too late.
    #[error("expired")]
    Expired,
    /// The maker has no account here.
    #[error("only accounts of this node may invite")]
    NoAccount,
    /// The maker has [`OPEN_MAX`] open ones.
    #[error("too many open invitations")]
    TooMany,
}

impl Exchange {
    /// Whether it can be accepted at `now`.
    pub fn may_accept(&self, now: Timestamp) -> Result<(), ExchangeRefusal> {
        match self.state {
            ExchangeState::Accepted => Err(ExchangeRefusal::Unknown),
            ExchangeState::Initiated if now > self.expires_at => Err(ExchangeRefusal::Expired),
            ExchangeState::Initiated => Ok(()),
        }
    }

    /// Whether its maker may see it at `now`: an open one until it expires, an accepted one until clean-up, so that an answer
    /// given in the last moment is not lost.
    pub fn visible(&self, now: Timestamp) -> bool {
        self.state == ExchangeState::Accepted || now <= self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_open_once_and_for_its_time() {
        let at = Timestamp::from_millis;
        let mut exchange = Exchange {
            state: ExchangeState::Initiated,
            maker: None,
            text: None,
            created_at: at(0),
            expires_at: at(10),
        };
        assert_eq!(exchange.may_accept(at(10)), Ok(()));
        assert!(exchange.visible(at(10)));
        assert_eq!(exchange.may_accept(at(11)), Err(ExchangeRefusal::Expired));
        assert!(!exchange.visible(at(11)));
        exchange.state = ExchangeState::Accepted;
        assert_eq!(exchange.may_accept(at(5)), Err(ExchangeRefusal::Unknown));
        assert!(exchange.visible(at(11)));
    }
}
