//! What of a conversation stands in the profile (docs/protocol/profile.md), so that other devices of the same person find it.

use super::Conversation;
use super::scene::Scene;
use super::state::Goal;
use super::step::Step;
use crate::entry::PassphraseKey;
use crate::roster::Roster;
use crate::view::{ConversationKind, Event, Identity};
use serde::{Deserialize, Serialize};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;

/// Most bytes of a record.
const ENTRY_BYTES_MAX: usize = 256 * 1024;

/// The record `conversation/<group>`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) hub: String,
    pub(super) kind: ConversationKind,
    pub(super) seal: Fixed<32>,
    pub(super) salt: Fixed<16>,
    /// Those before, newest last: a hub that is restored may know one of these only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) older: Vec<Fixed<16>>,
    pub(super) roster: Roster,
    pub(super) muted: bool,
    pub(super) archived: bool,
    pub(super) left: bool,
    /// Whether one is out by one's own wish.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) wished: bool,
    /// The other, in a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<Identity>,
    /// The seed of the identity in a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<Fixed<32>>,
    /// What the passphrase of a locked room gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pass: Option<PassphraseKey>,
}

impl Entry {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        cbor::decode(bytes, ENTRY_BYTES_MAX).ok()
    }
}

impl Conversation {
    /// What a conversation of the profile is called: its name, or who is in it with oneself.
    pub fn name_in_profile(entry: &[u8], people: &dyn super::People) -> Option<String> {
        let entry = Entry::read(entry)?;
        let other = entry.other.map(|other| people.name(&other).unwrap_or_else(|| other.to_string()));
        Some(other.unwrap_or(entry.roster.name))
    }

    /// The value of the profile's record `conversation/<group>`.
    pub fn profile_entry(&self) -> Vec<u8> {
        let state = &self.state;
        cbor::encode(&Entry {
            hub: state.hub.clone(),
            kind: state.kind,
            seal: state.seals.first().copied().unwrap_or(Fixed([0; 32])),
            salt: state.salt,
            older: self.other_salts(),
            roster: state.newest.clone(),
            muted: state.own.muted,
            archived: state.own.archived,
            left: state.own.left || state.own.out_elsewhere || state.phase == super::state::Phase::Out,
            wished: state.own.left,
            other: state.other,
            room: state.room.as_ref().map(|room| room.identity_seed),
            pass: state.pass.clone(),
        })
    }

    /// What another device of one's own has set: muted, archived. A record that can't be read changes nothing.
    pub fn apply_profile(&mut self, scene: &mut Scene<'_>, entry: &[u8]) {
        let present = (self.state.own.muted, self.state.own.archived);
        let entry = Entry::read(entry);
        if let Some(entry) = &entry {
            self.learn_roster(&entry.roster);
            self.learn_salt(scene, entry.salt);
            self.learn_older(&entry.older);
            if entry.salt != self.state.salt && entry.roster.v <= self.state.newest.v {
                // A device that did not know of the newer key has written over it; or one whose commit with another key was void.
                self.state().rekey.untold = true;
            }
            if self.state.own.out_elsewhere != entry.left {
                self.state().own.out_elsewhere = entry.left;
            }
            self.leave_too(scene, entry);
        }
        let set = entry.map(|entry| (entry.muted, entry.archived));
        if let Some(set) = set.filter(|set| *set != present) {
            let state = self.state();
            (state.own.muted, state.own.archived) = set;
            scene.steps.push(Step::Show(Event::Changed));
        }
        self.settle(scene);
    }

    /// Another device of one's own has left, and perhaps nobody else hears of that: the hub may not know the key it has, or it is lost by now. So
    /// this one leaves, too, if it is still about the same time of being a member.
    fn leave_too(&mut self, scene: &mut Scene<'_>, entry: &Entry) {
        let state = &self.state;
        let since = |roster: &Roster| roster.member(&state.me).map(|member| member.since);
        let same = since(&entry.roster).is_some() && since(&entry.roster) == since(&state.roster);
        if entry.wished && same && state.in_group() && !state.own.left {
            self.state().own.left = true;
            self.want(scene, Goal::Leave);
            scene.steps.push(Step::Profile);
            scene.steps.push(Step::Show(Event::Changed));
        }
    }

    /// Writes the key into the profile again, once it is certain that the hub knows it.
    pub(super) fn tell_salt(&mut self, scene: &mut Scene<'_>) {
        if !self.state.rekey.untold {
            return;
        }
        let state = &self.state;
        let member = state.roster.member(&state.me);
        let listed = member.is_some_and(|member| member.salt == state.salt.0);
        if state.in_group() && state.heal.is_none() && self.link.followed && listed {
            self.state().rekey.untold = false;
            scene.steps.push(Step::Profile);
        }
    }

    /// What another device of one's own saw of the roster while this one is out: it need not be proven.
    fn learn_roster(&mut self, roster: &Roster) {
        let out = self.state.heal.is_some_and(|heal| heal.out) || self.state.phase == super::state::Phase::Out;
        if out && roster.v > self.state.newest.v && roster.proven(&self.owner()).is_ok() {
            *self.state().newest = roster.clone();
        }
    }

    /// Settings that only oneself sees.
    pub fn set(&mut self, scene: &mut Scene<'_>, muted: Option<bool>, archived: Option<bool>) {
        let state = self.state();
        state.own.muted = muted.unwrap_or(state.own.muted);
        state.own.archived = archived.unwrap_or(state.own.archived);
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Show(Event::Changed));
        self.settle(scene);
    }
}
