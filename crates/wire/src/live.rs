//! Texts on the live connection (docs/protocol/node.md, Live).

use crate::api::{Entry, Parcel};
use crate::bytes::Fixed;
use crate::failure::Code;
use serde::{Deserialize, Serialize};

/// Most bytes of a text from a client.
pub const CLIENT_TEXT_MAX: usize = 256 * 1024;
/// Bytes of entries or parcels after which a node begins another text; one item may be larger by itself.
pub const NODE_TEXT_BYTES: usize = 256 * 1024;
/// Most groups that one connection follows.
pub const FOLLOWED_MAX: usize = 2000;

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Followed {
    /// The inbox of the device's account, written `"inbox": true`.
    Inbox(True),
    /// A group.
    Group(Fixed<16>),
}

/// The JSON value `true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct True;

impl Serialize for True {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match bool::deserialize(deserializer)? {
            true => Ok(Self),
            false => Err(serde::de::Error::custom("only true is meant here")),
        }
    }
}

impl Followed {
    /// What a `follow` is signed over: the label, the node's challenge, the authority (the Host of the connection), and the stream.
    pub fn signed_bytes(&self, challenge: &Fixed<32>, authority: &str) -> Vec<u8> {
        let mut bytes = b"tidings/1 follow\0".to_vec();
        bytes.extend_from_slice(&challenge.0);
        bytes.extend_from_slice(authority.as_bytes());
        bytes.push(0);
        match self {
            Self::Inbox(_) => bytes.extend_from_slice(b"inbox"),
            Self::Group(id) => {
                bytes.extend_from_slice(b"group");
                bytes.extend_from_slice(&id.0);
            }
        }
        bytes
    }
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromClient {
    /// Send me everything after this number, now and as it comes.
    Follow {
        /// What.
        #[serde(flatten)]
        stream: Followed,
        /// The cursor.
        after: u64,
        /// A device key for the inbox, an access key for a group.
        key: Fixed<32>,
        /// Its signature over [`Followed::signed_bytes`].
        signature: Fixed<64>,
        /// With a group: which device follows (the first 8 bytes of the SHA-256 of its key), so that it is not woken meanwhile.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<Fixed<8>>,
    },
    /// No more of this.
    Unfollow(Followed),
    /// Follow a channel of darkchat's clients: public, not encrypted, not kept.
    Join {
        /// Its name.
        channel: String,
    },
    /// Leave it.
    Leave {
        /// Its name.
        channel: String,
    },
    /// Say something in a channel that was joined.
    Say {
        /// Where.
        channel: String,
        /// What.
        text: String,
    },
}

/// What a node says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromNode {
    /// First of all.
    Hello {
        /// To be signed with each `follow`.
        challenge: Fixed<32>,
        /// The node's incarnation.
        incarnation: u64,
        /// Seconds between pings.
        heartbeat: u64,
    },
    /// It is followed from now on.
    Following {
        /// What.
        #[serde(flatten)]
        stream: Followed,
        /// The number given last.
        end: u64,
        /// The hub's turn, for a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u64>,
    },
    /// It is not followed (any more).
    Refused {
        /// What.
        #[serde(flatten)]
        stream: Followed,
        /// Why.
        error: Code,
    },
    /// From the inbox, in order.
    Parcels {
        /// At least one.
        parcels: Vec<Parcel>,
    },
    /// From a group, in order.
    Entries {
        /// Which.
        group: Fixed<16>,
        /// At least one.
        entries: Vec<Entry>,
    },
    /// Something of the account changed: look.
    Changed(Changed),
    /// A channel was joined or could not be.
    Channel {
        /// Which.
        channel: String,
        /// Whether this connection is in it now.
        joined: bool,
    },
    /// Somebody said something in a channel.
    Said {
        /// Where.
        channel: String,
        /// Who, as the channel's own door names them.
        from: String,
        /// What.
        text: String,
        /// When it came to this node, in milliseconds.
        at: u64,
    },
    /// This connection was too slow for a channel.
    Missed {
        /// Which.
        channel: String,
        /// How many messages.
        count: u64,
    },
    /// The last text was not understood, or could not be done.
    Error {
        /// Why.
        error: Code,
        /// For a person.
        message: String,
    },
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// The profile document.
    Profile,
    /// The device list.
    Devices,
    /// An exchange of this account.
    Exchange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_as_the_specification_writes_them() {
        let follow = FromClient::Follow {
            stream: Followed::Inbox(True),
            after: 7,
            key: Fixed([1; 32]),
            signature: Fixed([2; 64]),
            device: None,
        };
        let text = serde_json::to_string(&follow).unwrap();
        assert!(text.starts_with(r#"{"follow":{"inbox":true,"after":7,"key":"#), "{text}");
        assert_eq!(serde_json::from_str::<FromClient>(&text).unwrap(), follow);
        let group = FromNode::Following { stream: Followed::Group(Fixed([3; 16])), end: 2, turn: Some(1) };
        let text = serde_json::to_string(&group).unwrap();
        assert_eq!(text, r#"{"following":{"group":"AwMDAwMDAwMDAwMDAwMDAw","end":2,"turn":1}}"#);
        assert_eq!(serde_json::from_str::<FromNode>(&text).unwrap(), group);
        assert_eq!(serde_json::to_string(&FromNode::Changed(Changed::Profile)).unwrap(), r#"{"changed":"profile"}"#);
        assert!(serde_json::from_str::<FromClient>(r#"{"unfollow":{"inbox":false}}"#).is_err());
    }
}
