//! How commands end.

use crate::command::Secret;
pub use crate::reason::Reason;
use crate::view::{GroupId, MessageId};
use serde::Serialize;
use thiserror::Error;
use tidings_wire::api::PushOutcome;

/// How a command ended.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is done.
    Well,
    /// The link that was made.
    Link(Secret),
    /// The code to show, and until when it is good (milliseconds).
    Code(Secret, u64),
    /// The conversation that was made or joined.
    Conversation(GroupId),
    /// The message as it is kept here.
    Message(MessageId),
    /// The file was written: name and media type.
    File(String, String),
    /// How a push to this device ended, and what the push service said of it.
    Push(PushOutcome, String),
    /// An answer of the home node, as JSON. It may hold an invitation.
    Text(Secret),
    /// It was not done.
    Failed(Fault),
}

/// Why a command was not done. The text says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is no account on this device yet.
    #[error("there is no account here yet: create one, restore one, or link this device")]
    NoAccount,
    /// There is one already.
    #[error("there is an account here already")]
    HasAccount,
    /// The words are not a recovery phrase.
    #[error("this is not a recovery phrase: {0}")]
    Phrase(String),
    /// The link or code is not one.
    #[error("this link or code can't be read: {0}")]
    Link(String),
    /// The link, code or token was used, has expired or was revoked.
    #[error("this link or code was used already, has expired or was revoked; ask for a new one")]
    Expired,
    /// No such contact, conversation or message.
    #[error("{0} is not known here")]
    Unknown(String),
    /// The person's role does not allow it.
    #[error("your role in this conversation does not allow that")]
    Role,
    /// The safety number must be looked at first.
    #[error("the key of {0} has changed: compare the safety number first")]
    KeyChanged(String),
    /// Something shown by a node can't be right: refused.
    #[error("refused, since it can't be right: {0}")]
    Distrust(String),
    /// The node could not be reached.
    #[error("the node can't be reached; try again later")]
    Offline,
    /// It can't be done as things stand here.
    #[error("{0}")]
    Cannot(Reason),
    /// The node refused.
    #[error("the node refused: {0}")]
    Refused(String),
    /// Too long or too large.
    #[error("too large: {0}")]
    TooLarge(String),
    /// It is not there any more: seen, deleted or expired.
    #[error("it is gone: {0}")]
    Gone(String),
    /// The file could not be read or written.
    #[error("the file can't be read or written")]
    File,
    /// The passphrase does not fit.
    #[error("the passphrase does not fit")]
    Passphrase,
    /// A newer version has written what is kept here.
    #[error("{0}")]
    Newer(String),
    /// The local store failed.
    #[error("{0}")]
    Store(String),
}
