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
    Append(Fixed<16>),
    Fetch,
    Look,
}

/// What a request was for.
pub(crate) enum Purpose {
    /// The account is made.
    Register(Option<CommandId>),
    /// While restoring: the device list, then the publishing of the new one.
    RestoreList,
    /// The device list with this new device, or a change of it, is published.
    PublishDevices,
    /// The own device list is read.
    ReadDevices,
    /// What the node says of the account.
    Account,
    ReadProfile,
    WriteProfile,
    /// How many key packages wait.
    PackagesWaiting,
    PutPackages,
    PutContacts,
    PutPush,
    TestPush(CommandId),
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
    LinkAnswered,
    LinkPoll,
    LinkReplied,
    /// A transfer of a file.
    Transfer(u64),
    /// A piece of an archive.
    Archive,
    /// A wake token for a group.
    WakeToken(GroupId),
}
