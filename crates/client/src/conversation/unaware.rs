//! Members who may not know that they are in the conversation (docs/protocol/conversations.md, Who does not know that they are in it): the device
//! that added them may have been lost before it posted the welcome, or they have lost all that they had of it, with their last device. Whoever
//! could have added them, and of somebody's new device each contact of theirs, tells them, once, unless they are heard of before.

use super::Conversation;
use super::create::{Draft, encoded, entering};
use super::scene::Scene;
use super::state::{Heal, Phase, Post};
use super::step::{ParcelBody, Step};
use crate::command::Fault;
use crate::io::Time;
use crate::roster::{MODERATOR, Roster, RosterMember, Weighed};
use crate::view::{ConversationKind, Event, GroupId, Identity};
use std::collections::BTreeSet;
use tidings_wire::device_list::DeviceList;

/// Milliseconds after which somebody is told: at least, and at most so much more. Most are heard of before.
const TELL_AFTER: u64 = 4 * 3600 * 1000;
const TELL_WITHIN: u64 = 4 * 3600 * 1000;
/// Members who wait to be told.
const UNAWARE_MAX: usize = 256;
/// Those of them, newest members first, whom a device tells that comes in newly and does not know who has been heard of.
const UNAWARE_AT_FIRST: usize = 32;

/// In place of the time: they were told.
const TOLD: Time = Time::MAX;

/// What another member's word says of a conversation.
pub struct Membership<'a> {
    /// Which.
    pub group: GroupId,
    /// Its list of members.
    pub roster: &'a Roster,
    /// The signed device lists of members who have removed a device.
    pub devices: &'a [Vec<u8>],
}

impl Conversation {
    /// Notes who has come into the roster, if it was by somebody else's doing, and who has a device without a leaf.
    pub(super) fn note_absent(&mut self, scene: &mut Scene<'_>, others: bool, before: &Roster) {
        if self.is_room() {
            return;
        }
        let roster = self.state.roster.clone();
        if self.state.own.unaware.keys().any(|who| roster.member(who).is_none()) {
            self.state().own.unaware.retain(|who, _| roster.member(who).is_some());
        }
        let seated = self.seated();
        for member in &roster.members {
            let known = before.member(&member.id).is_some_and(|then| then.since == member.since);
            if !known && others && self.may_add() {
                self.note_unaware(scene, member.id, true);
            } else if has_other(scene, &member.id, &seated) {
                self.note_unaware(scene, member.id, false);
            }
        }
    }

    /// Devices that are in it.
    fn seated(&self) -> BTreeSet<[u8; 32]> {
        self.state.seats.iter().map(|seat| seat.key.0).collect()
    }

    /// This device is new in the conversation, and does not know who has been heard of: it notes those who came last.
    pub(super) fn note_latest(&mut self, scene: &mut Scene<'_>) {
        if !self.may_add() {
            return;
        }
        let mut members = self.state.roster.members.clone();
        members.sort_by_key(|member| std::cmp::Reverse(member.since));
        let mut told =
            members.iter().map(|member| member.id).filter(|who| self.may_tell(scene, who)).collect::<Vec<_>>();
        told.truncate(UNAWARE_AT_FIRST);
        told.into_iter().for_each(|who| self.note_unaware(scene, who, true));
    }

    /// Somebody's list of devices is another: one that is not in the conversation may know nothing of it.
    pub(super) fn note_unseated(&mut self, scene: &mut Scene<'_>, who: &Identity) {
        if has_other(scene, who, &self.seated()) {
            self.note_unaware(scene, *who, true);
        }
    }

    fn may_add(&self) -> bool {
        self.state.roster.role(&self.state.me).is_some_and(|role| role <= MODERATOR)
    }

    /// Whether somebody else is a member and can be told.
    fn may_tell(&self, scene: &Scene<'_>, who: &Identity) -> bool {
        let member = self.state.in_group() && self.state.roster.member(who).is_some();
        member && !self.is_room() && *who != self.state.me && scene.people.is_contact(who)
    }

    /// `anew`: also if they were told before.
    fn note_unaware(&mut self, scene: &mut Scene<'_>, who: Identity, anew: bool) {
        let known = self.state.own.unaware.get(&who);
        let noted = known.is_some_and(|at| !anew || *at != TOLD);
        let full = known.is_none() && self.state.own.unaware.len() >= UNAWARE_MAX;
        if noted || full || !self.may_tell(scene, &who) {
            return;
        }
        let wait = u64::from(u32::from_be_bytes(scene.draw())) % TELL_WITHIN;
        let at = scene.now.saturating_add(TELL_AFTER).saturating_add(wait);
        self.state().own.unaware.insert(who, at);
    }

    /// Somebody has said something here: they know.
    pub(super) fn note_aware(&mut self, who: &Identity) {
        if self.state.own.unaware.get(who).is_some_and(|at| *at != TOLD) {
            self.state().own.unaware.remove(who);
        }
    }

    pub(super) fn unaware_due(&self) -> Option<Time> {
        self.state.own.unaware.values().min().copied().filter(|at| *at != TOLD && self.state.in_group())
    }

    /// Tells those whose time has come.
    pub(super) fn tell_unaware(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        // Whoever has spoken, or gone, since this device was here last is not told.
        if self.unaware_due().is_none_or(|at| at > scene.now) || self.behind() || !self.caught_up() {
            return Ok(());
        }
        let due: Vec<_> =
            self.state.own.unaware.iter().filter(|(_, at)| **at <= scene.now).map(|(who, _)| *who).collect();
        let (group, roster) = (self.owner(), encoded(&self.state.roster)?);
        let devices = self.lists_for_newcomers(scene);
        let sound = self.state.roster.stands_alone(&group).is_ok();
        for who in due {
            self.state().own.unaware.insert(who, TOLD);
            if sound && self.may_tell(scene, &who) {
                let (roster, devices) = (roster.clone(), devices.clone());
                scene.steps.push(Step::Parcel(who, ParcelBody::Member { group, roster, devices }));
            }
        }
        Ok(())
    }

    /// A contact says that one is a member of a conversation of which this device knows nothing: it comes in by external commit, if what the hub
    /// shows follows from that list of members. Until then it is nothing but their word. Fails with [`Fault::Distrust`] if what they say can't be right.
    pub fn told_of(scene: &mut Scene<'_>, from: &Identity, told: &Membership<'_>) -> Result<Self, Fault> {
        let me = scene.me.identity;
        let member = told_rightly(told, from, &me)?;
        let (kind, hub) = (told.roster.kind, told.roster.hub.as_str());
        let other = (kind == ConversationKind::Pair).then_some(*from);
        let draft = Draft { group: told.group, hub, kind, salt: member.salt, pass: None, room: None, other };
        let mut back = Self::from_state(entering(scene, draft, told.roster));
        back.state().own.word_of = Some(*from);
        back.hear_lists(scene, told.roster, told.devices);
        back.begin_coming(scene);
        Ok(back)
    }

    /// By whose word alone one is in it; nobody is shown it as long as one has not come in.
    pub fn word_of(&self) -> Option<Identity> {
        self.state.own.word_of
    }

    /// Makes it nothing but somebody's word.
    #[cfg(test)]
    pub(crate) fn doubt(&mut self, by: Identity) {
        self.state().own.word_of = Some(by);
    }

    /// The same of a conversation that is known here: it counts only for somebody who was out and was added again since.
    pub fn told_again(&mut self, scene: &mut Scene<'_>, from: &Identity, told: &Membership<'_>) -> Result<(), Fault> {
        let same = told.roster.kind == self.state.kind && told.roster.hub == self.state.hub;
        if self.state.phase != Phase::Out || !same {
            return Ok(());
        }
        let member = *told_rightly(told, from, &self.state.me)?;
        let known = self.state.newest.member(&self.state.me).map(|member| member.since);
        let newer = matches!(self.state.newest.weigh(&self.owner(), told.roster), Ok(Weighed::Newer));
        if !newer || known >= Some(member.since) {
            return Ok(());
        }
        self.hear_lists(scene, told.roster, told.devices);
        self.begin_with(told.roster.clone());
        self.note_seal(told.roster.seal);
        self.take_salt(member.salt.into());
        let state = self.state();
        (state.own.left, state.own.out_elsewhere, state.own.farewell) = (false, false, Post::default());
        (state.phase, state.knocks) = (Phase::Joining, Post::default());
        state.epochs.clear();
        state.heal = Some(Heal::begun(scene.now, true));
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Show(Event::Changed));
        self.settle(scene);
        Ok(())
    }
}

/// Whether somebody's list names another device than these.
fn has_other(scene: &Scene<'_>, who: &Identity, devices: &BTreeSet<[u8; 32]>) -> bool {
    let lacks = |list: &DeviceList| list.devices.iter().any(|device| !devices.contains(&device.key.0));
    scene.people.devices(who).is_some_and(lacks)
}

/// One's own entry in the list of members that somebody shows, if they and oneself may be in it.
fn told_rightly<'a>(told: &'a Membership<'_>, from: &Identity, me: &Identity) -> Result<&'a RosterMember, Fault> {
    let distrust = |what: &str| Err(Fault::Distrust(what.to_owned()));
    let Membership { group, roster, .. } = told;
    let Some(member) = roster.member(me) else { return distrust("you are not in this group's roster") };
    if roster.stands_alone(&group.0).is_err() {
        return distrust("the list of members is not signed as it must be");
    }
    if roster.member(from).is_none() || roster.kind == ConversationKind::Room || from == me {
        return distrust("a conversation shown by somebody who is not in it");
    }
    let of_pair = |who: &Identity| who == me || who == from;
    if roster.kind == ConversationKind::Pair && !roster.members.iter().all(|member| of_pair(&member.id)) {
        return distrust("a third person is in a conversation of two");
    }
    Ok(member)
}
