//! Streams: append-only sequences of envelopes.

use crate::key::Key;
use std::fmt;

/// What a stream is for, which decides its [policy](crate::policy::Policy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamKind {
    /// One person's inbox: contacts append, the owner takes.
    Inbox,
    /// A room: whoever can sign appends, whoever knows its name reads, kept for a time.
    Room,
    /// A live channel: never stored.
    Channel,
    /// One author's feed: read with a token, kept until the author deletes.
    Feed,
    /// What is said to one key while it is connected: never stored.
    Direct,
    /// A conversation of Tidings' own clients: members append and read, kept for a time.
    Group,
}

impl StreamKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 6] = [Self::Inbox, Self::Room, Self::Channel, Self::Feed, Self::Direct, Self::Group];

    /// The number by which stores keep the kind. Never change one.
    pub fn code(self) -> u8 {
        match self {
            Self::Inbox => 1,
            Self::Room => 2,
            Self::Channel => 3,
            Self::Feed => 4,
            Self::Direct => 5,
            Self::Group => 6,
        }
    }
}

/// The most bytes a stream's name may have.
pub const NAME_MAX: usize = 256;

/// The name of a stream: its kind and the bytes that tell it from others of that kind.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName {
    kind: StreamKind,
    name: Box<[u8]>,
}

impl StreamName {
    /// The inbox of a person.
    pub fn inbox(owner: &Key) -> Self {
        Self { kind: StreamKind::Inbox, name: Box::new(owner.tagged()) }
    }

    /// What is said to a key while it is connected.
    pub fn direct(reader: &Key) -> Self {
        Self { kind: StreamKind::Direct, name: Box::new(reader.tagged()) }
    }

    /// The stream of a group.
    pub fn of_group(group: &[u8; 16]) -> Self {
        Self { kind: StreamKind::Group, name: Box::new(*group) }
    }

    /// A stream of another kind by the name its door uses. `None` for those that a key names ([`StreamName::inbox`],
    /// [`StreamName::direct`]), an empty name, or one longer than [`NAME_MAX`].
    pub fn named(kind: StreamKind, name: &[u8]) -> Option<Self> {
        let by_key = matches!(kind, StreamKind::Inbox | StreamKind::Direct);
        let fits = !by_key && !name.is_empty() && name.len() <= NAME_MAX;
        fits.then(|| Self { kind, name: name.into() })
    }

    /// The kind.
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// The bytes of the name; for an inbox and a direct stream its owner's tagged key.
    pub fn bytes(&self) -> &[u8] {
        &self.name
    }

    /// The owner, if this is an inbox or a direct stream.
    pub fn owner(&self) -> Option<Key> {
        let by_key = matches!(self.kind, StreamKind::Inbox | StreamKind::Direct);
        by_key.then(|| Key::from_tagged(&self.name).ok()).flatten()
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.kind, self.name.len())
    }
}

/// The place of an envelope in its stream, counted from 1. As a cursor it means "read up to here"; zero is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(i64);

impl Seq {
    /// Before the first envelope.
    pub const START: Self = Self(0);

    /// Takes a number; what is negative becomes [`Seq::START`].
    pub fn from_number(number: i64) -> Self {
        Self(number.max(0))
    }

    /// The number.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The next place.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_distinct_codes() {
        let mut codes: Vec<u8> = StreamKind::ALL.iter().map(|k| k.code()).collect();
        codes.dedup();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn names_are_bounded_and_inboxes_have_owners() {
        assert!(StreamName::named(StreamKind::Room, b"").is_none());
        assert!(StreamName::named(StreamKind::Room, &[7; NAME_MAX + 1]).is_none());
        assert!(StreamName::named(StreamKind::Inbox, b"x").is_none());
        assert!(StreamName::named(StreamKind::Direct, b"x").is_none());
        let owner = Key::Box(crate::BoxKey::from_bytes([9; 32]).unwrap());
        assert_eq!(StreamName::inbox(&owner).owner(), Some(owner));
        assert_eq!(StreamName::direct(&owner).owner(), Some(owner));
        assert_ne!(StreamName::direct(&owner), StreamName::inbox(&owner));
        assert_eq!(StreamName::named(StreamKind::Room, b"r").and_then(|s| s.owner()), None);
    }
}
