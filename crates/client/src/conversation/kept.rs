//! The raw entries of the last days: what a hub that lost something gets back (docs/protocol/conversations.md).

use super::Conversation;
use super::scene::Scene;
use crate::command::Fault;
use crate::io::Time;
use crate::records::{Direction, RecordKey, Table};
use serde::{Deserialize, Serialize};
use tidings_wire::api::Entry;
use tidings_wire::cbor;

/// Most entries.
const ENTRIES_MAX: usize = 1_000;
/// Most bytes of them.
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Milliseconds that they are kept: 7 days.
const KEPT_FOR: u64 = 7 * 24 * 3600 * 1000;
/// How many are looked at together.
const CHUNK: usize = 64;
/// Most bytes of one.
const ONE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// An entry that was just read.
pub(super) struct Raw<'a> {
    pub(super) entry: &'a Entry,
    pub(super) turn_before: u64,
    pub(super) seq: u64,
}

/// An entry as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptEntry {
    pub(super) entry: Entry,
    /// The turn before it.
    pub(super) turn_before: u64,
    /// Of a message of this device.
    pub(super) seq: u64,
}

pub(super) fn read(bytes: &[u8]) -> Option<KeptEntry> {
    cbor::decode(bytes, ONE_BYTES_MAX).ok()
}

impl Conversation {
    /// Keeps what was just read, and drops what is too old or too much.
    pub(super) fn keep_raw(&mut self, scene: &mut Scene<'_>, taken: &[Raw<'_>]) -> Result<(), Fault> {
        let skipped = taken.len().saturating_sub(ENTRIES_MAX);
        for raw in taken.iter().skip(skipped) {
            let kept = KeptEntry { entry: raw.entry.clone(), turn_before: raw.turn_before, seq: raw.seq };
            let (order, bytes) = (raw.entry.number.to_be_bytes(), cbor::encode(&kept));
            let state = self.state();
            state.kept.bytes = state.kept.bytes.saturating_add(bytes.len() as u64);
            if state.kept.first == 0 {
                state.kept.first = raw.entry.number;
            }
            scene.batch.put(self.record(Table::Entry, order), bytes);
        }
        if taken.is_empty() { Ok(()) } else { self.trim_raw(scene) }
    }

    fn too_much(&self) -> bool {
        let count = self.state.cursor.saturating_add(1).saturating_sub(self.state.kept.first);
        count > ENTRIES_MAX as u64 || self.state.kept.bytes > BYTES_MAX
    }

    fn trim_raw(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let owner = self.owner();
        loop {
            let oldest = scene.scan(Table::Entry, &owner, None, Direction::Up, CHUNK)?;
            let whole = oldest.len() == CHUNK;
            for (order, bytes) in oldest {
                let kept = read(&bytes);
                let old = |at: Time| at.saturating_add(KEPT_FOR) < scene.now;
                if !self.too_much() && !kept.as_ref().is_none_or(|kept| old(kept.entry.at)) {
                    return Ok(());
                }
                scene.batch.remove(RecordKey::new(Table::Entry, owner, order));
                let number = kept.map_or(self.state.kept.first, |kept| kept.entry.number);
                let state = self.state();
                state.kept.bytes = state.kept.bytes.saturating_sub(bytes.len() as u64);
                state.kept.first = number.saturating_add(1);
            }
            if !whole {
                return Ok(());
            }
        }
    }

    /// All that are kept, in order.
    pub(super) fn raw(&self, scene: &Scene<'_>) -> Result<Vec<KeptEntry>, Fault> {
        let found = scene.scan(Table::Entry, &self.owner(), None, Direction::Up, 2 * ENTRIES_MAX)?;
        Ok(found.iter().filter_map(|(_, bytes)| read(bytes)).collect())
    }
}
