//! A hub that does not know this member (docs/protocol/conversations.md, Falling out and coming back): other keys, knocking, and in the end
//! being out.

use super::Conversation;
use super::history::Notice;
use super::remake::Forgetful;
use super::scene::Scene;
use super::state::{Goal, Incoming, Phase, Post};
use super::step::{ParcelBody, Step};
use crate::command::Fault;
use crate::entry::Info;
use crate::roster::{MODERATOR, Roster};
use crate::view::Identity;
use tidings_wire::bytes::Fixed;

/// Milliseconds to wait before looking again at a hub that does not know this member: first without a knock, since others may
/// just be putting back what the hub has lost; then after each knock.
const KNOCK_WAITS: [u64; 4] = [5_000, 60_000, 10 * 60_000, 100 * 60_000];
/// Members at whose doors one knocks.
pub(super) const DOORS_MAX: usize = 3;
/// Looks at a list of members without oneself after which one knocks (15 s, 4 and 50 minutes after the first), and after which one takes it
/// that one has gone: 2 hours.
const ABSENT_KNOCKS: [u32; 3] = [4, 8, 13];
const ABSENT_MAX: u32 = 20;

impl Conversation {
    /// The hub does not know this member: knocks at those who could add it again, and takes it in the end that it was removed.
    pub(super) fn hub_knows_nothing(&mut self, scene: &mut Scene<'_>, hub: Forgetful) -> Result<(), Fault> {
        if matches!(self.state.phase, Phase::Creating | Phase::Out) {
            return Ok(());
        }
        if let Some(Incoming::Welcome { .. }) = &self.state.incoming {
            // Removed and added again: what was between is not for this member.
            return self.take_welcome(scene);
        }
        if self.try_another_key(scene) || self.give_back(scene, hub)? {
            return Ok(());
        }
        if self.state.knocks.at > scene.now {
            // It said so before the time to look again had come: a new connection, or a start.
            self.suspect(scene, false);
            let at = self.state.knocks.at;
            if let Some(heal) = self.state().heal.as_mut() {
                heal.next = heal.next.max(at);
            }
            return Ok(());
        }
        let tries = self.state.knocks.tries;
        // A hub that has lost the conversation may get it back from somebody who is away.
        let last = KNOCK_WAITS.last().filter(|_| self.is_expected_back(scene.now));
        let wait = KNOCK_WAITS.get(tries as usize).or(last).copied();
        // A room that one has a link to and was never in may not be at its hub yet, and one that the hub has lost may come back (whether it has
        // lost something it says a moment later, or when there is a connection again); out of another there is no way back in.
        let comes = self.state.epochs.is_empty() || tries == 0 || last.is_some() || !hub.open;
        let may_wait = !self.is_room() || comes;
        let Some(wait) = wait.filter(|_| !self.state.own.left && may_wait) else {
            return self.out(scene);
        };
        self.suspect(scene, false);
        let now = scene.now;
        let state = self.state();
        state.knocks = Post { at: now.saturating_add(wait), tries: tries.saturating_add(1) };
        if let Some(heal) = state.heal.as_mut() {
            heal.next = now.saturating_add(wait);
        }
        if tries > 0 {
            self.knock(scene);
        }
        if tries == 1 {
            // From now on it is shown as one that this person is not in.
            let me = self.state.me;
            self.notice(scene, me, now, Notice::NotLetIn);
        }
        self.show(scene);
        Ok(())
    }

    pub(super) fn knock(&self, scene: &mut Scene<'_>) {
        let mut members: Vec<_> =
            self.state.roster.members.iter().filter(|member| member.id != self.state.me).collect();
        // What people answer whom one has blocked does not come.
        members.sort_by_key(|member| (scene.people.blocked(&member.id), member.role));
        let group = self.owner();
        let doors = members.iter().filter(|member| scene.people.is_contact(&member.id)).map(|member| member.id);
        for who in doors.take(DOORS_MAX).collect::<Vec<_>>() {
            scene.steps.push(Step::Parcel(who, ParcelBody::Knock(group)));
        }
    }

    /// Whether the group that the hub shows has gone on without this person.
    pub(super) fn goes_on_without(&mut self, scene: &mut Scene<'_>, info: &Info, out: bool) -> bool {
        let found = tidings_mls::inspect_info(&info.info).ok().filter(|found| found.group == self.owner());
        let Some(roster) = found.and_then(|found| Roster::decode(&found.extension).ok()) else { return false };
        if self.is_room() || roster.member(&self.state.me).is_some() {
            return false;
        }
        // Nothing needs to be proven if this person goes, as is known here or on another of their devices; else it counts that somebody with
        // the right to do so has removed them.
        let own = &self.state.own;
        let goes = own.left || own.out_elsewhere || self.state.newest.expels(&self.owner(), &roster, &self.state.me);
        goes || (out && self.believes(&roster).is_ok() && self.is_absent_for_good(scene))
    }

    /// This device is out, and the hub shows a list without this person that proves nothing: perhaps it is an old one, and perhaps they have
    /// gone by their own wish on a device that is lost. It knocks at others, who may know better, and in the end takes it for true.
    fn is_absent_for_good(&mut self, scene: &mut Scene<'_>) -> bool {
        let Some(heal) = self.state().heal.as_mut() else { return false };
        heal.absent = heal.absent.saturating_add(1);
        let looks = heal.absent;
        if ABSENT_KNOCKS.contains(&looks) {
            self.knock(scene);
        }
        looks >= ABSENT_MAX
    }

    /// Somebody who is in the roster has fallen out and can't come back alone: their devices are added again, and they are told which access
    /// keys of theirs are or were in the roster: the one that they have may be an old one, or one that a restored hub does not know.
    pub fn knocked(&mut self, scene: &mut Scene<'_>, from: &Identity) {
        let member = self.state.roster.member(from).is_some();
        if member && self.state.in_group() && *from != self.state.me && !self.behind() {
            self.tell_salts(scene, from);
            if self.state.roster.role(&self.state.me).is_some_and(|role| role <= MODERATOR) {
                self.want(scene, Goal::Devices { who: *from, again: true });
            }
        }
        self.settle(scene);
    }

    /// Tells a member with which keys the hub may know them.
    pub(super) fn tell_salts(&self, scene: &mut Scene<'_>, who: &Identity) {
        for salt in self.salts_of(who) {
            scene.steps.push(Step::Parcel(*who, ParcelBody::Salt { group: self.owner(), salt: salt.0 }));
        }
    }

    /// The answer to a knock: another salt to try, if the hub accepts none of those that are known here.
    pub fn told_salt(&mut self, scene: &mut Scene<'_>, from: &Identity, salt: [u8; 16]) {
        let known = self.state.newest.member(from).is_some();
        if known && self.state.phase == Phase::Out {
            self.told_at_farewell(scene, Fixed(salt));
        } else if known && self.state.knocks.tries > 1 {
            self.try_told(scene, Fixed(salt));
        }
        self.settle(scene);
    }
}
