//! The kinds of content, as their maps are written.

use crate::blob::BlobPointer;
use crate::command::Look;
use crate::content::Seen;
use crate::io::Time;
use crate::view::{Identity, MessageId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

macro_rules! kind {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name { $($(#[$field_about])* pub $field: $kind,)* }
    };
}

kind! {
    /// A text.
    Text {
        /// What it says.
        text: String,
        /// To which message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<MessageId>,
    }
}
kind! {
    /// A file, image or voice note.
    Media {
        /// Where it is, and how it is opened.
        blob: BlobPointer,
        /// How it may be looked at.
        #[serde(with = "look")]
        view: Look,
        /// Beside it.
        caption: String,
        /// To which message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<MessageId>,
        /// Length in milliseconds, of a voice note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice: Option<u64>,
        /// In pixels, of an image.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<u32>,
        /// In pixels, of an image.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        height: Option<u32>,
        /// A small JPEG; only with [`Look::Keep`].
        #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_bytes")]
        thumb: Option<Vec<u8>>,
    }
}
kind! {
    /// A reaction: one per person and message.
    React {
        /// To what.
        to: MessageId,
        /// One emoji; empty to take it back.
        emoji: String,
    }
}
kind! {
    /// Another text in the place of an earlier one.
    Edit {
        /// Which.
        to: MessageId,
        /// The new text.
        text: String,
    }
}
kind! {
    /// About a message.
    To {
        /// Which.
        to: MessageId,
    }
}
kind! {
    /// What came, and what was read.
    Receipt {
        /// Devices of others, and how far all came.
        delivered: Vec<Seen>,
        /// Devices of others, and how far all was read.
        read: Vec<Seen>,
    }
}
kind! {
    /// The person is writing.
    Typing {}
}
kind! {
    /// A signed card.
    ProfileCard {
        /// The signed object, not verified.
        #[serde(with = "serde_bytes")]
        card: Vec<u8>,
    }
}
kind! {
    /// A signed device list.
    DevicesHeard {
        /// The signed object, not verified.
        #[serde(with = "serde_bytes")]
        list: Vec<u8>,
    }
}

/// What the reader of an introduction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntroduceRole {
    /// Opens the invitation.
    Offer,
    /// Answers it.
    Answer,
}

kind! {
    /// A suggestion of a contact.
    Introduce {
        /// Whom.
        identity: Identity,
        /// As the one who introduces calls them.
        name: String,
        /// Of the invitation by which both come together.
        #[serde(with = "serde_bytes")]
        secret: [u8; 16],
        /// What the reader does.
        role: IntroduceRole,
        /// The other's home node, where the invitation will be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
    }
}
kind! {
    /// The link of a room.
    Invite {
        /// The link.
        link: String,
        /// The room's name.
        name: String,
    }
}
kind! {
    /// "Send me this again."
    Resend {
        /// The mark of the device whose messages are missing.
        #[serde(with = "serde_bytes")]
        device: [u8; 8],
        /// The first `seq` that is missing.
        from: u64,
        /// The last.
        to: u64,
    }
}
kind! {
    /// Messages that somebody missed.
    Again {
        /// The mark of the device that wrote them: the sender, or another device of the same identity.
        #[serde(with = "serde_bytes")]
        device: [u8; 8],
        /// The mark of the device that asked: what may not be given is so for this one.
        #[serde(with = "serde_bytes")]
        to: [u8; 8],
        /// The CBOR of each, as it was.
        #[serde(with = "list")]
        messages: Vec<Vec<u8>>,
        /// When the hub took each of them, in milliseconds; 0 for one of which that is not known. Empty: of none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        times: Vec<Time>,
        /// Ranges of `seq` that may not be given (any more).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<(u64, u64)>,
    }
}
kind! {
    /// What was last heard of an identity's counters.
    Witness {
        /// Whose.
        identity: Identity,
        /// Of the profile.
        backup: u64,
        /// Of the device list.
        devices: u64,
    }
}
kind! {
    /// The sender's own counter, for [`Witness`].
    Backup {
        /// Of the profile.
        counter: u64,
    }
}

/// A content that this version does not know.
#[derive(Clone, PartialEq)]
pub struct NewerContent {
    /// Its kind.
    pub(super) kind: String,
    /// Its value as it came.
    pub(super) value: ciborium::Value,
}

/// `"keep"`, `"once"` or a number of seconds.
mod look {
    use super::{Deserializer, Look, Serializer, de, fmt};

    pub(super) fn serialize<S: Serializer>(look: &Look, serializer: S) -> Result<S::Ok, S::Error> {
        match look {
            Look::Keep => serializer.serialize_str("keep"),
            Look::Once => serializer.serialize_str("once"),
            Look::Seconds(seconds) => serializer.serialize_u32(*seconds),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Look, D::Error> {
        deserializer.deserialize_any(LookVisitor)
    }

    struct LookVisitor;

    impl de::Visitor<'_> for LookVisitor {
        type Value = Look;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("keep, once, or seconds")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Look, E> {
            match text {
                "keep" => Ok(Look::Keep),
                "once" => Ok(Look::Once),
                _ => Err(E::invalid_value(de::Unexpected::Other("another text"), &self)),
            }
        }

        fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Look, E> {
            u32::try_from(seconds)
                .map(Look::Seconds)
                .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
        }
    }
}

/// A list of byte strings.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, Serializer};
    use serde::ser::SerializeSeq;
    use serde_bytes::{ByteBuf, Bytes};

    pub(crate) fn serialize<S: Serializer>(items: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(items.len()))?;
        for item in items {
            list.serialize_element(Bytes::new(item))?;
        }
        list.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let items = Vec::<ByteBuf>::deserialize(deserializer)?;
        Ok(items.into_iter().map(ByteBuf::into_vec).collect())
    }
}
