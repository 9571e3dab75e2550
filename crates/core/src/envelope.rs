//! Envelopes: sealed content with the little that a node must know to move it.

use crate::key::Key;
use crate::stream::{Seq, StreamName};
use crate::time::Timestamp;
use crate::token::{uuid_text, uuid_v4};
use sha2::{Digest, Sha256};
use std::fmt;

/// The name of an envelope, unique on a node: 128 bits, written as a lower-case UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvelopeId(u128);

impl EnvelopeId {
    /// Makes an id of 16 random bytes; its text is a UUID of version 4.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self::parse(&uuid_v4(bytes)).unwrap_or(Self(u128::from_be_bytes(bytes)))
    }

    /// Takes the 16 bytes as stored.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The name of what a client calls `id` in a stream: the first half of SHA-256 over the stream's kind and name and the id, so that
    /// nobody can take an id away from those who write elsewhere.
    pub fn scoped(stream: &StreamName, id: &[u8; 16]) -> Self {
        let hash: [u8; 32] = Sha256::new()
            .chain_update([stream.kind().code()])
            .chain_update(stream.bytes())
            .chain_update(id)
            .finalize()
            .into();
        Self::from_bytes(hash.first_chunk().copied().unwrap_or_default())
    }

    /// The 16 bytes to store.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Reads a UUID in lower case with its four hyphens; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let id = u128::from_str_radix(&digits, 16).ok()?;
        (uuid_text(id) == text).then_some(Self(id))
    }
}

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&uuid_text(self.0))
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnvelopeId({self})")
    }
}

/// What kind of content a client says it is, in its own words; a node only compares it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Label(Box<str>);

impl Label {
    /// Takes any text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({} bytes)", self.0.len())
    }
}

/// What a door asks to be appended: an envelope that nobody has admitted yet.
#[derive(Clone)]
pub struct Draft {
    /// Where it should go.
    pub stream: StreamName,
    /// Its name, chosen by the sender or at random.
    pub id: EnvelopeId,
    /// Its kind in the client's words.
    pub label: Label,
    /// The sealed content, if any.
    pub body: Option<Box<[u8]>>,
    /// Whether the reader should be notified, if they asked for it.
    pub notify: bool,
    /// When it was written by the sender's clock, if the door says so. Rooms are read by it.
    pub time: Option<Timestamp>,
}

impl Draft {
    /// Bytes that count against budgets, without those of a shared blob.
    pub fn size(&self) -> u64 {
        let body = self.body.as_ref().map_or(0, |body| body.len());
        u64::try_from(body.saturating_add(self.label.as_str().len())).unwrap_or(u64::MAX)
    }
}

/// An admitted envelope at its place in its stream.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its name.
    pub id: EnvelopeId,
    /// Its place.
    pub seq: Seq,
    /// Who sent it, if that is known.
    pub sender: Option<Key>,
    /// Its kind in the client's words.
    pub label: Label,
    /// The sealed content, if any.
    pub body: Option<Box<[u8]>>,
    /// When the node admitted it.
    pub at: Timestamp,
    /// When it was written by the sender's clock, if the door says so.
    pub time: Option<Timestamp>,
}

impl Envelope {
    /// From when its age is counted: the earlier of the two moments, so that neither a clock that is ahead nor a message
    /// slipped in late lives longer than the policy says.
    pub fn born(&self) -> Timestamp {
        self.time.map_or(self.at, |time| time.min(self.at))
    }
}

impl fmt::Debug for Envelope {
    /// Without the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.id)
            .field("seq", &self.seq)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_canonical_text_is_an_id() {
        let text = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
        assert_eq!(EnvelopeId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        for other in [
            "",
            "3F2504E0-4F89-41D3-9A0C-0305E82C3301",
            "3f2504e04f8941d39a0c0305e82c3301",
            "+f2504e0-4f89-41d3-9a0c-0305e82c3301",
        ] {
            assert_eq!(EnvelopeId::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn ids_lead_back(bytes: [u8; 16]) {
            let id = EnvelopeId::from_random(bytes);
            prop_assert_eq!(EnvelopeId::parse(&id.to_string()), Some(id));
            prop_assert_eq!(EnvelopeId::from_bytes(id.to_bytes()), id);
            prop_assert_eq!(id.to_string().chars().nth(14), Some('4'));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,50}") {
            let _ = EnvelopeId::parse(&text);
        }
    }
}
