//! A hub that has lost a whole conversation gets it back: its node was restored from a backup that is older
//! (docs/protocol/conversations.md, A hub that lost something).

use super::Conversation;
use super::kept::{self, KeptEntry};
use super::scene::Scene;
use super::state::{Post, Remake};
use super::step::HubRequest;
use crate::command::Fault;
use crate::io::Time;
use crate::records::{Direction, Table};
use crate::roster::OWNER;
use crate::view::ConversationKind;
use tidings_wire::api::{EntryKind, NewGroup};
use tidings_wire::bytes::{Blob, Fixed};

/// Milliseconds that a device waits before it gives the conversation back, by role: who may do more can put back more.
const WAITS: [u64; 3] = [0, 20_000, 40_000];
/// The longest random wait besides.
const JITTER: u64 = 2_000;
/// Milliseconds that it is expected that somebody gives it back: a day.
const EXPECTED_FOR: u64 = 24 * 3600 * 1000;

/// The hub that does not know this member, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgetful {
    /// Its incarnation, as it said hello last; 0 if it has not.
    pub incarnation: u64,
    /// Whether it is one's own home node, which makes groups for this device.
    pub home: bool,
    /// Whether there is a connection to it now, so that it is the present incarnation.
    pub open: bool,
}

/// How a hub answered when it was given a conversation back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// It has it, and this is its incarnation.
    Made(u64),
    /// It has such a group, and does not know this member there.
    Exists,
    /// Not now.
    Later,
}

impl Conversation {
    /// The hub does not know this member: if it was restored since it did, it may have lost the conversation, and is given it. `false` if
    /// that is nothing for this device to do (any more).
    pub(super) fn give_back(&mut self, scene: &mut Scene<'_>, hub: Forgetful) -> Result<bool, Fault> {
        let known = self.state.incarnation;
        if hub.incarnation == 0 || hub.incarnation == known {
            return Ok(false);
        }
        let now = scene.now;
        let remake = match self.state.own.remake.filter(|remake| remake.incarnation == hub.incarnation) {
            Some(remake) => remake,
            None => self.expect_it_back(scene, hub.incarnation),
        };
        if remake.over || remake.since.saturating_add(EXPECTED_FOR) < now || !hub.home || !self.may_give_back() {
            return Ok(false);
        }
        self.suspect(scene, false);
        let state = self.state();
        // Nothing is said or changed until it is there.
        state.knocks = Post { at: state.knocks.at, tries: state.knocks.tries.max(1) };
        if remake.at > now {
            if let Some(heal) = state.heal.as_mut() {
                heal.next = remake.at;
            }
        } else if self.link.giving.is_none_or(|(until, _)| until <= now) {
            self.give(scene)?;
        }
        Ok(true)
    }

    fn expect_it_back(&mut self, scene: &mut Scene<'_>, incarnation: u64) -> Remake {
        let role = self.state.roster.role(&self.state.me).map_or(usize::MAX, usize::from);
        let wait = WAITS.get(role).or(WAITS.last()).copied().unwrap_or(0);
        let jitter = u64::from(u16::from_be_bytes(scene.draw())) % JITTER;
        let at =
            if role == usize::from(OWNER) { scene.now } else { scene.now.saturating_add(wait).saturating_add(jitter) };
        let remake = Remake { incarnation, since: scene.now, at, over: false };
        self.state().own.remake = Some(remake);
        remake
    }

    /// Whether the hub may have lost all of it, and somebody may give it back before long.
    pub(super) fn is_expected_back(&self, now: Time) -> bool {
        self.state.own.remake.is_some_and(|remake| remake.since.saturating_add(EXPECTED_FOR) > now)
    }

    /// Whether this device has what the hub needs, and shows it nothing new of who it is: in a room, the hub knows whose only who made it.
    fn may_give_back(&self) -> bool {
        let role = self.state.roster.role(&self.state.me);
        let may = match self.state.kind {
            ConversationKind::Room => role == Some(OWNER),
            _ => role.is_some(),
        };
        let state = &self.state;
        let good = state.in_group() && state.incoming.is_none() && !state.heal.is_some_and(|heal| heal.out);
        may && good && !state.own.left && !self.behind()
    }

    fn give(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let (turn, end) = self.given_from(scene)?;
        let info = Blob(self.present_info(scene)?);
        let request = NewGroup { group: Fixed(self.owner()), members: self.hub_members(), info, turn, end };
        self.link.giving = Some((scene.now.saturating_add(super::turn::POST_LOST), end));
        self.ask(scene, HubRequest::Create(request));
        Ok(())
    }

    /// The turn and the number from which on it is given back: what is kept of the stream is put back after that.
    fn given_from(&self, scene: &Scene<'_>) -> Result<(u64, u64), Fault> {
        let mut all = self.raw(scene)?;
        let lost = scene.scan(Table::Entry, &self.lost_owner(), None, Direction::Up, usize::MAX)?;
        all.extend(lost.iter().filter_map(|(_, bytes)| kept::read(bytes)));
        all.sort_by_key(|kept| kept.entry.number);
        let first = all.iter().rposition(|kept| !self.may_put_back(kept)).map_or(0, |place| place.saturating_add(1));
        Ok(beginning(&all, first, (self.state.turn, self.state.cursor)))
    }

    /// Whether the hub takes this entry from this member once it has the members as they are now.
    fn may_put_back(&self, kept: &KeptEntry) -> bool {
        let entry = &kept.entry;
        if entry.kind == EntryKind::Message || self.state.roster.role(&self.state.me) == Some(OWNER) {
            return true;
        }
        let members = self.hub_members();
        let there = |key: &Fixed<32>| members.iter().any(|member| member.key == *key);
        entry.add.iter().all(|added| members.contains(added)) && !entry.remove.iter().any(there)
    }

    /// Whether the hub was asked to take it back.
    pub fn gives_back(&self) -> bool {
        self.link.giving.is_some()
    }

    /// The hub has answered to that.
    pub fn given_back(&mut self, scene: &mut Scene<'_>, outcome: GivenBack) {
        let giving = self.link.giving.take();
        match (outcome, giving) {
            (GivenBack::Made(incarnation), Some((_, end))) if self.state.in_group() => {
                let now = scene.now;
                let state = self.state();
                (state.knocks, state.own.remake) = (Post::default(), None);
                let seen = self.hub_seen(scene, incarnation, end, self.state.cursor);
                self.report(scene, seen);
                if let Some(heal) = self.state().heal.as_mut() {
                    heal.next = now;
                }
            }
            (GivenBack::Exists, _) => {
                let now = scene.now;
                let state = self.state();
                if let Some(remake) = state.own.remake.as_mut() {
                    remake.over = true;
                }
                if let Some(heal) = state.heal.as_mut() {
                    heal.next = now;
                }
            }
            _ => {}
        }
        self.settle(scene);
    }
}

/// The turn and the number that stand before the entry at `first` of `all`, or after all of them. `here`: the turn and the number up to
/// which this device has read, which is less if the hub was restored before.
fn beginning(all: &[KeptEntry], first: usize, here: (u64, u64)) -> (u64, u64) {
    if let Some(kept) = all.get(first) {
        return (kept.turn_before, kept.entry.number.saturating_sub(1));
    }
    match all.last().filter(|last| last.entry.number > here.1) {
        Some(KeptEntry { entry, .. }) if entry.kind == EntryKind::Commit => (entry.turn, entry.number),
        Some(KeptEntry { entry, turn_before, .. }) => (*turn_before, entry.number),
        None => here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_wire::api::Entry;

    fn kept(number: u64, turn_before: u64, kind: EntryKind) -> KeptEntry {
        let turn = turn_before + u64::from(kind == EntryKind::Commit);
        let (id, at, body) = (Fixed([0; 16]), 0, Blob(Vec::new()));
        let entry = Entry { number, id, kind, turn, at, body, add: Vec::new(), remove: Vec::new() };
        KeptEntry { entry, turn_before, seq: 0 }
    }

    #[test]
    fn it_begins_with_the_turn_of_its_number() {
        use EntryKind::{Commit, Message};
        // Read up to entry 10; the hub lost those after it before, and now all.
        let all = [kept(10, 5, Message), kept(11, 5, Commit), kept(12, 6, Message), kept(13, 6, Commit)];
        assert_eq!(beginning(&all, 0, (5, 10)), (5, 9));
        assert_eq!(beginning(&all, 2, (5, 10)), (6, 11));
        assert_eq!(beginning(&all, 4, (5, 10)), (7, 13), "none can be put back by this member");
        assert_eq!(beginning(&all[..3], 3, (5, 10)), (6, 12));
        assert_eq!(beginning(&all, 4, (9, 20)), (9, 20), "more was read than is kept");
        assert_eq!(beginning(&[], 0, (9, 20)), (9, 20));
    }
}
