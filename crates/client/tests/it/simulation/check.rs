//! What must be so once nothing goes wrong any more.

use super::ledger::Said;
use super::world::{Fate, Sim};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};
use tidings_client::command::Command;
use tidings_client::records::{RecordKey, Records as _, Table};
use tidings_client::view::{
    ConversationKind, ConversationView, GroupId, Identity, MessageId, MessageView, Shown, Standing,
};
use tidings_wire::bytes::Fixed;

/// Virtual minutes between two looks.
const LOOK_EVERY: u64 = 10;
/// Virtual minutes after which everything must be well: the last question for what is missing comes a day later.
const HEALED_WITHIN: u64 = 30 * 60;
/// Virtual milliseconds within which parcels come that are sent late, but for those of a day later.
const LATE_PARCELS_WITHIN: u64 = 9 * 3_600_000;
/// Requests of one device in a virtual hour in which nobody does anything.
const IDLE_REQUESTS_MAX: u64 = 30;

/// What the record of a conversation says of its epochs.
#[derive(Deserialize)]
struct Inside {
    epochs: Vec<Epoch>,
    phase: String,
    cursor: u64,
    end: u64,
    turn: u64,
    outbox: Vec<u64>,
    wants: Vec<IgnoredAny>,
    flight: Option<IgnoredAny>,
    pending: Option<Waiting>,
    incoming: Option<IgnoredAny>,
    heal: Option<IgnoredAny>,
    lost: Option<IgnoredAny>,
    proposals_at: Option<u64>,
    knocks: Post,
    say: Post,
}

#[derive(Debug, Deserialize)]
struct Waiting {
    turn: u64,
    lost: bool,
    placed: bool,
}

#[derive(Deserialize)]
struct Post {
    at: u64,
    tries: u32,
}

impl std::fmt::Display for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is = [
            ("flight", self.flight.is_some()),
            ("pending", self.pending.is_some()),
            ("incoming", self.incoming.is_some()),
            ("heal", self.heal.is_some()),
            ("lost", self.lost.is_some()),
        ];
        let is: Vec<_> = is.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        write!(f, "{} at {}/{} turn {} {is:?}", self.phase, self.cursor, self.end, self.turn)?;
        write!(f, " epochs {:?}", self.epochs.iter().map(|epoch| epoch.number).collect::<Vec<_>>())?;
        write!(f, " outbox {:?} wants {} knocks {}", self.outbox, self.wants.len(), self.knocks.tries)?;
        let since = |at: u64| at.saturating_sub(super::world::BEGINNING);
        write!(f, " say {}:{} knock {}", self.say.tries, since(self.say.at), since(self.knocks.at))?;
        write!(f, " proposals {:?} {:?}", self.proposals_at.map(since), self.pending)
    }
}

#[derive(Deserialize)]
struct Epoch {
    number: u64,
    tag: Fixed<8>,
}

/// What all devices in a conversation must agree about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Agreed {
    epoch: Option<(u64, Fixed<8>)>,
    title: String,
    members: Vec<(Identity, u8, usize)>,
}

impl Sim {
    /// Waits until everything is well, and looks at all the rest. The virtual minutes that it took.
    pub fn check(&mut self) -> u64 {
        let waited = self.becomes_well("it never heals", HEALED_WITHIN);
        self.nothing_twice();
        self.nothing_for_those_outside();
        self.fresh_words();
        self.all_read();
        self.stays_well();
        self.idle();
        self.nothing_twice();
        self.nothing_for_those_outside();
        self.gone_for_good(&self.used());
        self.hostile_hubs();
        waited
    }

    /// Waits until everything is well, for so many virtual minutes at most. How many it took.
    fn becomes_well(&mut self, else_fail: &str, within: u64) -> u64 {
        let mut waited = 0;
        loop {
            self.run(LOOK_EVERY * 60_000);
            waited += LOOK_EVERY;
            let wrong = self.wrong();
            if wrong.is_empty() {
                return waited;
            }
            if waited >= within {
                self.fail(else_fail, &wrong);
            }
        }
    }

    fn fail(&self, what: &str, wrong: &[String]) -> ! {
        let insides = self.insides(wrong);
        let shown: Vec<_> = wrong.iter().take(20).chain(&insides).map(String::as_str).collect();
        panic!("seed {}: {what} ({} findings):\n  {}", self.seed, wrong.len(), shown.join("\n  "));
    }

    /// What is not as it should be (yet).
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for device in self.used() {
            let client = &self.devices[device].client;
            if client.busy() || !client.caught_up() {
                wrong.push(format!("device {device}: busy {}, caught up {}", client.busy(), client.caught_up()));
                for view in client.conversations() {
                    if let Some(inside) = self.inside(device, &view.id) {
                        wrong.push(format!("{:?} device {device} ({:?}): {inside}", view.id, view.standing));
                    }
                }
            }
        }
        for group in self.groups() {
            self.wrong_in(&group, &mut wrong);
        }
        for said in &self.ledger.said {
            self.wrong_about(said, &mut wrong);
        }
        self.wrong_between_own(&mut wrong);
        wrong
    }

    /// How each device stands in the conversations that something is wrong with.
    fn insides(&self, wrong: &[String]) -> Vec<String> {
        let mut insides = Vec::new();
        for group in self.groups() {
            let name = format!("{group:?}");
            for device in self.used().into_iter().filter(|_| wrong.iter().any(|line| line.contains(&name))) {
                if let Some(inside) = self.inside(device, &group) {
                    insides.push(format!("{name} device {device}: {inside}"));
                }
            }
        }
        insides
    }

    fn used(&self) -> Vec<usize> {
        (0..self.devices.len()).filter(|device| self.in_use(*device)).collect()
    }

    fn groups(&self) -> BTreeSet<GroupId> {
        let all = self.used().into_iter().flat_map(|device| self.devices[device].client.conversations());
        all.map(|view| view.id).collect()
    }

    fn inside(&self, device: usize, group: &GroupId) -> Option<Inside> {
        let key = RecordKey::new(Table::Conversation, group.0, []);
        let bytes = self.devices[device].records.get(&key).ok()??;
        tidings_wire::cbor::decode(&bytes, usize::MAX).ok()
    }

    fn wrong_in(&self, group: &GroupId, wrong: &mut Vec<String>) {
        let mut found: BTreeMap<Agreed, Vec<usize>> = BTreeMap::new();
        let mut roster = BTreeSet::new();
        let mut others = Vec::new();
        for device in self.used() {
            let view = self.devices[device].client.conversation(group);
            match view {
                Some(view) if view.standing == Standing::Ready => {
                    roster.extend(view.members.iter().map(|member| member.identity));
                    found.entry(self.agreed(device, &view)).or_default().push(device);
                }
                Some(view) => others.push((device, format!("{:?}", view.standing))),
                None => others.push((device, "not there".to_owned())),
            }
        }
        if found.len() > 1 {
            wrong.push(format!("{group:?}: they do not agree: {found:#?}"));
        }
        for (device, standing) in others {
            let identity = self.people[self.devices[device].person].identity;
            let stays_out = standing == "Out" && self.shut_out(group, &identity);
            let gone = standing == "Out" && self.ledger.moved.contains(&(*group, identity));
            let unknown = standing == "not there";
            let unheard =
                ((gone || unknown) && self.unheard(group, &identity)) || (unknown && self.forgot_all(group, device));
            if standing == "Joining" || standing == "Behind" || (roster.contains(&identity) && !stays_out && !unheard) {
                wrong.push(format!("{group:?}: device {device} is {standing}"));
            }
        }
    }

    /// Whether nobody who is in a conversation can let somebody in who is out of it on all devices. If the hub does not know the last key that
    /// these have, they can only knock, at contacts; whoever has blocked them does not hear that, and what those answer whom they have
    /// blocked does not come.
    fn shut_out(&self, group: &GroupId, who: &Identity) -> bool {
        let inside = self.used().into_iter().filter(|device| self.ready(*device, group));
        let mut inside = inside.map(|device| self.people[self.devices[device].person].identity);
        let own = self.used().into_iter().filter(|device| self.people[self.devices[*device].person].identity == *who);
        let contacts = own.flat_map(|device| self.devices[device].client.contacts());
        let contacts: BTreeSet<Identity> = contacts.map(|contact| contact.identity).collect();
        let blocked = |by: Identity, whom: Identity| self.ledger.blocked.contains(&(by, whom));
        let deaf = |other: Identity| !contacts.contains(&other) || blocked(other, *who) || blocked(*who, other);
        inside.all(|other| other != *who && deaf(other))
    }

    /// Whether somebody was added to a conversation, perhaps again, by one whom they have blocked: they do not hear of that.
    fn unheard(&self, group: &GroupId, who: &Identity) -> bool {
        let by = self.ledger.added.get(&(*group, *who)).into_iter().flatten();
        by.copied().any(|by| self.ledger.blocked.contains(&(*who, by)))
    }

    /// Whether a device can be told by nobody of a conversation that its person is in: the last that knew of it is gone, and what the profile says,
    /// in a node that was restored from a backup, is from before the first of those who are in it was a contact.
    fn forgot_all(&self, group: &GroupId, device: usize) -> bool {
        let contacts = self.devices[device].client.contacts();
        let mut inside = self.used().into_iter().filter(|device| self.ready(*device, group));
        inside.all(|inside| {
            let identity = self.people[self.devices[inside].person].identity;
            contacts.iter().all(|contact| contact.identity != identity)
        })
    }

    fn agreed(&self, device: usize, view: &ConversationView) -> Agreed {
        let inside = self.inside(device, &view.id);
        let epoch = inside.and_then(|inside| inside.epochs.last().map(|epoch| (epoch.number, epoch.tag)));
        let members = view.members.iter().map(|member| (member.identity, member.role, member.devices)).collect();
        let title = if view.kind == ConversationKind::Pair { String::new() } else { view.title.clone() };
        Agreed { epoch, title, members }
    }

    /// Who somebody is in a conversation: in rooms somebody else than elsewhere.
    fn name_in(&self, device: usize, group: &GroupId) -> Option<Identity> {
        let view = self.devices[device].client.conversation(group)?;
        view.members.iter().find(|member| member.me).map(|member| member.identity)
    }

    /// Devices that must have what was said.
    fn owed(&self, said: &Said) -> Vec<usize> {
        let sender = &self.devices[said.device];
        if sender.fate != Fate::There || self.ledger.moved.contains(&(said.group, said.by)) {
            return Vec::new();
        }
        let person = self.people[sender.person].identity;
        if !self.ready(said.device, &said.group) && self.shut_out(&said.group, &person) {
            // It never came in, since they have blocked whom they could knock at, or are blocked by them.
            return Vec::new();
        }
        let owed = |device: &usize| {
            let Some(identity) = self.name_in(*device, &said.group) else { return false };
            let person = self.people[self.devices[*device].person].identity;
            let out = self.ledger.moved.contains(&(said.group, identity));
            let blocked = self.ledger.blocked.contains(&(person, said.by));
            let kept_out = !self.ready(*device, &said.group) && self.shut_out(&said.group, &person);
            self.in_use(*device) && said.roster.contains(&identity) && !out && !blocked && !kept_out
        };
        said.present.iter().copied().filter(owed).collect()
    }

    pub fn find(&self, device: usize, said: &Said) -> Option<MessageView> {
        let device = &self.devices[device];
        let found = device.client.message(&device.records, &said.group, &said.id);
        found.unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn wrong_about(&self, said: &Said, wrong: &mut Vec<String>) {
        if said.expire.is_some() {
            // It may have disappeared before it could come.
            return;
        }
        // What a device made of it that is gone may never have come to all; the message itself must.
        let mut touched = self.ledger.touched.get(&said.id).into_iter().flatten();
        let by_one_gone = touched.any(|device| self.devices[*device].fate != Fate::There);
        let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        if self.find(said.device, said).is_some_and(|view| view.shown == Shown::Deleted) {
            // It may have been deleted before it was sent; who has it must have it as deleted.
            let left = |device: &usize| self.find(*device, said).is_some_and(|view| view.shown != Shown::Deleted);
            let left: Vec<_> = self.owed(said).into_iter().filter(left).collect();
            if !left.is_empty() && !by_one_gone {
                wrong.push(format!("{:?}: {} was deleted, but not at {left:?}", said.group, said.text));
            }
            return;
        }
        for device in self.owed(said) {
            let Some(view) = self.find(device, said) else {
                wrong.push(format!("{:?}: device {device} has not {}", said.group, said.text));
                continue;
            };
            let mut reactions = view.reactions.clone();
            // What a blocked person does is seen by some only; what was said on a device that is gone, or before somebody went, may never have
            // come to all, as with texts.
            let blocked = |who: &Identity| self.ledger.blocked.iter().any(|(_, theirs)| theirs == who);
            let gone = |who: &Identity| self.has_lost_a_device(who) || self.ledger.moved.contains(&(said.group, *who));
            reactions.iter_mut().for_each(|(_, who)| {
                who.retain(|who| !blocked(who) && !gone(who));
                who.sort();
            });
            reactions.retain(|(_, who)| !who.is_empty());
            let how = if by_one_gone {
                format!("{reactions:?}")
            } else if self.ledger.touched.contains_key(&said.id) {
                format!("{:?} {reactions:?}", view.shown)
            } else {
                assert_eq!(view.shown, Shown::Text(said.text.clone()), "seed {}: device {device}", self.seed);
                format!("{reactions:?}")
            };
            seen.entry(how).or_default().push(device);
        }
        if seen.len() > 1 {
            wrong.push(format!("{:?}: {} is not the same for all: {seen:?}", said.group, said.text));
        }
    }

    fn has_lost_a_device(&self, who: &Identity) -> bool {
        let mut devices = self.devices.iter().filter(|device| self.people[device.person].identity == *who);
        devices.any(|device| device.fate != Fate::There)
    }

    /// The devices of one person know the same.
    fn wrong_between_own(&self, wrong: &mut Vec<String>) {
        for person in &self.people {
            let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for device in person.devices.iter().copied().filter(|device| self.in_use(*device)) {
                let client = &self.devices[device].client;
                let contacts: Vec<_> = (client.contacts().into_iter())
                    .map(|contact| (contact.identity, contact.name, contact.blocked, contact.conversation))
                    .collect();
                let devices: Vec<_> = client.devices().into_iter().map(|device| (device.serial, device.name)).collect();
                let mut groups: Vec<_> = client.conversations().into_iter().map(|view| view.id).collect();
                groups.sort();
                seen.entry(format!("{contacts:?} {devices:?} {groups:?}")).or_default().push(device);
            }
            if seen.len() > 1 {
                wrong.push(format!("the devices of {} differ: {seen:#?}", person.name));
            }
        }
    }

    /// No device shows anything twice.
    fn nothing_twice(&self) {
        for device in self.used() {
            for view in self.devices[device].client.conversations() {
                let (mut ids, mut texts) = (BTreeSet::new(), BTreeSet::new());
                for message in self.messages(device, &view.id) {
                    assert!(ids.insert(message.id), "seed {}: device {device} has {:?} twice", self.seed, message.id);
                    if let Shown::Text(text) = message.shown
                        && !message.edited
                    {
                        assert!(texts.insert(text.clone()), "seed {}: device {device} has {text} twice", self.seed);
                    }
                }
            }
        }
    }

    /// Somebody in each conversation says something more, and everybody in it hears it.
    fn fresh_words(&mut self) {
        let before = self.ledger.said.len();
        for group in self.groups() {
            let ready: Vec<_> = self.used().into_iter().filter(|device| self.ready(*device, &group)).collect();
            if ready.is_empty() {
                continue;
            }
            let chosen = ready[self.draw(ready.len() as u32) as usize];
            let said = self.say(chosen, &group);
            assert!(said.is_some(), "seed {}: device {chosen} can't say anything in {group:?}", self.seed);
        }
        self.run(60_000);
        let mut wrong = Vec::new();
        for said in &self.ledger.said[before..] {
            for device in said.present.iter().copied() {
                let person = self.people[self.devices[device].person].identity;
                let blocked = self.ledger.blocked.contains(&(person, said.by));
                if !blocked && self.find(device, said).is_none() {
                    wrong.push(format!("{:?}: device {device} does not hear {}", said.group, said.text));
                }
            }
        }
        if !wrong.is_empty() {
            self.fail("it has healed, but not for what is new", &wrong);
        }
    }

    /// What is counted as unread is what was not read; what one device reads the others of its person count as read.
    fn all_read(&mut self) {
        for device in self.used() {
            for view in self.devices[device].client.conversations() {
                let unread = |message: &MessageView| {
                    !message.mine
                        && !message.read
                        && !matches!(message.shown, Shown::Notice(_) | Shown::Gap(_) | Shown::Deleted)
                };
                let unread = self.messages(device, &view.id).iter().filter(|message| unread(message)).count() as u64;
                assert_eq!(view.unread, unread, "seed {}: device {device} in {:?}", self.seed, view.id);
            }
        }
        let mut read = BTreeMap::new();
        for person in 0..self.people.len() {
            let first = self.people[person].devices.iter().copied().find(|device| self.in_use(*device));
            let Some(first) = first else { continue };
            let mut had = BTreeSet::new();
            for view in self.devices[first].client.conversations() {
                had.extend(self.messages(first, &view.id).into_iter().map(|message| (view.id, message.id)));
                self.order(first, Command::MarkRead { group: view.id, message: None });
            }
            read.insert(person, had);
        }
        self.run(20 * 60_000);
        for (person, read) in &read {
            self.people[*person].devices.iter().for_each(|device| self.read_as(read, *device));
        }
    }

    /// What somebody has read on one device counts as read on another.
    fn read_as(&self, read: &BTreeSet<(GroupId, MessageId)>, device: usize) {
        if !self.in_use(device) {
            return;
        }
        for view in self.devices[device].client.conversations() {
            for message in self.messages(device, &view.id) {
                let text = matches!(message.shown, Shown::Text(_)) && !message.mine;
                let read = message.read || !text || !read.contains(&(view.id, message.id));
                assert!(read, "seed {}: device {device} in {:?}: {:?} is not read", self.seed, view.id, message.shown);
            }
        }
    }

    /// Welcomes are posted once more after an hour, and whoever may not know of a conversation is told within eight: nothing comes of it where all
    /// is well.
    fn stays_well(&mut self) {
        self.run(LATE_PARCELS_WITHIN);
        // Whoever is out of it still tries for a day to come in.
        self.becomes_well("it does not stay well", HEALED_WITHIN);
    }

    /// When nobody does anything, hardly anything is asked.
    fn idle(&mut self) {
        let before: Vec<_> = self.devices.iter().map(|device| device.requests).collect();
        self.run(3_600_000);
        for (device, before) in before.into_iter().enumerate() {
            let asked = self.devices[device].requests - before;
            assert!(asked <= IDLE_REQUESTS_MAX, "seed {}: device {device} asks {asked} times in an hour", self.seed);
        }
    }
}
