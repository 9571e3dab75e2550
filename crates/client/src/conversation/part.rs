//! Parts of a conversation's state that have records of their own: they are large, and a message changes none of them, or one entry.
//! The rest of the state is small and written with each message.

use super::chain::Chain;
use super::state::{CHAINS_MAX, Mark, Seat, State};
use super::{Conversation, Scene};
use crate::command::Fault;
use crate::records::{Direction, RecordKey, Records, RecordsError, Table};
use crate::roster::Roster;
use crate::view::GroupId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;

/// The first byte of a record's order: what it is. Never change a number.
const ROSTER: u8 = 1;
const NEWEST: u8 = 2;
const SEATS: u8 = 3;
const CHAIN: u8 = 4;
const NUMBER: u8 = 5;
/// Most bytes of a part: the leaves of 1,000 members with several devices each.
const PART_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most parts of a conversation.
const PARTS_MAX: usize = CHAINS_MAX + 16;
/// Most parts of all conversations.
const ALL_MAX: usize = 4_000_000;

/// A part with one record, written again once it was borrowed to be changed.
pub(super) struct Part<T> {
    value: T,
    changed: bool,
}

impl<T> Part<T> {
    /// A part that is not kept yet.
    pub(super) fn new(value: T) -> Self {
        Self { value, changed: true }
    }
}

impl<T> Deref for Part<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Part<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

/// A part of which each entry has a record of its own.
pub(super) struct Parts<K, V> {
    entries: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K, V> Default for Parts<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<K: Ord + Copy, V> Parts<K, V> {
    /// An entry, to be changed.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        self.changed.insert(*key);
        Some(entry)
    }

    /// An entry, made if it is not there, to be changed.
    pub(super) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.changed.insert(key);
        self.entries.entry(key).or_insert_with(make)
    }

    /// Changes an entry, if it is there: `change` says whether it did.
    pub(super) fn change(&mut self, key: &K, change: impl FnOnce(&mut V) -> bool) {
        if self.entries.get_mut(key).is_some_and(change) {
            self.changed.insert(*key);
        }
    }

    /// Forgets entries that `keep` does not want.
    pub(super) fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        let gone = self.entries.keys().filter(|key| !keep(key)).copied();
        self.changed.extend(gone);
        self.entries.retain(|key, _| keep(key));
    }

    /// Changes some entries: `change` says which.
    pub(super) fn change_some(&mut self, mut change: impl FnMut(&K, &mut V) -> bool) {
        for (key, entry) in &mut self.entries {
            if change(key, entry) {
                self.changed.insert(*key);
            }
        }
    }
}

impl<K, V> Deref for Parts<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.entries
    }
}

/// What stands in a state until its roster is read.
pub(super) fn no_roster() -> Part<Roster> {
    let kind = crate::view::ConversationKind::Group;
    let (name, hub) = (String::new(), String::new());
    let value = Roster {
        v: 0,
        kind,
        name,
        picture: None,
        hub,
        seal: [0; 32],
        locked: false,
        expire: None,
        members: Vec::new(),
        signed: Vec::new(),
        gone: Vec::new(),
    };
    Part { value, changed: false }
}

/// What stands in a state until its leaves are read.
pub(super) fn no_seats() -> Part<Vec<Seat>> {
    Part { value: Vec::new(), changed: false }
}

fn damaged() -> Fault {
    Fault::Store("a part of a conversation's state is damaged".to_owned())
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    cbor::decode(bytes, PART_BYTES_MAX).map_err(|_| damaged())
}

fn read_part<T: DeserializeOwned>(found: &Found, kind: u8) -> Result<Part<T>, Fault> {
    let bytes = found.get([kind].as_slice()).ok_or_else(damaged)?;
    Ok(Part { value: decode(bytes)?, changed: false })
}

/// Where a device is with the numbers of what it says. It stands beside the state, too, so that no number is used twice should
/// the state be lost.
#[derive(Serialize, Deserialize)]
pub(super) struct Number {
    pub(super) seq: u64,
    pub(super) prev: Fixed<16>,
}

/// Where a device was that has lost its state, if that can still be read.
pub(super) fn number(scene: &Scene<'_>, group: &GroupId) -> Result<Option<Number>, Fault> {
    let bytes = scene.get(&RecordKey::new(Table::Part, group.0, [NUMBER]))?;
    Ok(bytes.and_then(|bytes| cbor::decode(&bytes, PART_BYTES_MAX).ok()))
}

/// The parts of one conversation as they are kept.
pub(super) type Found = BTreeMap<Vec<u8>, Vec<u8>>;

/// Those of one conversation.
pub(super) fn found(records: &dyn Records, group: &GroupId) -> Result<Found, RecordsError> {
    Ok(records.scan(Table::Part, &group.0, None, Direction::Up, PARTS_MAX)?.into_iter().collect())
}

/// Those of all conversations, by their owners.
pub(super) fn all_found(records: &dyn Records) -> Result<BTreeMap<Vec<u8>, Found>, RecordsError> {
    let mut all: BTreeMap<Vec<u8>, Found> = BTreeMap::new();
    for (key, bytes) in records.all(Table::Part, ALL_MAX)? {
        all.entry(key.owner).or_default().insert(key.order, bytes);
    }
    Ok(all)
}

impl State {
    /// Takes the parts that it was kept without. Fails if they are damaged.
    pub(super) fn take_parts(&mut self, found: &Found) -> Result<(), Fault> {
        self.roster = read_part(found, ROSTER)?;
        self.newest = read_part(found, NEWEST)?;
        self.seats = read_part(found, SEATS)?;
        for (order, bytes) in found {
            if let [CHAIN, mark @ ..] = order.as_slice() {
                let mark: Mark = Fixed(mark.try_into().map_err(|_| damaged())?);
                self.chains.entries.insert(mark, decode::<Chain>(bytes)?);
            }
        }
        Ok(())
    }
}

impl Conversation {
    /// Writes the parts that have changed.
    pub(super) fn write_parts(&mut self, scene: &mut Scene<'_>) {
        let owner = self.owner();
        let state = &mut self.state;
        write(scene, owner, ROSTER, &mut state.roster);
        write(scene, owner, NEWEST, &mut state.newest);
        write(scene, owner, SEATS, &mut state.seats);
        if self.numbered != state.seq {
            self.numbered = state.seq;
            let key = RecordKey::new(Table::Part, owner, [NUMBER]);
            scene.batch.put(key, cbor::encode(&Number { seq: state.seq, prev: state.prev }));
        }
        for mark in std::mem::take(&mut state.chains.changed) {
            let key = RecordKey::new(Table::Part, owner, [[CHAIN].as_slice(), &mark.0].concat());
            match state.chains.entries.get(&mark) {
                Some(chain) => scene.batch.put(key, cbor::encode(chain)),
                None => scene.batch.remove(key),
            }
        }
    }
}

fn write<T: Serialize>(scene: &mut Scene<'_>, owner: [u8; 16], kind: u8, part: &mut Part<T>) {
    if std::mem::take(&mut part.changed) {
        scene.batch.put(RecordKey::new(Table::Part, owner, [kind]), cbor::encode(&part.value));
    }
}
