//! What is known of people, and the profile document that one's devices share.

use super::layout::Damage;
use super::turn::Turn;
use crate::card::Card;
use crate::command::Fault;
use crate::conversation::People;
use crate::io::Time;
use crate::profile::{Document, Name, Record};
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::{GroupId, Identity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidings_wire::device_list::{DeviceList, Freshness, ListFault};
use tidings_wire::signed::Signed;

/// Most bytes of a record of the document.
const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most records of the document, and most people.
const RECORDS_MAX: usize = 200_000;
/// Most people who are known without being contacts.
const STRANGERS_MAX: usize = 20_000;

/// What makes somebody a contact (docs/protocol/profile.md, `contact/…`).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// Seed of the key with which this person posts at the contact's inbox.
    #[serde(with = "serde_bytes")]
    pub posting: [u8; 32],
    /// The key with which the contact posts here.
    #[serde(with = "serde_bytes")]
    pub theirs: [u8; 32],
    #[serde(default)]
    pub verified: bool,
    #[serde(default)]
    pub blocked: bool,
    /// Has the name of somebody who was verified, and another key.
    #[serde(default)]
    pub key_changed: bool,
    /// How this person calls the contact; empty for the contact's own name.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub conversation: Option<GroupId>,
    pub since: Time,
}

/// Somebody.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Person {
    pub card: Option<Signed<Card>>,
    pub devices: Option<Signed<DeviceList>>,
    /// The highest counter of their profile that was heard of.
    pub backup: u64,
    pub contact: Option<Contact>,
}

/// What came of a device list that was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing new.
    Known,
    /// It was newer.
    Newer,
    /// It can't be right.
    Refused,
}

/// Oneself, as others of this crate look at it.
struct Oneself {
    identity: Identity,
    devices: Signed<DeviceList>,
    name: String,
}

/// Everybody who is known, and the document.
pub(crate) struct Book {
    document: Document,
    people: BTreeMap<Identity, Person>,
    oneself: Option<Oneself>,
}

fn document_place(name: &str) -> RecordKey {
    RecordKey::new(Table::Own, b"profile", name.as_bytes())
}

fn person_place(who: &Identity) -> RecordKey {
    RecordKey::new(Table::Contact, who.0, [])
}

impl Book {
    /// Reads what was kept. `mark`: of this device.
    pub(super) fn open(records: &dyn Records, mark: [u8; 8], damage: &mut Damage) -> Result<Self, Fault> {
        let mut book = Self { document: empty(mark), people: BTreeMap::new(), oneself: None };
        for (key, value) in records.all(Table::Contact, STRANGERS_MAX)? {
            let Ok(who) = key.owner.try_into() else { continue };
            book.people.extend(damage.read(&value, RECORD_BYTES_MAX).map(|person| (Identity(who), person)));
        }
        for (order, value) in records.scan(Table::Own, b"profile", None, Direction::Up, RECORDS_MAX)? {
            let name = String::from_utf8_lossy(&order).into_owned();
            let Some(record) = damage.read::<Record>(&value, RECORD_BYTES_MAX) else { continue };
            if let (Some(Name::Contact(who)), Some(value)) = (Name::parse(&name), record.value.as_deref()) {
                let Some(person) = damage.read(value, RECORD_BYTES_MAX) else { continue };
                book.people.insert(who, person);
            }
            book.document.records.insert(name, record);
        }
        Ok(book)
    }

    /// Who this person is, for those who ask about people.
    pub(super) fn set_oneself(&mut self, identity: Identity, devices: Signed<DeviceList>, name: String) {
        self.oneself = Some(Oneself { identity, devices, name });
    }

    /// Whose marks the records of the document carry.
    pub(super) fn set_mark(&mut self, mark: [u8; 8]) {
        self.document.device = mark;
    }

    /// The document.
    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// A record of the document.
    pub(super) fn get(&self, name: &Name) -> Option<&[u8]> {
        self.document.get(name)
    }

    /// Whether a record of the document was deleted, and is remembered as such.
    pub(super) fn is_deleted(&self, name: &Name) -> bool {
        self.document.records.get(&name.text()).is_some_and(|record| record.value.is_none())
    }

    /// Names of records whose keys begin so and that are not deleted.
    pub(super) fn names(&self, prefix: &str) -> Vec<Name> {
        let from = self.document.records.range(prefix.to_owned()..);
        let found = from.take_while(|(name, _)| name.starts_with(prefix)).filter(|(_, record)| record.value.is_some());
        found.filter_map(|(name, _)| Name::parse(name)).collect()
    }

    /// A record of the document, read.
    pub(super) fn get_as<T: serde::de::DeserializeOwned>(&self, name: &Name) -> Option<T> {
        tidings_wire::cbor::decode(self.get(name)?, RECORD_BYTES_MAX).ok()
    }

    /// Writes or deletes a record of the document. Whether it changed anything.
    #[must_use = "the profile is to be written"]
    pub(super) fn set(&mut self, turn: &mut Turn<'_>, name: &Name, value: Option<Vec<u8>>) -> bool {
        let mark = self.document.device;
        let changed = self.document.set(name, value, turn.now, mark);
        if changed {
            self.keep(turn, &name.text());
        }
        changed
    }

    fn keep(&self, turn: &mut Turn<'_>, name: &str) {
        match self.document.records.get(name) {
            Some(record) => turn.put(document_place(name), record),
            None => turn.remove(document_place(name)),
        }
    }

    /// Takes in what another device or a backup says. The names whose records changed here.
    pub(super) fn merge(&mut self, turn: &mut Turn<'_>, other: &Document) -> Vec<String> {
        let before = self.document.records.clone();
        self.document.merge(other);
        self.document.prune(turn.now);
        let same = |name: &String, record: &Record| {
            before.get(name).is_some_and(|old| (old.time, old.device) == (record.time, record.device))
        };
        let changed: Vec<_> = self
            .document
            .records
            .iter()
            .filter(|(name, record)| !same(name, record))
            .map(|(name, _)| name.clone())
            .collect();
        let gone: Vec<_> = before.keys().filter(|name| !self.document.records.contains_key(*name)).cloned().collect();
        for name in changed.iter().chain(&gone) {
            self.keep(turn, name);
        }
        changed
    }

    /// Somebody.
    pub(super) fn person(&self, who: &Identity) -> Option<&Person> {
        self.people.get(who)
    }

    /// Somebody who is a contact.
    pub(super) fn contact(&self, who: &Identity) -> Option<(&Person, &Contact)> {
        self.people.get(who).and_then(|person| Some((person, person.contact.as_ref()?)))
    }

    /// All contacts.
    pub(super) fn contacts(&self) -> impl Iterator<Item = (&Identity, &Person, &Contact)> {
        self.people.iter().filter_map(|(who, person)| Some((who, person, person.contact.as_ref()?)))
    }

    /// Changes or adds somebody. Whether the profile has changed by it.
    #[must_use = "the profile is to be written"]
    pub(super) fn set_person(&mut self, turn: &mut Turn<'_>, who: Identity, person: Person) -> bool {
        let name = Name::Contact(who);
        let changed = if person.contact.is_some() {
            turn.remove(person_place(&who));
            self.set(turn, &name, Some(tidings_wire::cbor::encode(&person)))
        } else {
            // Whoever has a room's link can make up as many people as they like.
            if self.people.len() >= STRANGERS_MAX && !self.people.contains_key(&who) {
                return false;
            }
            turn.put(person_place(&who), &person);
            self.document.get(&name).is_some() && self.set(turn, &name, None)
        };
        self.people.insert(who, person);
        changed
    }

    /// As [`Book::set_person`] for what was only heard of somebody: what the person does with a contact at the same time on another
    /// device (blocks, compares the number) must not be undone by it.
    #[must_use = "the profile is to be written"]
    fn amend_person(&mut self, turn: &mut Turn<'_>, who: Identity, person: Person) -> bool {
        if person.contact.is_none() {
            return self.set_person(turn, who, person);
        }
        let name = Name::Contact(who);
        let mark = self.document.device;
        let changed = self.document.amend(&name, tidings_wire::cbor::encode(&person), turn.now, mark);
        if changed {
            self.keep(turn, &name.text());
        }
        self.people.insert(who, person);
        changed
    }

    /// The counter of somebody's profile was heard of. Whether the profile has changed by it.
    #[must_use = "the profile is to be written"]
    pub(super) fn heard_backup(&mut self, turn: &mut Turn<'_>, who: &Identity, counter: u64) -> bool {
        let Some(person) = self.people.get(who).filter(|person| person.backup < counter).cloned() else { return false };
        self.amend_person(turn, *who, Person { backup: counter, ..person })
    }

    /// A record `contact/…` of the document was changed by a merge: takes it over, but never an older card or list than is known.
    /// Whether the document has to be changed in turn.
    #[must_use = "the profile is to be written"]
    pub(super) fn merged_contact(&mut self, turn: &mut Turn<'_>, who: Identity) -> bool {
        let known = self.people.remove(&who).unwrap_or_default();
        let Some(mut person) = self.get_as::<Person>(&Name::Contact(who)) else {
            // Not a contact any more; what is known of the devices stays.
            let person = Person { contact: None, ..known };
            turn.put(person_place(&who), &person);
            self.people.insert(who, person);
            return false;
        };
        let mut better = false;
        let counter = |card: &Option<Signed<Card>>| card.as_ref().map_or(0, |card| card.counter);
        if counter(&known.card) > counter(&person.card) {
            (person.card, better) = (known.card, true);
        }
        let counter = |list: &Option<Signed<DeviceList>>| list.as_ref().map_or(0, |list| list.counter);
        if counter(&known.devices) > counter(&person.devices) {
            (person.devices, better) = (known.devices, true);
        }
        person.backup = person.backup.max(known.backup);
        turn.remove(person_place(&who));
        if better {
            return self.amend_person(turn, who, person);
        }
        self.people.insert(who, person);
        false
    }

    /// A signed device list was heard of. What is not newer, or can't be right, changes nothing. The second value: whether the profile changed.
    pub(super) fn heard_devices(
        &mut self,
        turn: &mut Turn<'_>,
        who: &Identity,
        list: Signed<DeviceList>,
    ) -> (Heard, bool) {
        if list.identity.0 != who.0 {
            return (Heard::Refused, false);
        }
        let known = self.people.get(who).and_then(|person| person.devices.as_ref());
        match known.map_or(Ok(Freshness::Newer), |known| list.against(known)) {
            Ok(Freshness::Same) => (Heard::Known, false),
            Ok(Freshness::Newer) => {
                let person = Person { devices: Some(list), ..self.people.get(who).cloned().unwrap_or_default() };
                (Heard::Newer, self.amend_person(turn, *who, person))
            }
            // What was sent earlier may come later.
            Err(ListFault::Counter { .. }) if known.is_some_and(|known| known.against(&list).is_ok()) => {
                (Heard::Known, false)
            }
            Err(_) => (Heard::Refused, false),
        }
    }

    /// A signed card was heard of. Whether it was newer, and whether the profile changed.
    pub(super) fn heard_card(&mut self, turn: &mut Turn<'_>, who: &Identity, card: Signed<Card>) -> (bool, bool) {
        if card.identity != *who {
            return (false, false);
        }
        let mut person = self.people.get(who).cloned().unwrap_or_default();
        if person.card.as_ref().is_some_and(|known| known.counter >= card.counter) {
            return (false, false);
        }
        if let (Some(contact), Some(posting)) = (person.contact.as_mut(), card.posting) {
            contact.theirs = posting;
        }
        person.card = Some(card);
        (true, self.amend_person(turn, *who, person))
    }

    /// The name that somebody gives themselves, or the beginning of the key.
    pub(super) fn own_name(&self, who: &Identity) -> String {
        let card = self.people.get(who).and_then(|person| person.card.as_ref());
        let name = card.map(|card| card.name.trim()).filter(|name| !name.is_empty());
        name.map_or_else(|| who.to_string().chars().take(8).collect(), str::to_owned)
    }
}

fn empty(device: [u8; 8]) -> Document {
    Document { counter: 0, device, records: BTreeMap::new() }
}

impl People for Book {
    fn devices(&self, who: &Identity) -> Option<&DeviceList> {
        if let Some(oneself) = self.oneself.as_ref().filter(|oneself| oneself.identity == *who) {
            return Some(oneself.devices.body());
        }
        self.people.get(who)?.devices.as_ref().map(Signed::body)
    }

    fn signed_devices(&self, who: &Identity) -> Option<Vec<u8>> {
        let own = self.oneself.as_ref().filter(|oneself| oneself.identity == *who).map(|oneself| &oneself.devices);
        let list = own.or_else(|| self.people.get(who)?.devices.as_ref())?;
        Some(list.bytes().to_vec())
    }

    fn name(&self, who: &Identity) -> Option<String> {
        if let Some(oneself) = self.oneself.as_ref().filter(|oneself| oneself.identity == *who) {
            return Some(oneself.name.clone());
        }
        let given = self.contact(who).map(|(_, contact)| contact.name.as_str()).filter(|name| !name.is_empty());
        let own = || self.people.get(who).and_then(|person| person.card.as_ref()).map(|card| card.name.as_str());
        given.or_else(own).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn blocked(&self, who: &Identity) -> bool {
        self.contact(who).is_some_and(|(_, contact)| contact.blocked)
    }

    fn key_changed(&self, who: &Identity) -> bool {
        self.contact(who).is_some_and(|(_, contact)| contact.key_changed)
    }

    fn verified(&self, who: &Identity) -> bool {
        self.contact(who).is_some_and(|(_, contact)| contact.verified)
    }

    fn is_contact(&self, who: &Identity) -> bool {
        self.contact(who).is_some_and(|(person, _)| person.card.is_some())
    }

    fn picture(&self, who: &Identity) -> Option<Vec<u8>> {
        self.people.get(who)?.card.as_ref()?.picture.clone()
    }

    fn counters(&self, who: &Identity) -> Option<(u64, u64)> {
        let person = self.people.get(who)?;
        Some((person.backup, person.devices.as_ref().map_or(0, |list| list.counter)))
    }
}
