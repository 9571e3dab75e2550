//! What a conversation is given with each call.

use super::batch::{Batch, Found};
use super::step::Step;
use crate::command::Fault;
use crate::io::Time;
use crate::records::{Direction, RecordKey, Records, RecordsError, Table};
use crate::view::Identity;
use ed25519_dalek::SigningKey;
use rand::Rng;
use tidings_wire::device_list::DeviceList;

/// One call: the time, randomness, what was kept, and where to put what is to be kept and done.
pub struct Scene<'a> {
    /// Milliseconds.
    pub now: Time,
    /// For keys, ids and nonces.
    pub random: &'a mut dyn Rng,
    /// What was kept before this call of the client.
    pub records: &'a dyn Records,
    /// What is to be kept.
    pub batch: &'a mut Batch,
    /// Oneself.
    pub me: &'a Me,
    /// Others.
    pub people: &'a dyn People,
    /// What is to be done after that.
    pub steps: &'a mut Vec<Step>,
}

/// Oneself on this device.
pub struct Me {
    /// The identity key.
    pub identity: Identity,
    /// This device's key.
    pub device: SigningKey,
    /// Its certificate, signed.
    pub certificate: Vec<u8>,
    /// From which access keys are derived.
    pub access_root: [u8; 32],
    /// The newest own device list, signed.
    pub devices: Vec<u8>,
    /// The counter of the profile.
    pub backup: u64,
    /// Whether others are told what was read.
    pub read_receipts: bool,
}

/// What is known of people, also of those who are no contacts but sit in a conversation.
pub trait People {
    /// The newest device list, checked; one's own as well.
    fn devices(&self, who: &Identity) -> Option<&DeviceList>;
    /// The same, as it was signed.
    fn signed_devices(&self, who: &Identity) -> Option<Vec<u8>>;
    /// The name to show.
    fn name(&self, who: &Identity) -> Option<String>;
    /// A small picture.
    fn picture(&self, who: &Identity) -> Option<Vec<u8>>;
    /// Whether what they send is dropped.
    fn blocked(&self, who: &Identity) -> bool;
    /// Whether the key of a contact who was verified is another now, and nobody has looked yet.
    fn key_changed(&self, who: &Identity) -> bool;
    /// Whether the safety number was compared.
    fn verified(&self, who: &Identity) -> bool;
    /// Whether parcels can be sent to them.
    fn is_contact(&self, who: &Identity) -> bool;
    /// The highest counters heard of: profile, device list.
    fn counters(&self, who: &Identity) -> Option<(u64, u64)>;
}

impl From<RecordsError> for Fault {
    fn from(error: RecordsError) -> Self {
        Self::Store(error.0)
    }
}

impl Scene<'_> {
    pub(super) fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.batch.get(self.records, key)?)
    }

    pub(super) fn scan(
        &self,
        table: Table,
        owner: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Found, Fault> {
        Ok(self.batch.scan(self.records, table, owner, from, direction, limit)?)
    }

    pub(super) fn draw<const N: usize>(&mut self) -> [u8; N] {
        crate::sealing::draw(self.random)
    }
}
