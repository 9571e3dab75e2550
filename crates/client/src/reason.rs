//! Why something can't be done as things stand here. A screen in another language words it itself.

use serde::Serialize;
use thiserror::Error;

/// Why something can't be done. In English by `Display`: what to do next, where that helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// This person was removed, or is out for another cause.
    #[error("you are no member of this conversation any more")]
    NoMember,
    /// This person has left.
    #[error("you have left this conversation")]
    Left,
    /// The other one of a conversation of two has left.
    #[error("the other one has left this conversation, and nobody would read it: a new invitation begins another")]
    OtherLeft,
    /// Only the client itself says such things.
    #[error("this is not for a person to say")]
    NotToSay,
    /// People are added to something that is no group.
    #[error("people can be added to groups only")]
    GroupsOnly,
    /// Somebody removes themselves, or the other one of two.
    #[error("leave the conversation instead")]
    LeaveInstead,
    /// A conversation that one is in is to be forgotten.
    #[error("leave the conversation first")]
    LeaveFirst,
    /// A room's passphrase was given already.
    #[error("this room is open here already")]
    RoomOpen,
    /// The link of something that is no room is asked for.
    #[error("only rooms have a link")]
    NoLink,
    /// A device would remove itself.
    #[error("this is the device that you are using; remove it from another one")]
    ThisDevice,
    /// Another device was added or removed at the same time.
    #[error("the list of your devices has changed meanwhile; try again")]
    DevicesChanged,
    /// An account is wanted on a device that waits to be linked.
    #[error("this device waits to be linked; end that first, or wait until the code has expired")]
    WaitsForLink,
    /// An identity that has an account wants another.
    #[error("this identity has an account there already: restore it with the phrase")]
    Exists,
    /// A node does not know the identity of a phrase.
    #[error("there is no account of this phrase at this node")]
    NoSuchAccount,
    /// One's own node refuses to be the hub of another conversation.
    #[error("your node does not take a new conversation")]
    NoNewConversation,
    /// An invitation is by somebody who is blocked.
    #[error("it is by somebody whom you have blocked")]
    Blocked,
}
