//! A device: its key, its randomness, what it has kept.

use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use tidings_mls::{Committed, Group, Include, MadePackage, Plan, Received, Signer, Staged, make_package};

/// The group that the tests talk in.
pub(crate) const GROUP: [u8; 16] = *b"a group of tests";

/// One device with its group, if it is in it.
pub(crate) struct Device {
    /// Its key.
    pub(crate) signer: Signer,
    /// Its randomness, from its name.
    pub(crate) random: StdRng,
    /// What it has kept of the group.
    pub(crate) records: BTreeMap<Vec<u8>, Vec<u8>>,
    group: Option<Group>,
}

impl Device {
    /// A device of this name.
    pub(crate) fn new(name: &str) -> Self {
        let mut seed = [0; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        let signer = Signer::new(&seed, format!("certificate of {name}").into_bytes());
        Self { signer, random: StdRng::from_seed(seed), records: BTreeMap::new(), group: None }
    }

    /// A new group with this device only.
    pub(crate) fn create(name: &str, roster: &[u8]) -> Self {
        let mut device = Self::new(name);
        let group = Group::create(&GROUP, &device.signer, roster.to_vec(), &mut device.random).unwrap();
        device.enter(group);
        device
    }

    /// Is in this group from now on, instead of any before.
    pub(crate) fn enter(&mut self, group: Group) {
        if let Some(old) = self.group.take() {
            for change in old.erase() {
                assert!(self.records.remove(&change.key).is_some());
            }
            assert!(self.records.is_empty());
        }
        self.group = Some(group);
        self.keep();
    }

    /// The group as it is in memory.
    pub(crate) fn group(&mut self) -> &mut Group {
        self.group.as_mut().unwrap()
    }

    /// Keeps what has changed: the number of bytes.
    pub(crate) fn keep(&mut self) -> usize {
        let changes = self.group.as_mut().unwrap().take_changes();
        let mut bytes = 0;
        for change in changes {
            match change.value {
                Some(value) => {
                    bytes += change.key.len() + value.len();
                    self.records.insert(change.key, value);
                }
                None => assert!(self.records.remove(&change.key).is_some()),
            }
        }
        bytes
    }

    /// Keeps, forgets what is in memory, and begins again from what was kept.
    pub(crate) fn restart(&mut self) {
        self.keep();
        self.group = Some(Group::load(&GROUP, self.records.clone()).unwrap());
    }

    /// A key package.
    pub(crate) fn package(&mut self, last_resort: bool) -> MadePackage {
        make_package(&self.signer, last_resort, &[7; 48], &mut self.random).unwrap()
    }

    /// Joins by a welcome.
    pub(crate) fn join(&mut self, welcome: &[u8], package: &MadePackage) {
        let group = Group::join(welcome, &package.reference, &package.record).unwrap();
        self.enter(group);
    }

    /// Makes a commit.
    pub(crate) fn commit(&mut self, plan: &Plan) -> Committed {
        let group = self.group.as_mut().unwrap();
        group.commit(&self.signer, plan, &mut self.random).unwrap()
    }

    /// Makes a commit and takes it as accepted.
    pub(crate) fn commit_and_merge(&mut self, plan: &Plan) -> Committed {
        let committed = self.commit(plan);
        self.group().merge_pending().unwrap();
        assert_eq!(self.group().tag(), committed.tag);
        self.keep();
        committed
    }

    /// Seals a text.
    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        let group = self.group.as_mut().unwrap();
        group.seal(text.as_bytes(), &self.signer, &mut self.random).unwrap()
    }

    /// Proposes to remove a leaf.
    pub(crate) fn propose(&mut self, leaf: u32) -> Vec<u8> {
        let group = self.group.as_mut().unwrap();
        group.propose_remove(leaf, &self.signer, &mut self.random).unwrap()
    }

    /// Opens a text.
    pub(crate) fn open(&mut self, message: &[u8]) -> String {
        match self.group().receive(message).unwrap() {
            Received::Message { bytes, .. } => String::from_utf8(bytes).unwrap(),
            _ => panic!("not a message"),
        }
    }

    /// Takes in a commit without applying it.
    pub(crate) fn stage(&mut self, commit: &[u8]) -> Box<Staged> {
        match self.group().receive(commit).unwrap() {
            Received::Commit(staged) => staged,
            _ => panic!("not a commit"),
        }
    }

    /// Takes in a commit and applies it; what it would do must be what it did.
    pub(crate) fn apply(&mut self, commit: &[u8]) {
        let staged = self.stage(commit);
        let judgement = staged.judgement().clone();
        assert_eq!(judgement.before, self.group().leaves().unwrap());
        self.group().apply(*staged).unwrap();
        if judgement.removes_this_device() {
            assert!(!self.group().active());
        } else {
            assert_eq!(judgement.tag, Some(self.group().tag()));
            assert_eq!(judgement.after, self.group().leaves().unwrap());
            assert_eq!(judgement.extension_after, self.group().extension().unwrap());
        }
        assert_eq!(judgement.epoch, self.group().epoch());
        self.keep();
    }

    /// Takes in a proposal and keeps it.
    pub(crate) fn keep_proposal(&mut self, message: &[u8]) {
        match self.group().receive(message).unwrap() {
            Received::Proposal(proposed) => self.group().keep(proposed).unwrap(),
            _ => panic!("not a proposal"),
        }
        self.keep();
    }
}

/// A plan that adds these packages.
pub(crate) fn adding(packages: &[&MadePackage]) -> Plan {
    Plan { add: packages.iter().map(|made| made.package.clone()).collect(), ..Plan::default() }
}

/// A plan that removes this leaf.
pub(crate) fn removing(leaf: u32) -> Plan {
    Plan { remove: vec![leaf], ..Plan::default() }
}

/// A plan that takes up all pending proposals.
pub(crate) fn including() -> Plan {
    Plan { include: Include::All, ..Plan::default() }
}

/// A group of the devices so named, the first of which made it.
pub(crate) fn group_of<const N: usize>(names: [&str; N]) -> [Device; N] {
    let mut devices = names.map(Device::new);
    devices[0] = Device::create(names[0], b"roster 0");
    for at in 1..N {
        let (inside, outside) = devices.split_at_mut(at);
        let package = outside[0].package(false);
        let committed = inside[0].commit_and_merge(&adding(&[&package]));
        inside[1..].iter_mut().for_each(|device| device.apply(&committed.commit));
        outside[0].join(committed.welcome.as_ref().unwrap(), &package);
    }
    devices
}

/// Whether all are in the same epoch of the same group.
pub(crate) fn together(devices: &mut [Device]) {
    let first = (devices[0].group().epoch(), devices[0].group().tag(), devices[0].group().leaves().unwrap());
    for device in devices {
        assert_eq!((device.group().epoch(), device.group().tag(), device.group().leaves().unwrap()), first);
    }
}

/// Whether each can talk to all.
pub(crate) fn talk(devices: &mut [Device]) {
    together(devices);
    for at in 0..devices.len() {
        let text = format!("from {at}");
        let message = devices[at].seal(&text);
        for (other, device) in devices.iter_mut().enumerate() {
            if other == at {
                assert!(matches!(device.group().receive(&message), Ok(Received::Own)));
            } else {
                assert_eq!(device.open(&message), text);
            }
            device.keep();
        }
    }
}
