//! What is done when records of a conversation are damaged: it comes in anew, and its messages stay.

use super::part::{self, Number};
use super::scene::Scene;
use super::state::{Last, Phase};
use super::step::Step;
use super::{Conversation, history};
use crate::command::Fault;
use crate::records::{Direction, RecordKey, Table};
use crate::view::{Event, GroupId};
use tidings_wire::bytes::Fixed;

/// The places of the MLS state, and of what a hub gets back, behind the group's id.
const PLACES: [&[u8]; 2] = [b"", &[1]];
const LOST: &[u8] = b"lost";

/// Clears away what is left of the state of a conversation; its messages stay. Gives where its numbers were.
pub(super) fn clear(scene: &mut Scene<'_>, group: &GroupId) -> Result<Option<Number>, Fault> {
    let number = match part::number(scene, group)? {
        Some(number) => Some(number),
        None => last_written(scene, group)?,
    };
    let owner = |place: &[u8]| [group.0.as_slice(), place].concat();
    let [first, second] = PLACES;
    let remains = [
        (Table::Conversation, owner(first)),
        (Table::Part, owner(first)),
        (Table::Mls, owner(first)),
        (Table::Mls, owner(second)),
        (Table::Entry, owner(first)),
        (Table::Entry, owner(LOST)),
    ];
    for (table, owner) in remains {
        for (order, _) in scene.scan(table, &owner, None, Direction::Up, usize::MAX)? {
            scene.batch.remove(RecordKey::new(table, owner.clone(), order));
        }
    }
    Ok(number)
}

/// The newest message of one's own that is kept for those who missed it.
fn last_written(scene: &Scene<'_>, group: &GroupId) -> Result<Option<Number>, Fault> {
    let found = scene.scan(Table::Written, &group.0, None, Direction::Down, 1)?;
    let Some((order, bytes)) = found.first() else { return Ok(None) };
    let seq = order.first_chunk().map_or(0, |seq| u64::from_be_bytes(*seq));
    let message = super::outbox::written_message(bytes);
    let prev = Fixed(message.map_or([0; 16], |message| crate::content::chain(&message)));
    Ok(Some(Number { seq, prev }))
}

impl Conversation {
    /// Goes on with the numbers and messages of before. The last message goes once more: whoever misses it, or any before it, asks.
    pub(super) fn take_up(&mut self, scene: &Scene<'_>, number: Option<Number>) -> Result<(), Fault> {
        if let Some(Number { seq, prev }) = number {
            let state = self.state();
            (state.seq, state.prev) = (seq, prev);
            state.outbox.extend((seq > 0).then_some(seq));
        }
        let newest = scene.scan(Table::Message, &self.owner(), None, Direction::Down, 1)?;
        if let Some(kept) = newest.first().and_then(|(_, bytes)| history::read(bytes)) {
            let text = if kept.once() { String::new() } else { kept.text().unwrap_or_default() };
            self.state().last = Last { at: kept.at, id: Some(kept.id), text };
        }
        Ok(())
    }

    /// The MLS state is damaged: this device comes in by an external commit, like one that has fallen out.
    pub(super) fn come_anew(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if matches!(self.state.phase, Phase::Creating | Phase::Locked | Phase::Out) {
            return Ok(());
        }
        self.drop_next(scene)?;
        let state = self.state();
        state.phase = Phase::Joining;
        (state.incoming, state.pending) = (None, None);
        self.ground_flight(scene);
        self.suspect(scene, true);
        let warning =
            "a conversation's keys on this device are damaged: it comes in again, and may miss what was said meanwhile";
        scene.steps.push(Step::Show(Event::Warning(warning.to_owned())));
        self.show(scene);
        Ok(())
    }
}
