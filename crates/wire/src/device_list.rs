//! The list of an identity's devices, and the rules by which one list follows another (docs/protocol/identity.md, Device list).

use crate::bytes::Fixed;
use crate::certificate::DeviceCertificate;
use crate::signed::Body;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Most devices that one identity has at a time.
pub const DEVICES_MAX: usize = 32;

/// Most removed devices that a list remembers: those with the highest serials.
pub const GONE_MAX: usize = 64;

/// What a device signs with its own key: that it is this identity's.
const PROOF: &[u8] = b"tidings/1 member\0";

/// A device on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDevice {
    /// Its public key (Ed25519).
    pub key: Fixed<32>,
    /// Its serial.
    pub serial: u64,
    /// By this key, over the identity: nobody lists a device that is not theirs.
    pub proof: Fixed<64>,
}

/// A device that was removed. They are ordered by serial, then by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GoneDevice {
    /// The highest serial that it is known to have had.
    pub serial: u64,
    /// Its public key (Ed25519).
    pub key: Fixed<32>,
}

/// A device's key, and the proof that whoever has its secret half wants it to be a device of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenKey {
    /// The public key (Ed25519).
    pub key: Fixed<32>,
    /// The signature.
    pub proof: Fixed<64>,
}

impl ProvenKey {
    /// Proves that a device is this identity's.
    pub fn new(device: &SigningKey, identity: &Fixed<32>) -> Self {
        let proof = device.sign(&[PROOF, &identity.0].concat());
        Self { key: Fixed(device.verifying_key().to_bytes()), proof: Fixed(proof.to_bytes()) }
    }

    /// Whether the proof is by the key, and for this identity.
    pub fn holds(&self, identity: &Fixed<32>) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.key.0) else { return false };
        key.verify_strict(&[PROOF, &identity.0].concat(), &Signature::from_bytes(&self.proof.0)).is_ok()
    }
}

impl ListedDevice {
    fn new(ProvenKey { key, proof }: ProvenKey, serial: u64) -> Self {
        Self { key, serial, proof }
    }

    fn gone(&self) -> GoneDevice {
        GoneDevice { serial: self.serial, key: self.key }
    }

    /// Its key, with the proof that it is its identity's.
    pub fn proven(&self) -> ProvenKey {
        ProvenKey { key: self.key, proof: self.proof }
    }
}

/// All devices of an identity. Signed by it with the label `devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// Whose devices.
    pub identity: Fixed<32>,
    /// Rises by one with each change; the first list has 1.
    pub counter: u64,
    /// The serial that the next device will get.
    pub next: u64,
    /// Those that count now.
    pub devices: Vec<ListedDevice>,
    /// Those that were removed, in their order; of more than [`GONE_MAX`] the last ones. None of them is ever listed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "maybe")]
    pub gone: Vec<GoneDevice>,
}

/// What a list says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is on the list.
    Listed,
    /// It was on an earlier list and is not any more, or it can't be a device of this identity: never to be accepted.
    Removed,
    /// It was certified after this list was made.
    Newer,
}

/// How a list relates to the one known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The same list.
    Same,
    /// A later one.
    Newer,
}

/// Why a list is not the next, or is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ListFault {
    /// It is another identity's.
    #[error("the device list is of another identity")]
    Identity,
    /// Its counter is not one above, or is below the one known.
    #[error("the device list is not the next one: its counter is {found}, that of the known one {known}")]
    Counter {
        /// Of the list that came.
        found: u64,
        /// Of the list that is known.
        known: u64,
    },
    /// The same counter with other contents: somebody holds two lists.
    #[error("there are two device lists with the counter {0}")]
    Conflict(u64),
    /// A serial was given twice, or `next` went back.
    #[error("the device list gives a serial a second time")]
    Serial,
    /// A device that was removed is there again, or one is missing that was not removed.
    #[error(
        "the device list does not go on from the known one: a removed device is back, or one went without being removed"
    )]
    Gone,
    /// There are too many devices.
    #[error("an identity has at most {DEVICES_MAX} devices; remove one first")]
    Full,
    /// The device is not on the list, or is there already, or was removed.
    #[error("the device list can't be changed in this way")]
    Device,
}

impl Body for DeviceList {
    const LABEL: &'static str = "devices";
    const BYTES_MAX: usize = 8192;

    fn signer(&self) -> Fixed<32> {
        self.identity
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.devices.len() > DEVICES_MAX {
            return Err("the device list has too many devices");
        }
        let keys: BTreeSet<_> = self.devices.iter().map(|device| device.key).collect();
        let serials: BTreeSet<_> = self.devices.iter().map(|device| device.serial).collect();
        if keys.len() != self.devices.len() || serials.len() != self.devices.len() {
            return Err("the device list names a device twice");
        }
        if serials.last().is_some_and(|last| *last >= self.next) {
            return Err("the device list names a serial that was not given yet");
        }
        if keys.contains(&self.identity) {
            return Err("a device needs a key of its own");
        }
        self.check_gone(&keys)?;
        if self.counter == 0 {
            return Err("counters of device lists begin at 1");
        }
        let proven = self.devices.iter().all(|device| device.proven().holds(&self.identity));
        if proven {
            Ok(())
        } else {
            Err("the device list names a device that has not signed that it is this identity's")
        }
    }
}

impl DeviceList {
    /// The first list of a new identity, with its first device, whose serial is 1.
    pub fn first(identity: Fixed<32>, device: ProvenKey) -> Self {
        Self { identity, counter: 1, next: 2, devices: vec![ListedDevice::new(device, 1)], gone: Vec::new() }
    }

    /// The next list, with one more device, and that device's serial. Fails with [`ListFault::Full`], or [`ListFault::Device`] if the
    /// device is there already or was removed, or numbers run out.
    pub fn with(&self, device: ProvenKey) -> Result<(Self, u64), ListFault> {
        if self.devices.len() >= DEVICES_MAX {
            return Err(ListFault::Full);
        }
        if self.listed(&device.key).is_some() || self.removed(&device.key) {
            return Err(ListFault::Device);
        }
        let mut list = self.raised(self.next.checked_add(1).ok_or(ListFault::Device)?)?;
        list.devices.push(ListedDevice::new(device, self.next));
        Ok((list, self.next))
    }

    /// The next list, with one device less. Fails with [`ListFault::Device`] if it is not there.
    pub fn without(&self, serial: u64) -> Result<Self, ListFault> {
        let mut list = self.raised(self.next)?;
        let at = list.devices.iter().position(|device| device.serial == serial).ok_or(ListFault::Device)?;
        let gone = list.devices.remove(at).gone();
        list.gone = newest(list.gone.into_iter().chain([gone]));
        Ok(list)
    }

    fn raised(&self, next: u64) -> Result<Self, ListFault> {
        let counter = self.counter.checked_add(1).ok_or(ListFault::Device)?;
        Ok(Self { counter, next, ..self.clone() })
    }

    /// The serial of a device that is on the list.
    pub fn listed(&self, key: &Fixed<32>) -> Option<u64> {
        self.devices.iter().find(|device| device.key == *key).map(|device| device.serial)
    }

    /// Whether a device is known to have been removed.
    pub fn removed(&self, key: &Fixed<32>) -> bool {
        self.gone.iter().any(|gone| gone.key == *key)
    }

    /// Whether a device without an entry was removed so long ago that its entry has made room for others.
    fn forgets(&self, device: &GoneDevice) -> bool {
        self.gone.len() >= GONE_MAX && self.gone.first().is_some_and(|first| device < first)
    }

    fn key_of(&self, serial: u64) -> Option<Fixed<32>> {
        self.devices.iter().find(|device| device.serial == serial).map(|device| device.key)
    }

    /// What this list says of a certificate. One of another identity counts as removed, as does one below `next` that has the serial or the
    /// key of another listed device, and one of a removed device with whatever serial. A listed device may get a serial above: its person's
    /// lists were joined since.
    pub fn standing(&self, certificate: &DeviceCertificate) -> Standing {
        if certificate.identity != self.identity {
            return Standing::Removed;
        }
        if certificate.serial >= self.next {
            return if self.removed(&certificate.device) { Standing::Removed } else { Standing::Newer };
        }
        match self.key_of(certificate.serial) {
            Some(key) if key == certificate.device => Standing::Listed,
            _ => Standing::Removed,
        }
    }

    /// Whether a node may store this list after `old`: exactly one change later. Fails with what is wrong.
    pub fn succeeds(&self, old: &Self) -> Result<(), ListFault> {
        if self.identity != old.identity {
            return Err(ListFault::Identity);
        }
        if old.counter.checked_add(1) != Some(self.counter) {
            return Err(ListFault::Counter { found: self.counter, known: old.counter });
        }
        self.goes_on_from(old)
    }

    /// Whether a reader may take this list who knows `known`, however many changes lie between. Fails with what is wrong.
    pub fn against(&self, known: &Self) -> Result<Freshness, ListFault> {
        if self.identity != known.identity {
            return Err(ListFault::Identity);
        }
        if self.counter < known.counter {
            return Err(ListFault::Counter { found: self.counter, known: known.counter });
        }
        if self.counter == known.counter {
            return if self == known { Ok(Freshness::Same) } else { Err(ListFault::Conflict(self.counter)) };
        }
        self.goes_on_from(known)?;
        Ok(Freshness::Newer)
    }

    /// A list that follows both this one and another that contradicts it: both were made from the same one, at a node that had been restored
    /// and had forgotten the first. What either has removed is removed; who came in either is there, under a new serial where it has none that
    /// both can have. Whoever joins the same two gets the same, and whoever joins this one with a part of it gets nothing but this one, with a
    /// higher counter. Fails with [`ListFault::Identity`], [`ListFault::Full`], or [`ListFault::Device`] if numbers run out.
    pub fn joined(&self, other: &Self) -> Result<Self, ListFault> {
        if self.identity != other.identity {
            return Err(ListFault::Identity);
        }
        let counter = self.counter.max(other.counter).checked_add(1).ok_or(ListFault::Device)?;
        let mut next = self.next.max(other.next);
        let gone = self.gone_with(other);
        let (mut kept, mut anew) = (BTreeMap::new(), BTreeMap::new());
        for (one, two) in [(self, other), (other, self)] {
            for device in one.devices.iter().filter(|device| !gone.contains_key(&device.key)) {
                let there = two.devices.iter().find(|there| there.key == device.key);
                // Both may have a proof of their own.
                let proof = there.map_or(device.proof, |there| there.proof.min(device.proof));
                let same = there.is_some_and(|there| there.serial == device.serial);
                // What the other one gives it is then the later number.
                let later = there.is_some_and(|there| there.serial >= one.next);
                let forgotten = there.is_none() && two.forgets(&device.gone());
                if same || device.serial >= two.next {
                    kept.insert(device.serial, ListedDevice { proof, ..*device });
                } else if !later && !forgotten {
                    anew.insert(device.key, proof);
                }
            }
        }
        for (key, proof) in anew {
            kept.insert(next, ListedDevice { key, serial: next, proof });
            next = next.checked_add(1).ok_or(ListFault::Device)?;
        }
        if kept.len() > DEVICES_MAX {
            return Err(ListFault::Full);
        }
        let gone = newest(gone.into_iter().map(|(key, serial)| GoneDevice { serial, key }));
        Ok(Self { identity: self.identity, counter, next, devices: kept.into_values().collect(), gone })
    }

    /// What this list or another has removed: keys, each with the highest serial that is known of it.
    fn gone_with(&self, other: &Self) -> BTreeMap<Fixed<32>, u64> {
        let mut gone = BTreeMap::new();
        for entry in self.gone.iter().chain(&other.gone) {
            gone.insert(entry.key, entry.serial.max(gone.get(&entry.key).copied().unwrap_or(0)));
        }
        for device in self.devices.iter().chain(&other.devices) {
            gone.entry(device.key).and_modify(|serial| *serial = device.serial.max(*serial));
        }
        gone
    }

    /// Whether this list was made from another, whatever the counters. No serial is given twice: `next` does not fall, and whatever has a
    /// serial from before is what had it then. Nobody comes back, and who is not there any more was removed.
    fn goes_on_from(&self, old: &Self) -> Result<(), ListFault> {
        let numbered =
            |device: &ListedDevice| device.serial >= old.next || old.key_of(device.serial) == Some(device.key);
        if self.next < old.next || !self.devices.iter().all(numbered) {
            return Err(ListFault::Serial);
        }
        let back = self.devices.iter().any(|device| old.removed(&device.key));
        let left = old.devices.iter().filter(|device| self.listed(&device.key).is_none()).map(ListedDevice::gone);
        let known = |gone: GoneDevice| match self.gone.iter().find(|known| known.key == gone.key) {
            Some(known) => known.serial >= gone.serial,
            None => self.forgets(&gone),
        };
        if !back && old.gone.iter().copied().chain(left).all(known) { Ok(()) } else { Err(ListFault::Gone) }
    }

    /// The rules of the removed devices. Fails with what is wrong.
    fn check_gone(&self, listed: &BTreeSet<Fixed<32>>) -> Result<(), &'static str> {
        let keys: BTreeSet<_> = self.gone.iter().map(|gone| gone.key).collect();
        let ordered = self.gone.is_sorted_by(|one, two| one < two);
        if self.gone.len() > GONE_MAX || keys.len() != self.gone.len() || !ordered {
            return Err("the device list has not its removed devices once each and in their order");
        }
        if !keys.is_disjoint(listed) {
            return Err("the device list names a device that it says was removed");
        }
        if self.gone.last().is_some_and(|last| last.serial >= self.next) {
            return Err("the device list says that a device was removed that was not there yet");
        }
        Ok(())
    }
}

/// What may be missing or null.
fn maybe<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<GoneDevice>, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// The last ones, as many as a list remembers, in their order.
fn newest(gone: impl Iterator<Item = GoneDevice>) -> Vec<GoneDevice> {
    let all: BTreeSet<_> = gone.collect();
    let surplus = all.len().saturating_sub(GONE_MAX);
    all.into_iter().skip(surplus).collect()
}

#[cfg(test)]
mod tests;
