//! What a request was for.

use super::accepting::Accepting;
use super::invitations::Inviting;
use crate::io::CommandId;
use crate::view::{GroupId, Identity};
use tidings_wire::bytes::Fixed;

/// What was asked of a hub.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedHub {
    Create,
    /// Which entry.
    Append(Fixed<16>, Present),
    Fetch(Present),
    Look(Present),
}

/// The hub's incarnation when it was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Present {
    /// As its last hello said it.
    pub said: u64,
    /// That of which the conversation was read.
    pub read: u64,
}

/// What was known when the node was asked. Only an answer that is older than this shows that the node has forgotten something: one's own
/// change may have come between the question and its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The highest counter of the profile that the node had said.
    pub profile: u64,
    /// The counter of the own device list that the node had taken.
    pub list: u64,
    /// Which of the contacts' words about the profile had been heard: so many.
    pub doubts: u64,
}

/// What a request was for.
pub(crate) enum Purpose {
    /// The account is made.
    Register(Option<CommandId>),
    /// The account is deleted.
    DeleteAccount(CommandId),
    /// While restoring: the device list, then the publishing of the new one.
    RestoreList,
    /// The device list with this new device, or a change of it, is published.
    PublishDevices,
    /// The own device list is read.
    ReadDevices(Known),
    /// What the node says of the account.
    Account(Known),
    ReadProfile(Known),
    WriteProfile,
    /// How many key packages wait.
    PackagesWaiting,
    PutPackages,
    PutContacts,
    PutPush,
    TestPush(CommandId),
    /// For [`Command::AskHome`](crate::command::Command::AskHome).
    AskHome(CommandId),
    /// Whether anything waits in the inbox after this number.
    InboxEnd(u64),
    /// The inbox was read up to here.
    Taken(u64),
    Job(u64),
    Hub(GroupId, AskedHub),
    TakePackages(GroupId, Identity),
    /// A token that goes with an invitation.
    InviteToken(Box<Inviting>),
    /// Packages of one's own other devices, for an invitation.
    InvitePackages(Box<Inviting>),
    /// The offer of an invitation.
    Offer(Box<Accepting>),
    /// The offer again, to see whose answer it has.
    WhoseAnswer(u64),
    LinkOpened(CommandId),
    LinkOffer,
    LinkAnswered,
    LinkPoll,
    LinkReplied,
    /// A transfer of a file.
    Transfer(u64),
    /// A piece of an archive.
    Archive,
}
