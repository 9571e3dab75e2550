//! What is asked at every request is kept in memory: whose a device is, and who belongs to a group. What is read from the store is
//! kept only if nothing changed meanwhile, so what is forgotten stays forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidings_core::Ed25519Key;
use tidings_core::group::{GroupId, Membership, Role};

/// Devices whose owner is remembered, about 100 bytes each. Beyond that all are forgotten and asked for anew.
const OWNERS_MAX: usize = 65_536;

/// Members that are remembered in all groups together, about 50 bytes each.
const MEMBERS_MAX: usize = 250_000;

/// What a group costs of that beside its members.
const GROUP_COST: usize = 4;

/// Shows that nothing was forgotten between a look and a note.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

/// Whose devices are.
#[derive(Default)]
pub(crate) struct Owners(Mutex<KnownOwners>);

#[derive(Default)]
struct KnownOwners {
    owners: HashMap<Ed25519Key, Ed25519Key>,
    generation: u64,
}

impl Owners {
    fn lock(&self) -> MutexGuard<'_, KnownOwners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner, or a ticket with which to note it.
    pub(crate) fn look(&self, device: &Ed25519Key) -> Result<Ed25519Key, Ticket> {
        let known = self.lock();
        known.owners.get(device).copied().ok_or(Ticket(known.generation))
    }

    /// Remembers an owner.
    pub(crate) fn note(&self, ticket: Ticket, device: Ed25519Key, owner: Ed25519Key) {
        let mut known = self.lock();
        if known.generation != ticket.0 {
            return;
        }
        if known.owners.len() >= OWNERS_MAX {
            known.owners.clear();
        }
        known.owners.insert(device, owner);
    }

    /// Forgets the devices of an account.
    pub(crate) fn forget(&self, owner: &Ed25519Key) {
        let mut known = self.lock();
        known.generation += 1;
        known.owners.retain(|_, other| other != owner);
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        let mut known = self.lock();
        known.generation += 1;
        known.owners.clear();
    }
}

/// A group as it is remembered.
pub(crate) struct KnownGroup {
    /// The hub's turn.
    pub(crate) turn: u64,
    members: HashMap<Ed25519Key, Role>,
}

impl KnownGroup {
    /// What a key is in the group.
    pub(crate) fn role(&self, key: &Ed25519Key) -> Option<Role> {
        self.members.get(key).copied()
    }
}

/// Who belongs to groups.
#[derive(Default)]
pub(crate) struct Memberships(Mutex<KnownGroups>);

#[derive(Default)]
struct KnownGroups {
    groups: HashMap<GroupId, Arc<KnownGroup>>,
    cost: usize,
    generation: u64,
}

impl Memberships {
    fn lock(&self) -> MutexGuard<'_, KnownGroups> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The group, or a ticket with which to note it.
    pub(crate) fn look(&self, group: &GroupId) -> Result<Arc<KnownGroup>, Ticket> {
        let known = self.lock();
        known.groups.get(group).cloned().ok_or(Ticket(known.generation))
    }

    /// Remembers a group, unless something was forgotten since the ticket was given.
    pub(crate) fn note(&self, ticket: Ticket, group: GroupId, membership: Membership) -> Arc<KnownGroup> {
        let members: HashMap<_, _> = membership.members.iter().map(|member| (member.key, member.role)).collect();
        let (cost, new) = (members.len() + GROUP_COST, Arc::new(KnownGroup { turn: membership.turn, members }));
        let mut known = self.lock();
        if known.generation == ticket.0 {
            if known.cost + cost > MEMBERS_MAX {
                known.groups.clear();
                known.cost = 0;
            }
            if known.groups.insert(group, Arc::clone(&new)).is_none() {
                known.cost += cost;
            }
        }
        new
    }

    /// Forgets a group, because it changed.
    pub(crate) fn forget(&self, group: &GroupId) {
        let mut known = self.lock();
        known.generation += 1;
        if let Some(old) = known.groups.remove(group) {
            known.cost = known.cost.saturating_sub(old.members.len() + GROUP_COST);
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        let mut known = self.lock();
        known.generation += 1;
        known.groups.clear();
        known.cost = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_core::group::Member;

    fn key(number: u8) -> Ed25519Key {
        Ed25519Key::from_bytes([number; 32]).unwrap()
    }

    #[test]
    fn what_changed_while_it_was_read_is_not_remembered() {
        let owners = Owners::default();
        let Err(ticket) = owners.look(&key(2)) else { panic!("nothing is known yet") };
        owners.forget(&key(3));
        owners.note(ticket, key(2), key(3));
        let Err(ticket) = owners.look(&key(2)) else { panic!("it was forgotten meanwhile") };
        owners.note(ticket, key(2), key(3));
        assert_eq!(owners.look(&key(2)).ok(), Some(key(3)));
        owners.forget(&key(4));
        assert_eq!(owners.look(&key(2)).ok(), Some(key(3)));
        owners.forget(&key(3));
        assert!(owners.look(&key(2)).is_err());
    }

    #[test]
    fn groups_in_memory_are_bounded_and_counted() {
        let known = Memberships::default();
        let member = |number: u32| {
            let mut bytes = [7; 32];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            Member { key: Ed25519Key::from_bytes(bytes).unwrap(), role: Role::Member }
        };
        let members: Vec<_> = (0..1000).map(member).collect();
        for number in 0..600u128 {
            let group = number.to_be_bytes();
            let Err(ticket) = known.look(&group) else { panic!("each is new") };
            known.note(ticket, group, Membership { turn: 1, members: members.clone() });
            let inside = known.lock();
            assert!(inside.cost <= MEMBERS_MAX && inside.cost == inside.groups.len() * (1000 + GROUP_COST));
        }
        let group = 599u128.to_be_bytes();
        assert_eq!(known.look(&group).ok().and_then(|known| known.role(&members[3].key)), Some(Role::Member));
        known.forget(&group);
        assert!(known.look(&group).is_err());
    }
}
