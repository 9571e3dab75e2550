//! What stays of a conversation that was deleted here: how far its devices had come with the numbers of what they say. Who is added again
//! goes on with the own numbers, or the others would take the new messages for known ones; and what was here once does not come as new.

use super::scene::Scene;
use super::state::{Mark, State};
use crate::io::Time;
use crate::records::{Direction, RecordKey, Table};
use crate::view::GroupId;
use serde::{Deserialize, Serialize};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;

/// Whose the records are.
const OWNER: &[u8] = b"forgotten";
/// Conversations of which something stays: the last that were deleted.
const FORGOTTEN_MAX: usize = 256;
/// Devices of one of them of which something stays.
const MARKS_MAX: usize = 1_024;
/// Most bytes of a record.
const BYTES_MAX: usize = 64 * 1_024;

/// What stays.
#[derive(Serialize, Deserialize)]
pub(super) struct Forgotten {
    /// When it was deleted.
    at: Time,
    /// As which device one was in it.
    mark: Mark,
    seq: u64,
    prev: Fixed<16>,
    /// The highest number of each other device.
    heard: Vec<(Mark, u64)>,
}

fn key(group: &GroupId) -> RecordKey {
    RecordKey::new(Table::Own, OWNER, group.0)
}

fn read(bytes: &[u8]) -> Option<Forgotten> {
    cbor::decode(bytes, BYTES_MAX).ok()
}

/// What stayed of a conversation. What can't be read is as nothing.
pub(super) fn of(scene: &Scene<'_>, group: &GroupId) -> Option<Forgotten> {
    read(&scene.get(&key(group)).ok()??)
}

/// The highest number of a device that was here before the conversation was deleted.
pub(super) fn heard(scene: &Scene<'_>, group: &GroupId, mark: &Mark) -> u64 {
    let heard = of(scene, group).map(|forgotten| forgotten.heard).unwrap_or_default();
    heard.iter().find(|(known, _)| known == mark).map_or(0, |(_, seq)| *seq)
}

/// A conversation is deleted.
pub(super) fn leave(scene: &mut Scene<'_>, state: &State) {
    let mut heard: Vec<(Mark, u64)> = state.chains.iter().map(|(mark, chain)| (*mark, chain.highest())).collect();
    // Of devices that have said nothing since one came in again it is known from before.
    let before = of(scene, &state.group).map(|forgotten| forgotten.heard).unwrap_or_default();
    heard.extend(before.into_iter().filter(|(mark, _)| !state.chains.contains_key(mark)));
    heard.truncate(MARKS_MAX);
    let forgotten = Forgotten { at: scene.now, mark: state.mark, seq: state.seq, prev: state.prev, heard };
    if let Some(oldest) = one_too_many(scene, &state.group) {
        scene.batch.remove(oldest);
    }
    scene.batch.put(key(&state.group), cbor::encode(&forgotten));
}

/// The one that was deleted first, if there is no room for another.
fn one_too_many(scene: &Scene<'_>, group: &GroupId) -> Option<RecordKey> {
    let all = scene.scan(Table::Own, OWNER, None, Direction::Up, FORGOTTEN_MAX).ok()?;
    let others = || all.iter().filter(|(order, _)| *order != group.0);
    let oldest = others().min_by_key(|(_, bytes)| read(bytes).map_or(0, |forgotten| forgotten.at))?;
    (others().count() >= FORGOTTEN_MAX).then(|| RecordKey::new(Table::Own, OWNER, oldest.0.clone()))
}

impl State {
    /// Goes on with the numbers from before it was deleted here, if it is the same device that is in it.
    pub(super) fn go_on(&mut self, scene: &Scene<'_>) {
        if let Some(before) = of(scene, &self.group).filter(|before| before.mark == self.mark) {
            (self.seq, self.prev) = (before.seq, before.prev);
        }
    }
}
