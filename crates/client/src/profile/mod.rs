//! The profile document (docs/protocol/profile.md): backup, and the common memory of one person's devices.

mod archive;
mod name;
#[cfg(test)]
mod tests;

pub use archive::{ARCHIVE_BYTES_MAX, Archived, archive_hash, read_archive, write_archive};
pub use name::Name;

use crate::io::Time;
use crate::sealing::{self, Unreadable, room_within};
use crate::view::Identity;
use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use thiserror::Error;
use tidings_wire::api::PROFILE_BYTES_MAX;
use tidings_wire::cbor::{self, CborError};
use tidings_wire::{Blob, Fixed};
use zeroize::Zeroizing;

/// Milliseconds for which a deletion is remembered: 90 days. A device that was away for longer may bring back what was deleted.
pub const TOMBSTONE_LASTS: u64 = 90 * 24 * 3600 * 1000;
/// Most bytes of a record's key.
const KEY_BYTES_MAX: usize = 256;

/// Why a document was not written or is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// It can't be opened with the backup key.
    #[error("the profile can't be opened with this phrase")]
    Unreadable,
    /// What was opened is no document.
    #[error("the profile is {0}")]
    Form(#[from] CborError),
    /// A record's key is too long.
    #[error("a key in the profile is too long")]
    Key,
    /// The node says another counter than the document: it shows an old copy.
    #[error("the node shows an old copy of the profile: it says {outer}, the copy says {inner}")]
    Counter {
        /// In the document.
        inner: u64,
        /// What the node said.
        outer: u64,
    },
}

impl From<Unreadable> for ProfileError {
    fn from(_: Unreadable) -> Self {
        Self::Unreadable
    }
}

/// A record: the last value that any device gave it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// When, by that device's clock, in milliseconds; later than the record it replaced.
    pub time: Time,
    /// The mark of the device.
    pub device: [u8; 8],
    /// The value; none if it was deleted.
    pub value: Option<Vec<u8>>,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.value.as_deref().map(serde_bytes::Bytes::new);
        (self.time, Fixed(self.device), value).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, device, value) = <(Time, Fixed<8>, Option<Blob>)>::deserialize(deserializer)?;
        Ok(Self { time, device: device.0, value: value.map(|value| value.0) })
    }
}

/// The whole document.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Rises by one each time that it is stored.
    pub counter: u64,
    /// The mark of the device that stored it.
    #[serde(with = "serde_bytes")]
    pub device: [u8; 8],
    /// By the text of their [`Name`].
    pub records: BTreeMap<String, Record>,
}

impl Document {
    /// The value of a record.
    pub fn get(&self, name: &Name) -> Option<&[u8]> {
        self.records.get(&name.text())?.value.as_deref()
    }

    /// All records that have a value and a name that this version knows, in the order of their names' text.
    pub fn all(&self) -> impl Iterator<Item = (Name, &[u8])> {
        self.records.iter().filter_map(|(text, record)| Some((Name::parse(text)?, record.value.as_deref()?)))
    }

    /// Gives a record a value, or deletes it. The same value as before changes nothing. Says whether anything changed.
    ///
    /// The new time is `now`, or just after the record's own if that lies ahead, so that what a person did last counts.
    pub fn set(&mut self, name: &Name, value: Option<Vec<u8>>, now: Time, device: [u8; 8]) -> bool {
        match self.records.entry(name.text()) {
            Entry::Vacant(_) if value.is_none() => false,
            Entry::Vacant(place) => {
                place.insert(Record { time: now, device, value });
                true
            }
            Entry::Occupied(place) if place.get().value == value => false,
            Entry::Occupied(mut place) => {
                let time = now.max(place.get().time.saturating_add(1));
                place.insert(Record { time, device, value });
                true
            }
        }
    }

    /// As [`Document::set`] for what was only heard: the time is just after the record's own, so that whatever a person does counts more.
    pub fn amend(&mut self, name: &Name, value: Vec<u8>, now: Time, device: [u8; 8]) -> bool {
        let time = self.records.get(&name.text()).map_or(now, |record| record.time);
        self.set(name, Some(value), time, device)
    }

    /// Takes over what another copy has that is later: by time, then by the higher mark, then by the value (none before any, then by its
    /// bytes). Any copies, merged in any order, lead to the same records. Says whether anything changed.
    pub fn merge(&mut self, other: &Self) -> bool {
        let mut changed = other.counter > self.counter;
        self.counter = self.counter.max(other.counter);
        for (key, theirs) in &other.records {
            match self.records.entry(key.clone()) {
                Entry::Vacant(place) => {
                    place.insert(theirs.clone());
                    changed = true;
                }
                Entry::Occupied(mut place) if place.get() < theirs => {
                    place.insert(theirs.clone());
                    changed = true;
                }
                Entry::Occupied(_) => {}
            }
        }
        changed
    }

    /// Whether both have the same records, whatever their counters.
    pub fn same_records(&self, other: &Self) -> bool {
        self.records == other.records
    }

    /// Forgets deletions that are older than [`TOMBSTONE_LASTS`].
    pub fn prune(&mut self, now: Time) {
        self.records.retain(|_, record| record.value.is_some() || record.time.saturating_add(TOMBSTONE_LASTS) > now);
    }

    /// Seals the document for its node. Fails if it is too long.
    pub fn seal(
        &self,
        profile_key: &[u8; 32],
        identity: &Identity,
        random: &mut dyn Rng,
    ) -> Result<Vec<u8>, ProfileError> {
        let plain = Zeroizing::new(cbor::encode(self));
        if plain.len() > room_within(PROFILE_BYTES_MAX) {
            return Err(ProfileError::Form(CborError::TooLarge));
        }
        Ok(sealing::seal(profile_key, &aad(identity), &plain, random))
    }

    /// Opens what a node shows with the counter that it says.
    pub fn open(profile_key: &[u8; 32], identity: &Identity, outer: u64, sealed: &[u8]) -> Result<Self, ProfileError> {
        if sealed.len() > PROFILE_BYTES_MAX {
            return Err(ProfileError::Form(CborError::TooLarge));
        }
        let plain = Zeroizing::new(sealing::open(profile_key, &aad(identity), sealed)?);
        let document = Self::read(&plain)?;
        if document.counter == outer {
            Ok(document)
        } else {
            Err(ProfileError::Counter { inner: document.counter, outer })
        }
    }

    /// Reads what the seal holds.
    pub fn read(plain: &[u8]) -> Result<Self, ProfileError> {
        let document: Self = cbor::decode(plain, PROFILE_BYTES_MAX)?;
        if document.records.keys().any(|key| key.len() > KEY_BYTES_MAX) { Err(ProfileError::Key) } else { Ok(document) }
    }
}

fn aad(identity: &Identity) -> Vec<u8> {
    [b"tidings/1 profile".as_slice(), &identity.0].concat()
}
