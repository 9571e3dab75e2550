//! Whoever has left a conversation looks now and then whether its hub knows that: one that was restored from a backup may show them as a
//! member again, whom nobody there can take out if they were its last owner (docs/protocol/conversations.md, Falling out and coming back).

use super::Conversation;
use super::knock::DOORS_MAX;
use super::scene::Scene;
use super::state::{Goal, Heal, Phase, Post};
use super::step::{HubRequest, ParcelBody, Step};
use crate::command::Fault;
use crate::io::Time;
use crate::roster::{MODERATOR, OWNER, Roster};
use crate::view::{ConversationKind, Identity};
use tidings_wire::api::Group;
use tidings_wire::bytes::Fixed;

/// Milliseconds between two looks, from when one has gone.
const WAITS: [u64; 4] = [10 * 60_000, 100 * 60_000, 24 * 3600 * 1000, 7 * 24 * 3600 * 1000];

/// Milliseconds after which it is looked with the keys that others have named.
const TOLD_WAIT: u64 = 5_000;

/// When it is looked first, by somebody who goes now.
pub(super) fn first(now: Time) -> Post {
    Post { at: now.saturating_add(WAITS.first().copied().unwrap_or(0)), tries: 1 }
}

impl Conversation {
    pub(super) fn farewell_due(&self) -> Option<Time> {
        let state = &self.state;
        let gone = state.phase == Phase::Out && state.own.left && state.kind != ConversationKind::Room;
        (gone && state.own.farewell.tries > 0).then_some(state.own.farewell.at)
    }

    /// Looks at the hub that one has left, when it is time.
    pub(super) fn say_farewell(&mut self, scene: &mut Scene<'_>) {
        if self.farewell_due().is_none_or(|at| at > scene.now) {
            return;
        }
        let post = &mut self.state().own.farewell;
        let wait = WAITS.get(post.tries as usize).copied();
        *post = match wait {
            Some(wait) => Post { at: scene.now.saturating_add(wait), tries: post.tries.saturating_add(1) },
            None => Post::default(),
        };
        self.ask(scene, HubRequest::Look);
    }

    /// The hub that one has left does not know the key. Nobody need have taken it off: another device of one's own may have changed it before
    /// it heard that one goes. So the other keys are tried, at once. If it knows none, all is well there; but on another branch of the group
    /// nobody may have heard of it.
    pub(super) fn farewell_refused(&mut self, scene: &mut Scene<'_>) {
        if !self.state.own.left || self.is_room() {
            return;
        }
        if self.next_key() {
            return self.ask(scene, HubRequest::Look);
        }
        let (group, me) = (self.owner(), self.state.me);
        let Some(since) = self.state.newest.member(&me).map(|member| member.since) else { return };
        let mut others: Vec<_> = self.state.newest.members.iter().filter(|member| member.id != me).collect();
        others.sort_by_key(|member| member.role);
        let told = others.into_iter().map(|member| member.id).filter(|who| scene.people.is_contact(who));
        for who in told.take(DOORS_MAX) {
            scene.steps.push(Step::Parcel(who, ParcelBody::Left { group, since }));
        }
    }

    /// Somebody who is in the group that one has left, and can't take one out, has named a salt: perhaps the hub knows that key, so that one
    /// can come in once more and leave. It is looked at soon, once for all that they name; that counts as one of the looks.
    pub(super) fn told_at_farewell(&mut self, scene: &Scene<'_>, salt: Fixed<16>) {
        if self.farewell_due().is_some() && self.keep_told(salt) {
            let soon = scene.now.saturating_add(TOLD_WAIT);
            let post = &mut self.state().own.farewell;
            post.at = post.at.min(soon);
        }
    }

    /// Somebody has left, and says so themselves: where they are still in the roster, an owner or moderator takes them out. Who may not do that
    /// tells them, if `answer`, with which keys the hub may know them: the last owner can only be taken out after they have named another.
    pub fn told_left(&mut self, scene: &mut Scene<'_>, from: &Identity, since: u64, answer: bool) {
        let role = |who: &Identity| self.state.roster.role(who);
        let member = self.state.roster.member(from).filter(|member| member.since == since && *from != self.state.me);
        let may = match (role(&self.state.me), member.map(|member| member.role)) {
            (Some(OWNER), Some(_)) => true,
            (Some(MODERATOR), Some(theirs)) => theirs > MODERATOR,
            _ => false,
        };
        if self.state.in_group() && !self.behind() {
            match member {
                Some(_) if may => self.want(scene, Goal::Remove(*from)),
                Some(_) if answer => self.tell_salts(scene, from),
                _ => {}
            }
        }
        self.settle(scene);
    }

    /// The hub that one has left still knows one, or knows one again. If one is no member of what it shows, the key goes off its list; else
    /// this device comes in once more, and leaves.
    pub(super) fn still_known(&mut self, scene: &mut Scene<'_>, group: &Group) -> Result<(), Fault> {
        if !self.state.own.left || self.is_room() {
            return Ok(());
        }
        let info = self.open_info(&group.info.0).filter(|info| info.turn == group.info_turn);
        let found = info.and_then(|info| tidings_mls::inspect_info(&info.info).ok());
        let roster = found.and_then(|found| Roster::decode(&found.extension).ok());
        let Some(roster) = roster.filter(|roster| self.believes(roster).is_ok()) else { return Ok(()) };
        if roster.member(&self.state.me).is_none() {
            self.ask(scene, HubRequest::Leave);
            return Ok(());
        }
        self.begin_with(roster);
        let now = scene.now;
        let state = self.state();
        state.phase = Phase::Joining;
        state.epochs.clear();
        state.heal = Some(Heal::begun(now, true));
        self.want(scene, Goal::Leave);
        Ok(())
    }
}
