//! What one call of [`Client::handle`](super::Client::handle) gathers: changes first, actions after them.

use crate::command::{Done, Fault};
use crate::conversation::step::Step;
use crate::conversation::{Batch, Me, People, Scene};
use crate::io::{Action, CommandId, Surroundings, Time};
use crate::records::{RecordKey, Records};
use crate::view::Event;
use rand::Rng;
use serde::Serialize;
use tidings_wire::cbor;

/// One call: the time, randomness, what was kept and what is being changed.
pub(crate) struct Turn<'a> {
    /// The time, in milliseconds.
    pub now: Time,
    /// For keys, ids and nonces.
    pub random: &'a mut dyn Rng,
    /// What was kept.
    pub records: &'a dyn Records,
    /// What this call changes.
    pub batch: Batch,
    actions: Vec<Action>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(surroundings: &'a mut Surroundings<'_>) -> Self {
        let (now, records) = (surroundings.now, surroundings.records);
        Self { now, random: &mut *surroundings.random, records, batch: Batch::default(), actions: Vec::new() }
    }

    /// What a conversation is shown within this call.
    pub(super) fn scene<'s>(&'s mut self, me: &'s Me, people: &'s dyn People, steps: &'s mut Vec<Step>) -> Scene<'s> {
        let Self { now, random, records, batch, .. } = self;
        Scene { now: *now, random: &mut **random, records: *records, batch, me, people, steps }
    }

    /// Keeps a record.
    pub(super) fn put<T: Serialize>(&mut self, key: RecordKey, value: &T) {
        self.batch.put(key, cbor::encode(value));
    }

    /// Deletes a record.
    pub(super) fn remove(&mut self, key: RecordKey) {
        self.batch.remove(key);
    }

    /// Something to do once the changes are kept.
    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Something to show once the changes are kept.
    pub(super) fn show(&mut self, event: Event) {
        self.actions.push(Action::Show(event));
    }

    /// A command has ended.
    pub(super) fn done(&mut self, command: Option<CommandId>, how: Done) {
        if let Some(command) = command {
            self.actions.push(Action::Done(command, how));
        }
    }

    /// A command has failed.
    pub(super) fn failed(&mut self, command: Option<CommandId>, fault: Fault) {
        self.done(command, Done::Failed(fault));
    }

    /// Commands that have ended in this call.
    pub(super) fn ended(&self) -> Vec<CommandId> {
        let ended = |action: &Action| if let Action::Done(id, _) = action { Some(*id) } else { None };
        self.actions.iter().filter_map(ended).collect()
    }

    /// Random bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    /// Everything, in the order in which it is to be done.
    pub(super) fn finish(self) -> Vec<Action> {
        let save = (!self.batch.is_empty()).then(|| Action::Save(self.batch.into_changes()));
        save.into_iter().chain(self.actions).collect()
    }
}
