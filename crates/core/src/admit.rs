//! Admission: may this caller append this draft to this stream, now? Every rule about that stands here.

use crate::envelope::{Draft, Envelope};
use crate::key::Key;
use crate::policy::{AppendRule, Keep, Policy, Travel, Usage};
use crate::stream::Seq;
use crate::time::Timestamp;
use thiserror::Error;

/// Who asks, as far as a door could prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Holds the secret of this key.
    Key(Key),
    /// Proved nothing.
    Anonymous,
    /// Another server, which passes on what its users say.
    Peer(PeerLink),
}

/// A link to another server, numbered by the door that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerLink(pub u64);

impl Caller {
    /// The proven key, if any.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Key(key) => Some(*key),
            Self::Anonymous | Self::Peer(_) => None,
        }
    }
}

/// What must be known of a stream and a caller to decide. Read in the same transaction that appends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// The stream is there and open.
    pub open: bool,
    /// The caller is on the owner's allow-list.
    pub listed: bool,
    /// The caller's session has joined.
    pub joined: bool,
    /// The caller is the owner.
    pub owner: bool,
    /// An envelope of the draft's id is there already.
    pub duplicate: bool,
    /// What the stream holds.
    pub used: Usage,
    /// What the caller has waiting on this node.
    pub sent: Usage,
}

/// Why a draft was not admitted. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The stream is not there, or its owner does not want envelopes from this caller. One reason for both, so that nobody
    /// learns which.
    #[error("the recipient does not accept envelopes from this sender")]
    NotAccepted,
    /// An envelope of this id is there already.
    #[error("already known")]
    Duplicate,
    /// The envelope is larger than its stream's policy allows.
    #[error("too large")]
    TooLarge,
    /// The stream's budget is used up.
    #[error("the recipient's inbox is full")]
    StreamFull,
    /// The sender's budget is used up.
    #[error("the sender has too much waiting")]
    SenderFull,
    /// By the sender's own time it is older than the stream keeps anything.
    #[error("older than anything that is kept here")]
    TooOld,
}

/// Decides, and gives the envelope as it is to be stored at `seq`. `blob_bytes` is the length of the blob that the draft
/// points to, zero if none.
pub fn admit(
    policy: &Policy,
    facts: &StreamFacts,
    caller: &Caller,
    draft: Draft,
    blob_bytes: u64,
    seq: Seq,
    now: Timestamp,
) -> Result<Envelope, Refusal> {
    let bytes = draft.size().saturating_add(blob_bytes);
    may_append(policy, facts, caller, bytes)?;
    if facts.duplicate {
        return Err(Refusal::Duplicate);
    }
    // What has lived its time is not taken in again, so that nobody brings back what was deleted for its age.
    if let (Keep::For(age), Some(time)) = (policy.keep, draft.time)
        && time < now.before(age)
    {
        return Err(Refusal::TooOld);
    }
    let (label, body, time) = (draft.label, draft.body, draft.time);
    Ok(Envelope { id: draft.id, seq, sender: caller.key(), label, body, at: now, time })
}

/// The part of [`admit`] that needs no draft: whether the caller may append `bytes` bytes at all. A door asks it early, to
/// stop receiving what would be refused.
pub fn may_append(policy: &Policy, facts: &StreamFacts, caller: &Caller, bytes: u64) -> Result<(), Refusal> {
    // Where servers flood each other, what a peer brings was checked by the server where it was said, or by nobody.
    let flooded = policy.travel == Travel::MeshFlood && matches!(caller, Caller::Peer(_));
    let permitted = match policy.append {
        AppendRule::AllowListed => facts.listed && caller.key().is_some(),
        AppendRule::AnySigner => caller.key().is_some() || flooded,
        AppendRule::Joined => facts.joined || flooded,
        AppendRule::Author => facts.owner,
        // Decided in `group::decide`.
        AppendRule::Members => false,
    };
    if !facts.open || !permitted {
        return Err(Refusal::NotAccepted);
    }
    if bytes > policy.envelope_bytes {
        return Err(Refusal::TooLarge);
    }
    if !policy.stream.holds(facts.used.and(bytes)) {
        return Err(Refusal::StreamFull);
    }
    if !policy.sender.holds(facts.sent.and(bytes)) {
        return Err(Refusal::SenderFull);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxKey;
    use crate::envelope::{EnvelopeId, Label};
    use crate::policy::{Budget, Policies};
    use crate::stream::{StreamKind, StreamName};

    fn alice() -> Key {
        Key::Box(BoxKey::from_bytes([7; 32]).unwrap())
    }

    fn draft(kind: StreamKind) -> Draft {
        let stream = StreamName::named(kind, b"s").unwrap_or_else(|| StreamName::inbox(&alice()));
        let body = Some(vec![1; 90].into());
        Draft {
            stream,
            id: EnvelopeId::from_bytes([1; 16]),
            label: Label::new("MEDIA"),
            body,
            notify: false,
            time: None,
        }
    }

    fn decide(kind: StreamKind, facts: StreamFacts, caller: Caller) -> Result<Envelope, Refusal> {
        admit(Policies::default().of(kind), &facts, &caller, draft(kind), 0, Seq::START.next(), Timestamp::EPOCH)
    }

    #[test]
    fn each_kind_has_its_own_door_keeper() {
        use StreamKind::{Channel, Direct, Feed, Inbox, Room};
        let open = StreamFacts { open: true, ..StreamFacts::default() };
        let listed = StreamFacts { listed: true, ..open };
        let joined = StreamFacts { joined: true, ..open };
        let owner = StreamFacts { owner: true, ..open };
        let (key, nobody, peer) = (Caller::Key(alice()), Caller::Anonymous, Caller::Peer(PeerLink(1)));
        for (kind, facts, caller, admitted) in [
            (Inbox, listed, key, true),
            (Inbox, open, key, false),
            (Inbox, owner, key, false),
            (Inbox, listed, nobody, false),
            (Inbox, StreamFacts { open: false, ..listed }, key, false),
            (Room, open, key, true),
            (Room, open, nobody, false),
            (Channel, joined, nobody, true),
            (Channel, open, key, false),
            (Channel, open, peer, true),
            (Direct, open, key, true),
            (Direct, open, nobody, false),
            (Direct, open, peer, true),
            (Inbox, open, peer, false),
            (Room, open, peer, false),
            (Feed, owner, key, true),
            (Feed, listed, key, false),
        ] {
            let expected = if admitted { Ok(()) } else { Err(Refusal::NotAccepted) };
            assert_eq!(decide(kind, facts, caller).map(|_| ()), expected, "{kind:?} {facts:?} {caller:?}");
        }
    }

    #[test]
    fn budgets_and_sizes_are_kept() {
        let mut policy = Policies::default().inbox;
        policy.envelope_bytes = 100;
        policy.stream = Budget { count: 2, bytes: 200 };
        policy.sender = Budget { count: 3, bytes: 150 };
        let caller = Caller::Key(alice());
        let facts = |used, sent| StreamFacts {
            open: true,
            listed: true,
            used: Usage { count: 1, bytes: used },
            sent: Usage { count: 1, bytes: sent },
            ..StreamFacts::default()
        };
        assert_eq!(may_append(&policy, &facts(100, 50), &caller, 100), Ok(()));
        assert_eq!(may_append(&policy, &facts(100, 50), &caller, 101), Err(Refusal::TooLarge));
        assert_eq!(may_append(&policy, &facts(101, 50), &caller, 100), Err(Refusal::StreamFull));
        assert_eq!(may_append(&policy, &facts(100, 51), &caller, 100), Err(Refusal::SenderFull));
    }

    #[test]
    fn what_has_lived_its_time_in_a_room_is_not_taken_in_again() {
        let policy = Policies::default().room;
        let Keep::For(age) = policy.keep else { panic!("rooms are kept for a time") };
        let now = Timestamp::from_millis(1_700_000_000_000);
        let facts = StreamFacts { open: true, ..StreamFacts::default() };
        let at = |time| {
            let draft = Draft { time: Some(time), ..draft(StreamKind::Room) };
            admit(&policy, &facts, &Caller::Key(alice()), draft, 0, Seq::START.next(), now).map(|e| e.born())
        };
        let oldest = now.before(age);
        assert_eq!(at(oldest), Ok(oldest));
        assert_eq!(at(Timestamp::from_millis(oldest.millis() - 1)), Err(Refusal::TooOld));
        let ahead = Timestamp::from_millis(now.millis() + 1000);
        assert_eq!(at(ahead), Ok(now), "the age of what a fast clock sends is counted from its arrival");
    }

    #[test]
    fn a_known_id_is_refused_and_the_envelope_says_what_was_admitted() {
        let open = StreamFacts { open: true, listed: true, ..StreamFacts::default() };
        let known = StreamFacts { duplicate: true, ..open };
        assert_eq!(decide(StreamKind::Inbox, known, Caller::Key(alice())), Err(Refusal::Duplicate));
        let envelope = decide(StreamKind::Inbox, open, Caller::Key(alice())).unwrap();
        assert_eq!((envelope.sender, envelope.seq.number()), (Some(alice()), 1));
    }
}
