//! What nobody may have: what was said when they did not belong to a conversation, and what has disappeared.

use super::world::{Fate, Sim};
use std::collections::BTreeSet;
use tidings_client::records::{MemoryRecords, Records as _, Table};
use tidings_client::view::{ConversationKind, Delivery, GroupId, Identity, MessageView};

/// Copies of devices that are kept until the end.
const COPIES_MAX: usize = 3;
/// Virtual milliseconds for which a copy is fed.
const FED_FOR: u64 = 120_000;

/// What a device had kept just before its person was taken out of a group.
pub struct OldDevice {
    person: usize,
    device: usize,
    identity: Identity,
    group: GroupId,
    at: u64,
    records: MemoryRecords,
}

impl Sim {
    /// Every text of the simulation that stands anywhere in what a device keeps.
    fn texts_in(&self, device: usize) -> BTreeSet<String> {
        let tables = [Table::Own, Table::Contact, Table::Conversation, Table::Message, Table::Written, Table::Transfer];
        let mut found = BTreeSet::new();
        for table in tables {
            for (_, value) in self.devices[device].records.all(table, usize::MAX).unwrap_or_default() {
                find_texts(&value, &mut found);
            }
        }
        found
    }

    /// Nobody has anything that was said when they did not belong to a conversation.
    pub fn nothing_for_those_outside(&self) {
        for device in 0..self.devices.len() {
            let (identity, texts) = (self.people[self.devices[device].person].identity, self.texts_in(device));
            for said in self.ledger.said.iter().filter(|said| texts.contains(&said.text)) {
                let again = self.ledger.added.contains_key(&(said.group, identity));
                let room = self.devices[said.device].client.conversation(&said.group);
                let room = room.is_none_or(|view| view.kind == ConversationKind::Room);
                assert!(
                    said.roster.contains(&identity) || again || room,
                    "seed {}: device {device} can read {}, which was not for it",
                    self.seed,
                    said.text
                );
            }
        }
    }

    /// What disappears is gone wherever it was read.
    pub fn gone_for_good(&self, devices: &[usize]) {
        for device in devices.iter().copied() {
            let (person, texts) = (self.people[self.devices[device].person].identity, self.texts_in(device));
            for said in self.ledger.said.iter().filter(|said| said.expire.is_some() && texts.contains(&said.text)) {
                // The time of what could not be sent does not run.
                let unsent = |view: &MessageView| matches!(view.delivery, Some(Delivery::Waiting | Delivery::Failed));
                let waits = |view: MessageView| if view.mine { unsent(&view) } else { !view.read };
                let unread = self.find(device, said).is_some_and(waits);
                let hidden = self.ledger.blocked.contains(&(person, said.by));
                assert!(
                    unread || hidden,
                    "seed {}: device {device} still has {}, which was to disappear after {:?} s",
                    self.seed,
                    said.text,
                    said.expire
                );
            }
        }
    }

    /// Keeps a copy of a device of somebody who is about to be taken out of a group.
    pub fn copy_before(&mut self, group: GroupId, identity: Identity) {
        if self.copies.len() >= COPIES_MAX {
            return;
        }
        let Some(person) = self.people.iter().position(|person| person.identity == identity) else { return };
        let devices = self.people[person].devices.clone();
        let Some(device) = devices.into_iter().find(|device| self.in_use(*device) && self.ready(*device, &group))
        else {
            return;
        };
        let records = self.devices[device].records.clone();
        self.copies.push(OldDevice { person, device, identity, group, at: self.now, records });
    }

    /// The hub of somebody who was removed lets a copy of their device, from when they still belonged to it, read and write on: they read
    /// nothing that was said since, and the others go on.
    pub fn hostile_hubs(&mut self) {
        for copy in std::mem::take(&mut self.copies) {
            let inside = |sim: &Self, device: &usize| sim.in_use(*device) && sim.ready(*device, &copy.group);
            let ready: Vec<_> = (0..self.devices.len()).filter(|device| inside(self, device)).collect();
            let Some(first) = ready.first().copied() else { continue };
            let Some(view) = self.devices[first].client.conversation(&copy.group) else { continue };
            let back = view.members.iter().any(|member| member.identity == copy.identity);
            if back || self.ledger.added.contains_key(&(copy.group, copy.identity)) {
                continue;
            }
            self.let_everybody_in(&view.hub);
            // Two of one device would drive each other out everywhere.
            self.switch_off(copy.device);
            self.devices[copy.device].fate = Fate::Lost;
            let spy = self.device_from(copy.person, copy.records);
            self.devices[spy].fate = Fate::Removed;
            let before = self.ledger.said.len();
            for _ in 0..3 {
                self.run(FED_FOR);
                self.say(first, &copy.group);
            }
            self.run(FED_FOR);
            let texts = self.texts_in(spy);
            for (place, said) in self.ledger.said.iter().enumerate().filter(|(_, said)| said.group == copy.group) {
                let outside = said.at > copy.at && !said.roster.contains(&copy.identity);
                assert!(
                    !(outside && texts.contains(&said.text)),
                    "seed {}: who was removed reads {} at a hostile hub",
                    self.seed,
                    said.text
                );
                if place >= before {
                    let deaf: Vec<_> = ready.iter().filter(|device| self.find(**device, said).is_none()).collect();
                    let blocked = !self.ledger.blocked.is_empty();
                    assert!(deaf.is_empty() || blocked, "seed {}: {deaf:?} do not hear {}", self.seed, said.text);
                }
            }
        }
    }
}

/// Finds `<NUMBER of NUMBER>`.
fn find_texts(value: &[u8], found: &mut BTreeSet<String>) {
    for (place, _) in value.iter().enumerate().filter(|(_, byte)| **byte == b'<') {
        let rest = &value[place..];
        let Some(end) = rest.iter().take(40).position(|byte| *byte == b'>') else { continue };
        let Ok(text) = std::str::from_utf8(&rest[..=end]) else { continue };
        if text.contains(" of ") {
            found.insert(text.to_owned());
        }
    }
}
