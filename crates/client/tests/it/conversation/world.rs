//! Devices with their conversations, a hub, and a network that loses, repeats and reorders, as a seed decides.

use super::hub::Hub;
use crate::watched::Watched;
use ed25519_dalek::SigningKey;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tidings_client::command::Fault;
use tidings_client::content::{Content, Text};
use tidings_client::conversation::step::{Appended, HubRequest, Looked, ParcelBody, Step};
use tidings_client::conversation::{Batch, Conversation, Me, PACKAGES, People, Scene};
use tidings_client::keys::access_key;
use tidings_client::records::{Change, MemoryRecords, RecordKey, Records as _, Table};
use tidings_client::view::{GroupId, Identity, MessageId, MessageView, Shown};
use tidings_mls::{Signer, make_package};
use tidings_wire::api::Entries;
use tidings_wire::bytes::Fixed;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::device_list::{DeviceList, ProvenKey};
use tidings_wire::signed::Signed;

pub(crate) const HUB: &str = "https://hub.example";
const ACCESS_ROOT: u8 = 0x40;

/// What is known of everybody.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) lists: BTreeMap<Identity, DeviceList>,
    pub(crate) signed: BTreeMap<Identity, Vec<u8>>,
    /// Which lists each device was told of.
    pub(crate) told: Vec<(usize, Vec<u8>)>,
    pub(crate) names: BTreeMap<Identity, String>,
    pub(crate) blocked: BTreeSet<Identity>,
    pub(crate) key_changed: BTreeSet<Identity>,
}

impl People for Book {
    fn devices(&self, who: &Identity) -> Option<&DeviceList> {
        self.lists.get(who)
    }
    fn signed_devices(&self, who: &Identity) -> Option<Vec<u8>> {
        self.signed.get(who).cloned()
    }
    fn name(&self, who: &Identity) -> Option<String> {
        self.names.get(who).cloned()
    }
    fn picture(&self, _: &Identity) -> Option<Vec<u8>> {
        None
    }
    fn blocked(&self, who: &Identity) -> bool {
        self.blocked.contains(who)
    }
    fn key_changed(&self, who: &Identity) -> bool {
        self.key_changed.contains(who)
    }
    fn verified(&self, _: &Identity) -> bool {
        false
    }
    fn is_contact(&self, _: &Identity) -> bool {
        true
    }
    fn counters(&self, _: &Identity) -> Option<(u64, u64)> {
        Some((3, 1))
    }
}

/// Something under way for a device.
pub(super) enum Task {
    Ask(GroupId, HubRequest),
    Answer(GroupId, Answer),
    Packages(GroupId, Identity),
    Parcel(Identity, ParcelBody),
    Profile(GroupId, Vec<u8>),
}

pub(super) enum Answer {
    Created(Result<(), Option<String>>),
    Appended([u8; 16], Appended),
    Entries(Option<Entries>),
    Looked(Looked),
}

/// One device of somebody.
pub(crate) struct Device {
    pub(crate) me: Me,
    pub(crate) records: MemoryRecords,
    pub(crate) conversations: BTreeMap<GroupId, Conversation>,
    pub(super) tasks: VecDeque<Task>,
    pub(super) wakes: BTreeMap<GroupId, u64>,
    pub(super) follows: BTreeMap<GroupId, (u64, u64)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) offline: bool,
    pub(crate) removed: bool,
    /// A record that can't be opened.
    pub(crate) torn: Option<RecordKey>,
}

/// What goes wrong, in hundredths.
#[derive(Clone, Copy, Default)]
pub(crate) struct Trouble {
    /// A request is lost, or its answer, or it is done twice.
    pub(crate) loss: u32,
    /// A device ends and starts again.
    pub(crate) crash: u32,
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) seed: u64,
    pub(crate) random: StdRng,
    pub(crate) hub: Hub,
    /// What a lying hub shows to some devices instead.
    pub(crate) other_face: Option<(Hub, Vec<usize>)>,
    pub(crate) book: Book,
    pub(crate) devices: Vec<Device>,
    pub(super) keys: BTreeMap<Identity, SigningKey>,
    pub(crate) trouble: Trouble,
    /// Whose node gives no key packages.
    pub(crate) packageless: Option<Identity>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self {
            now: 1_800_000_000_000,
            seed,
            random,
            hub: Hub::default(),
            other_face: None,
            book: Book::default(),
            devices: Vec::new(),
            keys: BTreeMap::new(),
            trouble: Trouble::default(),
            packageless: None,
        }
    }

    pub(super) fn chance(&mut self, hundredths: u32) -> bool {
        self.random.random_range(0..100) < hundredths
    }

    pub(crate) fn pick(&mut self, below: usize) -> usize {
        self.random.random_range(0..below)
    }

    /// A person with so many devices; their numbers.
    pub(crate) fn person(&mut self, name: &str, devices: usize) -> Vec<usize> {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let key = SigningKey::from_bytes(&seed);
        let identity = Identity(key.verifying_key().to_bytes());
        self.book.names.insert(identity, name.to_owned());
        self.keys.insert(identity, key);
        (0..devices).map(|_| self.add_device(&identity)).collect()
    }

    pub(crate) fn add_device(&mut self, who: &Identity) -> usize {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let device = SigningKey::from_bytes(&seed);
        let public = Fixed(device.verifying_key().to_bytes());
        let proven = ProvenKey::new(&device, &Fixed(who.0));
        let (list, serial) = match self.book.lists.get(who) {
            None => (DeviceList::first(Fixed(who.0), proven), 1),
            Some(list) => list.with(proven).unwrap(),
        };
        let certificate = DeviceCertificate { identity: Fixed(who.0), device: public, serial, created: self.now };
        let certificate = Signed::sign(certificate, &self.keys[who]).map_err(|_| "signs").unwrap().into_bytes();
        let mut access_root = [ACCESS_ROOT; 32];
        access_root[0] = who.0[0];
        access_root[1] = who.0[1];
        let me = Me {
            identity: *who,
            device,
            certificate,
            access_root,
            devices: Vec::new(),
            backup: 3,
            read_receipts: true,
        };
        self.devices.push(Device {
            me,
            records: MemoryRecords::default(),
            conversations: BTreeMap::new(),
            tasks: VecDeque::new(),
            wakes: BTreeMap::new(),
            follows: BTreeMap::new(),
            steps: Vec::new(),
            offline: false,
            removed: false,
            torn: None,
        });
        self.set_list(list);
        self.devices.len() - 1
    }

    fn set_list(&mut self, list: DeviceList) {
        let who = Identity(list.identity.0);
        let signed = Signed::sign(list.clone(), &self.keys[&who]).map_err(|_| "signs").unwrap().into_bytes();
        for device in self.devices.iter_mut().filter(|device| device.me.identity == who) {
            device.me.devices = signed.clone();
        }
        self.book.signed.insert(who, signed);
        self.book.lists.insert(who, list);
    }

    /// Takes a device off its person's list; everybody hears of it.
    pub(crate) fn remove_device(&mut self, device: usize) {
        let who = self.devices[device].me.identity;
        let key = Fixed(self.devices[device].me.device.verifying_key().to_bytes());
        let serial = self.book.lists[&who].listed(&key).unwrap();
        let list = self.book.lists[&who].without(serial).unwrap();
        self.set_list(list);
        self.devices[device].removed = true;
        self.devices[device].offline = true;
        for other in 0..self.devices.len() {
            for group in self.groups(other) {
                self.call(other, &group, |conversation, scene| conversation.devices_changed(scene, &who));
            }
        }
    }

    pub(crate) fn identity(&self, device: usize) -> Identity {
        self.devices[device].me.identity
    }

    pub(crate) fn groups(&self, device: usize) -> Vec<GroupId> {
        self.devices[device].conversations.keys().copied().collect()
    }

    /// Does something with a scene, keeps what it changed, and queues what is to be done.
    pub(crate) fn scene<T>(&mut self, device: usize, act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let (mut batch, mut steps) = (Batch::default(), Vec::new());
        let Device { me, records, torn, .. } = &mut self.devices[device];
        let shown = Watched::new(records, torn.as_ref(), 0);
        let mut scene = Scene {
            now: self.now,
            random: &mut self.random,
            records: &shown,
            batch: &mut batch,
            me,
            people: &self.book,
            steps: &mut steps,
        };
        let outcome = act(&mut scene);
        records.apply(batch.into_changes());
        self.devices[device].steps.extend(steps);
        outcome
    }

    fn queue(&mut self, device: usize, group: GroupId) {
        for step in std::mem::take(&mut self.devices[device].steps) {
            let place = &mut self.devices[device];
            match step {
                Step::Hub(request) => place.tasks.push_back(Task::Ask(group, request)),
                Step::TakePackages(who) => place.tasks.push_back(Task::Packages(group, who)),
                Step::Parcel(who, body) => self.post(&who, device, &body),
                Step::Follow(true) => {
                    place.follows.entry(group).or_insert((0, 0));
                    self.follow(device, group);
                }
                Step::Follow(false) => {
                    place.follows.remove(&group);
                }
                Step::DeviceList(_, list) => self.book.told.push((device, list)),
                Step::Profile => self.share(device, group),
                Step::WakeAt(at) => {
                    place.wakes.insert(group, at);
                }
                Step::Show(tidings_client::view::Event::Warning(text)) => {
                    println!("{}: device {device}: {text}", self.now);
                }
                _ => {}
            }
        }
    }

    /// The profile brings what a device says of a conversation to the others of its person.
    fn share(&mut self, from: usize, group: GroupId) {
        let Some(entry) = self.devices[from].conversations.get(&group).map(Conversation::profile_entry) else { return };
        let who = self.identity(from);
        for (number, device) in self.devices.iter_mut().enumerate() {
            if device.me.identity == who && number != from && !device.removed {
                device.tasks.push_back(Task::Profile(group, entry.clone()));
            }
        }
    }

    pub(super) fn post(&mut self, who: &Identity, from: usize, body: &ParcelBody) {
        let sender = self.identity(from);
        for (number, device) in self.devices.iter_mut().enumerate() {
            if device.me.identity == *who && number != from && !device.removed {
                device.tasks.push_back(Task::Parcel(sender, body.clone()));
            }
        }
    }

    pub(crate) fn call<T>(
        &mut self,
        device: usize,
        group: &GroupId,
        act: impl FnOnce(&mut Conversation, &mut Scene<'_>) -> T,
    ) -> T {
        let mut conversation = self.devices[device].conversations.remove(group).expect("it is known here");
        let outcome = self.scene(device, |scene| act(&mut conversation, scene));
        self.devices[device].conversations.insert(*group, conversation);
        self.queue(device, *group);
        outcome
    }

    pub(super) fn adopt(&mut self, device: usize, conversation: Conversation) -> GroupId {
        let group = conversation.id();
        self.devices[device].conversations.insert(group, conversation);
        self.queue(device, group);
        group
    }

    pub(crate) fn make(
        &mut self,
        device: usize,
        make: impl FnOnce(&mut Scene<'_>) -> Result<Conversation, Fault>,
    ) -> GroupId {
        let made = self.scene(device, make).unwrap();
        self.adopt(device, made)
    }

    /// Key packages of all devices of somebody.
    pub(crate) fn packages(&mut self, who: &Identity) -> Vec<(Fixed<32>, Vec<u8>)> {
        let mut packages = Vec::new();
        for number in 0..self.devices.len() {
            if self.identity(number) != *who || self.devices[number].removed {
                continue;
            }
            let mut salt = [0; 16];
            self.random.fill_bytes(&mut salt);
            let me = &self.devices[number].me;
            let access = access_key(&me.access_root, &salt).verifying_key().to_bytes();
            let both: [u8; 48] = [salt.as_slice(), &access].concat().try_into().unwrap();
            let signer = Signer::new(&me.device.to_bytes(), me.certificate.clone());
            let made = make_package(&signer, false, &both, &mut self.random).unwrap();
            let device = Fixed(me.device.verifying_key().to_bytes());
            let key = RecordKey::new(Table::Mls, PACKAGES, made.reference);
            self.devices[number].records.apply(vec![Change { key, value: Some(made.record) }]);
            packages.push((device, made.package));
        }
        packages
    }

    /// Two people's conversation: `a`'s device makes it, the other's join by the welcome.
    pub(crate) fn pair(&mut self, a: usize, b: usize) -> GroupId {
        let other = self.identity(b);
        let packages: Vec<_> = self.packages(&other).into_iter().map(|(_, package)| package).collect();
        let (made, welcome) = self.scene(a, |scene| Conversation::create_pair(scene, HUB, &other, &packages)).unwrap();
        let group = self.adopt(a, made);
        self.run(1_000);
        let body = ParcelBody::Welcome {
            welcome,
            group: group.0,
            hub: HUB.to_owned(),
            turn: 0,
            number: 0,
            devices: Vec::new(),
        };
        self.post(&other, a, &body);
        group
    }

    /// Whether a device is about to ask such a thing of a hub.
    pub(crate) fn asks(&self, device: usize, such: impl Fn(&HubRequest) -> bool) -> bool {
        self.devices[device].tasks.iter().any(|task| matches!(task, Task::Ask(_, request) if such(request)))
    }

    pub(crate) fn say(&mut self, device: usize, group: &GroupId, text: &str) -> Option<MessageId> {
        let content = Content::Text(Text { text: text.to_owned(), reply: None });
        self.call(device, group, |conversation, scene| conversation.send(scene, content, None)).ok()
    }

    pub(crate) fn page(&self, device: usize, group: &GroupId) -> Vec<MessageView> {
        let place = &self.devices[device];
        place.conversations[group].page(&place.records, &self.book, None, 100_000).unwrap()
    }

    /// All texts, sorted; each as often as it is shown.
    pub(crate) fn texts(&self, device: usize, group: &GroupId) -> Vec<String> {
        let text = |view: MessageView| match view.shown {
            Shown::Text(text) => Some(text),
            _ => None,
        };
        let mut texts: Vec<_> = self.page(device, group).into_iter().filter_map(text).collect();
        texts.sort();
        texts
    }

    pub(crate) fn epoch(&self, device: usize, group: &GroupId) -> Option<(u64, [u8; 8])> {
        self.devices[device].conversations.get(group)?.epoch()
    }

    /// Fails unless all these devices are in the same epoch and show exactly these texts.
    pub(crate) fn agree(&self, devices: &[usize], group: &GroupId, texts: &[String]) {
        let mut expected = texts.to_vec();
        expected.sort();
        let first = self.epoch(devices[0], group);
        for device in devices {
            assert!(first.is_some(), "seed {}: device {} is in no epoch", self.seed, devices[0]);
            assert_eq!(self.epoch(*device, group), first, "seed {}: device {device} is in another epoch", self.seed);
            assert_eq!(self.texts(*device, group), expected, "seed {}: texts of device {device}", self.seed);
        }
    }

    pub(crate) fn records(&self, device: usize, table: Table) -> usize {
        self.devices[device].records.all(table, usize::MAX).unwrap().len()
    }
}
