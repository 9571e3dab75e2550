//! Another access key, when a device of one's own was removed that knows the present one (docs/protocol/conversations.md, Another access
//! key). From the moment at which the hub has the commit it knows the new key only.

use super::Conversation;
use super::plan::Draft;
use super::scene::Scene;
use super::state::{Seat, push_bounded};
use super::step::Step;
use crate::keys::access_key;
use crate::roster::{Roster, RosterMember};
use crate::view::Identity;
use tidings_wire::bytes::Fixed;

/// Salts before the last one that are remembered.
const OLDER_MAX: usize = 4;
/// Salts that others have named which are tried.
const HINTS_MAX: usize = 8;
/// Salts of others that are remembered, and of one of them.
const OTHERS_MAX: usize = 64;
const OTHERS_EACH: usize = 4;

impl Conversation {
    /// Gives oneself another access key, if a removed device knows the present one: together with its removal, or after it.
    pub(super) fn draft_rekey(&mut self, scene: &mut Scene<'_>, draft: &mut Draft) {
        if self.state.room.is_some() || self.state.own.left {
            return;
        }
        let me = self.state.me;
        let goes = |seat: &Seat| draft.remove.contains(&seat.leaf) && self.removed(scene, seat);
        let removes = self.state.seats.iter().any(|seat| seat.identity == me && goes(seat));
        let Some(member) = draft.roster.members.iter_mut().find(|member| member.id == me) else { return };
        let due = self.state.proposals.due.is_some_and(|at| at <= scene.now);
        let (known, other) = (self.state.rekey.known, self.uses_another());
        let later = due && (self.is_unknown() || known == Some(Fixed(member.salt)));
        if !(removes || later) {
            return;
        }
        // The hub puts a new key in the place of that in use only. Which one a removed device knows is uncertain then: the next commit
        // brings a new one.
        let salt = if other { self.state.salt.0 } else { scene.draw() };
        member.salt = salt;
        member.access = access_key(&scene.me.access_root, &salt).verifying_key().to_bytes();
        draft.salt = Some(Fixed(salt));
        if other {
            self.state().rekey.known = Some(Fixed(salt));
        }
    }

    /// The salt in the roster.
    fn listed_salt(&self) -> Option<Fixed<16>> {
        self.state.roster.member(&self.state.me).map(|member| Fixed(member.salt))
    }

    /// Whether another access key is wanted now.
    pub(super) fn wants_rekey(&self) -> bool {
        let known = self.state.rekey.known.is_some() && self.state.rekey.known == self.listed_salt();
        self.state.room.is_none() && (known || self.is_unknown())
    }

    /// Whether the hub knows this person by the key in use, and not by the one in the roster: after it was restored, and another device of
    /// one's own has lost what it had put back.
    fn is_unknown(&self) -> bool {
        self.uses_another() && self.listed_salt() == self.state.rekey.unknown
    }

    /// Whether the hub accepts a key of this person that is not that of the roster.
    fn uses_another(&self) -> bool {
        let another = self.listed_salt().is_some_and(|listed| listed != self.state.salt);
        another && self.state.room.is_none() && self.state.heal.is_none()
    }

    /// The hub accepts the key in use. If it has refused another one just before, one's other devices are told which one it knows; and if that
    /// was the one of the roster, the roster is put right.
    pub(super) fn key_accepted(&mut self, scene: &mut Scene<'_>) {
        let refused = std::mem::take(&mut self.link.refused);
        if refused.is_empty() || self.state.room.is_some() {
            return;
        }
        scene.steps.push(Step::Profile);
        let listed = self.listed_salt().filter(|salt| *salt != self.state.salt && refused.contains(salt));
        self.state().rekey.unknown = listed;
    }

    /// The hub has refused a commit with a key. If it was to put the key in use into the roster, that is not tried again: the hub knows that of
    /// the roster, too, which is used from now on.
    pub(super) fn key_refused(&mut self, salt: Option<Fixed<16>>) {
        let Some(listed) = self.listed_salt().filter(|listed| salt == Some(self.state.salt) && salt != Some(*listed))
        else {
            return;
        };
        self.state().rekey.unknown = None;
        self.take_salt(listed);
        self.link.followed = false;
        self.link.fetching = None;
    }

    /// The hub has taken the commit with one's own new key, and knows no other one any more.
    pub(super) fn use_salt(&mut self, scene: &mut Scene<'_>, salt: Fixed<16>) {
        if self.state.salt == salt {
            return;
        }
        self.take_salt(salt);
        self.link.refused.clear();
        self.link.followed = false;
        self.link.fetching = None;
        scene.steps.extend([Step::Profile, Step::Hurry]);
        scene.steps.push(Step::Follow(true));
        self.fetch_now(scene);
    }

    /// Goes on with another salt; the one before is the first that is tried when it is not accepted.
    pub(super) fn take_salt(&mut self, salt: Fixed<16>) {
        let before = std::mem::replace(&mut self.state().salt, salt);
        self.keep_salt(before);
    }

    pub(super) fn keep_salt(&mut self, salt: Fixed<16>) {
        let present = self.state.salt;
        let rekey = &mut self.state().rekey;
        if let Some(spare) = rekey.spare.replace(salt) {
            push_bounded(&mut rekey.older, spare, OLDER_MAX);
        }
        rekey.older.retain(|older| *older != present && *older != salt);
    }

    /// The salts besides that in use with which the hub may know this person, the last one last.
    pub(super) fn other_salts(&self) -> Vec<Fixed<16>> {
        let rekey = &self.state.rekey;
        rekey.older.iter().copied().chain(rekey.spare).filter(|salt| *salt != self.state.salt).collect()
    }

    /// Salts that another device of one's own has used before, newest last: tried after those that are known here, as far as there is room.
    pub(super) fn learn_older(&mut self, salts: &[Fixed<16>]) {
        for salt in salts.iter().rev() {
            let known = self.state.salt == *salt || self.other_salts().contains(salt);
            if !known && self.state.room.is_none() && self.state.rekey.older.len() < OLDER_MAX {
                self.state().rekey.older.push_front(*salt);
            }
        }
    }

    /// The roster says which key is one's own; whether a device that was removed by others knows it.
    pub(super) fn note_salt(&mut self, scene: &Scene<'_>, before: &Roster, seats: &[Seat]) {
        let Some(salt) = self.state.roster.member(&self.state.me).map(|member| Fixed(member.salt)) else { return };
        let known = before.member(&self.state.me).is_some_and(|member| member.salt == salt.0);
        // Where the roster's has not changed, that with which the hub was asked last is the better one.
        if salt != self.state.salt && !known {
            self.take_salt(salt);
        }
        let gone = |seat: &&Seat| seat.identity == self.state.me && self.removed(scene, seat);
        let there = |key: &Fixed<32>| self.state.seats.iter().any(|seat| seat.key == *key);
        let removed = seats.iter().filter(gone).any(|seat| !there(&seat.key));
        if removed && known && self.state.room.is_none() {
            self.state().rekey.known = Some(salt);
        }
    }

    /// The hub does not know the key: perhaps it knows another one that is or was one's own. That of a commit that was under way, if its answer
    /// was lost; the one before; that of the roster, which others have put on the list again; and such as a commit brought that was void for
    /// them. `false` if each was tried.
    pub(super) fn try_another_key(&mut self, scene: &mut Scene<'_>) -> bool {
        let found = self.next_key();
        if found {
            self.look_again(scene);
        }
        found
    }

    /// Goes on with the next key that the hub has not refused.
    pub(super) fn next_key(&mut self) -> bool {
        let present = self.state.salt;
        self.link.refused.push(present);
        let of_roster = |roster: &Roster| roster.member(&self.state.me).map(|member| Fixed(member.salt));
        let pending = self.state.pending.as_ref().and_then(|pending| pending.salt);
        let known = [pending, self.state.rekey.spare, of_roster(&self.state.newest), of_roster(&self.state.roster)];
        let older = self.state.rekey.older.iter().rev().copied();
        let others = older.chain(self.state.rekey.hinted.iter().rev().copied());
        let next = known.into_iter().flatten().chain(others).find(|salt| !self.link.refused.contains(salt));
        let Some(next) = next.filter(|_| self.state.room.is_none()) else {
            // The next time all are tried again, beginning with that which should be known.
            self.link.refused.clear();
            return false;
        };
        self.take_salt(next);
        self.link.followed = false;
        self.link.fetching = None;
        true
    }

    /// A member says which salt the roster has, or had: it is tried, after all others, at once.
    pub(super) fn try_told(&mut self, scene: &Scene<'_>, salt: Fixed<16>) {
        if self.keep_told(salt) {
            self.look_again(scene);
        }
    }

    /// Keeps a salt that a member has named. `false` if it was named before.
    pub(super) fn keep_told(&mut self, salt: Fixed<16>) -> bool {
        if self.state.rekey.hinted.contains(&salt) || self.state.room.is_some() {
            return false;
        }
        push_bounded(&mut self.state().rekey.hinted, salt, HINTS_MAX);
        self.link.refused.clear();
        true
    }

    /// Remembers which salts of others are in the roster no more.
    pub(super) fn note_others(&mut self, before: &Roster) {
        if self.is_room() {
            return;
        }
        let now = |member: &RosterMember| self.state.roster.member(&member.id).map(|now| now.salt);
        let left =
            |member: &&RosterMember| member.id != self.state.me && now(member).is_some_and(|salt| salt != member.salt);
        let left: Vec<_> = before.members.iter().filter(left).map(|member| (member.id, Fixed(member.salt))).collect();
        for salt in left {
            self.state().rekey.others.retain(|known| *known != salt);
            push_bounded(&mut self.state().rekey.others, salt, OTHERS_MAX);
        }
    }

    /// With which salts the hub may know somebody else: that of the roster, and those that it had before, newest first.
    pub(super) fn salts_of(&self, who: &Identity) -> Vec<Fixed<16>> {
        let present = self.state.roster.member(who).map(|member| Fixed(member.salt));
        let others = self.state.rekey.others.iter().rev().filter(|(whose, _)| whose == who);
        present.into_iter().chain(others.map(|(_, salt)| *salt).take(OTHERS_EACH)).collect()
    }

    /// Another device of one's own has another key: the hub may know that one only.
    pub(super) fn learn_salt(&mut self, scene: &Scene<'_>, salt: Fixed<16>) {
        let rekey = &self.state.rekey;
        let known = self.state.salt == salt || rekey.spare == Some(salt) || rekey.older.contains(&salt);
        if known || self.state.room.is_some() {
            return;
        }
        self.keep_salt(salt);
        self.link.refused.clear();
        self.hasten_look(scene.now);
    }
}
