//! What comes from the hub's stream: entries, in order, each once.

use super::Conversation;
use super::kept::Raw;
use super::said::Came;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{Goal, Incoming, Pending, Phase, Post};
use super::step::{HubRequest, Step};
use super::turn::POST_AGAIN;
use crate::command::Fault;
use crate::entry::Payload;
use crate::io::Time;
use tidings_mls::{Error, Received};
use tidings_wire::api::{Entries, Entry, EntryKind};

/// Milliseconds that entries which stand at the hub may take to come along by themselves.
const LAG: u64 = 2_000;
/// Milliseconds after which a hub is looked at at the latest that has refused something, unless it is time to knock only later.
const LOOK_WITHIN: u64 = 1_000;
/// Milliseconds between two restores of a hub that are learnt from answers; others are learnt from its hello, or when it is looked at.
const RESTORED_EVERY: u64 = 60_000;
/// Milliseconds that an answer is waited for.
pub(super) const ANSWER_WITHIN: u64 = 90_000;

impl Conversation {
    /// Entries of the stream as they come.
    pub fn entries(&mut self, scene: &mut Scene<'_>, entries: &[Entry]) {
        if self.reads() {
            let outcome = self.take_entries(scene, entries, None);
            self.report(scene, outcome);
        }
        self.settle(scene);
    }

    /// The answer to a Fetch. It must not be older than what the hub said last of its incarnation.
    pub fn fetched(&mut self, scene: &mut Scene<'_>, found: &Entries) {
        self.link.fetching = None;
        if self.reads() {
            let outcome = self.take_answer(scene, found);
            self.report(scene, outcome);
        }
        self.settle(scene);
    }

    fn reads(&self) -> bool {
        !matches!(self.state.phase, Phase::Creating | Phase::Out)
    }

    fn take_answer(&mut self, scene: &mut Scene<'_>, found: &Entries) -> Result<(), Fault> {
        if self.incarnation().is_some_and(|known| known != found.incarnation) {
            if self.link.restored.is_some_and(|until| until > scene.now) {
                // One that says so with each answer would be asked without end.
                self.state().fetch.tried(scene.now, LAG);
                return Ok(());
            }
            // The numbers stand for something else now: it is asked again from where that begins.
            self.link.restored = Some(scene.now.saturating_add(RESTORED_EVERY));
            return self.hub_seen(scene, found.incarnation, found.end, 0);
        }
        self.take_entries(scene, &found.entries, Some((found.end, found.turn)))
    }

    fn take_entries(&mut self, scene: &mut Scene<'_>, entries: &[Entry], end: Option<(u64, u64)>) -> Result<(), Fault> {
        if let Some((end, _)) = end {
            self.pass_hole(scene, entries, end);
        }
        let mut taken = Vec::new();
        for entry in entries {
            let expected = self.state.cursor.saturating_add(1);
            if entry.number < expected {
                continue;
            }
            if entry.number > expected {
                self.state().end = self.state.end.max(entry.number);
                break;
            }
            let turn_before = self.state.turn;
            let state = self.state();
            state.cursor = entry.number;
            state.end = state.end.max(entry.number);
            let seq = self.take_entry(scene, entry)?;
            taken.push(Raw { entry, turn_before, seq });
            if self.state.phase == Phase::Out {
                break;
            }
        }
        let progress = !taken.is_empty();
        self.keep_raw(scene, &taken)?;
        if let Some((end, _)) = end {
            self.state().end = if progress { self.state.end.max(end) } else { end.max(self.state.cursor) };
        }
        if progress {
            self.state().fetch = Post::default();
        }
        if self.state.cursor >= self.state.end && std::mem::take(&mut self.link.look_when_read) {
            self.hasten_look(scene.now);
        }
        if end.is_some() && self.state.cursor < self.state.end && progress {
            self.fetch_now(scene);
        }
        if let Some((end, turn)) = end {
            self.note_turn(scene, end, turn);
        }
        Ok(())
    }

    /// The hub's stream ends where one's own does, but it has counted other commits: it is another one.
    fn note_turn(&mut self, scene: &Scene<'_>, end: u64, turn: u64) {
        let open = |pending: &Pending| (pending.placed || pending.lost) && pending.turn > turn;
        if let Some(pending) = self.state.pending.as_mut().filter(|pending| open(pending)) {
            // Neither it nor another one has this turn. It was taken for placed since the hub did not know the key any more, or for lost while
            // the hub, restored, counted lower turns: it is asked for again.
            (pending.placed, pending.lost) = (false, false);
            pending.post.tried(scene.now, POST_AGAIN);
            self.changed = true;
        }
        let settled = self.state.in_group() && self.state.lost.is_none() && self.state.cursor == end;
        if settled && self.state.turn != turn {
            self.suspect(scene, false);
        }
    }

    /// One entry, in its place. Gives the `seq` of a message of this device, else 0.
    fn take_entry(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Result<u64, Fault> {
        let known = self.came_back(scene, entry);
        let own_commit = self.state.pending.as_ref().is_some_and(|pending| pending.id == entry.id);
        if entry.kind == EntryKind::Commit {
            self.state().turn = entry.turn;
        }
        if let Some(seq) = known {
            return Ok(seq);
        }
        if self.own_external(entry) {
            self.external_done(scene, entry)?;
        } else if own_commit {
            self.own_commit_came(scene, entry)?;
        } else if let Some(seq) = self.own_message_came(scene, entry) {
            return Ok(seq);
        } else if entry.kind == EntryKind::Commit {
            self.take_commit(scene, entry)?;
        } else {
            self.take_message(scene, entry)?;
        }
        self.welcome_due(scene, entry)?;
        Ok(0)
    }

    fn own_commit_came(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Result<(), Fault> {
        let Some(pending) = self.state.pending.clone() else { return Ok(()) };
        let group = self.group(scene)?;
        let judgement = group.pending_judgement();
        let wished = judgement.as_ref().map(|judgement| self.wished(judgement)).unwrap_or_default();
        self.group(scene)?.merge_pending().map_err(|error| mls_fault(&error))?;
        self.commit_done(scene, &pending, entry.number)?;
        if !pending.welcome.is_empty() {
            self.state().comings.turn = entry.turn;
        }
        let after = judgement.map(|judgement| judgement.extension_after).unwrap_or_default();
        let after = crate::roster::Roster::decode(&after).unwrap_or_else(|_| self.state.roster.clone());
        let me = self.state.me;
        self.entered(scene, entry.at, Some(me), after, false, &wished)
    }

    /// Somebody else's commit. It counts as a turn whatever becomes of it.
    fn take_commit(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Result<(), Fault> {
        if self.state.pending.as_ref().is_some_and(|pending| pending.turn <= entry.turn) {
            self.drop_pending(scene)?;
        }
        if self.external_lost(entry) {
            self.external_refused(scene)?;
        }
        if !self.state.in_group() {
            return Ok(());
        }
        let Some(payload) = self.payload_here(scene, entry) else {
            self.suspect(scene, false);
            return Ok(());
        };
        match self.group(scene)?.receive(&payload.mls) {
            Ok(Received::Commit(staged)) => self.take_staged(scene, entry, *staged),
            Ok(Received::Own) => {
                // One's own, but not the one that waits: it was given up before. Only coming back helps.
                self.suspect(scene, true);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(Error::NotMember) => self.out(scene),
            Err(_) => {
                self.suspect(scene, false);
                Ok(())
            }
        }
    }

    fn take_message(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Result<(), Fault> {
        if !self.state.in_group() {
            return Ok(());
        }
        let Some(payload) = self.payload_here(scene, entry) else {
            self.note_unread();
            return Ok(());
        };
        match self.group(scene)?.receive(&payload.mls) {
            Ok(Received::Message { leaf, credential, bytes, .. }) => {
                let Some(seat) = self.sender(leaf, credential) else { return Ok(()) };
                self.note_aware(&seat.identity);
                self.take_said(scene, &seat, &bytes, Came::by(entry, scene.now))
            }
            Ok(Received::Proposal(proposed)) => self.take_proposal(scene, proposed),
            Ok(Received::Own) => {
                self.note_forgotten(scene, entry);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) => {
                self.note_unread();
                Ok(())
            }
        }
    }

    /// This device has sealed that and does not know of it: its store was put back to an earlier state. Its keys and numbers were used
    /// already, so that nobody would read what it says with them: it comes in anew, and passes over the numbers.
    fn note_forgotten(&mut self, scene: &Scene<'_>, entry: &Entry) {
        if self.state.posted.contains(&entry.id) {
            return;
        }
        let state = self.state();
        state.seq = state.seq.saturating_add(1);
        self.suspect(scene, true);
    }

    /// Somebody proposes that a leaf goes. Only those of the same person count.
    fn take_proposal(&mut self, scene: &mut Scene<'_>, proposed: tidings_mls::Proposed) -> Result<(), Fault> {
        let who = |leaf: u32| self.state.seats.iter().find(|seat| seat.leaf == leaf).map(|seat| seat.identity);
        let by = who(proposed.proposal.by);
        if by.is_none() || by != who(proposed.proposal.removes) {
            return Ok(());
        }
        if by == Some(self.state.me) && !self.state.own.left {
            // Another device of one's own leaves: so one is leaving, and sees to it, since that one may be gone before all is said.
            self.state().own.left = true;
            self.want(scene, Goal::Leave);
            scene.steps.push(Step::Profile);
        }
        self.state().proposals.waiting = true;
        self.group(scene)?.keep(proposed).map_err(|error| mls_fault(&error))
    }

    /// What an entry holds, if it is of this device's branch of the group. An entry of another shows that the group is split.
    fn payload_here(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Option<Payload> {
        let payload = self.open_payload(entry)?;
        let own = self.state.epoch().map(|epoch| epoch.number)?;
        match self.state.tag_of(payload.epoch) {
            Some(tag) if tag.0 == payload.tag => {
                self.note_shared(payload.epoch);
                Some(payload)
            }
            Some(_) => {
                self.suspect(scene, false);
                None
            }
            None => {
                if payload.epoch > own {
                    self.suspect(scene, false);
                }
                None
            }
        }
    }

    /// Somebody else was in this epoch: it is not this device's alone.
    fn note_shared(&mut self, number: u64) {
        let alone = |epoch: &super::state::Epoch| epoch.number == number && !epoch.shared;
        if self.state.epochs.iter().any(alone) {
            for epoch in self.state().epochs.iter_mut().filter(|epoch| epoch.number == number) {
                epoch.shared = true;
            }
        }
    }

    /// A welcome was for the place after this entry.
    fn welcome_due(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Result<(), Fault> {
        let due = |incoming: &Incoming| matches!(incoming, Incoming::Welcome { number, .. } if *number <= entry.number);
        if !self.state.incoming.as_ref().is_some_and(due) {
            return Ok(());
        }
        if self.state.in_group() && self.group(scene)?.active() {
            // The commit there did not put this device anew into its place, so the welcome leads elsewhere.
            self.state().incoming = None;
            return self.drop_next(scene);
        }
        self.take_welcome(scene)
    }

    // --- fetching what does not come by itself

    pub(super) fn fetch_now(&mut self, scene: &mut Scene<'_>) {
        if self.link.fetching.is_some_and(|until| until > scene.now) {
            return;
        }
        self.link.fetching = Some(scene.now.saturating_add(ANSWER_WITHIN));
        self.ask(scene, HubRequest::Fetch { after: self.state.cursor });
    }

    /// A Fetch got no answer; `refused`: the hub does not know the key that it was asked with.
    pub fn fetch_failed(&mut self, scene: &mut Scene<'_>, refused: bool) {
        self.link.fetching = None;
        if refused {
            self.was_refused(scene);
        }
        let now = scene.now;
        self.state().fetch.tried(now, LAG);
        self.settle(scene);
    }

    fn lags(&self) -> bool {
        let reads = self.reads() && self.state.phase != Phase::Locked;
        // Whom the hub does not accept looks at it instead.
        reads && self.state.cursor < self.state.end && self.state.knocks.tries == 0
    }

    /// Asks for entries that stand at the hub and have not come.
    pub(super) fn fetch_what_lags(&mut self, scene: &mut Scene<'_>) {
        if !self.lags() || self.link.fetching.is_some_and(|until| until > scene.now) {
            return;
        }
        let now = scene.now;
        if self.state.fetch.at == 0 {
            // Where it is followed, it comes by itself; give it a moment.
            self.state().fetch.at = if self.link.followed { now.saturating_add(LAG) } else { now };
        }
        if self.state.fetch.at <= now {
            self.state().fetch.tried(now, LAG);
            self.fetch_now(scene);
        }
    }

    pub(super) fn fetch_due(&self, now: Time) -> Option<Time> {
        self.lags().then(|| self.link.fetching.filter(|until| *until > now).unwrap_or(self.state.fetch.at))
    }

    /// The stream is followed: what the hub said of it and of itself.
    pub fn followed(&mut self, scene: &mut Scene<'_>, incarnation: u64, end: u64, turn: u64) {
        (self.link.followed, self.link.followed_at) = (true, scene.now);
        if self.state.knocks.tries > 0 && self.state.in_group() {
            self.state().knocks = Post::default();
        }
        let outcome = self.hub_seen(scene, incarnation, end, 0);
        self.report(scene, outcome);
        if end < self.state.cursor {
            // Entries may have overtaken this answer; if not, the hub has lost some.
            self.suspect(scene, false);
        }
        self.note_turn(scene, end, turn);
        self.settle(scene);
    }

    /// It is followed no more. `refused`: the hub does not know this member (any more).
    pub fn unfollowed(&mut self, scene: &mut Scene<'_>, refused: bool) {
        self.link.followed = false;
        if refused {
            self.was_refused(scene);
        }
        self.settle(scene);
    }

    /// The hub did not know the key with which something was asked. That may have been another key than that in use now, and several such
    /// answers may come at once, so that only a look at the hub decides: there is one at a time.
    pub(super) fn was_refused(&mut self, scene: &Scene<'_>) {
        if matches!(self.state.phase, Phase::Creating | Phase::Out) {
            return;
        }
        self.suspect(scene, false);
        let soon = scene.now.saturating_add(LOOK_WITHIN).max(self.state.knocks.at);
        if let Some(heal) = self.state().heal.as_mut() {
            heal.next = heal.next.min(soon);
        }
    }

    /// What the hub says of itself: whether it is as it was. `least`: a number that it had when it was asked, as far as is known; entries
    /// that were read since may have overtaken what it says of its end.
    pub(super) fn hub_seen(
        &mut self,
        scene: &mut Scene<'_>,
        incarnation: u64,
        end: u64,
        least: u64,
    ) -> Result<(), Fault> {
        let restored = self.state.incarnation != 0 && self.state.incarnation != incarnation;
        if self.state.incarnation != incarnation || self.state.own.remake.is_some() {
            let state = self.state();
            (state.incarnation, state.own.remake) = (incarnation, None);
        }
        if restored || end < least {
            return self.rewind(scene, end);
        }
        if end > self.state.end {
            self.state().end = end;
        }
        Ok(())
    }

    /// The incarnation of the hub whose entries are read; none before it was heard of.
    pub fn incarnation(&self) -> Option<u64> {
        Some(self.state.incarnation).filter(|incarnation| *incarnation != 0)
    }
}
