//! Reading conversations from what was kept, going on where they were, and forgetting them.

use super::create::mark_of;
use super::part;
use super::scene::Scene;
use super::state::{Phase, Post, State};
use super::step::Step;
use super::{Conversation, STATE};
use crate::command::Fault;
use crate::content::{Content, DevicesHeard};
use crate::records::{Direction, RecordKey, Records, Table};
use crate::view::{Event, GroupId, Identity};
use tidings_wire::cbor;

/// Most bytes of a state: what waits to be sent, packages of those who are to be added.
const STATE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most conversations that are read at the start, times the records that each has in its table.
const CONVERSATIONS_MAX: usize = 50_000;
/// How many records are deleted together.
const CHUNK: usize = 1_024;

/// What was found at the start.
pub struct Kept {
    /// Conversations as they were.
    pub good: Vec<Conversation>,
    /// Conversations whose records can't be read.
    pub damaged: Vec<GroupId>,
}

fn damaged() -> Fault {
    Fault::Store("a conversation's state is damaged".to_owned())
}

impl Conversation {
    /// All that are kept. Reads their states only; the MLS state is read when it is needed. Fails if the store can't be read.
    pub fn all(records: &dyn Records) -> Result<Kept, Fault> {
        let mut kept = Kept { good: Vec::new(), damaged: Vec::new() };
        let found = records.all(Table::Conversation, CONVERSATIONS_MAX)?;
        let mut parts = part::all_found(records)?;
        for (key, bytes) in found.into_iter().filter(|(key, _)| key.order == STATE) {
            let Ok(owner) = <[u8; 16]>::try_from(key.owner) else { continue };
            let found = parts.remove(owner.as_slice()).unwrap_or_default();
            match Self::read(GroupId(owner), &bytes, &found) {
                Ok(conversation) => kept.good.push(conversation),
                Err(_) => kept.damaged.push(GroupId(owner)),
            }
        }
        Ok(kept)
    }

    /// One of them.
    pub fn open(records: &dyn Records, group: &GroupId) -> Result<Option<Self>, Fault> {
        let Some(bytes) = records.get(&RecordKey::new(Table::Conversation, group.0, STATE))? else { return Ok(None) };
        Self::read(*group, &bytes, &part::found(records, group)?).map(Some)
    }

    fn read(group: GroupId, bytes: &[u8], parts: &part::Found) -> Result<Self, Fault> {
        let state = cbor::decode::<State>(bytes, STATE_BYTES_MAX).ok();
        let mut state = state.filter(|state| state.group == group).ok_or_else(damaged)?;
        state.take_parts(parts)?;
        Ok(Self::from_state(state))
    }

    /// Goes on after a start: what was asked of the hub and may be lost is asked again, with the same ids.
    pub fn started(&mut self, scene: &mut Scene<'_>) {
        self.ask_again(scene);
        if self.wants_following() {
            scene.steps.push(Step::Follow(true));
        }
        self.settle(scene);
    }

    /// Forgets that it was asked already. Where nothing waits, nothing is written.
    fn ask_again(&mut self, scene: &Scene<'_>) {
        let state = &self.state;
        let asked =
            state.pending.is_some() || state.flight.is_some() || state.lost.is_some() || state.incoming.is_some();
        if !asked && state.wants.is_empty() && state.heal.is_none() && state.fetch.at == 0 {
            return;
        }
        let state = self.state();
        let again = |post: &mut Post| post.at = 0;
        state.pending.iter_mut().for_each(|pending| again(&mut pending.post));
        state.flight.iter_mut().for_each(|flight| again(&mut flight.post));
        state.lost.iter_mut().for_each(|lost| again(&mut lost.post));
        if let Some(super::state::Incoming::External(pending)) = state.incoming.as_mut() {
            again(&mut pending.post);
        }
        for want in &mut state.wants {
            want.ask_at = 0;
        }
        state.heal.iter_mut().for_each(|heal| heal.next = heal.next.min(scene.now));
        again(&mut state.fetch);
    }

    /// It is time: see [`Step::WakeAt`].
    pub fn tick(&mut self, scene: &mut Scene<'_>) {
        if self.link.woken.is_some_and(|woken| woken <= scene.now) {
            self.link.woken = None;
        }
        self.settle(scene);
    }

    /// A newer device list of somebody is known now.
    pub fn devices_changed(&mut self, scene: &mut Scene<'_>, who: &Identity) {
        if *who == self.state.me && self.state.in_group() && self.state.room.is_none() {
            let now = scene.now;
            self.state().update_at = now;
            let outcome = self.say_devices(scene);
            self.report(scene, outcome);
        }
        self.note_unseated(scene, who);
        self.settle(scene);
    }

    /// Says one's own device list to the others, so that all judge alike what is done because of it. Once is enough for all of one's
    /// devices.
    fn say_devices(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let said = mark_of(&scene.me.devices);
        if self.state.list.mark == said || self.state.own.left {
            return Ok(());
        }
        self.state().list.mark = said;
        let list = scene.me.devices.clone();
        self.write_message(scene, Content::Devices(DevicesHeard { list }), None)?;
        self.state().list.seq = self.state.seq;
        Ok(())
    }

    /// Something about a contact is another now: blocked, key looked at, name.
    pub fn contact_changed(&mut self, scene: &mut Scene<'_>, who: &Identity) {
        if self.has_member(who) {
            self.names_changed(scene);
        }
        let outcome = self.count_blocked(scene, who);
        self.report(scene, outcome);
        self.settle(scene);
    }

    /// Deletes all that is kept of it here, but for how far it had come with its numbers. The value is of no use afterwards.
    pub fn forget(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let owner = self.owner();
        let tables = [
            Table::Conversation,
            Table::Part,
            Table::Message,
            Table::MessageIndex,
            Table::Written,
            Table::Entry,
            Table::Expiry,
        ];
        self.destroy_groups(scene)?;
        if self.state.own.word_of.is_none() {
            super::forgotten::leave(scene, &self.state);
        }
        for table in tables {
            loop {
                let page = scene.scan(table, &owner, None, Direction::Up, CHUNK)?;
                let whole = page.len() == CHUNK;
                for (order, _) in page {
                    scene.batch.remove(RecordKey::new(table, owner, order));
                }
                if !whole {
                    break;
                }
            }
        }
        self.forget_lost(scene)?;
        self.changed = false;
        scene.steps.push(Step::Follow(false));
        scene.steps.push(Step::Show(Event::Changed));
        Ok(())
    }

    /// The hub's URL.
    pub fn hub(&self) -> &str {
        &self.state.hub
    }

    /// The number of the entry that was read last.
    pub fn cursor(&self) -> u64 {
        self.state.cursor
    }

    /// Whether the stream is to be followed.
    pub fn wants_following(&self) -> bool {
        match self.state.phase {
            Phase::Member => true,
            // Nothing can be read before the hub's state was looked at.
            Phase::Joining => !self.state.epochs.is_empty() || self.state.incoming.is_some(),
            Phase::Creating | Phase::Locked | Phase::Out => false,
        }
    }

    /// Whether somebody is in it: in the roster, or by a device.
    pub fn has_member(&self, who: &Identity) -> bool {
        self.state.roster.member(who).is_some() || self.state.seats.iter().any(|seat| seat.identity == *who)
    }

    /// Whether somebody is or was in it, as far as one has heard of them here.
    pub fn knows(&self, who: &Identity) -> bool {
        self.has_member(who) || self.state.chains.values().any(|chain| chain.identity == Some(*who))
    }

    /// Whether everything was read that the hub has. Only once the hub has said in this connection how much that is: what was kept
    /// from the last one, or came with a welcome, says nothing of it.
    pub fn caught_up(&self) -> bool {
        match self.state.phase {
            Phase::Member | Phase::Joining => self.link.followed && self.all_known_read(),
            Phase::Creating | Phase::Locked | Phase::Out => true,
        }
    }

    /// Whether everything was read that the hub is known to have, whenever that was heard.
    pub fn all_known_read(&self) -> bool {
        self.state.cursor >= self.state.end && self.state.heal.is_none()
    }

    /// The other, in a conversation of two.
    pub fn other(&self) -> Option<Identity> {
        self.state.other
    }

    /// The epoch and its tag: the same for all who are in step.
    pub fn epoch(&self) -> Option<(u64, [u8; 8])> {
        self.state.epoch().filter(|_| self.state.in_group()).map(|epoch| (epoch.number, epoch.tag.0))
    }
}
