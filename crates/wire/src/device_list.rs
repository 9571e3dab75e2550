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
    /// A device that was removed is there again, a serial was given twice, or `next` went back.
    #[error("the device list gives a serial a second time")]
    Serial,
    /// There are too many devices.
    #[error("an identity has at most {DEVICES_MAX} devices; remove one first")]
    Full,
    /// The device is not on the list, or is there already.
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
        Self { identity, counter: 1, next: 2, devices: vec![ListedDevice::new(device, 1)] }
    }

    /// The next list, with one more device, and that device's serial. Fails with [`ListFault::Full`], or [`ListFault::Device`] if the
    /// device is there already, or numbers run out.
    pub fn with(&self, device: ProvenKey) -> Result<(Self, u64), ListFault> {
        if self.devices.len() >= DEVICES_MAX {
            return Err(ListFault::Full);
        }
        if self.listed(&device.key).is_some() {
            return Err(ListFault::Device);
        }
        let mut list = self.raised(self.next.checked_add(1).ok_or(ListFault::Device)?)?;
        list.devices.push(ListedDevice::new(device, self.next));
        Ok((list, self.next))
    }

    /// The next list, with one device less. Fails with [`ListFault::Device`] if it is not there.
    pub fn without(&self, serial: u64) -> Result<Self, ListFault> {
        let mut list = self.raised(self.next)?;
        list.devices.retain(|device| device.serial != serial);
        if list.devices.len() < self.devices.len() { Ok(list) } else { Err(ListFault::Device) }
    }

    fn raised(&self, next: u64) -> Result<Self, ListFault> {
        let counter = self.counter.checked_add(1).ok_or(ListFault::Device)?;
        Ok(Self { identity: self.identity, counter, next, devices: self.devices.clone() })
    }

    /// The serial of a device that is on the list.
    pub fn listed(&self, key: &Fixed<32>) -> Option<u64> {
        self.devices.iter().find(|device| device.key == *key).map(|device| device.serial)
    }

    fn key_of(&self, serial: u64) -> Option<Fixed<32>> {
        self.devices.iter().find(|device| device.serial == serial).map(|device| device.key)
    }

    /// What this list says of a certificate. One of another identity, or one that has the serial or the key of another listed device,
    /// counts as removed.
    pub fn standing(&self, certificate: &DeviceCertificate) -> Standing {
        if certificate.identity != self.identity {
            return Standing::Removed;
        }
        if certificate.serial >= self.next {
            let again = self.listed(&certificate.device).is_some();
            return if again { Standing::Removed } else { Standing::Newer };
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
        self.keeps_serials(old)
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
        self.keeps_serials(known)?;
        Ok(Freshness::Newer)
    }

    /// A list that follows both this one and another that contradicts it: both were made from the same one, at a node that had been restored
    /// and had forgotten the first. What either has removed is removed; who came in either is there, under a new serial where the other list
    /// gave that serial to another device. Whoever joins the same two gets the same. Fails with [`ListFault::Identity`], or
    /// [`ListFault::Device`] if numbers run out.
    pub fn joined(&self, other: &Self) -> Result<Self, ListFault> {
        if self.identity != other.identity {
            return Err(ListFault::Identity);
        }
        let counter = self.counter.max(other.counter).checked_add(1).ok_or(ListFault::Device)?;
        let mut next = self.next.max(other.next);
        let (mut kept, mut anew) = (BTreeMap::new(), BTreeMap::new());
        for (one, two) in [(self, other), (other, self)] {
            for device in &one.devices {
                let there = two.listed(&device.key);
                if there == Some(device.serial) || (there.is_none() && device.serial >= two.next) {
                    kept.insert(device.serial, *device);
                } else if there.is_some() || two.key_of(device.serial).is_some() {
                    anew.insert(device.key, *device);
                }
            }
        }
        for device in anew.into_values() {
            kept.insert(next, ListedDevice { serial: next, ..device });
            next = next.checked_add(1).ok_or(ListFault::Device)?;
        }
        Ok(Self { identity: self.identity, counter, next, devices: kept.into_values().collect() })
    }

    /// No serial is given twice: `next` does not fall, and whatever has a serial from before is what had it then.
    fn keeps_serials(&self, old: &Self) -> Result<(), ListFault> {
        let kept = |device: &ListedDevice| device.serial >= old.next || old.key_of(device.serial) == Some(device.key);
        if self.next >= old.next && self.devices.iter().all(kept) { Ok(()) } else { Err(ListFault::Serial) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed::Signed;
    use proptest::prelude::*;

    fn proven(n: u8) -> ProvenKey {
        ProvenKey::new(&SigningKey::from_bytes(&[n; 32]), &owned())
    }

    fn key(n: u8) -> Fixed<32> {
        proven(n).key
    }

    fn owner() -> SigningKey {
        // None of the devices' seeds, which are one byte each.
        SigningKey::from_bytes(&std::array::from_fn(|place| u8::from(place == 0)))
    }

    fn owned() -> Fixed<32> {
        Fixed(owner().verifying_key().to_bytes())
    }

    fn first() -> DeviceList {
        DeviceList::first(owned(), proven(1))
    }

    fn certificate(list: &DeviceList, device: u8, serial: u64) -> DeviceCertificate {
        DeviceCertificate { identity: list.identity, device: key(device), serial, created: 0 }
    }

    #[test]
    fn devices_come_and_go_by_serials() {
        let (two, serial) = first().with(proven(2)).unwrap();
        assert_eq!((serial, two.next, two.counter), (2, 3, 2));
        assert_eq!(two.with(proven(2)), Err(ListFault::Device));
        let one = two.without(1).unwrap();
        assert_eq!(one.without(1), Err(ListFault::Device));
        for (device, serial, standing) in [
            (2, 2, Standing::Listed),
            (1, 1, Standing::Removed),
            (3, 2, Standing::Removed),
            (3, 3, Standing::Newer),
            (2, 3, Standing::Removed),
        ] {
            assert_eq!(one.standing(&certificate(&one, device, serial)), standing, "{device} {serial}");
        }
        let other = DeviceCertificate { identity: key(9), ..certificate(&one, 2, 2) };
        assert_eq!(one.standing(&other), Standing::Removed);
    }

    #[test]
    fn a_list_follows_only_what_it_was_made_from() {
        let (two, _) = first().with(proven(2)).unwrap();
        let one = two.without(1).unwrap();
        assert_eq!(two.succeeds(&first()), Ok(()));
        assert_eq!(one.succeeds(&two), Ok(()));
        assert_eq!(one.succeeds(&first()), Err(ListFault::Counter { found: 3, known: 1 }));
        assert_eq!(one.against(&first()), Ok(Freshness::Newer));
        assert_eq!(one.against(&one), Ok(Freshness::Same));
        assert_eq!(first().against(&one), Err(ListFault::Counter { found: 1, known: 3 }));
        let revived = DeviceList { counter: 4, devices: two.devices.clone(), ..one.clone() };
        assert_eq!(revived.succeeds(&one), Err(ListFault::Serial));
        assert_eq!(revived.against(&one), Err(ListFault::Serial));
        let swapped = DeviceList { devices: vec![ListedDevice::new(proven(5), 2)], counter: 4, ..one.clone() };
        assert_eq!(swapped.against(&one), Err(ListFault::Serial));
        let back = DeviceList { next: 2, devices: vec![], counter: 4, ..one.clone() };
        assert_eq!(back.succeeds(&one), Err(ListFault::Serial));
        let (fork, _) = first().with(proven(3)).unwrap();
        assert_eq!(fork.against(&two), Err(ListFault::Conflict(2)));
        let foreign = DeviceList { identity: key(9), ..one.clone() };
        assert_eq!(foreign.against(&one), Err(ListFault::Identity));
        assert_eq!(foreign.succeeds(&two), Err(ListFault::Identity));
    }

    #[test]
    fn a_full_list_fits_and_takes_no_more() {
        let mut list = first();
        for n in 2..=DEVICES_MAX as u8 {
            list = list.with(proven(n)).unwrap().0;
        }
        assert_eq!(list.with(proven(99)), Err(ListFault::Full));
        list.next = u64::MAX;
        list.counter = u64::MAX;
        for (n, device) in list.devices.iter_mut().enumerate() {
            device.serial = u64::MAX - 100 + n as u64;
        }
        assert!(Signed::sign(list.clone(), &owner()).is_ok(), "the longest list fits");
        assert_eq!(list.without(u64::MAX - 100), Err(ListFault::Device), "counters don't run over");
        list.devices.push(ListedDevice::new(proven(99), 1));
        assert!(Signed::sign(list, &owner()).is_err());
    }

    #[test]
    fn lists_that_contradict_themselves_are_refused() {
        let list = first();
        let device = |n: u8, serial| ListedDevice::new(proven(n), serial);
        for devices in [
            vec![device(1, 1), device(1, 0)],
            vec![device(1, 1), device(2, 1)],
            vec![device(1, 2)],
            vec![ListedDevice::new(ProvenKey::new(&owner(), &list.identity), 1)],
        ] {
            assert!(DeviceList { devices, ..list.clone() }.check().is_err());
        }
        assert!(DeviceList { counter: 0, ..list.clone() }.check().is_err());
        assert!(DeviceList { devices: vec![], ..list }.check().is_ok());
    }

    #[test]
    fn two_lists_that_contradict_each_other_are_joined() {
        let (base, _) = first().with(proven(2)).unwrap();
        let here = base.with(proven(3)).unwrap().0.without(1).unwrap();
        let there = base.with(proven(4)).unwrap().0;
        let joined = here.joined(&there).unwrap();
        assert_eq!(joined, there.joined(&here).unwrap());
        let serials: Vec<_> = joined.devices.iter().map(|device| (device.key, device.serial)).collect();
        let (one, other) = (key(3).min(key(4)), key(3).max(key(4)));
        assert_eq!(serials, [(key(2), 2), (one, 4), (other, 5)], "1 was removed, 3 and 4 had the same serial");
        assert_eq!((joined.counter, joined.next), (5, 6));
        assert!(joined.against(&here).is_ok() && joined.against(&there).is_ok());
        let removes = base.without(2).unwrap();
        let joined = base.with(proven(3)).unwrap().0.joined(&removes).unwrap();
        assert_eq!(joined.devices.iter().map(|device| device.serial).collect::<Vec<_>>(), [1, 3]);
        let foreign = DeviceList { identity: key(9), ..base.clone() };
        assert_eq!(base.joined(&foreign), Err(ListFault::Identity));
    }

    #[test]
    fn nobody_lists_a_device_that_has_not_agreed() {
        let agreed = first();
        let other = ProvenKey::new(&SigningKey::from_bytes(&[2; 32]), &key(9));
        for devices in [
            // A proof for another identity, of another key, and none.
            vec![ListedDevice::new(other, 1)],
            vec![ListedDevice { key: key(2), ..agreed.devices[0] }],
            vec![ListedDevice { proof: Fixed([0; 64]), ..agreed.devices[0] }],
            vec![agreed.devices[0], ListedDevice { key: key(2), serial: 0, ..agreed.devices[0] }],
        ] {
            assert!(Signed::sign(DeviceList { devices, ..agreed.clone() }, &owner()).is_err());
        }
        // Under another serial the device is still one that agreed.
        let devices = vec![ListedDevice { serial: 0, ..agreed.devices[0] }];
        assert!(DeviceList { devices, ..agreed }.check().is_ok());
    }

    proptest! {
        /// Whatever was done on either side of a node that had forgotten: the joined list follows both, and has nothing that either has removed.
        #[test]
        fn a_joined_list_follows_both(choices in proptest::collection::vec((any::<bool>(), any::<bool>(), any::<u8>()), 1..24)) {
            let (base, _) = first().with(proven(200)).unwrap();
            let mut sides = [base.clone(), base.clone()];
            let mut removed = BTreeSet::new();
            for (side, add, pick) in choices {
                let last = &sides[usize::from(side)];
                // The two sides add devices of their own.
                let new = proven(2 + pick % 98 + if side { 100 } else { 0 });
                let next = if add && last.devices.len() < 12 {
                    last.with(new).map(|(list, _)| list)
                } else {
                    let at = usize::from(pick) % last.devices.len().max(1);
                    last.devices.get(at).ok_or(ListFault::Device).and_then(|device| {
                        removed.insert(device.key);
                        last.without(device.serial)
                    })
                };
                if let Ok(next) = next {
                    removed.retain(|key| next.listed(key).is_none() || base.listed(key).is_some());
                    sides[usize::from(side)] = next;
                }
            }
            let [here, there] = sides;
            let joined = here.joined(&there).unwrap();
            prop_assert_eq!(&joined, &there.joined(&here).unwrap());
            prop_assert!(joined.check().is_ok());
            prop_assert_eq!(joined.against(&here), Ok(Freshness::Newer));
            prop_assert_eq!(joined.against(&there), Ok(Freshness::Newer));
            prop_assert!(joined.devices.iter().all(|device| !removed.contains(&device.key)));
        }

        /// Whatever a person does to the devices, each list follows the one before, and no removed device ever comes back.
        #[test]
        fn histories_are_one_line(choices in proptest::collection::vec((any::<bool>(), any::<u8>()), 1..60)) {
            let mut lists = vec![first()];
            for (add, pick) in choices {
                let last = lists.last().unwrap();
                let next = if add {
                    last.with(proven(pick)).map(|(list, _)| list)
                } else {
                    let at = usize::from(pick) % last.devices.len().max(1);
                    last.devices.get(at).ok_or(ListFault::Device).and_then(|device| last.without(device.serial))
                };
                if let Ok(next) = next {
                    prop_assert!(next.check().is_ok());
                    prop_assert_eq!(next.succeeds(last), Ok(()));
                    lists.push(next);
                }
            }
            for (i, old) in lists.iter().enumerate() {
                for new in &lists[i + 1..] {
                    prop_assert_eq!(new.against(old), Ok(Freshness::Newer));
                    prop_assert!(old.against(new).is_err());
                    for device in &old.devices {
                        let certificate = DeviceCertificate { identity: old.identity, device: device.key, serial: device.serial, created: 0 };
                        let listed = new.key_of(device.serial) == Some(device.key);
                        prop_assert_eq!(new.standing(&certificate), if listed { Standing::Listed } else { Standing::Removed });
                    }
                }
            }
        }
    }
}
