//! Whether a commit is valid, as far as MLS does not say it (docs/protocol/conversations.md, Roster): who may change what.

use super::statement::{SignedStatement, statement_hash};
use super::{MEMBER, MODERATOR, OWNER, Roster, RosterMember, V_STEP_MAX, access_changes};
use crate::view::{ConversationKind, Identity};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use tidings_wire::device_list::DEVICES_MAX;
use tidings_wire::{Fixed, api};

/// Most leaves of one identity after a commit that brings another of theirs: removed devices may not have been taken out yet.
const LEAVES_MAX: usize = 2 * DEVICES_MAX;

/// A leaf of the group, from its certificate, which was verified and whose device key is the leaf's signature key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Whose device it is.
    pub identity: Identity,
    /// The device's key.
    pub device: [u8; 32],
    /// The identity's device list, as far as it is known, says that it was removed.
    pub removed: bool,
}

/// What a commit does beside changing the roster.
#[derive(Clone, Copy)]
pub struct CommitFacts<'a> {
    /// Which conversation.
    pub group: [u8; 16],
    /// The leaves before it.
    pub before: &'a [Leaf],
    /// The leaves after it.
    pub after: &'a [Leaf],
    /// It comes from outside: a device comes back, or joins a room.
    pub external: bool,
    /// Devices whose removal a leaf of their own identity has proposed.
    pub asked: &'a [[u8; 32]],
    /// The devices that it adds with key packages, in order: device key, access key, salt.
    pub packages: &'a [([u8; 32], [u8; 32], [u8; 16])],
    /// What its entry adds at the hub.
    pub add: &'a [api::Member],
    /// What its entry removes at the hub.
    pub remove: &'a [Fixed<32>],
    /// The turn that it takes.
    pub turn: u64,
    /// Whether an identity has devices that were not removed, as far as is known.
    pub has_devices: &'a dyn Fn(&Identity) -> bool,
}

/// Why a commit is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RosterFault {
    /// The roster after it contradicts itself.
    #[error("the roster can't be so")]
    Form,
    /// Another kind of conversation.
    #[error("the kind of a conversation never changes")]
    Kind,
    /// The version does not go with the change.
    #[error("the roster's version must rise if it changes, and only then")]
    Version,
    /// What owners and moderators sign does not fit.
    #[error("the roster is not signed as it must be")]
    Signature,
    /// Members changed places, or new ones are not last.
    #[error("members keep their order, new ones come last")]
    Order,
    /// A new member's turn is another than that of the commit, or an old one's has changed.
    #[error("a member's turn is that at which it was added")]
    Since,
    /// The committer does not belong to the conversation.
    #[error("the committer is not in the roster")]
    Committer,
    /// The committer's role does not allow it.
    #[error("the committer's role does not allow that")]
    Role,
    /// A leaf of somebody who is not in the roster.
    #[error("a device of somebody who is not in the roster")]
    Stranger,
    /// A leaf of a device that was removed is brought in.
    #[error("a device that was removed")]
    Removed,
    /// Somebody has more leaves than devices can be.
    #[error("somebody has too many devices there")]
    Crowd,
    /// Two leaves of one device.
    #[error("a device is there twice")]
    Twice,
    /// Somebody was added with another access key than that of their key package.
    #[error("somebody was added with a key that is not theirs")]
    Key,
    /// Somebody was added without a device.
    #[error("somebody was added without a device")]
    Ghost,
    /// What is changed at the hub is not what the roster changes.
    #[error("the hub is told something else than the roster says")]
    Access,
    /// A commit from outside that does more than to come in.
    #[error("a device that comes in from outside changes nothing else")]
    External,
}

impl Roster {
    /// Whether the commit that leads from `before` to `after` is valid, beside what MLS says. `committer` is the sender's leaf: as it was
    /// before, or as it is after if it comes from outside. Fails with what makes it void.
    pub fn allows(before: &Self, after: &Self, committer: &Leaf, facts: &CommitFacts<'_>) -> Result<(), RosterFault> {
        let change = Commit { before, after, committer, facts };
        change.form()?;
        change.leaves()?;
        if facts.external {
            change.external()
        } else {
            change.roster()?;
            change.devices()?;
            change.signed()
        }?;
        change.access()
    }
}

struct Commit<'a> {
    before: &'a Roster,
    after: &'a Roster,
    committer: &'a Leaf,
    facts: &'a CommitFacts<'a>,
}

/// What makes two leaves the same.
type Place = (Identity, [u8; 32]);

fn must(holds: bool, fault: RosterFault) -> Result<(), RosterFault> {
    if holds { Ok(()) } else { Err(fault) }
}

fn places(leaves: &[Leaf]) -> BTreeSet<Place> {
    leaves.iter().map(|leaf| (leaf.identity, leaf.device)).collect()
}

fn of<'a>(leaves: &'a [Leaf], identity: &'a Identity) -> impl Iterator<Item = &'a Leaf> {
    leaves.iter().filter(move |leaf| leaf.identity == *identity)
}

impl Commit<'_> {
    fn form(&self) -> Result<(), RosterFault> {
        must(self.after.check().is_ok(), RosterFault::Form)?;
        must(self.before.kind == self.after.kind, RosterFault::Kind)?;
        let step = self.after.v.checked_sub(self.before.v);
        let risen = step.is_some_and(|step| (1..=V_STEP_MAX).contains(&step)) && self.changes_anything();
        must(self.before == self.after || risen, RosterFault::Version)
    }

    fn changes_anything(&self) -> bool {
        let Roster { v, signed, gone, .. } = self.before.clone();
        Roster { v, signed, gone, ..self.after.clone() } != *self.before
    }

    /// Owners and moderators sign what they change; who goes by a commit of somebody else is noted beside what was signed.
    fn signed(&self) -> Result<(), RosterFault> {
        let (before, after) = (self.before, self.after);
        if before == after {
            return Ok(());
        }
        if self.role()? == MEMBER {
            let noted = after.signed == before.signed && after.gone == after.gone_since(before);
            return must(noted, RosterFault::Signature);
        }
        let mut expected = before.kept_statements();
        let prev = expected.last().map_or([0; 32], |last| statement_hash(&last.0));
        let last = after.signed.last().ok_or(RosterFault::Signature)?;
        expected.push(last.clone());
        let said = SignedStatement::verify(&last.0).map_err(|_| RosterFault::Signature)?;
        let by = said.signer_identity() == self.committer.identity && said.by.device.0 == self.committer.device;
        let place = said.group == self.facts.group && said.v == after.v && said.prev == prev;
        let content = said.staff == after.staff() && said.own == after.own_hash() && said.all == after.content_hash();
        let whole = expected == after.signed && after.gone.is_empty();
        must(by && place && content && whole, RosterFault::Signature)
    }

    /// Every leaf is one that may be there.
    fn leaves(&self) -> Result<(), RosterFault> {
        let devices: BTreeSet<_> = self.facts.after.iter().map(|leaf| leaf.device).collect();
        must(devices.len() == self.facts.after.len(), RosterFault::Twice)?;
        let old = places(self.facts.before);
        let mut counts: BTreeMap<Identity, usize> = BTreeMap::new();
        for leaf in self.facts.after {
            let count = counts.entry(leaf.identity).or_default();
            *count = count.saturating_add(1);
        }
        for leaf in self.facts.after {
            let known = old.contains(&(leaf.identity, leaf.device));
            must(known || counts.get(&leaf.identity).is_none_or(|count| *count <= LEAVES_MAX), RosterFault::Crowd)?;
            // One that was there before makes nothing void: whoever knows of its removal takes it out with the next commit. Otherwise those
            // who know and those who do not would take different commits for good, and the group would be split.
            must(!leaf.removed || known, RosterFault::Removed)?;
            let stranger = self.after.member(&leaf.identity).is_none();
            // A room takes whoever has its link, but nobody whom this commit puts out.
            let welcome = self.is_room() && self.before.member(&leaf.identity).is_none();
            must(!stranger || welcome, RosterFault::Stranger)?;
        }
        Ok(())
    }

    fn is_room(&self) -> bool {
        self.before.kind == ConversationKind::Room
    }

    /// A commit from outside brings the committer's leaf, in the place of its old one if it had one.
    fn external(&self) -> Result<(), RosterFault> {
        let (old, new) = (places(self.facts.before), places(self.facts.after));
        let own = (self.committer.identity, self.committer.device);
        let only_own = new.contains(&own) && new.difference(&old).all(|place| *place == own);
        must(self.before == self.after && only_own && old.is_subset(&new), RosterFault::External)
    }

    /// The committer's role; whoever came into a room by its link counts as a member.
    fn role(&self) -> Result<u8, RosterFault> {
        let role = self.before.role(&self.committer.identity);
        role.or(self.is_room().then_some(MEMBER)).ok_or(RosterFault::Committer)
    }

    fn roster(&self) -> Result<(), RosterFault> {
        let role = self.role()?;
        let gone = self.gone();
        for identity in &gone {
            must(self.may_go(role, identity), RosterFault::Role)?;
        }
        let expected = self.before.without(&gone);
        self.kept(role, &expected)?;
        self.added(role, &expected)?;
        self.settings(role)
    }

    /// Who is not in the roster any more.
    fn gone(&self) -> Vec<Identity> {
        let ids = self.before.members.iter().map(|member| member.id);
        ids.filter(|identity| self.after.member(identity).is_none()).collect()
    }

    /// Somebody may be taken off the roster: by those who may remove, after asking for it, or if no device is left.
    fn may_go(&self, role: u8, identity: &Identity) -> bool {
        let mut leaves = of(self.facts.before, identity);
        let asked = |leaf: &Leaf| self.facts.asked.contains(&leaf.device);
        let left = of(self.facts.before, identity).any(asked) && leaves.all(|leaf| asked(leaf) || leaf.removed);
        let lost = of(self.facts.before, identity).all(|leaf| leaf.removed) && !(self.facts.has_devices)(identity);
        left || lost || self.may_remove(role, identity)
    }

    fn may_remove(&self, role: u8, identity: &Identity) -> bool {
        let theirs = self.before.role(identity).unwrap_or(MEMBER);
        role == OWNER || (role == MODERATOR && theirs == MEMBER)
    }

    /// Those who stay are as they were, but for roles that an owner gives, one's own access key, and a successor who must become owner.
    fn kept(&self, role: u8, expected: &Roster) -> Result<(), RosterFault> {
        must(self.after.members.len() >= expected.members.len(), RosterFault::Order)?;
        for (was, is) in expected.members.iter().zip(&self.after.members) {
            must(was.id == is.id, RosterFault::Order)?;
            must(was.since == is.since, RosterFault::Since)?;
            must(was.role == is.role || role == OWNER, RosterFault::Role)?;
            // Everybody may give themselves another access key; nobody else may.
            let keyed = was.access == is.access && was.salt == is.salt;
            must(keyed || self.is_own(&was.id), RosterFault::Role)?;
        }
        Ok(())
    }

    /// Those who come were added by somebody who may, now, and with a device.
    fn added(&self, role: u8, expected: &Roster) -> Result<(), RosterFault> {
        for member in self.after.members.iter().skip(expected.members.len()) {
            must(role == OWNER || (role == MODERATOR && member.role == MEMBER), RosterFault::Role)?;
            must(member.since == self.facts.turn, RosterFault::Since)?;
            must(of(self.facts.after, &member.id).next().is_some(), RosterFault::Ghost)?;
            must(self.keyed(member), RosterFault::Key)?;
        }
        Ok(())
    }

    /// Whether the access key of somebody who comes is that of the first key package that they come with. Who is in a room already has none.
    fn keyed(&self, member: &RosterMember) -> bool {
        let theirs = |device: &[u8; 32]| of(self.facts.after, &member.id).any(|leaf| leaf.device == *device);
        match self.facts.packages.iter().find(|(device, ..)| theirs(device)) {
            Some((_, access, salt)) => member.access == *access && member.salt == *salt,
            None => self.is_room(),
        }
    }

    fn settings(&self, role: u8) -> Result<(), RosterFault> {
        let (was, is) = (self.before, self.after);
        let owners = was.hub == is.hub && was.seal == is.seal && was.locked == is.locked;
        let moderators = was.name == is.name && was.picture == is.picture && was.expire == is.expire;
        must((owners || role == OWNER) && (moderators || role <= MODERATOR), RosterFault::Role)
    }

    /// Devices come and go with their identity, by themselves, or by those who may.
    fn devices(&self) -> Result<(), RosterFault> {
        let role = self.role()?;
        let (old, new) = (places(self.facts.before), places(self.facts.after));
        for (identity, _) in new.difference(&old) {
            let comes = self.before.member(identity).is_none() && self.after.member(identity).is_some();
            must(comes || self.is_own(identity) || role <= MODERATOR, RosterFault::Role)?;
        }
        for leaf in self.facts.before.iter().filter(|leaf| !new.contains(&(leaf.identity, leaf.device))) {
            let goes = self.before.member(&leaf.identity).is_some() && self.after.member(&leaf.identity).is_none();
            let asked = self.facts.asked.contains(&leaf.device);
            let free = goes || leaf.removed || asked || self.is_own(&leaf.identity);
            must(free || self.may_remove(role, &leaf.identity), RosterFault::Role)?;
        }
        Ok(())
    }

    fn is_own(&self, identity: &Identity) -> bool {
        *identity == self.committer.identity
    }

    /// The hub is told exactly what the roster says. Only a plain member, who can't take others off the hub's list, leaves out
    /// the keys of those who go by their own wish: they take themselves off.
    fn access(&self) -> Result<(), RosterFault> {
        let mut expected = access_changes(self.before, self.after);
        if self.role().is_ok_and(|role| role == MEMBER) {
            let told = |key: &Fixed<32>| self.facts.remove.contains(key);
            let asked = |identity: &Identity| {
                of(self.facts.before, identity).any(|leaf| self.facts.asked.contains(&leaf.device))
            };
            let leaving: Vec<Fixed<32>> = (self.before.members.iter())
                .filter(|member| asked(&member.id))
                .map(|member| Fixed(member.access))
                .collect();
            expected.remove.retain(|key| told(key) || !leaving.contains(key));
        }
        let members =
            |list: &[api::Member]| list.iter().map(|member| (member.key, member.role)).collect::<BTreeSet<_>>();
        let keys = |list: &[Fixed<32>]| list.iter().copied().collect::<BTreeSet<_>>();
        let (told, listed) = (members(self.facts.add), members(&self.after.access_list()));
        let once = told.len() == self.facts.add.len() && expected.remove.len() == self.facts.remove.len();
        // Whom a restored hub has forgotten is put on its list again: named is who is in the roster, with the role that they have there.
        let added = members(&expected.add);
        let same = added.is_subset(&told) && told.difference(&added).all(|member| listed.contains(member));
        must(once && same && keys(&expected.remove) == keys(self.facts.remove), RosterFault::Access)
    }
}
