//! The network between devices and their hub: what is lost, repeated, reordered, and who crashes.

use super::hub::Hub;
use super::world::{Answer, Task, World};
use tidings_client::command::Fault;
use tidings_client::conversation::step::{Appended, HubRequest, Looked, ParcelBody};
use tidings_client::conversation::{Conversation, Membership};
use tidings_client::roster::Roster;
use tidings_client::view::{GroupId, Identity};
use tidings_wire::api::{Entries, NewEntry, Package, TakenPackages};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::signed::Signed;

impl World {
    /// The hub as it shows itself to a device.
    fn face(&mut self, device: usize) -> &mut Hub {
        match &mut self.other_face {
            Some((hub, devices)) if devices.contains(&device) => hub,
            _ => &mut self.hub,
        }
    }

    fn face_of(&self, device: usize) -> &Hub {
        match &self.other_face {
            Some((hub, devices)) if devices.contains(&device) => hub,
            _ => &self.hub,
        }
    }

    /// The hub begins to show these devices another stream.
    pub(crate) fn fork(&mut self, devices: Vec<usize>) {
        self.other_face = Some((self.hub.clone(), devices));
    }

    /// The hub shows one stream to all again.
    pub(crate) fn unite(&mut self, keep_other: bool) {
        if let Some((hub, devices)) = self.other_face.take() {
            let moved: Vec<usize> = if keep_other {
                (0..self.devices.len()).filter(|number| !devices.contains(number)).collect()
            } else {
                devices
            };
            if keep_other {
                self.hub = hub;
            }
            for device in moved.into_iter().filter(|device| !self.devices[*device].offline).collect::<Vec<_>>() {
                self.set_offline(device, true);
                self.set_offline(device, false);
            }
        }
    }

    fn key(&self, device: usize, group: &GroupId) -> Fixed<32> {
        let device = &self.devices[device];
        Fixed(device.conversations[group].access_key(&device.me).verifying_key().to_bytes())
    }

    pub(super) fn follow(&mut self, device: usize, group: GroupId) {
        let key = self.key(device, &group);
        let cursor = self.devices[device].conversations[&group].cursor();
        let Some((_, end, turn)) = self.face_of(device).entries(&group.0, &key, cursor, 0) else {
            self.devices[device].follows.remove(&group);
            self.call(device, &group, |conversation, scene| conversation.unfollowed(scene, true));
            return;
        };
        let incarnation = self.face_of(device).incarnation;
        self.devices[device].follows.insert(group, (cursor, incarnation));
        self.call(device, &group, |conversation, scene| conversation.followed(scene, incarnation, end, turn));
    }

    /// Does one thing that waits; `false` if nothing does.
    fn step(&mut self) -> bool {
        let busy: Vec<usize> = (0..self.devices.len())
            .filter(|number| {
                !self.devices[*number].offline && (!self.devices[*number].tasks.is_empty() || self.has_news(*number))
            })
            .collect();
        if busy.is_empty() {
            return false;
        }
        let device = busy[self.pick(busy.len())];
        if self.chance(self.trouble.crash) {
            self.crash(device);
            return true;
        }
        let live = self.has_news(device) && (self.devices[device].tasks.is_empty() || self.chance(50));
        if live {
            self.deliver(device);
        } else if !self.devices[device].tasks.is_empty() {
            let place = self.pick(self.devices[device].tasks.len().min(4));
            let task = self.devices[device].tasks.remove(place).unwrap();
            self.perform(device, task);
        }
        true
    }

    fn has_news(&self, device: usize) -> bool {
        let face = self.face_of(device);
        self.devices[device].follows.iter().any(|(group, (cursor, incarnation))| {
            let end = face.groups.get(&group.0).map_or(0, |group| group.entries.len() as u64);
            *incarnation != face.incarnation || end > *cursor
        })
    }

    /// Entries come along on a live connection.
    fn deliver(&mut self, device: usize) {
        for (group, (cursor, incarnation)) in self.devices[device].follows.clone() {
            if incarnation != self.face_of(device).incarnation {
                self.follow(device, group);
                continue;
            }
            let limit = 1 + self.pick(5);
            match self.face_of(device).entries(&group.0, &self.key(device, &group), cursor, limit) {
                None => {
                    self.devices[device].follows.remove(&group);
                    self.call(device, &group, |conversation, scene| conversation.unfollowed(scene, true));
                }
                Some((entries, _, _)) if !entries.is_empty() => {
                    let last = entries.last().unwrap().number;
                    self.devices[device].follows.insert(group, (last, incarnation));
                    self.call(device, &group, |conversation, scene| conversation.entries(scene, &entries));
                }
                Some(_) => {}
            }
        }
    }

    fn perform(&mut self, device: usize, task: Task) {
        match task {
            Task::Ask(group, request) => self.ask(device, group, request),
            Task::Answer(group, answer) => self.answer(device, group, answer),
            Task::Packages(group, who) => {
                let list = self.book.lists[&who].clone();
                let signed = Signed::sign(list, &self.keys[&who]).map_err(|_| "signs").unwrap().into_bytes();
                let packages = if self.packageless == Some(who) { Vec::new() } else { self.packages(&who) };
                let package = |(device, package)| Package { device, package: Blob(package), last_resort: false };
                let taken =
                    TakenPackages { devices: Blob(signed), packages: packages.into_iter().map(package).collect() };
                self.call(device, &group, |conversation, scene| conversation.packages(scene, &who, Ok(taken)));
            }
            Task::Parcel(from, body) => self.parcel(device, from, &body),
            Task::Profile(group, entry) => {
                if self.devices[device].conversations.contains_key(&group) {
                    self.call(device, &group, |conversation, scene| conversation.apply_profile(scene, &entry));
                }
            }
        }
    }

    fn parcel(&mut self, device: usize, from: Identity, body: &ParcelBody) {
        match body {
            ParcelBody::Welcome { group, .. } => {
                let group = GroupId(*group);
                if self.devices[device].conversations.contains_key(&group) {
                    let _ = self.call(device, &group, |conversation, scene| conversation.welcomed(scene, &from, body));
                    return;
                }
                match self.scene(device, |scene| Conversation::join(scene, &from, body)) {
                    Ok(joined) => {
                        self.adopt(device, joined);
                    }
                    Err(Fault::Unknown(_)) => {}
                    Err(fault) => panic!("seed {}: {fault}", self.seed),
                }
            }
            ParcelBody::Knock(group) => {
                let group = GroupId(*group);
                if self.devices[device].conversations.contains_key(&group) {
                    self.call(device, &group, |conversation, scene| conversation.knocked(scene, &from));
                }
            }
            ParcelBody::Salt { group, salt } => {
                let group = GroupId(*group);
                if self.devices[device].conversations.contains_key(&group) {
                    self.call(device, &group, |conversation, scene| conversation.told_salt(scene, &from, *salt));
                }
            }
            ParcelBody::Member { group, roster, devices } => {
                let (group, roster) = (GroupId(*group), Roster::decode(roster).expect("our clients say what is right"));
                let told = Membership { group, roster: &roster, devices };
                if self.devices[device].conversations.contains_key(&group) {
                    self.call(device, &group, |conversation, scene| conversation.told_again(scene, &from, &told))
                        .expect("our clients say what is right");
                } else {
                    self.make(device, |scene| Conversation::told_of(scene, &from, &told));
                }
            }
            ParcelBody::Left { group, since } => {
                let group = GroupId(*group);
                if self.devices[device].conversations.contains_key(&group) {
                    self.call(device, &group, |conversation, scene| conversation.told_left(scene, &from, *since, true));
                }
            }
            _ => {}
        }
    }

    fn ask(&mut self, device: usize, group: GroupId, request: HubRequest) {
        let key = self.key(device, &group);
        let lost_before = self.chance(self.trouble.loss);
        let lost_after = self.chance(self.trouble.loss);
        let answer = match request {
            HubRequest::Create(new) => {
                let outcome = if lost_before { Err(None) } else { self.face(device).create(new) };
                Answer::Created(if lost_after { Err(None) } else { outcome })
            }
            HubRequest::Append(new) => self.append(device, &group, &key, &new, (lost_before, lost_after)),
            HubRequest::Fetch { after } => {
                let hub = self.face(device);
                let found = hub.entries(&group.0, &key, after, 40).filter(|_| !lost_before);
                let incarnation = hub.incarnation;
                Answer::Entries(found.map(|(entries, end, turn)| Entries { entries, end, turn, incarnation }))
            }
            HubRequest::Look if lost_before => Answer::Looked(Looked::Later),
            HubRequest::Look => Answer::Looked(self.face(device).look(&group.0, &key)),
            HubRequest::Leave => {
                self.face(device).leave(&group.0, &key);
                return;
            }
        };
        self.devices[device].tasks.push_back(Task::Answer(group, answer));
    }

    fn append(
        &mut self,
        device: usize,
        group: &GroupId,
        key: &Fixed<32>,
        new: &NewEntry,
        lost: (bool, bool),
    ) -> Answer {
        if lost.0 {
            return Answer::Appended(new.id.0, Appended::Later);
        }
        let now = self.now;
        let outcome = self.face(device).append(&group.0, key, new, now);
        Answer::Appended(new.id.0, if lost.1 { Appended::Later } else { outcome })
    }

    fn answer(&mut self, device: usize, group: GroupId, answer: Answer) {
        let known = self.devices[device].follows.get(&group).map(|(_, incarnation)| *incarnation);
        self.call(device, &group, |conversation, scene| match answer {
            Answer::Created(outcome) => conversation.created(scene, outcome),
            Answer::Appended(id, outcome) => conversation.appended(scene, id, outcome),
            // As the client does with what is older than the hello of an open connection.
            Answer::Entries(Some(found)) if known.is_none_or(|known| known == found.incarnation) => {
                conversation.fetched(scene, &found);
            }
            Answer::Entries(_) => conversation.fetch_failed(scene, false),
            Answer::Looked(looked) => conversation.hub_state(scene, looked),
        });
    }

    /// A device ends at once and starts again from what was kept; what was under way for it is lost, but for parcels.
    pub(crate) fn crash(&mut self, device: usize) {
        let place = &mut self.devices[device];
        place.tasks.retain(|task| matches!(task, Task::Parcel(..) | Task::Profile(..)));
        place.wakes.clear();
        place.follows.clear();
        let kept = Conversation::all(&place.records).unwrap();
        assert!(kept.damaged.is_empty(), "what was kept can be read, seed {}", self.seed);
        place.conversations = kept.good.into_iter().map(|conversation| (conversation.id(), conversation)).collect();
        for group in self.groups(device) {
            self.call(device, &group, |conversation, scene| conversation.started(scene));
        }
    }

    pub(crate) fn set_offline(&mut self, device: usize, offline: bool) {
        self.devices[device].offline = offline;
        if offline {
            self.devices[device].follows.clear();
            for group in self.groups(device) {
                self.call(device, &group, |conversation, scene| conversation.unfollowed(scene, false));
            }
        } else {
            for group in self.groups(device) {
                if self.devices[device].conversations[&group].wants_following() {
                    self.follow(device, group);
                }
            }
        }
    }

    /// The node is as it was when the backup was made. Live connections break.
    pub(crate) fn restore_hub(&mut self, backup: Hub) {
        self.hub = backup.restored(&self.hub);
    }

    /// Does everything that waits, and lets `millis` pass, waking devices when they want it.
    pub(crate) fn run(&mut self, millis: u64) {
        let until = self.now + millis;
        for _ in 0..1_000_000 {
            if self.step() {
                if self.chance(10) {
                    self.now += 1;
                }
                continue;
            }
            let next = (self.devices.iter().filter(|device| !device.offline))
                .flat_map(|device| device.wakes.values().copied())
                .min()
                .unwrap_or(u64::MAX);
            if next > until {
                self.now = self.now.max(until);
                return;
            }
            self.now = self.now.max(next);
            self.wake();
        }
        panic!("seed {}: the devices never rest", self.seed);
    }

    fn wake(&mut self) {
        for device in 0..self.devices.len() {
            if self.devices[device].offline {
                continue;
            }
            for group in self.groups(device) {
                if self.devices[device].wakes.get(&group).is_some_and(|at| *at <= self.now) {
                    self.devices[device].wakes.remove(&group);
                    self.call(device, &group, |conversation, scene| conversation.tick(scene));
                }
            }
        }
    }
}
