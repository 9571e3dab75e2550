//! Commits: whether they are valid by the roster's rules, and what changes when one is applied.

use super::Conversation;
use super::chain::Chain;
use super::history::Notice;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{EPOCHS_MAX, Epoch, Phase, Post, Seat, push_bounded};
use super::step::{HubRequest, Step};
use crate::command::Fault;
use crate::content::{Content, Witness};
use crate::roster::{CommitFacts, Roster, RosterMember};
use crate::view::{ConversationKind, Identity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidings_mls::{Judgement, Staged};
use tidings_wire::api::{Entry, Member};
use tidings_wire::bytes::Fixed;

/// In larger conversations nobody says what was heard of others' counters.
pub(super) const SMALL: usize = 20;

/// Who came in when, as against what this device writes.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Comings {
    /// The turn of the last commit that brought a device in.
    pub(super) turn: u64,
    /// The highest turn in which this device has written something.
    pub(super) written: u64,
    /// Who came in when, by the hub's count of turns, this device had written in that turn or a later one: after which `seq` they may read.
    pub(super) floors: Vec<(Identity, u64)>,
}

impl Conversation {
    /// The roster after a commit, if it is valid; else why it is void.
    pub(super) fn judge(
        &mut self,
        scene: &Scene<'_>,
        judgement: &Judgement,
        add: &[Member],
        remove: &[Fixed<32>],
        turn: u64,
    ) -> Result<Roster, &'static str> {
        let after = Roster::decode(&judgement.extension_after).map_err(|_| "the roster can't be read")?;
        let before = self.state.roster.clone();
        let broken = "a leaf has no good certificate";
        let leaves_before = self.roster_leaves(scene, &judgement.before).ok_or(broken)?;
        let leaves_after = self.roster_leaves(scene, &judgement.after).ok_or(broken)?;
        let committer = self.seat(&judgement.committer).ok_or(broken)?;
        let committer = self.roster_leaf(scene, &committer);
        let asked = self.asked(judgement);
        let (mut add, mut remove) = (add.to_vec(), remove.to_vec());
        self.without_room_keys(&before, &after, &mut add, &mut remove);
        let has_devices = |who: &Identity| scene.people.devices(who).is_some_and(|list| !list.devices.is_empty());
        let packages: Vec<_> = (judgement.added.iter().zip(&judgement.access))
            .filter_map(|(leaf, access)| {
                let (salt, key) = access.split_first_chunk::<16>()?;
                Some((leaf.key, key.try_into().ok()?, *salt))
            })
            .collect();
        let facts = CommitFacts {
            group: self.owner(),
            packages: &packages,
            before: &leaves_before,
            after: &leaves_after,
            external: judgement.external,
            asked: &asked,
            add: &add,
            remove: &remove,
            turn,
            has_devices: &has_devices,
        };
        Roster::allows(&before, &after, &committer, &facts).map_err(|_| "the roster's rules do not allow it")?;
        if self.state.kind == ConversationKind::Pair {
            let known = |who: &Identity| *who == self.state.me || Some(*who) == self.state.other;
            if !after.members.iter().all(|member| known(&member.id)) {
                return Err("a third person in a conversation of two");
            }
        }
        Ok(after)
    }

    /// Devices whose removal was proposed by a leaf of the same identity.
    fn asked(&mut self, judgement: &Judgement) -> Vec<[u8; 32]> {
        let seats: Vec<Seat> = judgement.before.iter().filter_map(|leaf| self.seat(leaf)).collect();
        let who = |index: u32| seats.iter().find(|seat| seat.leaf == index).map(|seat| seat.identity);
        let own_wish = judgement.removed.iter().filter(|removed| {
            removed.proposed_by.is_some_and(|by| who(by).is_some() && who(by) == who(removed.leaf.index))
        });
        own_wish.map(|removed| removed.leaf.key).collect()
    }

    /// The room's own key changes with its seal; the roster's rule knows nothing of it.
    fn without_room_keys(&self, before: &Roster, after: &Roster, add: &mut Vec<Member>, remove: &mut Vec<Fixed<32>>) {
        if after.kind != ConversationKind::Room || before.seal == after.seal {
            return;
        }
        let key = |seal| Fixed(super::keys::room_key(&self.state.group, &Fixed(seal)).verifying_key().to_bytes());
        let (old, new): (Fixed<32>, Fixed<32>) = (key(before.seal), key(after.seal));
        add.retain(|member| member.key != new);
        remove.retain(|key| *key != old);
    }

    /// A commit by somebody else that MLS finds good: it is applied if the roster's rules do, too.
    pub(super) fn take_staged(&mut self, scene: &mut Scene<'_>, entry: &Entry, staged: Staged) -> Result<(), Fault> {
        let judgement = staged.judgement().clone();
        let Ok(after) = self.judge(scene, &judgement, &entry.add, &entry.remove, entry.turn) else {
            self.note_void(scene, entry.turn);
            return Ok(());
        };
        self.group(scene)?.apply(staged).map_err(|error| mls_fault(&error))?;
        if judgement.external || !judgement.added.is_empty() {
            self.state().comings.turn = entry.turn;
        }
        if judgement.removes_this_device() {
            let by = judgement
                .before
                .iter()
                .find(|leaf| leaf.index == judgement.committer.index)
                .and_then(|leaf| self.seat(leaf));
            let by = by.map(|seat| seat.identity);
            return self.removed_here(scene, entry, judgement.epoch, &after, by);
        }
        let by = self.seat(&judgement.committer).map(|seat| seat.identity);
        let wished = self.wished(&judgement);
        self.entered(scene, entry.at, by, after, true, &wished)
    }

    /// Whose removal they have proposed themselves.
    pub(super) fn wished(&mut self, judgement: &Judgement) -> Vec<Identity> {
        let asked = self.asked(judgement);
        let leaves = judgement.before.iter().filter(|leaf| asked.contains(&leaf.key));
        leaves.filter_map(|leaf| self.seat(leaf)).map(|seat| seat.identity).collect()
    }

    /// The group is in a new epoch, by a commit that did what these wished of it.
    pub(super) fn entered(
        &mut self,
        scene: &mut Scene<'_>,
        at: u64,
        by: Option<Identity>,
        after: Roster,
        shared: bool,
        wished: &[Identity],
    ) -> Result<(), Fault> {
        let group = self.group(scene)?;
        let (number, tag) = (group.epoch(), Fixed(group.tag()));
        push_bounded(&mut self.state().epochs, Epoch { number, tag, shared }, EPOCHS_MAX);
        let before = std::mem::replace(&mut *self.state().roster, after);
        let seats_before = self.state.seats.clone();
        self.note_seats(scene)?;
        self.note_expelled(by.is_none(), &before);
        self.note_roster(scene, &before);
        self.note_salt(scene, &before, &seats_before);
        self.note_chains(scene, &seats_before);
        self.note_absent(scene, by != Some(self.state.me) || shared, &before);
        if let Some(by) = by {
            self.note_aware(&by);
            self.note_newcomers(&before);
            self.note_changes(scene, by, at, &before, wished);
        }
        let others = by.is_some_and(|by| by != self.state.me);
        let state = self.state();
        if others {
            state.stays = 0;
        }
        (state.proposals.due, state.proposals.waiting) = (None, false);
        state.fetch = Post::default();
        self.show(scene);
        Ok(())
    }

    /// Writes down the roster of the group as it is now.
    pub(super) fn note_roster(&mut self, scene: &mut Scene<'_>, before: &Roster) {
        self.note_others(before);
        let ahead = !self.behind();
        self.note_seal(self.state.roster.seal);
        let locked = self.state.roster.locked;
        let state = self.state();
        state.locked = locked;
        if ahead {
            *state.newest = state.roster.clone();
        }
        if *before != *self.state.roster {
            scene.steps.push(Step::Profile);
            scene.steps.push(Step::Show(crate::view::Event::Changed));
        }
    }

    /// Whoever comes in may be given what is said from now on, also where the hub counts lower turns than it did.
    fn note_newcomers(&mut self, before: &Roster) {
        let (seq, written) = (self.said_so_far(), self.state.comings.written);
        let new = |member: &&RosterMember| member.since <= written && before.member(&member.id).is_none();
        let members = self.state.roster.members.iter();
        let new: Vec<(Identity, u64)> = members.filter(new).map(|member| (member.id, seq)).collect();
        if new.is_empty() && self.state.comings.floors.is_empty() {
            return;
        }
        let roster = self.state.roster.clone();
        let floors = &mut self.state().comings.floors;
        floors.retain(|(who, _)| roster.member(who).is_some() && new.iter().all(|(known, _)| known != who));
        floors.extend(new);
    }

    /// Devices that are new begin with their first message; whoever came newly by a further device is told what was heard.
    fn note_chains(&mut self, scene: &mut Scene<'_>, before: &[Seat]) {
        if before.is_empty() {
            // One has just come in: what the others said before is none of one's business.
            return;
        }
        let known: BTreeSet<_> = before.iter().map(|seat| seat.mark).collect();
        let known_people: BTreeSet<_> = before.iter().map(|seat| seat.identity).collect();
        let new: Vec<Seat> = self.state.seats.iter().filter(|seat| !known.contains(&seat.mark)).copied().collect();
        let small = self.state.roster.members.len() <= SMALL && !self.is_room();
        for seat in new {
            if seat.mark == self.state.mark {
                continue;
            }
            if self.room_for_a_chain() {
                let before = super::forgotten::heard(scene, &self.state.group, &seat.mark);
                let chains = &mut self.state().chains;
                chains.get_or_insert_with(seat.mark, || Chain::beginning(seat.identity, before));
            }
            let heard = scene.people.counters(&seat.identity);
            if let Some((backup, devices)) = heard.filter(|_| small && known_people.contains(&seat.identity)) {
                self.control(Content::Witness(Witness { identity: seat.identity, backup, devices }));
            }
        }
    }

    /// Shows who came and went while this device was out: nobody comes in unnoticed.
    pub(super) fn note_missed(&mut self, scene: &mut Scene<'_>, at: u64, before: &Roster) {
        let (was, is) = (before.clone(), self.state.roster.clone());
        let differ = |one: &Roster, other: &Roster| -> Vec<Identity> {
            one.members.iter().map(|member| member.id).filter(|who| other.member(who).is_none()).collect()
        };
        let me = self.state.me;
        for notice in [Notice::Came(differ(&is, &was)), Notice::Gone(differ(&was, &is))] {
            if !matches!(&notice, Notice::Came(who) | Notice::Gone(who) if who.is_empty()) {
                self.notice(scene, me, at, notice);
            }
        }
    }

    fn note_changes(&mut self, scene: &mut Scene<'_>, by: Identity, at: u64, before: &Roster, wished: &[Identity]) {
        let after = self.state.roster.clone();
        let ids = |roster: &Roster| roster.members.iter().map(|member| member.id).collect::<BTreeSet<_>>();
        let (old, new) = (ids(before), ids(&after));
        let (came, went): (Vec<_>, Vec<_>) =
            (new.difference(&old).copied().collect(), old.difference(&new).copied().collect());
        let mut notices = Vec::new();
        if !came.is_empty() {
            notices.push(Notice::Added(came));
        }
        let (left, removed): (Vec<_>, Vec<_>) = went.into_iter().partition(|who| wished.contains(who));
        if !left.is_empty() {
            notices.push(Notice::Left(left));
        }
        if !removed.is_empty() {
            notices.push(Notice::Removed(removed));
        }
        for member in &after.members {
            if before.role(&member.id).is_some_and(|role| role != member.role) {
                notices.push(Notice::Role(member.id, member.role));
            }
        }
        if before.name != after.name {
            notices.push(Notice::Name(after.name.clone()));
        }
        if before.picture != after.picture {
            notices.push(Notice::Picture);
        }
        if before.expire != after.expire {
            notices.push(Notice::Expire(after.expire.unwrap_or(0)));
        }
        for notice in notices {
            self.notice(scene, by, at, notice);
        }
    }

    /// A commit has taken this device out.
    fn removed_here(
        &mut self,
        scene: &mut Scene<'_>,
        entry: &Entry,
        epoch: u64,
        after: &Roster,
        by: Option<Identity>,
    ) -> Result<(), Fault> {
        if let Some(super::state::Incoming::Welcome { number, .. }) = &self.state.incoming
            && *number == entry.number
        {
            let next = self.next(scene)?;
            if next.epoch() == epoch && super::heal::roster_of(next).is_ok_and(|roster| roster == *after) {
                return Ok(());
            }
            // The welcome leads elsewhere than the commit.
            self.drop_next(scene)?;
            self.state().incoming = None;
        }
        if after.member(&self.state.me).is_some() && !self.state.own.left {
            // Only this leaf went, not the person: another device took it for a removed one, or adds it again.
            self.state().phase = Phase::Joining;
            self.suspect(scene, true);
            return Ok(());
        }
        if let Some(by) = by.filter(|by| *by != self.state.me && !self.state.own.left) {
            self.notice(scene, by, entry.at, Notice::RemovedYou);
        }
        self.out(scene)
    }

    /// One belongs to it no more.
    pub(super) fn out(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        self.drop_pending(scene).ok();
        self.destroy_groups(scene)?;
        self.forget_flight(scene);
        let state = self.state();
        state.phase = Phase::Out;
        state.own.farewell = super::farewell::first(scene.now);
        state.wants.clear();
        state.pending = None;
        state.incoming = None;
        state.heal = None;
        state.lost = None;
        state.flight = None;
        state.seats.clear();
        state.own.unaware.clear();
        scene.steps.push(Step::Follow(false));
        if self.state.own.word_of.is_some() {
            scene.steps.push(Step::Unfounded);
        }
        scene.steps.push(Step::Profile);
        scene.steps.push(Step::Show(crate::view::Event::Changed));
        self.show(scene);
        Ok(())
    }

    /// One goes, and takes one's key off the hub's list.
    pub(super) fn go(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let shared_key = self.is_room() && self.state.roster.member(&self.state.me).is_none();
        if !shared_key {
            self.ask(scene, HubRequest::Leave);
        }
        self.state().own.left = true;
        self.out(scene)
    }
}
