//! The state of one group: what openmls wants kept, and what of it has changed.
//!
//! A value can be large (in a group of 500 the keys of the last epochs take some hundred kilobytes) while a message changes a
//! few dozen bytes of it. So a record is not a value but a piece of one: values are cut into pieces of [`PIECE`] bytes, and only pieces that
//! have changed are written. openmls's values keep their layout as long as nobody comes or goes, so that is few.

mod encoder;
mod entries;
mod pieces;

use pieces::Held;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use thiserror::Error;

/// A record is written (`Some`) or deleted (`None`).
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Which, among those of its group.
    pub key: Vec<u8>,
    /// Its new content. Secret.
    pub value: Option<Vec<u8>>,
}

/// How many bytes a record holds at most.
pub(crate) const PIECE: usize = 2_048;

/// How many bytes a value grows by from one message to the next, about: a ratchet and some keys that were passed over.
const GROWTH: usize = 1_024;

/// What a value is: the first byte of its key. Never change a number.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Tree = 1,
    Context = 2,
    Transcript = 3,
    Confirmation = 4,
    Config = 5,
    State = 6,
    OwnIndex = 7,
    EpochSecrets = 8,
    Resumption = 9,
    MessageSecrets = 10,
    OwnLeaf = 11,
    Proposal = 12,
    EpochKeys = 13,
    LeafKeys = 14,
    KeyPackage = 15,
    Psk = 16,
    SignatureKey = 17,
}

/// Why the store did not do it.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    #[error("a value of the MLS state can't be encoded")]
    Encode,
    #[error("a value of the MLS state can't be decoded")]
    Decode,
    #[error("the MLS state is in use")]
    Busy,
}

/// The values of one group, or (for the time of a call) one key package.
#[derive(Default)]
pub(crate) struct Store(RefCell<Held>);

impl Store {
    /// From the records that were kept.
    pub(crate) fn load(records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<Self, StoreError> {
        Ok(Self(RefCell::new(Held::load(records)?)))
    }

    /// What has changed since this was asked last.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        self.0.get_mut().take_changes()
    }

    /// What deletes every record that is kept.
    pub(crate) fn erase(mut self) -> Vec<Change> {
        self.0.get_mut().erase()
    }

    /// From here on changes can be taken back.
    pub(crate) fn begin(&mut self) {
        self.0.get_mut().begin();
    }

    /// Takes back what has changed since [`begin`](Self::begin).
    pub(crate) fn roll_back(&mut self) {
        self.0.get_mut().roll_back();
    }

    /// Without this value's key package record: see packages.rs.
    pub(crate) fn take_key_package(&mut self, reference: &[u8]) -> Option<Vec<u8>> {
        self.0.get_mut().get(&key(Kind::KeyPackage, reference)).map(|value| value.to_vec())
    }

    /// Puts a key package where openmls looks for it.
    pub(crate) fn put_key_package(&mut self, reference: &[u8], record: Vec<u8>) {
        self.0.get_mut().put(key(Kind::KeyPackage, reference), record);
    }

    fn write<T: Serialize>(&self, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        let mut held = self.0.try_borrow_mut().map_err(|_| StoreError::Busy)?;
        let expected = held.get(&key).map_or(0, <[u8]>::len) + GROWTH;
        let bytes = encode(&key, value, expected)?;
        held.put(key, bytes);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let held = self.0.try_borrow().map_err(|_| StoreError::Busy)?;
        held.get(key).map(|bytes| decode(key, bytes)).transpose()
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.try_borrow_mut().map_err(|_| StoreError::Busy)?.delete(key);
        Ok(())
    }

    /// The keys that begin so.
    fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.0.try_borrow().map_err(|_| StoreError::Busy)?.keys(prefix))
    }
}

fn key(kind: Kind, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(kind as u8);
    key.extend_from_slice(rest);
    key
}

/// Postcard, which writes byte strings as they are; the settings of a group read themselves only from formats that describe
/// themselves, so those are JSON.
fn encode<T: Serialize>(key: &[u8], value: &T, expected: usize) -> Result<Vec<u8>, StoreError> {
    if key.first() == Some(&(Kind::Config as u8)) {
        return serde_json::to_vec(value).map_err(|_| StoreError::Encode);
    }
    encoder::encode(value, expected)
}

fn decode<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    if key.first() == Some(&(Kind::Config as u8)) {
        return serde_json::from_slice(bytes).map_err(|_| StoreError::Decode);
    }
    postcard::from_bytes(bytes).map_err(|_| StoreError::Decode)
}
