//! The MLS state of a conversation, in one of two places: while a device comes back by an external commit or a welcome, the
//! group that it will have is kept beside the one that it has.

use super::state::{Phase, Seat};
use super::{Conversation, Me, Scene};
use crate::command::Fault;
use crate::records::{Direction, RecordKey, Table};
use crate::roster;
use crate::view::Identity;
use sha2::{Digest as _, Sha256};
use std::cell::OnceCell;
use tidings_mls::{Group, Leaf, Signer};
use tidings_wire::bytes::Fixed;
use tidings_wire::certificate::{DeviceCertificate, mark};
use tidings_wire::device_list::Standing;
use tidings_wire::signed::Signed;

/// Verified certificates that are remembered while the client runs.
const CERTIFICATES_MAX: usize = 4_096;

pub(super) fn mls_fault(error: &tidings_mls::Error) -> Fault {
    Fault::Store(format!("the encrypted group can't be used: {error}"))
}

impl Conversation {
    fn slot_owner(&self, slot: u8) -> Vec<u8> {
        let mut owner = self.owner().to_vec();
        if slot != 0 {
            owner.push(slot);
        }
        owner
    }

    /// This device as a signer in the group.
    pub(super) fn signer(&self, me: &Me) -> Signer {
        match &self.state.room {
            Some(room) => Signer::new(&room.device_seed.0, room.certificate.0.clone()),
            None => Signer::new(&me.device.to_bytes(), me.certificate.clone()),
        }
    }

    /// The group, read if it was not yet.
    pub(super) fn group(&mut self, scene: &Scene<'_>) -> Result<&mut Group, Fault> {
        if self.group.is_none() {
            self.group = Some(self.load(scene, self.state.slot)?);
        }
        self.group.as_mut().ok_or_else(|| Fault::Store("no encrypted group".to_owned()))
    }

    /// The group that is to come.
    pub(super) fn next(&mut self, scene: &Scene<'_>) -> Result<&mut Group, Fault> {
        if self.next.is_none() {
            self.next = Some(self.load(scene, 1 - self.state.slot.min(1))?);
        }
        self.next.as_mut().ok_or_else(|| Fault::Store("no encrypted group".to_owned()))
    }

    fn load(&mut self, scene: &Scene<'_>, slot: u8) -> Result<Group, Fault> {
        let records = scene.scan(Table::Mls, &self.slot_owner(slot), None, Direction::Up, usize::MAX)?;
        Group::load(&self.owner(), records).map_err(|error| {
            self.keys_lost = true;
            mls_fault(&error)
        })
    }

    /// Writes what changed in the groups.
    pub(super) fn write_groups(&mut self, scene: &mut Scene<'_>) {
        let slot = self.state.slot;
        let (owner, next_owner) = (self.slot_owner(slot), self.slot_owner(1 - slot.min(1)));
        for (group, owner) in [(&mut self.group, owner), (&mut self.next, next_owner)] {
            let changes = group.as_mut().map(Group::take_changes).unwrap_or_default();
            put(scene, &owner, changes);
        }
    }

    /// Forgets the group that was to come.
    pub(super) fn drop_next(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        self.next = None;
        self.clear(scene, 1 - self.state.slot.min(1))
    }

    fn clear(&self, scene: &mut Scene<'_>, slot: u8) -> Result<(), Fault> {
        let owner = self.slot_owner(slot);
        for (order, _) in scene.scan(Table::Mls, &owner, None, Direction::Up, usize::MAX)? {
            scene.batch.remove(RecordKey::new(Table::Mls, owner.clone(), order));
        }
        Ok(())
    }

    /// The group that was to come takes its place.
    pub(super) fn switch(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        self.next(scene)?;
        self.write_groups(scene);
        self.clear(scene, self.state.slot)?;
        self.group = self.next.take();
        let state = self.state();
        state.slot = 1 - state.slot.min(1);
        state.incoming = None;
        state.phase = Phase::Member;
        Ok(())
    }

    /// All MLS state goes from the store: nothing can be read any more.
    pub(super) fn destroy_groups(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        (self.group, self.next) = (None, None);
        self.clear(scene, 0)?;
        self.clear(scene, 1)
    }

    /// Who sits on a leaf, if its certificate is good and for its key.
    pub(super) fn seat(&mut self, leaf: &Leaf) -> Option<Seat> {
        let hash: [u8; 32] = Sha256::new().chain_update(leaf.key).chain_update(&leaf.credential).finalize().into();
        let known = self.certificates.get(&hash).copied();
        let (identity, serial) = match known {
            Some(known) => known,
            None => {
                let certificate = Signed::<DeviceCertificate>::verify(&leaf.credential).ok()?;
                if certificate.device.0 != leaf.key {
                    return None;
                }
                (Identity(certificate.identity.0), certificate.serial)
            }
        };
        if self.certificates.len() >= CERTIFICATES_MAX {
            self.certificates.clear();
        }
        self.certificates.insert(hash, (identity, serial));
        Some(Seat { leaf: leaf.index, mark: mark(&leaf.key), identity, serial, key: Fixed(leaf.key) })
    }

    /// Who sat on the leaf that a message is from. Its key is that of the certificate, or it would not have come into the group.
    pub(super) fn sender(&mut self, index: u32, credential: Vec<u8>) -> Option<Seat> {
        let hash: [u8; 32] = Sha256::digest(&credential).into();
        let key = match self.senders.get(&hash) {
            Some(key) => *key,
            None => Signed::<DeviceCertificate>::verify(&credential).ok()?.device.0,
        };
        if self.senders.len() >= CERTIFICATES_MAX {
            self.senders.clear();
        }
        self.senders.insert(hash, key);
        self.seat(&Leaf { index, credential, key })
    }

    /// All leaves as the roster's rules want them; `None` if one has no good certificate.
    pub(super) fn roster_leaves(&mut self, scene: &Scene<'_>, leaves: &[Leaf]) -> Option<Vec<roster::Leaf>> {
        let seats: Option<Vec<Seat>> = leaves.iter().map(|leaf| self.seat(leaf)).collect();
        Some(seats?.iter().map(|seat| self.roster_leaf(scene, seat)).collect())
    }

    pub(super) fn roster_leaf(&self, scene: &Scene<'_>, seat: &Seat) -> roster::Leaf {
        roster::Leaf { identity: seat.identity, device: seat.key.0, removed: self.removed(scene, seat) }
    }

    /// Whether the device list that is known says that this device is removed.
    pub(super) fn removed(&self, scene: &Scene<'_>, seat: &Seat) -> bool {
        let certificate =
            DeviceCertificate { identity: Fixed(seat.identity.0), device: seat.key, serial: seat.serial, created: 0 };
        let list = scene.people.devices(&seat.identity);
        list.is_some_and(|list| list.standing(&certificate) == Standing::Removed)
    }

    /// Notes who sits in the group now.
    pub(super) fn note_seats(&mut self, scene: &Scene<'_>) -> Result<(), Fault> {
        let leaves = self.group(scene)?.leaves().map_err(|error| mls_fault(&error))?;
        let seats = leaves.iter().filter_map(|leaf| self.seat(leaf)).collect();
        *self.state().seats = seats;
        self.stale = OnceCell::new();
        Ok(())
    }
}

pub(super) fn put(scene: &mut Scene<'_>, owner: &[u8], changes: Vec<tidings_mls::Change>) {
    for change in changes {
        let key = RecordKey::new(Table::Mls, owner, change.key);
        match change.value {
            Some(value) => scene.batch.put(key, value),
            None => scene.batch.remove(key),
        }
    }
}
