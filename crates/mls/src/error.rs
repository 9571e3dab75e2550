//! What can go wrong with a group.

use thiserror::Error;

/// Why something was not done. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// These bytes are not what they should be.
    #[error("not an MLS message of the kind expected here")]
    Malformed,
    /// Longer than [`MAX_MESSAGE`](crate::settings::MAX_MESSAGE) or [`MAX_TREE`](crate::settings::MAX_TREE).
    #[error("too large for an MLS message")]
    TooLarge,
    /// Well-formed, but RFC 9420 or docs/protocol/conversations.md forbids it: void for everybody.
    #[error("not valid: {0}")]
    Invalid(&'static str),
    /// It can't be decrypted: broken, for others, or the keys are gone.
    #[error("can't be decrypted")]
    Unreadable,
    /// Its key was used already or is too far back: most likely a repetition.
    #[error("read before")]
    Repeated,
    /// It belongs to another epoch than those that can be read now.
    #[error("of epoch {of}, while this device is at {at}")]
    Epoch {
        /// The message's epoch.
        of: u64,
        /// This device's.
        at: u64,
    },
    /// It is for another group.
    #[error("for another group")]
    OtherGroup,
    /// This can't be committed or proposed in the group as it is.
    #[error("can't be done in this group: {0}")]
    Plan(String),
    /// There is a pending commit: merge or drop it first.
    #[error("a commit is pending")]
    CommitPending,
    /// There are pending proposals, and RFC 9420 (12.4) wants them committed before messages are sealed.
    #[error("proposals are pending")]
    ProposalsPending,
    /// This device was removed from the group.
    #[error("this device is not in the group any more")]
    NotMember,
    /// There is no such leaf, proposal or pending commit.
    #[error("there is no such thing in the group")]
    NotFound,
    /// The records don't hold such a state: nothing kept, a part is missing, or another version wrote them.
    #[error("no state of this group is kept")]
    NotKept,
    /// openmls failed in a way that input can't cause, or no randomness is to be had.
    #[error("the MLS library failed: {0}")]
    Library(String),
}

impl Error {
    /// A failure of the library, by its own words, which never contain secrets.
    pub(crate) fn library(error: impl std::fmt::Display) -> Self {
        Self::Library(error.to_string())
    }
}
