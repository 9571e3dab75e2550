//! Why something that Tidings' own clients ask for is not done.

use crate::exchange::ExchangeRefusal;
use thiserror::Error;

/// Why something was refused. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Denial {
    /// The caller has no account here.
    #[error("no account on this node")]
    NoAccount,
    /// The caller may not do this, or what it is about is not there. One reason for both, so that nobody learns which.
    #[error("not accepted")]
    NotAccepted,
    /// Something else has this name already.
    #[error("there is something else of this name")]
    Exists,
    /// It is not there.
    #[error("not found")]
    NotFound,
    /// What it depends on is not as it must be.
    #[error("the state is another one")]
    Conflict,
    /// It contradicts itself.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is larger than allowed.
    #[error("too large")]
    TooLarge,
    /// What it would go into is full.
    #[error("full")]
    Full,
    /// The caller has used up what it may have on this node.
    #[error("too much of this account is kept here already")]
    TooMuch,
    /// The token lets nobody in.
    #[error(transparent)]
    Token(ExchangeRefusal),
}
