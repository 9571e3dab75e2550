//! Groups at their hub: who may append, in which turn, and who may change that (docs/protocol/conversations.md, Entries and turns).
//! Contents are sealed; a hub sees access keys, turns and sizes.

mod entry;
#[cfg(test)]
mod tests;

pub use entry::{EntryView, commit_label, commit_turn, content, envelope_id, label, view};

use crate::denial::Denial;
use crate::envelope::Envelope;
use crate::key::Ed25519Key;
use crate::parcel::Kept;
use crate::policy::{Budget, Policy, Usage};
use crate::presence::Presences;
use crate::stream::{StreamKind, StreamName};
use crate::time::Timestamp;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Most access keys of a group.
pub const MEMBERS_MAX: usize = 1000;

/// How many turns a message may be behind.
pub const TURNS_BEHIND_MAX: u64 = 3;

/// Most bytes of an entry's body, and of a sealed group info.
pub const ENTRY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// One part of so many of a group's budget, and of its maker's, is kept for commits of owners and moderators.
const STAFF_PART: u64 = 16;

/// Groups that one account may have made on this node.
pub const GROUPS_MAX: u64 = 10_000;

/// A group that holds nothing any more is deleted this long after its last turn: all its devices would have made one meanwhile.
pub const GROUP_IDLE: Duration = Duration::from_secs(365 * 86_400);

/// The name of a group.
pub type GroupId = [u8; 16];

/// What an access key may do at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Changes members, ends the group.
    Owner,
    /// Adds members and removes them again.
    Moderator,
    /// Reads and appends.
    Member,
}

impl Role {
    /// The number by which it is kept. Never change one.
    pub fn code(self) -> u8 {
        match self {
            Self::Owner => 0,
            Self::Moderator => 1,
            Self::Member => 2,
        }
    }

    /// The role of a number.
    pub fn of_code(code: u8) -> Option<Self> {
        [Self::Owner, Self::Moderator, Self::Member].into_iter().find(|role| role.code() == code)
    }
}

/// An access key of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key.
    pub key: Ed25519Key,
    /// What it may do.
    pub role: Role,
}

/// A group to be made.
pub struct NewGroup {
    /// The account that it counts against.
    pub account: Ed25519Key,
    /// Its name.
    pub group: GroupId,
    /// Who may append and read.
    pub members: Vec<Member>,
    /// The sealed group info of this turn.
    pub info: Vec<u8>,
    /// The turn at which it begins: 0, unless the node has lost it and gets it back.
    pub turn: u64,
    /// The number of the entry after which it begins.
    pub end: u64,
}

/// The highest turn and number at which a group may begin, so that there are always some left.
pub const BEGIN_MAX: u64 = 1 << 31;

/// What a commit brings beside its body.
#[derive(Clone, PartialEq, Eq)]
pub struct Commit {
    /// The sealed group info after it.
    pub info: Vec<u8>,
    /// Access keys that come, or get another role.
    pub add: Vec<Member>,
    /// Access keys that go.
    pub remove: Vec<Ed25519Key>,
}

/// An entry to be appended.
#[derive(Clone)]
pub struct NewEntry {
    /// To which group.
    pub group: GroupId,
    /// The access key of who appends.
    pub caller: Ed25519Key,
    /// Its name, chosen by the sender.
    pub id: [u8; 16],
    /// For a commit the turn that it takes, for a message that of its writer.
    pub turn: u64,
    /// The sealed content.
    pub body: Vec<u8>,
    /// What makes it a commit.
    pub commit: Option<Commit>,
    /// Whether devices that do not follow should be told.
    pub notify: bool,
}

/// An entry with what a store must know beside it.
pub struct EntryPosting {
    /// What is appended.
    pub entry: NewEntry,
    /// The rules of groups.
    pub policy: Policy,
    /// Who need not be told.
    pub presences: Arc<Presences>,
    /// When.
    pub now: Timestamp,
}

/// What became of an entry.
pub enum Appended {
    /// It is there.
    Kept(Kept),
    /// Its turn was not the one to be had.
    Lost(LostTurn),
}

/// A turn that was not the one to be had. Nothing was kept.
pub struct LostTurn {
    /// The commit that took the turn that a commit asked for, if it is kept.
    pub winner: Option<Envelope>,
    /// The hub's turn.
    pub turn: u64,
    /// The number given last.
    pub end: u64,
}

/// A group as its members see it.
pub struct GroupView {
    /// How many commits the hub has accepted.
    pub turn: u64,
    /// The number given last.
    pub end: u64,
    /// The number of the oldest entry that is kept; `end + 1` if there is none.
    pub first: u64,
    /// The newest sealed group info.
    pub info: Vec<u8>,
    /// Of which turn it is.
    pub info_turn: u64,
    /// Who may append and read, by key.
    pub members: Vec<Member>,
}

/// What is asked of a group at every turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// How many commits the hub has accepted.
    pub turn: u64,
    /// Who may append and read.
    pub members: Vec<Member>,
}

/// The stream of a group.
pub fn group_stream(group: &GroupId) -> StreamName {
    StreamName::of_group(group)
}

/// The group of a stream, if it is one's.
pub fn group_of(stream: &StreamName) -> Option<GroupId> {
    (stream.kind() == StreamKind::Group).then(|| stream.bytes().try_into().ok()).flatten()
}

/// Whether an entry of the same id is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// No.
    #[default]
    New,
    /// The same one.
    Same,
    /// One with another content.
    Other,
}

/// What must be known of a group to decide. Read in the transaction that appends.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupFacts {
    /// The hub's turn.
    pub turn: u64,
    /// What the caller is.
    pub role: Option<Role>,
    /// Whether the group has any owner.
    pub owned: bool,
    /// How many access keys it has.
    pub members: usize,
    /// Whether the entry is there already.
    pub known: Known,
    /// What the group holds.
    pub used: Usage,
    /// What all groups of the account hold that made this one.
    pub account: Usage,
}

/// What is done with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is appended.
    Append {
        /// The hub's turn after it.
        turn: u64,
        /// Access keys that come, or get another role.
        set: Vec<Member>,
        /// Access keys that go.
        gone: Vec<Ed25519Key>,
    },
    /// It gets the answer that it got before.
    Repeat,
    /// Its turn is not the one to be had.
    Lost,
}

/// Decides about an entry. `role` tells what a key is in the group. `bytes` is what the entry takes in its stream.
pub fn decide(
    policy: &Policy,
    facts: &GroupFacts,
    entry: &NewEntry,
    bytes: u64,
    mut role: impl FnMut(&Ed25519Key) -> Option<Role>,
) -> Result<Decision, Denial> {
    let Some(own) = facts.role else { return Err(Denial::NotAccepted) };
    match facts.known {
        Known::Same => return Ok(Decision::Repeat),
        Known::Other => return Err(Denial::Exists),
        Known::New => {}
    }
    let info = entry.commit.as_ref().map_or(0, |commit| commit.info.len());
    if entry.body.len() > ENTRY_BYTES_MAX || info > ENTRY_BYTES_MAX || bytes > policy.envelope_bytes {
        return Err(Denial::TooLarge);
    }
    let decision = match &entry.commit {
        None if entry.turn > facts.turn || entry.turn < facts.turn.saturating_sub(TURNS_BEHIND_MAX) => {
            return Ok(Decision::Lost);
        }
        None => Decision::Append { turn: facts.turn, set: Vec::new(), gone: Vec::new() },
        Some(_) if Some(entry.turn) != facts.turn.checked_add(1) => return Ok(Decision::Lost),
        Some(commit) => change(facts, own, entry, commit, &mut role)?,
    };
    // Plain members fill a group up only so far that owners and moderators can still take them out.
    let staffs = entry.commit.is_some() && own != Role::Member;
    let within = |budget: &Budget| if staffs { *budget } else { budget.without_part(STAFF_PART) };
    let (stream, account) = (within(&policy.stream), within(&policy.sender));
    if !stream.holds(facts.used.and(bytes)) || !account.holds(facts.account.and(bytes)) {
        return Err(Denial::Full);
    }
    Ok(decision)
}

/// What a commit changes in the list of members, if its sender may.
fn change(
    facts: &GroupFacts,
    own: Role,
    entry: &NewEntry,
    commit: &Commit,
    role: &mut impl FnMut(&Ed25519Key) -> Option<Role>,
) -> Result<Decision, Denial> {
    let mut named = HashSet::new();
    let mut once = commit.add.iter().map(|member| &member.key).chain(&commit.remove);
    if !once.all(|key| named.insert(key)) {
        return Err(Denial::Malformed("an access key is named twice"));
    }
    // Without an owner nobody could ever make one: then all may do what owners may.
    let power = if facts.owned { own } else { Role::Owner };
    let (mut set, mut gone, mut members) = (Vec::new(), Vec::new(), facts.members);
    let mut swapped = false;
    for member in &commit.add {
        let before = role(&member.key);
        if before == Some(member.role) {
            continue;
        }
        // Everybody may put another key in the place of their own, once in a commit.
        let swap = before.is_none() && member.role == own && !swapped && commit.remove.contains(&entry.caller);
        swapped |= swap;
        if !(swap || may_set(power, before, member.role)) {
            return Err(Denial::NotAccepted);
        }
        members = members.saturating_add(usize::from(before.is_none()));
        set.push(*member);
    }
    for key in &commit.remove {
        let Some(before) = role(key) else { continue };
        if !(may_remove(power, before) || *key == entry.caller) {
            return Err(Denial::NotAccepted);
        }
        members = members.saturating_sub(1);
        gone.push(*key);
    }
    if members > MEMBERS_MAX {
        return Err(Denial::TooLarge);
    }
    Ok(Decision::Append { turn: entry.turn, set, gone })
}

fn may_set(power: Role, before: Option<Role>, after: Role) -> bool {
    match power {
        Role::Owner => true,
        Role::Moderator => before.is_none() && after == Role::Member,
        Role::Member => false,
    }
}

fn may_remove(power: Role, before: Role) -> bool {
    match power {
        Role::Owner => true,
        Role::Moderator => before == Role::Member,
        Role::Member => false,
    }
}

/// Whether a group may be made with these members: at least one, each once, not too many, with an owner.
pub fn may_make(new: &NewGroup) -> Result<(), Denial> {
    let (members, info) = (&new.members, new.info.len());
    if new.turn > BEGIN_MAX || new.end > BEGIN_MAX {
        return Err(Denial::Malformed("a group can't begin so far on"));
    }
    if members.len() > MEMBERS_MAX || info > ENTRY_BYTES_MAX {
        return Err(Denial::TooLarge);
    }
    let mut named = HashSet::new();
    if !members.iter().all(|member| named.insert(member.key)) {
        return Err(Denial::Malformed("an access key is named twice"));
    }
    match members.iter().any(|member| member.role == Role::Owner) {
        true => Ok(()),
        false => Err(Denial::Malformed("a group needs an owner")),
    }
}
