//! What is asked at every request is kept in memory: whose a device is, and who belongs to a group. What is read from the store is
//! kept only if nothing changed meanwhile, so what is forgotten stays forgotten.

use crate::error::Error;
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

/// Stripes of groups that are read from the store one at a time: after a commit all who follow its group ask at once.
const STRIPES: usize = 32;

/// Who belongs to groups.
#[derive(Default)]
pub(crate) struct Memberships {
    known: Mutex<KnownGroups>,
    asking: [tokio::sync::Mutex<()>; STRIPES],
}

#[derive(Default)]
struct KnownGroups {
    groups: HashMap<GroupId, Arc<KnownGroup>>,
    cost: usize,
    /// By stripe: a commit in one group must not keep the others from being remembered.
    generations: [u64; STRIPES],
    /// Groups that are being changed, and by how many.
    changing: HashMap<GroupId, usize>,
}

/// While it lives, a group is being changed: who asks is told by the store, and nothing of it is remembered. So nobody is taken for a
/// member from memory once the store knows better.
pub(crate) struct Changing<'a> {
    memberships: &'a Memberships,
    group: GroupId,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let mut known = self.memberships.lock();
        if let Some(number) = known.changing.get_mut(&self.group) {
            *number -= 1;
            if *number == 0 {
                known.changing.remove(&self.group);
            }
        }
        known.forget(&self.group);
    }
}

/// Groups are named at random.
fn stripe(group: &GroupId) -> usize {
    group.first().map_or(0, |byte| usize::from(*byte) % STRIPES)
}

impl Memberships {
    fn lock(&self) -> MutexGuard<'_, KnownGroups> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The group, read once for all who ask meanwhile; none if there is no such group.
    pub(crate) async fn ask(
        &self,
        group: &GroupId,
        read: impl AsyncFnOnce() -> Result<Option<Membership>, Error>,
    ) -> Result<Option<Arc<KnownGroup>>, Error> {
        if let Ok(known) = self.look(group) {
            return Ok(Some(known));
        }
        let _turn = match self.asking.get(stripe(group)) {
            Some(asking) => Some(asking.lock().await),
            None => None,
        };
        let ticket = match self.look(group) {
            Ok(known) => return Ok(Some(known)),
            Err(ticket) => ticket,
        };
        Ok(read().await?.map(|membership| self.note(ticket, *group, membership)))
    }

    /// The group, or a ticket with which to note it.
    fn look(&self, group: &GroupId) -> Result<Arc<KnownGroup>, Ticket> {
        let known = self.lock();
        let generation = known.generations.get(stripe(group)).copied().unwrap_or_default();
        known.groups.get(group).cloned().ok_or(Ticket(generation))
    }

    /// Remembers a group, unless something was forgotten since the ticket was given.
    fn note(&self, ticket: Ticket, group: GroupId, membership: Membership) -> Arc<KnownGroup> {
        let members: HashMap<_, _> = membership.members.iter().map(|member| (member.key, member.role)).collect();
        let (cost, new) = (members.len() + GROUP_COST, Arc::new(KnownGroup { turn: membership.turn, members }));
        let mut known = self.lock();
        if known.generations.get(stripe(&group)) == Some(&ticket.0) && !known.changing.contains_key(&group) {
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
        self.lock().forget(group);
    }

    /// Forgets a group, because it is about to change.
    pub(crate) fn change(&self, group: &GroupId) -> Changing<'_> {
        let mut known = self.lock();
        *known.changing.entry(*group).or_default() += 1;
        known.forget(group);
        Changing { memberships: self, group: *group }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        let mut known = self.lock();
        known.generations.iter_mut().for_each(|generation| *generation += 1);
        known.groups.clear();
        known.cost = 0;
    }
}

impl KnownGroups {
    fn forget(&mut self, group: &GroupId) {
        if let Some(generation) = self.generations.get_mut(stripe(group)) {
            *generation += 1;
        }
        if let Some(old) = self.groups.remove(group) {
            self.cost = self.cost.saturating_sub(old.members.len() + GROUP_COST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
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

    #[tokio::test]
    async fn a_group_is_read_once_for_all_who_ask_at_a_time() {
        let (known, reads) = (Memberships::default(), AtomicUsize::new(0));
        let membership = || Membership { turn: 1, members: vec![Member { key: key(2), role: Role::Owner }] };
        let read = async || {
            reads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(Some(membership()))
        };
        let all = futures_util::future::join_all((0..100).map(|_| known.ask(&[5; 16], &read))).await;
        assert!(all.into_iter().all(|known| known.unwrap().unwrap().role(&key(2)).is_some()));
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        let read = async || {
            known.forget(&[5; 16]);
            Ok(Some(membership()))
        };
        known.forget(&[5; 16]);
        assert!(known.ask(&[5; 16], &read).await.unwrap().is_some());
        assert!(known.look(&[5; 16]).is_err(), "what changed while it was read is not remembered");
    }

    #[tokio::test]
    async fn while_a_group_is_changed_the_store_is_asked() {
        let (known, reads) = (Memberships::default(), AtomicUsize::new(0));
        let read = async || {
            reads.fetch_add(1, Ordering::Relaxed);
            Ok(Some(Membership { turn: 1, members: vec![Member { key: key(2), role: Role::Owner }] }))
        };
        known.ask(&[5; 16], &read).await.unwrap();
        let changes = [known.change(&[5; 16]), known.change(&[5; 16])];
        for change in changes {
            known.ask(&[5; 16], &read).await.unwrap();
            known.ask(&[5; 16], &read).await.unwrap();
            drop(change);
        }
        assert_eq!(reads.load(Ordering::Relaxed), 5);
        known.ask(&[5; 16], &read).await.unwrap();
        known.ask(&[5; 16], &read).await.unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 6, "remembered again when nobody changes it any more");
        assert!(known.lock().changing.is_empty());
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
