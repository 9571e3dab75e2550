//! Admission: may this caller append this draft to this stream, now? Every rule about that stands here.

use crate::envelope::{Draft, Envelope};
use crate::key::Key;
use crate::policy::{AppendRule, Policy, Usage};
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
}

impl Caller {
    /// The proven key, if any.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Key(key) => Some(*key),
            Self::Anonymous => None,
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
    Ok(Envelope { id: draft.id, seq, sender: caller.key(), label: draft.label, body: draft.body, at: now })
}

/// The part of [`admit`] that needs no draft: whether the caller may append `bytes` bytes at all. A door asks it early, to
/// stop receiving what would be refused.
pub fn may_append(policy: &Policy, facts: &StreamFacts, caller: &Caller, bytes: u64) -> Result<(), Refusal> {
    let permitted = match policy.append {
        AppendRule::AllowListed => facts.listed && caller.key().is_some(),
        AppendRule::AnySigner => caller.key().is_some(),
        AppendRule::Joined => facts.joined,
        AppendRule::Author => facts.owner,
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
        Draft { stream, id: EnvelopeId::from_bytes([1; 16]), label: Label::new("MEDIA"), body, notify: false }
    }

    fn decide(kind: StreamKind, facts: StreamFacts, caller: Caller) -> Result<Envelope, Refusal> {
        admit(Policies::default().of(kind), &facts, &caller, draft(kind), 0, Seq::START.next(), Timestamp::EPOCH)
    }

    #[test]
    fn each_kind_has_its_own_door_keeper() {
        use StreamKind::{Channel, Feed, Inbox, Room};
        let open = StreamFacts { open: true, ..StreamFacts::default() };
        let listed = StreamFacts { listed: true, ..open };
        let joined = StreamFacts { joined: true, ..open };
        let owner = StreamFacts { owner: true, ..open };
        let (key, nobody) = (Caller::Key(alice()), Caller::Anonymous);
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
    fn a_known_id_is_refused_and_the_envelope_says_what_was_admitted() {
        let open = StreamFacts { open: true, listed: true, ..StreamFacts::default() };
        let known = StreamFacts { duplicate: true, ..open };
        assert_eq!(decide(StreamKind::Inbox, known, Caller::Key(alice())), Err(Refusal::Duplicate));
        let envelope = decide(StreamKind::Inbox, open, Caller::Key(alice())).unwrap();
        assert_eq!((envelope.sender, envelope.seq.number()), (Some(alice()), 1));
    }
}
