//! What a hub shows is judged (docs/protocol/conversations.md): whether its group info is of this device's branch, and whether another one may be
//! believed.

use super::Conversation;
use super::history::Notice;
use super::scene::Scene;
use super::state::{Heal, Phase};
use super::step::{HubRequest, Step};
use crate::command::Fault;
use crate::entry::Info;
use crate::roster::{Roster, Weighed};
use crate::view::{ConversationKind, Event, Identity};
use tidings_wire::api::Group;
use tidings_wire::bytes::Fixed;

/// Looks that find the hub with the group info of another turn before somebody gives it a new one: about a minute.
const INFO_LOOKS: u32 = 6;

impl Conversation {
    /// Whether this device is in a later epoch of its branch than that which the hub's newest commit led to: the hub has lost one that it had
    /// read, and others have taken that turn.
    pub(super) fn is_ahead(&self, group: &Group) -> bool {
        let info = self.open_info(&group.info.0).filter(|info| info.turn == group.info_turn);
        let own = self.state.epoch().map_or(0, |epoch| epoch.number);
        info.is_some_and(|info| group.info_turn == group.turn && info.epoch < own)
    }

    /// Whether the hub's group info is of the branch that this device is on; if not, it comes back to it.
    pub(super) fn judge_info(&mut self, scene: &mut Scene<'_>, group: &Group, lacks: bool) -> Result<(), Fault> {
        let opened = self.open_info(&group.info.0);
        let unreadable = opened.is_none();
        let Some(info) = opened.filter(|info| info.turn == group.info_turn) else {
            // Of another seal, or not of its turn yet: but who has never been in lacks the passphrase, or has a wrong one.
            if unreadable && self.is_room() && self.state.epochs.is_empty() {
                self.lock_again(scene);
            }
            self.renew_info(scene, group);
            return Ok(());
        };
        let out = self.state.heal.is_some_and(|heal| heal.out) || !self.state.in_group();
        if !out {
            let same = !lacks && self.state.tag_of(info.epoch) == Some(Fixed(info.tag));
            if same || self.state.void_turn == Some(group.turn) {
                if self.state().heal.take().is_some_and(|heal| heal.unread) {
                    self.ask_what_was_missed();
                }
                return Ok(());
            }
        }
        match self.acceptable(&info, out) {
            Ok(()) if self.may_return(scene.now) => self.make_external(scene, group, &info),
            Ok(()) => Ok(()),
            Err(_) if self.goes_on_without(scene, &info, out) => {
                // Others go on without this member, and the hub does not know it (any more).
                if !self.state.own.left {
                    self.notice(scene, self.state.me, scene.now, Notice::NotLetIn);
                }
                self.ask(scene, HubRequest::Leave);
                self.out(scene)
            }
            Err(fault) => {
                scene.steps.push(Step::Show(Event::Warning(fault.to_string())));
                if !out {
                    // What the hub shows can't be right: this device stays where it is, and says how things are.
                    let at = scene.now;
                    let state = self.state();
                    (state.update_at, state.stays) = (at, state.stays.saturating_add(1));
                }
                self.tell_refused(scene);
                Ok(())
            }
        }
    }

    /// The hub's group info is not of its turn, as while somebody puts back what it had lost. Who began that may be gone: after some looks who
    /// is in the group, as far as the hub has it, updates its leaf, so that there is another.
    fn renew_info(&mut self, scene: &mut Scene<'_>, group: &Group) {
        let state = &self.state;
        let waited = state.heal.is_some_and(|heal| !heal.out && heal.tries >= INFO_LOOKS);
        if waited && state.in_group() && (state.cursor, state.turn) == (group.end, group.turn) {
            let wait = u64::from(u16::from_be_bytes(scene.draw())) % 2_000;
            let at = scene.now.saturating_add(wait);
            let state = self.state();
            state.update_at = state.update_at.min(at);
        }
    }

    /// Says once in the conversation that this device stays out of what the hub shows.
    fn tell_refused(&mut self, scene: &mut Scene<'_>) {
        let untold = |heal: &&mut Heal| heal.out && !heal.told;
        let Some(heal) = self.state.heal.as_mut().filter(untold) else { return };
        heal.told = true;
        self.changed = true;
        let me = self.state.me;
        self.notice(scene, me, scene.now, Notice::Refused);
        self.show(scene);
    }

    /// The room can't be opened with the passphrase that was given, or needs one.
    fn lock_again(&mut self, scene: &mut Scene<'_>) {
        let state = self.state();
        (state.phase, state.heal, state.pass, state.locked) = (Phase::Locked, None, None, true);
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Show(Event::Changed));
        self.show(scene);
    }

    /// Everything that is checked before one comes back (docs/protocol/conversations.md).
    fn acceptable(&mut self, info: &Info, out: bool) -> Result<(), Fault> {
        let distrust = |what: &str| Err(Fault::Distrust(what.to_owned()));
        let Ok(found) = tidings_mls::inspect_info(&info.info) else {
            return distrust("the hub's group info is broken");
        };
        let Ok(roster) = Roster::decode(&found.extension) else {
            return distrust("the hub's list of members is broken");
        };
        if found.group != self.owner() || found.epoch != info.epoch || roster.kind != self.state.kind {
            return distrust("the hub shows another group");
        }
        let signer = self.seat(&found.signer).map(|seat| seat.identity);
        let weighed = match self.state.newest.weigh(&self.owner(), &roster) {
            Ok(weighed) => weighed,
            Err(unproven) => return distrust(&unproven.to_string()),
        };
        if self.state.own.word_of.is_some() && weighed != Weighed::Newer {
            return distrust("the hub's list of members does not follow from the one that somebody told of");
        }
        let seats: Option<Vec<_>> = found.leaves.iter().map(|leaf| self.seat(leaf)).collect();
        let Some(seats) = seats else { return distrust("a device in the group has no good certificate") };
        if self.is_room() {
            return if signer.is_some() { Ok(()) } else { distrust("the room's group info is by nobody") };
        }
        // Whoever had been removed is no member, though they may be in the roster of an old branch. By a newer one they may be again.
        let holds = if weighed == Weighed::Newer { &roster } else { &*self.state.newest };
        if signer.is_none_or(|who| holds.member(&who).is_none()) {
            return distrust("the group info is by no known member");
        }
        if roster.member(&self.state.me).is_none() {
            return distrust("the hub's list of members does not have you");
        }
        let members_of_pair = |who: &Identity| *who == self.state.me || Some(*who) == self.state.other;
        if self.state.kind == ConversationKind::Pair && !roster.members.iter().all(|member| members_of_pair(&member.id))
        {
            return distrust("a third person is in a conversation of two");
        }
        if !seats.iter().all(|seat| roster.member(&seat.identity).is_some()) {
            return distrust("a device in the group belongs to no member");
        }
        if !out && self.state.roster.misses(&roster) {
            return distrust("the hub's list of members is without somebody of whom it is not shown that they went");
        }
        if !out && self.outranks(&roster) {
            return distrust("the hub shows a branch of the group that does not hold");
        }
        Ok(())
    }
}
