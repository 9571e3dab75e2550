//! What a person can ask of the client.

use crate::io::FileId;
use crate::view::{DeviceRequest, GroupId, Identity, Introduction, MessageId};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use crate::outcome::{Done, Fault, Reason};

/// A secret text: a phrase, a passphrase, a link. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// How a picture or file may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// As often as one likes.
    Keep,
    /// Once.
    Once,
    /// So many seconds from the first look.
    Seconds(u32),
}

/// A file that is to be sent, already prepared: images re-encoded without metadata.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Attachment {
    /// Where its content comes from.
    pub file: FileId,
    /// Bytes.
    pub size: u64,
    /// As it is shown to the other side; no path.
    pub name: String,
    /// Media type.
    pub kind: String,
    /// How it may be looked at.
    pub look: Look,
    /// Beside it.
    pub caption: String,
    /// Length in milliseconds, if it is a voice note.
    pub voice: Option<u64>,
    /// Width and height in pixels, of an image.
    pub pixels: Option<(u32, u32)>,
    /// A small JPEG, at most 16 KiB; ignored unless it may be kept.
    #[serde(default, with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array | null", optional = nullable))]
    pub thumbnail: Option<Vec<u8>>,
}

/// How much history goes into the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeepHistory {
    /// None.
    Nothing,
    /// What is younger than so many days.
    Days(u32),
    /// All.
    All,
}

/// What a person can ask for.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begin: a new identity with an account at this node.
    CreateAccount {
        /// The node's URL.
        node: String,
        /// Lets in, where one is needed.
        token: Option<Secret>,
        /// The recovery phrase, made by [`crate::phrase`]; not kept.
        phrase: Secret,
        /// What others see.
        name: String,
        /// What the person calls this device.
        device: String,
    },
    /// Come back with nothing but the phrase.
    Restore {
        /// The home node's URL.
        node: String,
        /// The recovery phrase; not kept.
        phrase: Secret,
        /// What the person calls this device.
        device: String,
    },
    /// On the new device: join with the code that an old one shows.
    Link {
        /// `NODE/CODE`.
        code: Secret,
        /// What the person calls this device.
        device: String,
    },
    /// On an old device: show a code. Ends with [`Done::Code`]; then comes [`Event::DeviceAsks`](crate::view::Event::DeviceAsks).
    OfferLink,
    /// On the old device: yes or no to the device that asks.
    AnswerLink {
        /// Which.
        request: DeviceRequest,
        /// Whether it may.
        accept: bool,
    },
    /// Take a device out of everything.
    RemoveDevice {
        /// Its serial.
        serial: u64,
    },
    /// Change what others see of oneself. `None` leaves as it is.
    SetProfile {
        /// The name.
        name: Option<String>,
        /// A small JPEG; empty to have none.
        #[serde(default, with = "serde_bytes")]
        #[cfg_attr(feature = "types", ts(type = "Uint8Array | null", optional = nullable))]
        picture: Option<Vec<u8>>,
        /// A line about oneself.
        statement: Option<String>,
        /// Whether others are told what was read.
        read_receipts: Option<bool>,
        /// What of the history goes into the backup.
        history: Option<KeepHistory>,
    },
    /// Use this piqchat secret key (base64) as the box key.
    TakeBoxKey {
        /// The key.
        key: Secret,
    },
    /// Make an invitation. Ends with [`Done::Link`].
    Invite {
        /// Seconds that it is good for.
        lasts: u64,
        /// For oneself: whom it is for.
        note: String,
        /// A token of the node that lets the invited one register there.
        token: Option<Secret>,
        /// Whether the one invited may make an account at this node: a token is asked of the node for that.
        #[serde(default)]
        #[cfg_attr(feature = "types", ts(as = "Option<bool>", optional))]
        account: bool,
    },
    /// Revoke an invitation.
    CancelInvitation {
        /// Its exchange id.
        #[serde(with = "serde_bytes")]
        #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
        id: [u8; 16],
    },
    /// Accept an invitation or join a room, by its link. Ends with [`Done::Conversation`], for a room once it is open here or its hub was not
    /// reached within 15 seconds; with [`Fault::Passphrase`] if it is locked and none, or a wrong one, was given: then it is there, locked.
    Accept {
        /// The link.
        link: Secret,
        /// For a room that is locked.
        passphrase: Option<Secret>,
    },
    /// Say whether the safety number was compared.
    SetVerified {
        /// Whose.
        contact: Identity,
        /// Whether it fits.
        verified: bool,
    },
    /// Drop silently what somebody sends, or don't any more.
    SetBlocked {
        /// Whom.
        contact: Identity,
        /// Whether.
        blocked: bool,
    },
    /// Call a contact by another name; empty for the contact's own.
    RenameContact {
        /// Whom.
        contact: Identity,
        /// The name.
        name: String,
    },
    /// Have nothing to do with somebody any more.
    RemoveContact {
        /// Whom.
        contact: Identity,
    },
    /// Suggest two contacts to each other.
    Introduce {
        /// One.
        first: Identity,
        /// The other.
        second: Identity,
    },
    /// Follow a suggestion or not.
    AnswerIntroduction {
        /// Which.
        introduction: Introduction,
        /// Whether.
        accept: bool,
    },
    /// Make a group. Ends with [`Done::Conversation`].
    CreateGroup {
        /// Its name.
        name: String,
        /// Contacts who are in it from the beginning.
        members: Vec<Identity>,
    },
    /// Make an anonymous room. Ends with [`Done::Conversation`].
    CreateRoom {
        /// Its name.
        name: String,
        /// Locks it.
        passphrase: Option<Secret>,
    },
    /// The link of a room that one is in. Ends with [`Done::Link`].
    RoomLink {
        /// Which.
        group: GroupId,
    },
    /// Open a locked room on this device. Ends as [`Command::Accept`] does for a room; with [`Fault::Refused`] if it is open.
    Unlock {
        /// Which.
        group: GroupId,
        /// Its passphrase.
        passphrase: Secret,
    },
    /// Add contacts.
    AddMembers {
        /// Where.
        group: GroupId,
        /// Whom.
        members: Vec<Identity>,
    },
    /// Remove somebody.
    RemoveMember {
        /// Where.
        group: GroupId,
        /// Whom.
        member: Identity,
    },
    /// Change what somebody may do: 0 owner, 1 moderator, 2 member.
    SetRole {
        /// Where.
        group: GroupId,
        /// Whose.
        member: Identity,
        /// To what.
        role: u8,
    },
    /// Change a group. `None` leaves as it is.
    SetGroup {
        /// Which.
        group: GroupId,
        /// Its name.
        name: Option<String>,
        /// A small JPEG; empty to have none.
        #[serde(default, with = "serde_bytes")]
        #[cfg_attr(feature = "types", ts(type = "Uint8Array | null", optional = nullable))]
        picture: Option<Vec<u8>>,
        /// Seconds after which messages disappear; zero for never.
        expire: Option<u32>,
    },
    /// Leave a conversation.
    Leave {
        /// Which.
        group: GroupId,
    },
    /// Say something. Ends with [`Done::Message`] as soon as it is kept here; its state comes as events.
    SendText {
        /// Where.
        group: GroupId,
        /// What.
        text: String,
        /// To which message it answers.
        reply: Option<MessageId>,
        /// Seconds after which it disappears, if not as the conversation says.
        expire: Option<u32>,
    },
    /// Send a file. Ends with [`Done::Message`].
    SendFile {
        /// Where.
        group: GroupId,
        /// What.
        attachment: Attachment,
        /// To which message it answers.
        reply: Option<MessageId>,
    },
    /// Do not send a file that is on its way. What its node has of it goes (of one that it was just about to take, nothing is there but its place, for a day); the command that sends it ends with [`Fault::Gone`].
    StopFile {
        /// Which, as [`Attachment::file`] has it.
        file: FileId,
    },
    /// React; empty to take it back.
    React {
        /// Where.
        group: GroupId,
        /// To what.
        message: MessageId,
        /// One emoji.
        emoji: String,
    },
    /// Change one's own text.
    Edit {
        /// Where.
        group: GroupId,
        /// Which.
        message: MessageId,
        /// The new text.
        text: String,
    },
    /// Delete for everybody.
    Delete {
        /// Where.
        group: GroupId,
        /// Which.
        message: MessageId,
    },
    /// Fetch the file of a message, into `file`. What may be seen once is gone everywhere else from then on.
    /// Ends with [`Done::File`].
    Open {
        /// Where.
        group: GroupId,
        /// Which.
        message: MessageId,
        /// Where to write it.
        file: FileId,
    },
    /// Everything in the conversation up to this message was read.
    MarkRead {
        /// Which conversation.
        group: GroupId,
        /// Up to here; `None` for all.
        message: Option<MessageId>,
    },
    /// The person is writing.
    Typing {
        /// Where.
        group: GroupId,
    },
    /// Settings of a conversation that only oneself sees. `None` leaves as it is.
    SetConversation {
        /// Which.
        group: GroupId,
        /// Whether it is silent.
        muted: Option<bool>,
        /// Whether it is out of sight.
        archived: Option<bool>,
    },
    /// Delete a conversation here, after leaving it; or one that is behind or can't be come into, to be added anew.
    Forget {
        /// Which.
        group: GroupId,
    },
    /// Follow a public channel of darkchat's clients.
    JoinChannel {
        /// Its name.
        channel: String,
    },
    /// Say something in one, unencrypted.
    SayInChannel {
        /// Which.
        channel: String,
        /// What.
        text: String,
    },
    /// Leave one.
    LeaveChannel {
        /// Its name.
        channel: String,
    },
    /// The person has seen these warnings, as [`MeView::warnings`](crate::view::MeView::warnings) gave them: they are not shown again
    /// unless their cause comes anew.
    DismissWarnings(Vec<String>),
    /// Bring what is gathered for a moment to the node at once. Ends at once; see [`Client::ended`](crate::client::Client::ended).
    Flush,
    /// Write the profile now.
    BackUp,
    /// Delete the account at its node, for all devices; also well if the node does not know it (any more). What is kept here stays, and is for
    /// whoever runs the client to delete.
    DeleteAccount,
    /// Where pushes go; `None` for nowhere.
    SetPush(Option<PushSubscription>),
    /// Have a push sent to this device. Ends with [`Done::Push`].
    TestPush,
    /// Ask the home node something. Ends with [`Done::Text`]: the node's answer, as JSON of the type that the question names.
    AskHome(HomeQuestion),
}

impl Command {
    /// The conversation that it is about, if it is about one that is there.
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::Unlock { group, .. }
            | Self::AddMembers { group, .. }
            | Self::RemoveMember { group, .. }
            | Self::SetRole { group, .. }
            | Self::SetGroup { group, .. }
            | Self::Leave { group }
            | Self::SendText { group, .. }
            | Self::SendFile { group, .. }
            | Self::React { group, .. }
            | Self::Edit { group, .. }
            | Self::Delete { group, .. }
            | Self::Open { group, .. } => Some(*group),
            _ => None,
        }
    }
}

/// A Web Push subscription (RFC 8291), as browsers give it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PushSubscription {
    /// The push service's URL.
    pub endpoint: String,
    /// base64url.
    pub p256dh: String,
    /// base64url.
    pub auth: Secret,
}

/// What can be asked of the home node that nothing here is made of: it is only shown (docs/protocol/node.md).
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum HomeQuestion {
    /// What it keeps of the account: [`Known`](tidings_wire::api::Known).
    Known,
    /// For its owner: [`Overview`](tidings_wire::api::Overview).
    Overview,
    /// For its owner, what is wrong: [`Findings`](tidings_wire::api::Findings).
    Findings,
    /// For its owner: an [`OwnersInvitation`](tidings_wire::api::OwnersInvitation).
    Invite,
    /// For its owner, to take back an invitation: its [`id`](tidings_wire::api::OpenInvitation::id). Answers an empty text.
    Withdraw(String),
}
