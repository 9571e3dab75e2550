//! Who is there in the beginning: accounts, acquaintances, groups, second devices.

use super::queue::Event;
use super::world::{Fate, Sim};
use tidings_client::command::{Command, Done, Secret};
use tidings_client::phrase::{Phrase, Words};
use tidings_client::view::{GroupId, Identity, Standing};

/// What takes longer than this, while nothing goes wrong, never ends.
const PATIENCE: u64 = 600_000;

/// Of how many new devices one is linked with a code. The check number of a link takes longer than all else in a small world together
/// (twice Argon2id of 64 MiB), so most devices come in by the phrase, and many more worlds are played.
const CODE_EVERY: u32 = 8;

/// Somebody.
pub struct Person {
    pub name: String,
    pub node: String,
    pub phrase: Secret,
    pub identity: Identity,
    pub devices: Vec<usize>,
}

impl Sim {
    /// Somebody new with one device.
    pub fn person(&mut self, name: &str, node: &str) -> usize {
        let phrase = Phrase::generate(Words::Twelve, self.random()).unwrap_or_else(|error| panic!("{error}")).text();
        let number = self.people.len();
        self.people.push(Person {
            name: name.to_owned(),
            node: node.to_owned(),
            phrase: phrase.clone(),
            identity: Identity([0; 32]),
            devices: Vec::new(),
        });
        let device = self.device(number);
        self.people[number].devices.push(device);
        let create = Command::CreateAccount {
            node: node.to_owned(),
            token: None,
            phrase,
            name: name.to_owned(),
            device: format!("{name} 1"),
        };
        self.good(device, create);
        self.people[number].identity =
            self.devices[device].client.me().map(|me| me.identity).unwrap_or(Identity([0; 32]));
        number
    }

    /// A command that must end well, while nothing goes wrong.
    pub fn good(&mut self, device: usize, command: Command) -> Done {
        let what = format!("{command:?}");
        let Some(id) = self.order(device, command) else { panic!("seed {}: device {device} is off", self.seed) };
        let ended = self.until(PATIENCE, |sim| sim.devices[device].done.contains_key(&id));
        assert!(ended, "seed {}: device {device} never ends {what}", self.seed);
        match self.devices[device].done[&id].clone() {
            Done::Failed(fault) => panic!("seed {}: device {device}: {what}: {fault}", self.seed),
            done => done,
        }
    }

    /// The first device of somebody.
    pub fn first(&self, person: usize) -> usize {
        self.people[person].devices[0]
    }

    /// Two people become contacts.
    pub fn meet(&mut self, inviter: usize, invited: usize) -> GroupId {
        let (inviter, invited) = (self.first(inviter), self.first(invited));
        let invite = Command::Invite { lasts: 86_400, note: String::new(), token: None, account: false };
        let Done::Link(link) = self.good(inviter, invite) else { panic!("no link") };
        let Done::Conversation(group) = self.good(invited, Command::Accept { link, passphrase: None }) else {
            panic!("no conversation")
        };
        self.await_ready(inviter, group);
        self.await_ready(invited, group);
        group
    }

    fn await_ready(&mut self, device: usize, group: GroupId) {
        let came = self.until(PATIENCE, |sim| sim.ready(device, &group));
        assert!(came, "seed {}: device {device} never comes into a conversation, though nothing goes wrong", self.seed);
    }

    /// Whether a device can write in a conversation.
    pub fn ready(&self, device: usize, group: &GroupId) -> bool {
        let view = self.devices[device].client.conversation(group);
        view.is_some_and(|view| view.standing == Standing::Ready)
    }

    /// A group of contacts of the first.
    pub fn group(&mut self, name: &str, owner: usize, others: &[usize]) -> GroupId {
        let members = others.iter().map(|other| self.people[*other].identity).collect();
        let owner = self.first(owner);
        let Done::Conversation(group) = self.good(owner, Command::CreateGroup { name: name.to_owned(), members })
        else {
            panic!("no group")
        };
        for other in others {
            self.await_ready(self.first(*other), group);
        }
        group
    }

    /// A room, and who comes in.
    pub fn room(&mut self, name: &str, owner: usize, others: &[usize]) {
        let owner = self.first(owner);
        let Done::Conversation(group) =
            self.good(owner, Command::CreateRoom { name: name.to_owned(), passphrase: None })
        else {
            panic!("no room")
        };
        let Done::Link(link) = self.good(owner, Command::RoomLink { group }) else { panic!("no link") };
        for other in others {
            let other = self.first(*other);
            self.good(other, Command::Accept { link: link.clone(), passphrase: None });
            self.await_ready(other, group);
        }
    }

    /// Somebody begins to link another device, which goes on by itself.
    pub fn begin_linking(&mut self, old: usize) {
        if self.devices[old].linking.is_some() {
            return;
        }
        let person = self.devices[old].person;
        let Some(_) = self.order(old, Command::OfferLink) else { return };
        if self.devices[old].off {
            return;
        }
        let new = self.device(person);
        self.people[person].devices.push(new);
        self.devices[old].linking = Some(new);
        self.look_after_linking(old);
    }

    /// The person reads codes and compares digits.
    pub fn look_after_linking(&mut self, old: usize) {
        let Some(new) = self.devices[old].linking else { return };
        let code = self.devices[old].done.values().rev().find_map(|done| match done {
            Done::Code(code, until) if *until > self.now => Some(code.clone()),
            _ => None,
        });
        if let Some(code) = code {
            self.devices[old].done.retain(|_, done| !matches!(done, Done::Code(..)));
            let name = format!("{} {}", self.people[self.devices[new].person].name, new);
            self.order(new, Command::Link { code, device: name });
        }
        if let Some((request, ..)) = self.devices[old].client.device_requests().first() {
            let request = *request;
            self.devices[old].linking = None;
            let serials = |sim: &Self| sim.devices[old].client.devices().into_iter().map(|view| view.serial).max();
            let before = serials(self);
            self.order(old, Command::AnswerLink { request, accept: true });
            let given = serials(self).filter(|serial| Some(*serial) > before);
            self.ledger.linked.extend(given.map(|serial| (new, serial)));
        }
    }

    /// Somebody begins to use another device: one in [`CODE_EVERY`] is linked with a code, the others have the phrase.
    pub fn begin_another(&mut self, old: usize) {
        if self.draw(CODE_EVERY) == 0 {
            return self.begin_linking(old);
        }
        let person = self.devices[old].person;
        let new = self.device(person);
        self.people[person].devices.push(new);
        self.restore(new);
    }

    /// Another device of somebody, while nothing goes wrong.
    pub fn another(&mut self, person: usize) {
        let old = self.first(person);
        self.begin_another(old);
        let new = self.people[person].devices.last().copied().unwrap_or(old);
        let there = self.until(PATIENCE, |sim| sim.devices[new].client.has_account());
        assert!(there, "seed {}: a device does not come in though nothing goes wrong", self.seed);
    }

    /// Somebody loses a device and comes back with the phrase on a new one.
    pub fn lose_and_restore(&mut self, device: usize) {
        self.switch_off(device);
        self.devices[device].fate = Fate::Lost;
        let person = self.devices[device].person;
        let new = self.device(person);
        self.people[person].devices.push(new);
        self.restore(new);
    }

    /// Tries to restore on a device that has nothing yet.
    pub fn restore(&mut self, new: usize) {
        let (person, name) = (&self.people[self.devices[new].person], format!("device {new}"));
        let command = Command::Restore { node: person.node.clone(), phrase: person.phrase.clone(), device: name };
        self.order(new, command);
    }

    /// Devices that are in use and have an account.
    pub fn in_use(&self, device: usize) -> bool {
        self.devices[device].fate == Fate::There && self.devices[device].client.has_account()
    }

    /// Plans the next thing that somebody does.
    pub fn plan_act(&mut self, longest: u64) {
        let wait = 1 + self.long_draw(longest);
        self.plan(wait, Event::Act);
    }
}
