//! What is inside a message (docs/protocol/messages.md): the envelope that chains a device's messages, and the contents.

mod check;
mod kinds;
#[cfg(test)]
mod tests;

pub use kinds::{
    Again, Backup, DevicesHeard, Edit, Introduce, IntroduceRole, Invite, Media, NewerContent, ProfileCard, React,
    Receipt, Resend, Text, To, Typing, Witness,
};

pub(crate) use kinds::list;

use crate::io::Time;
use crate::view::MessageId;
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use tidings_wire::cbor::{self, CborError};

/// Most bytes of a message.
pub const MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// Most bytes of a text.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a caption.
pub const CAPTION_BYTES_MAX: usize = 4096;
/// Most bytes of a person's, a room's or a file's name.
pub const NAME_BYTES_MAX: usize = 256;
/// Most bytes of a picture of a person or a group.
pub const PICTURE_BYTES_MAX: usize = 32 * 1024;
/// Most bytes of a reaction.
pub const EMOJI_BYTES_MAX: usize = 64;
/// Most bytes of a thumbnail.
pub const THUMB_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of a link or URL.
pub const LINK_BYTES_MAX: usize = 2048;
/// Most pairs in `seen`.
pub const SEEN_MAX: usize = 16;
/// Most devices in each half of a receipt: 20 identities with 32 devices.
pub const RECEIPT_MAX: usize = 640;
/// Most bytes of messages in one `again`.
pub const AGAIN_BYTES_MAX: usize = 256 * 1024;
/// Most ranges in `gone`.
pub const GONE_MAX: usize = 256;
/// Most seconds until a message disappears: a year.
pub const EXPIRE_SECONDS_MAX: u32 = 365 * 24 * 3600;
/// Most seconds that something may be looked at: a day.
pub const LOOK_SECONDS_MAX: u32 = 24 * 3600;

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ContentError {
    /// It can't be read.
    #[error("the message is {0}")]
    Form(#[from] CborError),
    /// Something in it is too long, or contradicts itself.
    #[error("the message is not allowed: {0}")]
    Rule(&'static str),
}

/// A device by its mark (the first 8 bytes of the SHA-256 of its key), and its highest `seq` without a hole below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen(pub [u8; 8], pub u64);

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (tidings_wire::Fixed(self.0), self.1).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mark, seq) = <(tidings_wire::Fixed<8>, u64)>::deserialize(deserializer)?;
        Ok(Self(mark.0, seq))
    }
}

/// A message, as an MLS application message carries it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Random; names it for good.
    pub id: MessageId,
    /// Its place among what its device wrote here, from 1; 0 if it needs no memory.
    pub seq: u64,
    /// [`chain`] of the device's message before; zeros for the first.
    #[serde(with = "serde_bytes")]
    pub prev: [u8; 16],
    /// What the device has seen of others since it last wrote.
    pub seen: Vec<Seen>,
    /// The sender's clock, in milliseconds.
    pub at: Time,
    /// Seconds until it disappears, if not as the conversation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<u32>,
    /// What it says.
    #[serde(rename = "c")]
    pub content: Content,
}

/// What a message says. `Debug` tells the kind only.
#[derive(Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(Text),
    /// A file, image or voice note.
    Media(Box<Media>),
    /// A reaction.
    React(React),
    /// Another text in the place of an earlier one.
    Edit(Edit),
    /// Delete for everybody.
    Delete(To),
    /// What may be seen once was looked at by this identity.
    Viewed(To),
    /// What came, and what was read.
    Receipt(Receipt),
    /// The person is writing.
    Typing(Typing),
    /// A card: name and picture.
    Profile(ProfileCard),
    /// A device list.
    Devices(DevicesHeard),
    /// A suggestion of a contact.
    Introduce(Introduce),
    /// The link of a room.
    Invite(Invite),
    /// "Send me this again."
    Resend(Resend),
    /// Messages that somebody missed.
    Again(Again),
    /// What was last heard of an identity's counters.
    Witness(Witness),
    /// The sender's own profile counter.
    Backup(Backup),
    /// Of a kind that this version does not know; kept as it came.
    Newer(NewerContent),
}

/// The `prev` of the message after this one: the first 16 bytes of the SHA-256 of its CBOR.
pub fn chain(encoded: &[u8]) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(encoded).into();
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

impl Message {
    /// Its CBOR. Fails if it breaks a rule or is too long.
    pub fn encode(&self) -> Result<Vec<u8>, ContentError> {
        check::message(self).map_err(ContentError::Rule)?;
        let bytes = cbor::encode(self);
        if bytes.len() > MESSAGE_BYTES_MAX { Err(ContentError::Form(CborError::TooLarge)) } else { Ok(bytes) }
    }

    /// Reads and checks the CBOR of a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContentError> {
        let message = cbor::decode(bytes, MESSAGE_BYTES_MAX)?;
        check::message(&message).map_err(ContentError::Rule)?;
        Ok(message)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message {} of kind {}", self.seq, self.content.kind())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// Kinds, their names on the wire, and whether they need memory, in one table.
macro_rules! kinds {
    ($($name:literal => $variant:ident, $memory:literal;)*) => {
        impl Content {
            /// The kind, as it is written on the wire.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Newer(newer) => &newer.kind,
                }
            }

            /// Whether it is numbered and can be asked for again; if not, its `seq` is 0.
            pub fn needs_memory(&self) -> bool {
                match self {
                    $(Self::$variant(_) => $memory,)*
                    Self::Newer(_) => true,
                }
            }
        }

        impl Serialize for Content {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $(Self::$variant(value) => map.serialize_entry($name, value)?,)*
                    Self::Newer(newer) => map.serialize_entry(&newer.kind, &newer.value)?,
                }
                map.end()
            }
        }

        impl ContentVisitor {
            fn value<'de, A: MapAccess<'de>>(kind: String, map: &mut A) -> Result<Content, A::Error> {
                Ok(match kind.as_str() {
                    $($name => Content::$variant(map.next_value()?),)*
                    _ => Content::Newer(NewerContent { kind, value: map.next_value()? }),
                })
            }
        }
    };
}

kinds! {
    "text" => Text, true;
    "media" => Media, true;
    "react" => React, true;
    "edit" => Edit, true;
    "delete" => Delete, true;
    "viewed" => Viewed, true;
    "receipt" => Receipt, false;
    "typing" => Typing, false;
    "profile" => Profile, true;
    "devices" => Devices, true;
    "introduce" => Introduce, true;
    "invite" => Invite, true;
    "resend" => Resend, false;
    "again" => Again, false;
    "witness" => Witness, false;
    "backup" => Backup, true;
}

/// Reads a map with one entry, whose key is the kind.
struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with one entry, the content")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let kind: String = map.next_key()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
        let content = Self::value(kind, &mut map)?;
        match map.next_key::<de::IgnoredAny>()? {
            None => Ok(content),
            Some(_) => Err(de::Error::invalid_length(2, &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContentVisitor)
    }
}
