//! What people do, drawn by lot.

use super::ledger::Said;
use super::world::{Fate, Sim};
use tidings_client::command::{Command, Done};
use tidings_client::view::{ConversationKind, ConversationView, GroupId, Identity, MessageId, Standing};

/// Milliseconds between two acts, at most.
const ACT_EVERY: u64 = 12_000;
/// Devices that one person comes to have.
const DEVICES_MAX: usize = 5;
/// Groups that are made while things go wrong.
const GROUPS_MAX: u32 = 3;

impl Sim {
    /// Somebody does something, and the next act is planned.
    pub fn act(&mut self) {
        if self.acts_left == 0 {
            return;
        }
        self.acts_left -= 1;
        self.plan_act(ACT_EVERY);
        let device = self.any_device();
        if self.devices[device].off || self.devices[device].fate != Fate::There {
            return;
        }
        if !self.devices[device].client.has_account() {
            return self.restore(device);
        }
        let kind = self.draw(100);
        let views = self.devices[device].client.conversations();
        if views.is_empty() {
            return;
        }
        let chosen = self.draw(views.len() as u32) as usize;
        let view = &views[chosen];
        match kind {
            0..=49 => {
                self.say(device, &view.id);
            }
            50..=57 => self.touch(device, view, 0),
            58..=62 => self.touch(device, view, 1),
            63..=65 => self.touch(device, view, 2),
            66..=73 => self.try_to(device, "read", Command::MarkRead { group: view.id, message: None }),
            74..=85 => self.change(device, view),
            86..=88 => self.more_devices(device),
            89..=90 => self.fewer_devices(device),
            91 => self.come_back(device),
            92..=93 => self.block(device),
            94..=95 if self.large => self.found_group(device),
            96..=97 if self.large => {
                let seconds = 30 + self.draw(600);
                self.say_for(device, &view.id, Some(seconds));
            }
            _ => self.try_to(device, "typing", Command::Typing { group: view.id }),
        }
    }

    /// Gives a command whose end nobody waits for.
    pub fn try_to(&mut self, device: usize, what: &'static str, command: Command) {
        self.trace(|| format!("device {device}: {command:?}"));
        let id = self.order(device, command);
        let failed = id.and_then(|id| self.devices[device].done.get(&id));
        let failed = matches!(failed, Some(Done::Failed(_)));
        let counted = self.ledger.acts.entry(what).or_default();
        counted.0 += 1;
        counted.1 += u64::from(failed);
    }

    /// Says something that was never said before.
    pub fn say(&mut self, device: usize, group: &GroupId) -> Option<MessageId> {
        self.say_for(device, group, None)
    }

    /// The same; it may disappear after some seconds.
    fn say_for(&mut self, device: usize, group: &GroupId, expire: Option<u32>) -> Option<MessageId> {
        let view = self.devices[device].client.conversation(group)?;
        if !matches!(view.standing, Standing::Ready | Standing::Behind | Standing::Joining) {
            return None;
        }
        self.ledger.begun += 1;
        let text = format!("<{} of {device}>", self.ledger.begun);
        let present =
            (0..self.devices.len()).filter(|other| self.in_use(*other) && self.ready(*other, group)).collect();
        let command = Command::SendText { group: *group, text: text.clone(), reply: None, expire };
        self.trace(|| format!("device {device} says {text} in {group:?}"));
        let id = self.order(device, command)?;
        let Some(Done::Message(message)) = self.devices[device].done.get(&id) else { return None };
        let (id, by) = (*message, view.members.iter().find(|member| member.me).map(|member| member.identity)?);
        let roster = view.members.iter().map(|member| member.identity).collect();
        let at = self.now;
        self.ledger.said.push(Said { group: *group, id, text, expire, device, by, at, roster, present });
        Some(id)
    }

    /// Reacts to, edits or deletes a message.
    fn touch(&mut self, device: usize, view: &ConversationView, how: u32) {
        let group = view.id;
        let messages = self.messages(device, &group);
        let fit: Vec<_> = messages.iter().filter(|message| how == 0 || message.mine).collect();
        if fit.is_empty() {
            return;
        }
        let message = fit[self.draw(fit.len() as u32) as usize].id;
        if how > 0 {
            self.ledger.touched.entry(message).or_default().insert(device);
        }
        let number = self.draw(1_000_000);
        let command = match how {
            0 => Command::React { group, message, emoji: ["🙂", "👍", ""][number as usize % 3].to_owned() },
            1 => Command::Edit { group, message, text: format!("<edit {number}>") },
            _ => Command::Delete { group, message },
        };
        self.try_to(device, ["react", "edit", "delete"][how as usize], command);
    }

    fn other_of(&mut self, view: &ConversationView) -> Option<Identity> {
        let others: Vec<_> = view.members.iter().filter(|member| !member.me).collect();
        if others.is_empty() {
            return None;
        }
        Some(others[self.draw(others.len() as u32) as usize].identity)
    }

    /// Changes who is in a group, or what it is called.
    fn change(&mut self, device: usize, view: &ConversationView) {
        if view.kind == ConversationKind::Pair {
            return;
        }
        let group = view.id;
        let my_role = view.members.iter().find(|member| member.me).map_or(2, |member| member.role);
        match self.draw(12) {
            0..=3 if view.kind == ConversationKind::Group => {
                let inside = |who: &Identity| view.members.iter().any(|member| member.identity == *who);
                let contacts = self.devices[device].client.contacts();
                let found = contacts.iter().find(|contact| !inside(&contact.identity)).map(|found| found.identity);
                let Some(member) = found else { return };
                let by = self.people[self.devices[device].person].identity;
                self.ledger.added.entry((group, member)).or_default().insert(by);
                self.try_to(device, "add", Command::AddMembers { group, members: vec![member] });
            }
            4..=5 if my_role < 2 => {
                let Some(member) = self.other_of(view) else { return };
                self.ledger.moved.insert((group, member));
                self.copy_before(group, member);
                self.try_to(device, "remove", Command::RemoveMember { group, member });
            }
            6..=7 => {
                let Some(member) = self.other_of(view) else { return };
                let role = self.draw(3) as u8;
                self.try_to(device, "role", Command::SetRole { group, member, role });
            }
            8 if view.members.len() > 2 => {
                let Some(me) = view.members.iter().find(|member| member.me) else { return };
                self.ledger.moved.insert((group, me.identity));
                self.try_to(device, "leave", Command::Leave { group });
            }
            _ => {
                let name = Some(format!("Group {}", self.draw(1_000)));
                self.try_to(device, "rename", Command::SetGroup { group, name, picture: None, expire: None });
            }
        }
    }

    /// Makes a group of some of the contacts.
    fn found_group(&mut self, device: usize) {
        let contacts: Vec<_> = self.devices[device].client.contacts().iter().map(|contact| contact.identity).collect();
        if self.founded >= GROUPS_MAX || contacts.is_empty() {
            return;
        }
        self.founded += 1;
        let first = self.draw(contacts.len() as u32) as usize;
        let members: Vec<_> = contacts.iter().copied().cycle().skip(first).take(contacts.len().min(3)).collect();
        let name = format!("New {}", self.founded);
        self.trace(|| format!("device {device} makes group {name} of {members:?}"));
        self.ledger.acts.entry("group").or_default().0 += 1;
        let made = self.order(device, Command::CreateGroup { name, members: members.clone() });
        let made = made.and_then(|id| self.devices[device].done.get(&id));
        if let Some(Done::Conversation(group)) = made {
            // What is said before they have come may reach them.
            let by = self.people[self.devices[device].person].identity;
            for member in members {
                self.ledger.added.entry((*group, member)).or_default().insert(by);
            }
        }
    }

    fn more_devices(&mut self, device: usize) {
        if self.people[self.devices[device].person].devices.len() < DEVICES_MAX {
            self.trace(|| format!("person of device {device} begins to use another"));
            self.ledger.acts.entry("another").or_default().0 += 1;
            self.begin_another(device);
        }
    }

    /// Takes another device of the same person off the list.
    fn fewer_devices(&mut self, device: usize) {
        let views = self.devices[device].client.devices();
        let others: Vec<_> = views.iter().filter(|view| !view.this).map(|view| (view.serial, view.key)).collect();
        if others.is_empty() {
            return;
        }
        let (serial, key) = others[self.draw(others.len() as u32) as usize];
        let mine = self.people[self.devices[device].person].devices.clone();
        for other in mine {
            // By its key: on its own list it may have another serial.
            let meant = match self.devices[other].client.devices().into_iter().find(|view| view.this) {
                Some(its) => its.key == key,
                // It may not know yet that it was let in.
                None => self.ledger.linked.get(&other) == Some(&serial) && !self.devices[other].client.has_account(),
            };
            if meant && self.devices[other].fate == Fate::There {
                self.devices[other].fate = Fate::Removed;
            }
        }
        self.try_to(device, "remove device", Command::RemoveDevice { serial });
    }

    fn come_back(&mut self, device: usize) {
        if self.people[self.devices[device].person].devices.len() < DEVICES_MAX {
            self.trace(|| format!("device {device} is lost"));
            self.ledger.acts.entry("restore").or_default().0 += 1;
            self.lose_and_restore(device);
        }
    }

    fn block(&mut self, device: usize) {
        let contacts = self.devices[device].client.contacts();
        if contacts.is_empty() {
            return;
        }
        let contact = contacts[self.draw(contacts.len() as u32) as usize].identity;
        let me = self.people[self.devices[device].person].identity;
        let blocked = self.draw(2) == 0;
        self.ledger.blocked.insert((me, contact));
        self.try_to(device, "block", Command::SetBlocked { contact, blocked });
    }
}
