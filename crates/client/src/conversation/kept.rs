//! The raw entries of the last days: what a hub that lost something gets back (docs/protocol/conversations.md).

use super::Conversation;
use super::scene::Scene;
use crate::command::Fault;
use crate::records::{Direction, Table};
use serde::{Deserialize, Serialize};
use tidings_wire::api::Entry;
use tidings_wire::cbor;

/// Most entries.
const ENTRIES_MAX: usize = 1_000;
/// Most bytes of them.
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Milliseconds that they are kept: 7 days.
const KEPT_FOR: u64 = 7 * 24 * 3600 * 1000;
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

    /// Drops from the oldest on. Entries have numbers without holes but where the hub had lost some.
    fn trim_raw(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        loop {
            let first = self.state.kept.first;
            let key = self.record(Table::Entry, first.to_be_bytes());
            // One that can't be read is passed over; the search behind it says if the store really fails.
            let Ok(Some(bytes)) = scene.get(&key) else {
                let left = scene.scan(Table::Entry, &self.owner(), None, Direction::Up, 2 * ENTRIES_MAX)?;
                let next =
                    left.first().and_then(|(order, _)| order.first_chunk().map(|number| u64::from_be_bytes(*number)));
                let Some(next) = next.filter(|next| *next != first) else { return Ok(()) };
                // How long it was nobody knows: what is left is counted anew.
                let bytes = left.iter().map(|(_, bytes)| bytes.len() as u64).sum();
                let kept = &mut self.state().kept;
                (kept.first, kept.bytes) = (next, bytes);
                scene.batch.remove(key);
                continue;
            };
            let old = |kept: KeptEntry| kept.entry.at.saturating_add(KEPT_FOR) < scene.now;
            if !self.too_much() && !read(&bytes).is_none_or(old) {
                return Ok(());
            }
            scene.batch.remove(key);
            let kept = &mut self.state().kept;
            kept.bytes = kept.bytes.saturating_sub(bytes.len() as u64);
            kept.first = first.saturating_add(1);
        }
    }

    /// All that are kept, in order.
    pub(super) fn raw(&self, scene: &Scene<'_>) -> Result<Vec<KeptEntry>, Fault> {
        let found = scene.scan(Table::Entry, &self.owner(), None, Direction::Up, 2 * ENTRIES_MAX)?;
        Ok(found.iter().filter_map(|(_, bytes)| read(bytes)).collect())
    }
}
