//! Parcels: what waits in the inbox of an account of Tidings' own clients (docs/protocol/contacts.md).

use crate::envelope::{Envelope, EnvelopeId, Label};
use crate::key::Ed25519Key;
use crate::policy::{Budget, Policy};
use crate::presence::Presences;
use crate::stream::StreamName;
use crate::time::Timestamp;
use std::sync::Arc;

/// Most bytes of a parcel's body.
pub const PARCEL_BYTES_MAX: usize = 1024 * 1024;

/// Part of an inbox that one contact may fill.
const CONTACT_SHARE: u64 = 4;

/// The label of what contacts post.
pub const PARCEL: &str = "parcel";

/// The label of the answer to an exchange.
pub const ANSWER: &str = "answer";

/// Bytes of a parcel's id, which stand before its body in the store: envelopes are named by their stream, too.
const ID_LEN: usize = 16;

/// A parcel to be posted.
pub struct NewParcel {
    /// Whose inbox it is for.
    pub owner: Ed25519Key,
    /// Who posts: a posting key, or a device of the owner.
    pub caller: Ed25519Key,
    /// Its name, chosen by the sender.
    pub id: [u8; ID_LEN],
    /// The sealed content.
    pub body: Vec<u8>,
    /// Whether the owner's devices should be told by push.
    pub notify: bool,
}

/// A posting with what a store must know beside it.
pub struct ParcelPosting {
    /// What is posted.
    pub parcel: NewParcel,
    /// The rules of inboxes.
    pub policy: Policy,
    /// Who needs no push.
    pub presences: Arc<Presences>,
    /// When.
    pub now: Timestamp,
}

/// Where something came to stand in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its number; 0 for what is dropped.
    pub number: u64,
    /// When the node took it.
    pub at: Timestamp,
}

/// What became of something that was to be appended.
pub enum Kept {
    /// It was appended.
    New {
        /// As it stands there.
        envelope: Envelope,
        /// Whether a push or a wake is to be sent because of it.
        knocks: bool,
    },
    /// It was there already, with the same content.
    Before(Placed),
    /// It is dropped, and its sender does not learn of it.
    Dropped,
}

/// The most that one posting key may have waiting: a part of what an inbox holds, so that no contact can keep out the others while a
/// device of the owner is away.
pub fn contact_share(policy: &Policy) -> Budget {
    Budget { count: (policy.stream.count / CONTACT_SHARE).max(1), bytes: policy.stream.bytes / CONTACT_SHARE }
}

/// The body as it is stored.
pub fn stored(id: &[u8; ID_LEN], body: &[u8]) -> Box<[u8]> {
    [id.as_slice(), body].concat().into()
}

/// The name of its envelope: parcels of one inbox can't be in the way of others.
pub fn envelope_id(stream: &StreamName, id: &[u8; ID_LEN]) -> EnvelopeId {
    EnvelopeId::scoped(stream, id)
}

/// The label by its text.
pub fn label(text: &str) -> Label {
    Label::new(text)
}

/// A parcel as it stands in an inbox.
pub struct ParcelView<'a> {
    /// Its place.
    pub number: u64,
    /// Its name.
    pub id: [u8; ID_LEN],
    /// When the node took it.
    pub at: Timestamp,
    /// [`PARCEL`] or [`ANSWER`].
    pub label: &'a str,
    /// The sealed content.
    pub body: &'a [u8],
}

/// Reads an envelope of an inbox of this kind; none for one of another kind.
pub fn view(envelope: &Envelope) -> Option<ParcelView<'_>> {
    let (id, body) = envelope.body.as_deref()?.split_first_chunk()?;
    let label = envelope.label.as_str();
    let number = u64::try_from(envelope.seq.number()).ok()?;
    [PARCEL, ANSWER].contains(&label).then_some(ParcelView { number, id: *id, at: envelope.at, label, body })
}
