//! Who belongs to a conversation (docs/protocol/conversations.md, Roster): the type and its bytes. Who may change it: [`rules`].

pub mod authority;
#[cfg(test)]
mod authority_tests;
#[cfg(test)]
mod codec_tests;
pub mod rules;
#[cfg(test)]
mod samples;
pub mod statement;
#[cfg(test)]
mod tests;

pub use authority::{Unproven, Weighed};
pub use rules::{CommitFacts, Leaf, RosterFault};
pub use statement::Pen;

use self::statement::{STAFF_MAX, STATEMENT_BYTES_MAX, STATEMENTS_MAX};
use crate::content::{EXPIRE_SECONDS_MAX, NAME_BYTES_MAX, PICTURE_BYTES_MAX};
use crate::node_url::is_node_url;
use crate::view::{ConversationKind, Identity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use tidings_wire::api::{MEMBERS_MAX, Member, Role};
use tidings_wire::bytes::Blob;
use tidings_wire::cbor::{self, CborError};
use tidings_wire::{Fixed, api};

/// The role of an owner.
pub const OWNER: u8 = 0;
/// The role of a moderator.
pub const MODERATOR: u8 = 1;
/// The role of everybody else.
pub const MEMBER: u8 = 2;
/// Most bytes of a roster: 1,000 members with 140 bytes each, a picture, a name, the statements.
pub const ROSTER_BYTES_MAX: usize = 240 * 1024;
/// The most that a version rises with one change: a device that knows of a higher one gives the next above that.
pub const V_STEP_MAX: u64 = 65_536;

/// Why bytes are not a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// They can't be read.
    #[error("the roster is {0}")]
    Form(#[from] CborError),
    /// It contradicts itself, or something in it is too long.
    #[error("{0}")]
    Rule(&'static str),
}

/// Somebody in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterMember {
    /// Who.
    pub id: Identity,
    /// The public access key (Ed25519) for this conversation.
    #[serde(with = "serde_bytes")]
    pub access: [u8; 32],
    /// From it and its access root the member derives the secret half ([`access_key`](crate::keys::access_key)).
    #[serde(with = "serde_bytes")]
    pub salt: [u8; 16],
    /// [`OWNER`], [`MODERATOR`] or [`MEMBER`].
    pub role: u8,
    /// The turn at which it was added.
    pub since: u64,
}

impl RosterMember {
    /// As the hub knows it.
    fn at_hub(&self) -> Member {
        let role = match self.role {
            OWNER => Role::Owner,
            MODERATOR => Role::Moderator,
            _ => Role::Member,
        };
        Member { key: Fixed(self.access), role }
    }
}

/// Who belongs to a conversation, and what holds for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Rises by one with each change.
    pub v: u64,
    /// What kind of conversation it is; never changes.
    pub kind: ConversationKind,
    /// Its name; empty in a pair.
    pub name: String,
    /// A small JPEG.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_bytes")]
    pub picture: Option<Vec<u8>>,
    /// The hub's URL.
    pub hub: String,
    /// From it come the keys of the outer seal.
    #[serde(with = "serde_bytes")]
    pub seal: [u8; 32],
    /// Whether a passphrase goes into the seal, too.
    pub locked: bool,
    /// Seconds after which messages disappear, unless they say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<u32>,
    /// In the order in which they came.
    pub members: Vec<RosterMember>,
    /// What owners and moderators signed, oldest first: [`statement::Statement`]s.
    #[serde(default)]
    pub signed: Vec<Blob>,
    /// Who went since the last of them, by commits of plain members: place in the list that was signed, identity, `since`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<(u64, Identity, u64)>,
}

/// What changes at the hub with a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessChanges {
    /// Access keys that come, or get another role.
    pub add: Vec<api::Member>,
    /// Access keys that go.
    pub remove: Vec<Fixed<32>>,
}

impl Roster {
    /// Its CBOR. Fails if it breaks a rule.
    pub fn encode(&self) -> Result<Vec<u8>, RosterError> {
        self.check().map_err(RosterError::Rule)?;
        Ok(cbor::encode(self))
    }

    /// Reads and checks the CBOR of a roster.
    pub fn decode(bytes: &[u8]) -> Result<Self, RosterError> {
        let roster: Self = cbor::decode(bytes, ROSTER_BYTES_MAX)?;
        roster.check().map_err(RosterError::Rule)?;
        Ok(roster)
    }

    /// The rules that hold within a roster. Fails with what is wrong.
    pub fn check(&self) -> Result<(), &'static str> {
        let expire = self.expire.is_none_or(|seconds| (1..=EXPIRE_SECONDS_MAX).contains(&seconds));
        if !is_node_url(&self.hub) {
            return Err("the roster names no hub");
        }
        if self.name.len() > NAME_BYTES_MAX
            || self.picture.as_ref().is_some_and(|picture| picture.len() > PICTURE_BYTES_MAX)
            || !expire
        {
            return Err("something in the roster is too long");
        }
        let most = if self.kind == ConversationKind::Pair { 2 } else { MEMBERS_MAX };
        if self.members.len() > most {
            return Err("the roster has too many members");
        }
        let ids: BTreeSet<_> = self.members.iter().map(|member| member.id).collect();
        let keys: BTreeSet<_> = self.members.iter().map(|member| member.access).collect();
        if ids.len() != self.members.len() || keys.len() != self.members.len() {
            return Err("the roster names somebody twice");
        }
        if self.members.iter().any(|member| member.role > MEMBER) {
            return Err("the roster gives a role that there is not");
        }
        self.check_statements()?;
        if self.has_owner() { Ok(()) } else { Err("the roster has no owner") }
    }

    /// The form of what was signed, not who signed it.
    fn check_statements(&self) -> Result<(), &'static str> {
        let staff = self.members.iter().filter(|member| member.role <= MODERATOR).count();
        let long = |statement: &Blob| statement.0.len() > STATEMENT_BYTES_MAX;
        if staff > STAFF_MAX || self.signed.len() > STATEMENTS_MAX || self.signed.iter().any(long) {
            return Err("the roster has too many owners, moderators or signatures");
        }
        let length = self.members.len().saturating_add(self.gone.len());
        let rises = self.gone.iter().zip(self.gone.iter().skip(1)).all(|(one, next)| one.0 < next.0);
        let places = self.gone.iter().all(|(at, id, _)| (*at as usize) < length && self.member(id).is_none());
        if rises && places && length <= MEMBERS_MAX { Ok(()) } else { Err("the roster lists wrongly who went") }
    }

    /// The entry of somebody.
    pub fn member(&self, identity: &Identity) -> Option<&RosterMember> {
        self.members.iter().find(|member| member.id == *identity)
    }

    /// The role of somebody; `None` for those who are not in it.
    pub fn role(&self, identity: &Identity) -> Option<u8> {
        self.member(identity).map(|member| member.role)
    }

    fn has_owner(&self) -> bool {
        self.members.iter().any(|member| member.role == OWNER)
    }

    /// Without these members. If no owner remains, the moderator, or else member, that stands first is one. `v` stays.
    pub fn without(&self, gone: &[Identity]) -> Self {
        let mut roster = self.clone();
        roster.members.retain(|member| !gone.contains(&member.id));
        if !roster.has_owner()
            && let Some(successor) = roster.members.iter_mut().min_by_key(|member| member.role)
        {
            successor.role = OWNER;
        }
        roster
    }

    /// All access keys, as the hub is told when the conversation is made.
    pub fn access_list(&self) -> Vec<api::Member> {
        self.members.iter().map(RosterMember::at_hub).collect()
    }
}

/// What the hub must be told with the commit that leads from one roster to the other.
pub fn access_changes(before: &Roster, after: &Roster) -> AccessChanges {
    let keyed = |roster: &Roster| {
        roster.access_list().into_iter().map(|member| (member.key, member.role)).collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (keyed(before), keyed(after));
    AccessChanges {
        add: after.access_list().into_iter().filter(|member| old.get(&member.key) != Some(&member.role)).collect(),
        remove: before.members.iter().map(|member| Fixed(member.access)).filter(|key| !new.contains_key(key)).collect(),
    }
}
