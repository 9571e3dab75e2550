//! What a command leads to, until all of it that this device can bring there by itself is at the nodes: so that whoever gave the command can
//! wait for it, and for nothing else.

use super::Client;
use super::turn::Turn;
use crate::command::{Command, Done};
use crate::conversation::Conversation;
use crate::io::{CommandId, Time};
use crate::view::GroupId;
use std::collections::{BTreeMap, BTreeSet};

/// Commands whose effects are followed; of older ones it is said that they have ended.
const COMMANDS_MAX: usize = 256;

/// Something that is to be at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    /// The profile, with this change of it.
    Profile(u64),
    /// The allow-list.
    Contacts,
    /// The push subscription.
    Push,
    /// The key packages, without which nobody can add this device.
    Packages,
    /// A job.
    Job(u64),
    /// What waits in the conversation that the command was about, and the parcels that come of it.
    Conversation(GroupId),
    /// The same of one that the command has touched beside: only while its hub can be reached.
    Aside(GroupId),
    /// Everything that can be done now: the list of devices changes all conversations.
    Everything,
}

/// How things stood before a command.
#[derive(Default)]
struct Before {
    /// What the command is about.
    about: Option<GroupId>,
    profile: u64,
    contacts: u64,
    devices: bool,
    push: bool,
    packages: bool,
    job: u64,
    conversations: BTreeMap<GroupId, (u64, u32)>,
}

/// Commands that have not ended, or whose effects have not.
#[derive(Default)]
pub(crate) struct Effects {
    begun: BTreeMap<CommandId, Before>,
    left: BTreeMap<CommandId, BTreeSet<Effect>>,
}

impl Client {
    fn before(&self) -> Before {
        let own = self.own.as_ref();
        Before {
            about: None,
            profile: self.upkeep.profile_changes,
            contacts: self.upkeep.contacts_changes,
            devices: own.is_some_and(|own| own.owed.devices),
            push: own.is_some_and(|own| own.owed.push),
            packages: own.is_some_and(|own| own.owed.packages),
            job: own.map_or(0, |own| own.next_job),
            conversations: self.conversations.iter().map(|(group, found)| (*group, found.written_so_far())).collect(),
        }
    }

    /// A command begins.
    pub(super) fn effects_begin(&mut self, id: CommandId, command: &Command) {
        let before = Before { about: command.group(), ..self.before() };
        let all = &mut self.effects;
        if all.begun.len() >= COMMANDS_MAX {
            all.begun.pop_first();
        }
        if all.left.len() >= COMMANDS_MAX {
            all.left.pop_first();
        }
        all.begun.insert(id, before);
    }

    /// Commands that have ended in this call have led to what is owed now and was not before.
    pub(super) fn effects_end(&mut self, turn: &Turn<'_>) {
        for id in turn.ended() {
            let Some(before) = self.effects.begun.remove(&id) else { continue };
            let left = self.since(&before);
            if !left.is_empty() {
                self.effects.left.insert(id, left);
            }
        }
        let mut all = std::mem::take(&mut self.effects.left);
        for left in all.values_mut() {
            left.retain(|effect| self.is_left(*effect));
        }
        all.retain(|_, left| !left.is_empty());
        self.effects.left = all;
    }

    fn since(&self, before: &Before) -> BTreeSet<Effect> {
        let now = self.before();
        let mut effects = BTreeSet::new();
        effects.extend((now.profile > before.profile).then_some(Effect::Profile(now.profile)));
        effects.extend((now.contacts > before.contacts).then_some(Effect::Contacts));
        effects.extend((now.push && !before.push).then_some(Effect::Push));
        effects.extend((now.packages && !before.packages).then_some(Effect::Packages));
        effects.extend((now.devices && !before.devices).then_some(Effect::Everything));
        effects.extend((before.job.saturating_add(1)..=now.job).map(Effect::Job));
        let touched =
            now.conversations.iter().filter(|(group, written)| before.conversations.get(*group) != Some(written));
        effects.extend(touched.map(|(group, _)| match before.about {
            Some(about) if about == *group => Effect::Conversation(about),
            _ => Effect::Aside(*group),
        }));
        effects
    }

    fn is_left(&self, effect: Effect) -> bool {
        match effect {
            Effect::Profile(change) => self.profile_is_left(change),
            Effect::Contacts => self.own.as_ref().is_some_and(|own| own.owed.contacts),
            Effect::Push => self.own.as_ref().is_some_and(|own| own.owed.push),
            Effect::Packages => self.own.as_ref().is_some_and(|own| own.owed.packages),
            Effect::Job(number) => self.job_is_urgent(number),
            Effect::Aside(group) => {
                let hub = self.conversations.get(&group).map(Conversation::hub);
                !hub.is_some_and(|hub| self.is_away(hub)) && self.is_left(Effect::Conversation(group))
            }
            Effect::Conversation(group) => {
                self.conversations.get(&group).is_some_and(Conversation::waiting)
                    || self.jobs.urgent_of(&group)
                    || self.files.busy_in(&group)
                    || self.profile_is_due()
            }
            Effect::Everything => self.busy_where_reached(),
        }
    }

    fn profile_is_left(&self, change: u64) -> bool {
        let owed = self.own.as_ref().is_some_and(|own| own.owed.profile.is_some()) || self.upkeep.writing_profile;
        owed && self.upkeep.profile_written < change
    }

    /// Whether the profile is being written, or is to be at once, where the node can be reached: a new access key may stand in it, without
    /// which one's other devices are shut out.
    fn profile_is_due(&self) -> bool {
        self.own.as_ref().is_some_and(|own| {
            let due = own.owed.profile.is_some_and(|at| at <= self.now) || self.upkeep.writing_profile;
            due && self.live.is_open(&own.node)
        })
    }

    /// Whether a command has ended, and everything that it led to is at the nodes as far as this device can bring it there by itself:
    /// it does not wait for what others must do (a leave that they must commit), nor for other commands. True for ids that are not known.
    pub fn ended(&self, command: CommandId) -> bool {
        !self.effects.begun.contains_key(&command) && !self.effects.left.contains_key(&command)
    }

    /// Does at once, from the next input on, what is gathered for a moment otherwise: writing the profile.
    pub fn hurry(&mut self) {
        let now: Time = self.now;
        if let Some(own) = self.own.as_mut().filter(|own| own.owed.profile.is_some()) {
            own.owed.profile = Some(now);
            self.own_changed = true;
        }
    }

    /// [`Command::Flush`].
    pub(super) fn flush(&mut self) -> Done {
        self.hurry();
        Done::Well
    }
}
