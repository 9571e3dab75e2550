//! What a screen shows: plain values, made by the client.

use crate::command::Secret;
use crate::io::FileId;
pub use crate::notice::{NoticeView, Somebody};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

macro_rules! name {
    ($(#[$about:meta])* $name:ident, $length:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "types", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(pub [u8; $length]);

        impl Serialize for $name {
            /// Bytes, or base64url where people or JavaScript read it.
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { serde_bytes::serialize(&self.0, to) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if !from.is_human_readable() {
                    return serde_bytes::deserialize(from).map(Self);
                }
                let text = String::deserialize(from)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom(concat!("not base64url of ", $length, " bytes")))
            }
        }

        impl fmt::Display for $name {
            /// base64url without padding.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&tidings_wire::bytes::encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, ..] = self.0;
                write!(f, concat!(stringify!($name), "({:02x}{:02x}…)"), a, b)
            }
        }

        impl $name {
            /// Reads the base64url form.
            pub fn parse(text: &str) -> Option<Self> {
                tidings_wire::bytes::decode(text)?.try_into().ok().map(Self)
            }
        }
    };
}

name!(
    /// A person: the public identity key.
    Identity,
    32
);
name!(
    /// A conversation.
    GroupId,
    16
);
name!(
    /// A message.
    MessageId,
    16
);
name!(
    /// A device that asks to be linked: its exchange.
    DeviceRequest,
    16
);
name!(
    /// A suggestion of a contact: its secret.
    Introduction,
    16
);

/// What kind of conversation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// Two people.
    Pair,
    /// Several who know each other.
    Group,
    /// Anonymous.
    Room,
}

/// Whether one can write in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Yes.
    Ready,
    /// It is being joined, or joined again.
    Joining,
    /// A passphrase is needed.
    Locked,
    /// Sending is blocked until somebody's key has been looked at.
    KeyChanged(Identity),
    /// The hub shows an older list of members than is known: nothing is sent until it is as new again.
    Behind,
    /// One has left or was removed.
    Out,
}

/// A conversation in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ConversationView {
    /// Which.
    pub id: GroupId,
    /// What kind.
    pub kind: ConversationKind,
    /// The other's name, or the group's.
    pub title: String,
    /// A small JPEG.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
    pub picture: Option<Vec<u8>>,
    /// The other, in a pair.
    pub contact: Option<Identity>,
    /// Who belongs to it.
    pub members: Vec<MemberView>,
    /// Messages that were not read.
    pub unread: u64,
    /// When the last message came (milliseconds); when it was made if there is none.
    pub last_at: u64,
    /// The last message in one line.
    pub preview: String,
    /// Whether one can write.
    pub standing: Standing,
    /// Whether the other (in a pair) was verified.
    pub verified: bool,
    /// No notifications.
    pub muted: bool,
    /// Out of sight.
    pub archived: bool,
    /// Who is writing now.
    pub typing: Vec<Identity>,
    /// Seconds after which messages disappear; zero for never.
    pub expire: u32,
    /// The hub's URL.
    pub hub: String,
}

/// Somebody in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MemberView {
    /// Who.
    pub identity: Identity,
    /// The name.
    pub name: String,
    /// 0 owner, 1 moderator, 2 member.
    pub role: u8,
    /// Oneself.
    pub me: bool,
    /// How many devices are in it.
    pub devices: usize,
}

/// How far a message of one's own has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Kept here; not yet at the hub.
    Waiting,
    /// The hub has it, durably.
    Accepted,
    /// On a device of so many of the others.
    Delivered(u32),
    /// Seen by so many of the others.
    Seen(u32),
    /// It can't be sent.
    Failed,
}

/// What a message shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// A text.
    Text(String),
    /// A file or image.
    File(FileView),
    /// A suggestion of a contact.
    Introduction {
        /// Whom.
        name: String,
        /// Which.
        introduction: Introduction,
        /// Whether it can still be followed.
        open: bool,
    },
    /// The link of a room.
    RoomLink {
        /// Its name.
        name: String,
        /// The link.
        link: Secret,
    },
    /// It was deleted.
    Deleted,
    /// So many messages of this sender could not be had.
    Gap(u64),
    /// Something about the conversation: who came, went, changed its name.
    Notice(NoticeView),
    /// Of a kind that this version does not know.
    Newer,
}

/// A file or image in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Media type.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Beside it.
    pub caption: String,
    /// Length in milliseconds of a voice note.
    pub voice: Option<u64>,
    /// Width and height.
    pub pixels: Option<(u32, u32)>,
    /// A small JPEG.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
    pub thumbnail: Option<Vec<u8>>,
    /// Whether it can be seen once only, or for how many seconds.
    pub look: crate::command::Look,
    /// Whether it is gone: seen, deleted or expired. What may be seen once is never shown to its sender, and is gone here once everybody has
    /// seen it or its time is over.
    pub gone: bool,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MessageView {
    /// Which.
    pub id: MessageId,
    /// Where it stands: to ask for those before or after it.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    pub order: Vec<u8>,
    /// Who wrote it.
    pub sender: Identity,
    /// The sender's name.
    pub name: String,
    /// Whether it is one's own.
    pub mine: bool,
    /// When it was written (milliseconds).
    pub at: u64,
    /// What it shows.
    pub shown: Shown,
    /// To which it answers, with a line of it.
    pub reply: Option<(MessageId, String)>,
    /// Who wrote what it answers to; `None` if it answers nothing, or something that is not here.
    pub reply_by: Option<Somebody>,
    /// Reactions: emoji, and who.
    pub reactions: Vec<(String, Vec<Identity>)>,
    /// Whether it was changed.
    pub edited: bool,
    /// When it disappears (milliseconds).
    pub expires: Option<u64>,
    /// How far it has come, if it is one's own.
    pub delivery: Option<Delivery>,
    /// Whether it was read.
    pub read: bool,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ContactView {
    /// Who.
    pub identity: Identity,
    /// The name to show.
    pub name: String,
    /// The name that the contact gives itself.
    pub own_name: String,
    /// A small JPEG.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
    pub picture: Option<Vec<u8>>,
    /// The home node.
    pub node: String,
    /// The conversation with them.
    pub conversation: Option<GroupId>,
    /// The safety number was compared.
    pub verified: bool,
    /// The key is another than the one that was verified.
    pub key_changed: bool,
    /// What they send is dropped.
    pub blocked: bool,
    /// Sixty digits.
    pub safety_number: String,
    /// What the QR code of the safety number holds.
    pub safety_code: String,
}

/// A device of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DeviceView {
    /// Its serial. It may get another one, when two lists of its person's devices are joined.
    pub serial: u64,
    /// Its public key, which stays.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    pub key: [u8; 32],
    /// What the person calls it.
    pub name: String,
    /// This one.
    pub this: bool,
    /// When it was added (milliseconds).
    pub added: u64,
}

/// An invitation that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct InvitationView {
    /// Its exchange id.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    pub id: [u8; 16],
    /// For whom it is.
    pub note: String,
    /// Until when (milliseconds).
    pub expires: u64,
    /// The link.
    pub link: Secret,
}

/// How far this device belongs to its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The account is being made; the node has not said yes yet.
    Registering,
    /// The list of devices with this device is being published.
    Enrolling,
    /// It works.
    Ready,
    /// Another device has removed this one. What is here stays to be read.
    Removed,
}

/// Oneself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MeView {
    /// The identity.
    pub identity: Identity,
    /// The name.
    pub name: String,
    /// A small JPEG.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
    pub picture: Option<Vec<u8>>,
    /// A line about oneself.
    pub statement: String,
    /// The home node's URL.
    pub node: String,
    /// The wallet's address, `0x…`.
    pub wallet: String,
    /// The box key (base64), as piqchat shows it.
    pub box_key: String,
    /// Whether others are told what was read.
    pub read_receipts: bool,
    /// What of the history goes into the backup.
    pub history: crate::command::KeepHistory,
    /// The counter of the profile, and when it was last written (milliseconds).
    pub backup: Option<(u64, u64)>,
    /// What the person should know: an old profile shown, a device that could not be removed, ….
    pub warnings: Vec<String>,
    /// Whether the home node is connected.
    pub connected: bool,
    /// How far this device belongs to its account.
    pub stage: Stage,
}

/// Something that a screen may want to show at once.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The list of conversations, contacts, devices or oneself changed: ask again.
    Changed,
    /// A conversation changed: its members, its standing, its typing.
    Conversation(GroupId),
    /// A message came or changed. `new`: it came just now and is not one's own.
    Message {
        /// Where.
        group: GroupId,
        /// Which.
        message: MessageId,
        /// Whether a person should hear of it.
        new: bool,
    },
    /// A message is gone from here.
    Gone {
        /// Where.
        group: GroupId,
        /// Which.
        message: MessageId,
    },
    /// A device asks to be linked.
    DeviceAsks {
        /// Which.
        request: DeviceRequest,
        /// What it calls itself.
        name: String,
        /// Eight digits that the new device must show as well.
        check: String,
    },
    /// The new device shows this number and waits.
    LinkCheck {
        /// Eight digits.
        check: String,
    },
    /// A new contact.
    Contact(Identity),
    /// Somebody said something in a channel: public, not encrypted.
    Said {
        /// Where.
        channel: String,
        /// Who, as the channel's own door names them.
        from: String,
        /// What.
        text: String,
        /// When (milliseconds).
        at: u64,
    },
    /// Messages in a channel were missed.
    Missed {
        /// Where.
        channel: String,
        /// How many.
        count: u64,
    },
    /// A node is connected or not.
    Connection {
        /// Which.
        node: String,
        /// Whether.
        open: bool,
    },
    /// How far a file is.
    Progress {
        /// Where.
        group: GroupId,
        /// Which message; `None`: it is sent once the file is there.
        message: Option<MessageId>,
        /// Which file, as it was named to the client.
        file: FileId,
        /// Bytes so far; all of them once it has ended, however that was.
        done: u64,
        /// Bytes in all.
        all: u64,
    },
    /// Something that the person should know.
    Warning(String),
}

/// A suggestion of a contact that can still be followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct IntroductionView {
    /// Which.
    pub introduction: Introduction,
    /// Whom it suggests.
    pub identity: Identity,
    /// Their name, as the contact gave it who suggests them.
    pub name: String,
    /// Who suggests them.
    pub by: Identity,
    /// This person has followed it, and the other has not been met yet.
    pub followed: bool,
}
