//! Another access key, when a device of one's own was removed that knows the present one (docs/protocol/conversations.md, Another access
//! key). From the moment at which the hub has the commit it knows the new key only.

use super::Conversation;
use super::plan::Draft;
use super::scene::Scene;
use super::state::Seat;
use super::step::Step;
use crate::keys::access_key;
use crate::roster::Roster;
use tidings_wire::bytes::Fixed;

impl Conversation {
    /// Gives oneself another access key, if a removed device knows the present one: together with its removal, or after it.
    pub(super) fn draft_rekey(&self, scene: &mut Scene<'_>, draft: &mut Draft) {
        if self.state.room.is_some() || self.state.own.left {
            return;
        }
        let me = self.state.me;
        let goes = |seat: &Seat| draft.remove.contains(&seat.leaf) && self.removed(scene, seat);
        let removes = self.state.seats.iter().any(|seat| seat.identity == me && goes(seat));
        let Some(member) = draft.roster.members.iter_mut().find(|member| member.id == me) else { return };
        let due = self.state.proposals.due.is_some_and(|at| at <= scene.now);
        let later = due && self.state.rekey.known == Some(Fixed(member.salt));
        if !(removes || later) {
            return;
        }
        let salt: [u8; 16] = scene.draw();
        member.salt = salt;
        member.access = access_key(&scene.me.access_root, &salt).verifying_key().to_bytes();
        draft.salt = Some(Fixed(salt));
    }

    /// Whether another access key is wanted now.
    pub(super) fn wants_rekey(&self) -> bool {
        let salt = self.state.roster.member(&self.state.me).map(|member| Fixed(member.salt));
        self.state.room.is_none() && self.state.rekey.known.is_some() && self.state.rekey.known == salt
    }

    /// The hub has taken the commit with one's own new key, and knows no other one any more.
    pub(super) fn use_salt(&mut self, scene: &mut Scene<'_>, salt: Fixed<16>) {
        if self.state.salt == salt {
            return;
        }
        let state = self.state();
        state.rekey.spare = Some(std::mem::replace(&mut state.salt, salt));
        state.rekey.tried = false;
        self.link.followed = false;
        self.link.fetching = None;
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Follow(true));
        self.fetch_now(scene);
    }

    /// The roster says which key is one's own; whether a device that was removed by others knows it.
    pub(super) fn note_salt(&mut self, scene: &Scene<'_>, before: &Roster, seats: &[Seat]) {
        let Some(salt) = self.state.roster.member(&self.state.me).map(|member| Fixed(member.salt)) else { return };
        if salt != self.state.salt {
            let state = self.state();
            state.rekey.spare = Some(std::mem::replace(&mut state.salt, salt));
        }
        let gone = |seat: &&Seat| seat.identity == self.state.me && self.removed(scene, seat);
        let there = |key: &Fixed<32>| self.state.seats.iter().any(|seat| seat.key == *key);
        let removed = seats.iter().filter(gone).any(|seat| !there(&seat.key));
        let known = before.member(&self.state.me).is_some_and(|member| member.salt == salt.0);
        if removed && known && self.state.room.is_none() {
            self.state().rekey.known = Some(salt);
        }
    }

    /// The hub does not know the key: perhaps it knows the other one. `false` if that was tried already.
    pub(super) fn try_spare(&mut self, scene: &mut Scene<'_>) -> bool {
        let tried = std::mem::replace(&mut self.state().rekey.tried, true);
        let Some(spare) = self.state.rekey.spare else { return false };
        let now = scene.now;
        let state = self.state();
        state.rekey.spare = Some(std::mem::replace(&mut state.salt, spare));
        if tried {
            state.rekey.tried = false;
            return false;
        }
        self.suspect(scene, false);
        self.link.looking = None;
        self.link.fetching = None;
        if let Some(heal) = self.state().heal.as_mut() {
            heal.next = now;
        }
        true
    }

    /// Another device of one's own has another key: the hub may know that one only.
    pub(super) fn learn_salt(&mut self, scene: &Scene<'_>, salt: Fixed<16>) {
        if self.state.salt == salt || self.state.rekey.spare == Some(salt) || self.state.room.is_some() {
            return;
        }
        let now = scene.now;
        let state = self.state();
        state.rekey.spare = Some(salt);
        state.rekey.tried = false;
        if state.knocks.tries > 0
            && let Some(heal) = state.heal.as_mut()
        {
            heal.next = now;
        }
    }
}
