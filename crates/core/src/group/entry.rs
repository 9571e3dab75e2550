//! How an entry is kept in its envelope: kind and turn in the label, id and changes of members before the sealed body.

use super::{Commit, GroupId, Member, NewEntry, Role, group_stream};
use crate::envelope::{Envelope, EnvelopeId, Label};
use crate::key::Ed25519Key;
use crate::time::Timestamp;

/// What the labels of commits begin with; the turn follows.
const COMMIT: char = 'c';

/// What the labels of messages begin with; the turn follows.
const MESSAGE: char = 'm';

/// An entry as it stands in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView<'a> {
    /// Its place.
    pub number: u64,
    /// Its name.
    pub id: [u8; 16],
    /// Whether it is a commit.
    pub commit: bool,
    /// For a commit the turn that it took, for a message that of its writer.
    pub turn: u64,
    /// When the hub took it.
    pub at: Timestamp,
    /// The sealed content.
    pub body: &'a [u8],
    /// Access keys that came, or got another role.
    pub add: Vec<Member>,
    /// Access keys that went.
    pub remove: Vec<Ed25519Key>,
}

/// The name of an entry's envelope: entries of one group can't be in the way of others.
pub fn envelope_id(group: &GroupId, id: &[u8; 16]) -> EnvelopeId {
    EnvelopeId::scoped(&group_stream(group), id)
}

/// The label of an entry.
pub fn label(entry: &NewEntry) -> Label {
    match entry.commit {
        Some(_) => commit_label(entry.turn),
        None => Label::new(format!("{MESSAGE}{}", entry.turn)),
    }
}

/// The label of the commit that took a turn.
pub fn commit_label(turn: u64) -> Label {
    Label::new(format!("{COMMIT}{turn}"))
}

/// The turn of a commit's label; none for a message.
pub fn commit_turn(label: &Label) -> Option<u64> {
    label.as_str().strip_prefix(COMMIT)?.parse().ok()
}

/// What is stored of an entry: id, numbers of keys that come and go (16 bits, big-endian), each that comes (role, key), each
/// that goes, the body.
pub fn content(entry: &NewEntry) -> Box<[u8]> {
    let nothing = Commit { info: Vec::new(), add: Vec::new(), remove: Vec::new() };
    let commit = entry.commit.as_ref().unwrap_or(&nothing);
    let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    let mut bytes = Vec::with_capacity(20 + 33 * commit.add.len() + 32 * commit.remove.len() + entry.body.len());
    bytes.extend_from_slice(&entry.id);
    bytes.extend_from_slice(&count(commit.add.len()));
    bytes.extend_from_slice(&count(commit.remove.len()));
    for member in &commit.add {
        bytes.push(member.role.code());
        bytes.extend_from_slice(member.key.as_bytes());
    }
    for key in &commit.remove {
        bytes.extend_from_slice(key.as_bytes());
    }
    bytes.extend_from_slice(&entry.body);
    bytes.into()
}

/// Reads an entry; none if the envelope is of something else.
pub fn view(envelope: &Envelope) -> Option<EntryView<'_>> {
    let label = envelope.label.as_str();
    let commit = label.starts_with(COMMIT);
    let turn = label.strip_prefix([COMMIT, MESSAGE])?.parse().ok()?;
    let (id, rest) = envelope.body.as_deref()?.split_first_chunk::<16>()?;
    let (add, rest) = rest.split_first_chunk::<2>()?;
    let (remove, mut rest) = rest.split_first_chunk::<2>()?;
    let mut came = Vec::new();
    for _ in 0..u16::from_be_bytes(*add) {
        let (role, after) = rest.split_first()?;
        came.push(Member { role: Role::of_code(*role)?, key: take_key(after, &mut rest)? });
    }
    let mut went = Vec::new();
    for _ in 0..u16::from_be_bytes(*remove) {
        went.push(take_key(rest, &mut rest)?);
    }
    let number = u64::try_from(envelope.seq.number()).ok()?;
    Some(EntryView { number, id: *id, commit, turn, at: envelope.at, body: rest, add: came, remove: went })
}

fn take_key<'a>(bytes: &'a [u8], rest: &mut &'a [u8]) -> Option<Ed25519Key> {
    let (key, after) = bytes.split_first_chunk::<32>()?;
    *rest = after;
    Ed25519Key::from_bytes(*key).ok()
}
