//! A hub in memory that follows docs/protocol/node.md: the turn rule, ids that make repetitions harmless, and who may. Cloning it is
//! a backup; [`Hub::restored`] is what a node does when it comes back from one.

use std::collections::BTreeMap;
use tidings_client::conversation::Forgetful;
use tidings_client::conversation::step::{Appended, Looked};
use tidings_wire::api::{Entry, EntryKind, Group, Member, NewEntry, NewGroup, Role, TURNS_BEHIND_MAX};
use tidings_wire::bytes::{Blob, Fixed};

/// One group at the hub.
#[derive(Clone)]
pub(crate) struct HubGroup {
    pub(crate) members: BTreeMap<Fixed<32>, Role>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) turn: u64,
    pub(crate) info: Blob,
    pub(crate) info_turn: u64,
    made: NewGroup,
}

/// All groups of a node.
#[derive(Clone)]
pub(crate) struct Hub {
    pub(crate) groups: BTreeMap<[u8; 16], HubGroup>,
    pub(crate) incarnation: u64,
    /// Nobody has a connection to it, so that nobody knows whether it was restored.
    pub(crate) silent: bool,
    /// How many commits of members it did not let them make.
    pub(crate) forbidden: u32,
}

impl Default for Hub {
    fn default() -> Self {
        Self { groups: BTreeMap::new(), incarnation: 1, silent: false, forbidden: 0 }
    }
}

impl Hub {
    /// As it is after being restored from a backup that was taken when `self` was cloned.
    pub(crate) fn restored(mut self, after: &Self) -> Self {
        self.incarnation = after.incarnation + 1;
        self
    }

    pub(crate) fn create(&mut self, new: NewGroup) -> Result<(), Option<String>> {
        if let Some(known) = self.groups.get(&new.group.0) {
            return if known.made == new { Ok(()) } else { Err(Some("exists".to_owned())) };
        }
        let members = new.members.iter().map(|member| (member.key, member.role)).collect();
        let group =
            HubGroup { members, entries: Vec::new(), turn: 0, info: new.info.clone(), info_turn: 0, made: new.clone() };
        self.groups.insert(new.group.0, group);
        Ok(())
    }

    fn known(&self, group: &[u8; 16], key: &Fixed<32>) -> Option<&HubGroup> {
        self.groups.get(group).filter(|group| group.members.contains_key(key))
    }

    pub(crate) fn append(&mut self, group: &[u8; 16], key: &Fixed<32>, new: &NewEntry, now: u64) -> Appended {
        if self.known(group, key).is_none() {
            return Appended::Refused("not_accepted".to_owned());
        }
        let Some(group) = self.groups.get_mut(group) else { return Appended::Refused("not_accepted".to_owned()) };
        if let Some(there) = group.entries.iter().find(|entry| entry.id == new.id) {
            assert_eq!(there.body, new.body, "an id names one content for good");
            return Appended::Placed { number: there.number, at: there.at };
        }
        let fits = match new.kind {
            EntryKind::Commit => new.turn == group.turn + 1,
            EntryKind::Message => new.turn <= group.turn && new.turn + TURNS_BEHIND_MAX >= group.turn,
        };
        if !fits {
            return Appended::Turn;
        }
        if new.kind == EntryKind::Commit && !group.change(key, new) {
            self.forbidden += 1;
            return Appended::Refused("not_accepted".to_owned());
        }
        let number = group.entries.len() as u64 + 1;
        let NewEntry { id, kind, turn, body, add, remove, .. } = new.clone();
        group.entries.push(Entry { number, id, kind, turn, at: now, body, add, remove });
        Appended::Placed { number, at: now }
    }

    pub(crate) fn entries(
        &self,
        group: &[u8; 16],
        key: &Fixed<32>,
        after: u64,
        limit: usize,
    ) -> Option<(Vec<Entry>, u64, u64)> {
        let group = self.known(group, key)?;
        let found = group.entries.iter().filter(|entry| entry.number > after).take(limit).cloned().collect();
        Some((found, group.entries.len() as u64, group.turn))
    }

    pub(crate) fn look(&self, group: &[u8; 16], key: &Fixed<32>) -> Looked {
        let Some(group) = self.known(group, key) else {
            return Looked::NotAccepted(Forgetful { incarnation: self.incarnation, home: false, open: !self.silent });
        };
        Looked::Found(Box::new(Group {
            turn: group.turn,
            end: group.entries.len() as u64,
            first: 1,
            info: group.info.clone(),
            info_turn: group.info_turn,
            incarnation: self.incarnation,
            members: group.members.iter().map(|(key, role)| Member { key: *key, role: *role }).collect(),
        }))
    }

    pub(crate) fn leave(&mut self, group: &[u8; 16], key: &Fixed<32>) {
        if let Some(group) = self.groups.get_mut(group) {
            group.members.remove(key);
        }
    }
}

impl HubGroup {
    /// What is left of a commit's changes but that its sender puts another key in the place of the own one.
    fn without_swap(&self, key: &Fixed<32>, new: &NewEntry) -> NewEntry {
        let mut rest = new.clone();
        if rest.remove.contains(key) {
            let role = self.members[key];
            rest.remove.retain(|removed| removed != key);
            if let Some(at) =
                rest.add.iter().position(|member| member.role == role && !self.members.contains_key(&member.key))
            {
                rest.add.remove(at);
            }
        }
        rest
    }

    /// Does what a commit says, if its sender may.
    fn change(&mut self, key: &Fixed<32>, new: &NewEntry) -> bool {
        let whole = new;
        let new = &self.without_swap(key, new);
        let ownerless = !self.members.values().any(|role| *role == Role::Owner);
        let there = |member: &Member| self.members.get(&member.key) == Some(&member.role);
        let may = match self.members[key] {
            Role::Owner => true,
            _ if ownerless => true,
            Role::Moderator => {
                new.add.iter().all(|member| member.role == Role::Member || there(member))
                    && new.remove.iter().all(|key| self.members.get(key).is_none_or(|role| *role == Role::Member))
            }
            Role::Member => new.add.iter().all(there) && new.remove.iter().all(|key| !self.members.contains_key(key)),
        };
        if may {
            let new = whole;
            self.turn = new.turn;
            self.info = new.info.clone().expect("a commit brings a group info");
            self.info_turn = new.turn;
            for key in &new.remove {
                self.members.remove(key);
            }
            self.members.extend(new.add.iter().map(|member| (member.key, member.role)));
        }
        may
    }
}
