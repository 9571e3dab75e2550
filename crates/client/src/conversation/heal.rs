//! Falling out and coming back (docs/protocol/conversations.md): looking at the hub, and the external commit, without the person noticing.

use super::Conversation;
use super::intake::ANSWER_WITHIN;
use super::scene::Scene;
use super::slot::mls_fault;
use super::state::{Heal, Incoming, Pending, Phase, Post};
use super::step::{Appended, HubRequest, Looked, Step};
use super::turn::{IN_FLIGHT_BYTES_MAX, POST_AGAIN, POST_LOST};
use crate::command::Fault;
use crate::entry::{Info, Payload};
use crate::io::Time;
use crate::records::Table;
use crate::roster::Roster;
use tidings_wire::api::{Entry, EntryKind, Group, NewEntry};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;

/// The first wait before coming back is tried again, in milliseconds.
const WAIT_FIRST: u64 = 1_000;
/// The longest.
const WAIT_MAX: u64 = 10 * 60 * 1000;
/// How often a device comes back without a wait in between.
const RETURNS_AT_ONCE: u32 = 4;
/// The first wait before it does so again after that, in milliseconds; it doubles up to [`WAIT_MAX`].
const RETURN_WAIT: u64 = 2_000;
/// Milliseconds without a return after which they are counted anew.
const RETURNS_COUNTED_FOR: u64 = 3 * WAIT_MAX;
/// Where the external commit on its way is kept.
const EXTERNAL: &[u8] = b"external";

impl Conversation {
    /// Something is not as it should be: looks at the hub. `out`: this device certainly has to come back.
    pub(super) fn suspect(&mut self, scene: &Scene<'_>, out: bool) {
        match &mut self.state.heal {
            Some(heal) if out && !heal.out => heal.out = true,
            Some(_) => return,
            None => self.state.heal = Some(Heal::begun(scene.now, out)),
        }
        self.changed = true;
    }

    /// A commit broke the roster's rules: the hub's group info after it is no good until somebody commits again.
    pub(super) fn note_void(&mut self, scene: &mut Scene<'_>, turn: u64) {
        let wait = u64::from(u16::from_be_bytes(scene.draw())) % 2_000;
        let at = scene.now.saturating_add(wait);
        let state = self.state();
        state.void_turn = Some(turn);
        state.update_at = state.update_at.min(at);
    }

    /// Looks at the hub, or posts the external commit, when it is time.
    pub(super) fn come_back(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if matches!(self.state.phase, Phase::Creating | Phase::Locked | Phase::Out) {
            return Ok(());
        }
        if let Some(Incoming::External(pending)) = self.state.incoming.as_ref().filter(|_| !self.external_stands()) {
            return if pending.post.at <= scene.now { self.post_external(scene) } else { Ok(()) };
        }
        // One that stands at the hub comes along by itself, unless the hub has lost it, or does not accept this member any more.
        let Some(heal) = self.state.heal else { return Ok(()) };
        if self.removed_myself(scene) {
            return self.out(scene);
        }
        if heal.next > scene.now || self.link.looking.is_some_and(|until| until > scene.now) {
            return Ok(());
        }
        self.link.looking = Some(scene.now.saturating_add(ANSWER_WITHIN));
        self.link.looked_with = Some((self.state.salt, self.state.cursor));
        self.heal_later(scene);
        self.ask(scene, HubRequest::Look);
        Ok(())
    }

    /// Whether the hub has said that the external commit on its way stands there.
    fn external_stands(&self) -> bool {
        matches!(&self.state.incoming, Some(Incoming::External(pending)) if pending.placed)
    }

    /// Whether one's own device list says that this device was removed: then it stays out.
    fn removed_myself(&mut self, scene: &Scene<'_>) -> bool {
        let (signer, room) = (self.signer(scene.me), self.state.room.is_some());
        let seat = self.sender(0, signer.certificate().to_vec());
        !room && seat.is_some_and(|seat| self.removed(scene, &seat))
    }

    fn heal_later(&mut self, scene: &Scene<'_>) {
        let now = scene.now;
        if let Some(heal) = self.state().heal.as_mut() {
            let wait = WAIT_FIRST.saturating_mul(1 << heal.tries.min(20)).min(WAIT_MAX);
            heal.next = now.saturating_add(wait);
            heal.tries = heal.tries.saturating_add(1);
        }
    }

    pub(super) fn heal_due(&self) -> Option<Time> {
        if matches!(self.state.phase, Phase::Creating | Phase::Locked | Phase::Out) {
            return None;
        }
        match &self.state.incoming {
            Some(Incoming::External(pending)) if !pending.placed => Some(pending.post.at),
            _ => self.state.heal.map(|heal| self.link.looking.map_or(heal.next, |until| until.max(heal.next))),
        }
    }

    /// The hub was looked at.
    pub fn hub_state(&mut self, scene: &mut Scene<'_>, looked: Looked) {
        self.link.looking = None;
        let (salt, cursor) = self.link.looked_with.take().unwrap_or((self.state.salt, self.state.cursor));
        let present = salt == self.state.salt;
        let outcome = match looked {
            Looked::Found(group) if self.state.phase == Phase::Out => self.still_known(scene, &group),
            Looked::Found(group) => {
                if present {
                    self.key_accepted(scene);
                }
                self.hub_found(scene, &group, cursor)
            }
            Looked::NotAccepted(_) if self.state.phase == Phase::Out => {
                self.farewell_refused(scene);
                Ok(())
            }
            Looked::NotAccepted(_) if !present => {
                self.look_again(scene);
                Ok(())
            }
            Looked::NotAccepted(hub) => self.hub_knows_nothing(scene, hub),
            Looked::Later => Ok(()),
        };
        self.report(scene, outcome);
        self.settle(scene);
    }

    /// A look at the hub that is due some time is made now.
    pub(super) fn hasten_look(&mut self, now: Time) {
        if let Some(heal) = self.state().heal.as_mut() {
            heal.next = heal.next.min(now);
        }
    }

    /// Looks at the hub at once.
    pub(super) fn look_again(&mut self, scene: &Scene<'_>) {
        self.suspect(scene, false);
        let now = scene.now;
        if let Some(heal) = self.state().heal.as_mut() {
            heal.next = now;
        }
    }

    /// `asked`: up to where the stream was read when it was asked.
    fn hub_found(&mut self, scene: &mut Scene<'_>, group: &Group, asked: u64) -> Result<(), Fault> {
        if matches!(self.state.phase, Phase::Creating | Phase::Out) {
            return Ok(());
        }
        self.state().knocks = Post::default();
        self.link.unaccepted = false;
        self.link.refused.clear();
        let unplaced = |pending: &Pending| pending.salt.is_some() && pending.placed && pending.turn > group.turn;
        if self.state.pending.as_ref().is_some_and(unplaced) {
            if group.incarnation == self.state.incarnation {
                self.hub_forbids(scene, "the hub does not let this device change its key".to_owned())?;
            } else {
                self.drop_pending(scene)?;
            }
        }
        if !self.link.followed && self.wants_following() {
            scene.steps.push(Step::Follow(true));
        }
        if self.state.phase == Phase::Joining && self.state.epochs.is_empty() && !self.external_stands() {
            let state = self.state();
            (state.cursor, state.end, state.turn) = (group.end, group.end, group.turn);
            state.incarnation = group.incarnation;
        }
        self.hub_seen(scene, group.incarnation, group.end, asked.min(self.state.cursor))?;
        let overtaken = group.end < self.state.cursor;
        if overtaken || self.state.lost.is_some() || self.state.heal.is_none() {
            return Ok(());
        }
        if group.first > self.state.cursor.saturating_add(1) {
            // The hub does not keep what comes next any more.
            let state = self.state();
            (state.cursor, state.turn) = (group.end, group.turn);
            self.suspect(scene, true);
        }
        if self.state.cursor < self.state.end {
            self.link.look_when_read = true;
            self.fetch_now(scene);
            return Ok(());
        }
        // The hub may show an earlier epoch of this branch, and commits that followed it are not in its stream.
        let counted = std::mem::replace(&mut self.state().turn, group.turn);
        let lacks = self.state.cursor == group.end && (counted != group.turn || self.is_ahead(group));
        self.judge_info(scene, group, lacks)
    }

    /// Whether this device may come back now. Where two devices each take the other's branch for wrong, they would take turns without end.
    pub(super) fn may_return(&mut self, now: Time) -> bool {
        let at = self.state.own.returns.at;
        if let Some(heal) = self.state().heal.as_mut().filter(|_| at > now) {
            heal.next = heal.next.max(at);
        }
        at <= now
    }

    fn note_return(&mut self, now: Time) {
        let returns = &mut self.state().own.returns;
        let known = if returns.at.saturating_add(RETURNS_COUNTED_FOR) > now { returns.tries } else { 0 };
        let wait = match known.checked_sub(RETURNS_AT_ONCE) {
            Some(more) => RETURN_WAIT.saturating_mul(1 << more.min(20)).min(WAIT_MAX),
            None => 0,
        };
        *returns = Post { at: now.saturating_add(wait), tries: known.saturating_add(1) };
    }

    pub(super) fn make_external(&mut self, scene: &mut Scene<'_>, group: &Group, info: &Info) -> Result<(), Fault> {
        self.drop_pending(scene).ok();
        self.state().pending = None;
        self.drop_next(scene)?;
        let signer = self.signer(scene.me);
        let joined = tidings_mls::Group::join_external(&info.info, &signer, scene.random);
        let (next, committed) = joined.map_err(|error| mls_fault(&error))?;
        let turn = group.turn.saturating_add(1);
        let id: [u8; 16] = scene.draw();
        let roster =
            Roster::decode(&committed.extension).map_err(|_| Fault::Distrust("the roster is broken".to_owned()))?;
        let Some(key) = self.entry_key_of(&Fixed(roster.seal)) else { return Err(Fault::Passphrase) };
        let payload = Payload { epoch: info.epoch, tag: info.tag, mls: committed.commit };
        let after = Info { turn, epoch: info.epoch.saturating_add(1), tag: committed.tag, info: committed.info };
        let request = NewEntry {
            id: Fixed(id),
            kind: EntryKind::Commit,
            turn,
            body: Blob(key.seal_entry(&self.state.group, &id, &payload, scene.random)),
            info: Some(Blob(key.seal_info(&self.state.group, &after, scene.random))),
            add: Vec::new(),
            remove: Vec::new(),
            notify: false,
        };
        self.next = Some(next);
        scene.batch.put(self.record(Table::Conversation, EXTERNAL), cbor::encode(&request));
        self.state().incoming = Some(Incoming::External(Pending {
            id: Fixed(id),
            turn,
            wants: Vec::new(),
            welcome: Vec::new(),
            salt: None,
            lost: false,
            placed: false,
            post: Post::default(),
        }));
        self.post_external(scene)
    }

    fn post_external(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let request = scene.get(&self.record(Table::Conversation, EXTERNAL))?;
        let request = request.and_then(|bytes| cbor::decode(&bytes, IN_FLIGHT_BYTES_MAX).ok());
        match (request, &mut self.state.incoming) {
            (Some(request), Some(Incoming::External(pending))) => {
                pending.post.at = scene.now.saturating_add(POST_LOST);
                self.changed = true;
                self.ask(scene, HubRequest::Append(request));
                Ok(())
            }
            _ => self.external_refused(scene),
        }
    }

    /// The hub has answered to the external commit; `None` if the entry is another.
    pub(super) fn external_appended(&mut self, scene: &mut Scene<'_>, id: &[u8; 16], outcome: &Appended) -> Option<()> {
        let now = scene.now;
        let Some(Incoming::External(pending)) = &mut self.state.incoming else { return None };
        if pending.id.0 != *id {
            return None;
        }
        self.changed = true;
        match outcome {
            Appended::Placed { number, .. } => {
                pending.placed = true;
                self.state.end = self.state.end.max(*number);
                if *number <= self.state.cursor {
                    // A restored hub ended later than it had been put back to: this commit stands among what was taken for read.
                    self.state.cursor = number.saturating_sub(1);
                    self.state.fetch = Post::default();
                }
                if !self.link.followed {
                    // From here on it is heard of whatever becomes of the hub.
                    scene.steps.push(Step::Follow(true));
                }
            }
            Appended::Later => pending.post.tried(now, POST_AGAIN),
            Appended::Turn | Appended::Refused(_) => {
                let outcome = self.external_refused(scene);
                self.report(scene, outcome);
            }
        }
        Some(())
    }

    pub(super) fn own_external(&self, entry: &Entry) -> bool {
        matches!(&self.state.incoming, Some(Incoming::External(pending)) if pending.id == entry.id)
    }

    pub(super) fn external_lost(&self, entry: &Entry) -> bool {
        matches!(&self.state.incoming, Some(Incoming::External(pending)) if pending.turn <= entry.turn)
    }

    /// Another was first: tries again later from what the hub shows then.
    pub(super) fn external_refused(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        self.drop_next(scene)?;
        scene.batch.remove(self.record(Table::Conversation, EXTERNAL));
        self.state().incoming = None;
        self.suspect(scene, true);
        let jitter = u64::from(u16::from_be_bytes(scene.draw())) % 1_000;
        if let Some(heal) = self.state().heal.as_mut() {
            heal.next = heal.next.max(scene.now.saturating_add(jitter));
        }
        Ok(())
    }

    /// The external commit has come along: this device is in the group again.
    pub(super) fn external_done(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Result<(), Fault> {
        self.switch(scene)?;
        scene.batch.remove(self.record(Table::Conversation, EXTERNAL));
        self.note_return(scene.now);
        self.joined_anew(scene, entry.at)
    }

    /// The group is another than before: what was on its way goes again.
    pub(super) fn joined_anew(&mut self, scene: &mut Scene<'_>, at: Time) -> Result<(), Fault> {
        let first = self.state.epochs.is_empty();
        let last_shared = self.state.epochs.iter().filter(|epoch| epoch.shared).map(|epoch| epoch.number).max();
        let group = self.group(scene)?;
        let roster = roster_of(group)?;
        let before = self.state.roster.clone();
        self.link.refused.clear();
        let state = self.state();
        state.epochs.clear();
        (state.heal, state.void_turn, state.stays) = (None, None, 0);
        // The hub has taken this device's commit, or a welcome leads on: whatever it said of this member before holds no more.
        state.knocks = Post::default();
        let again = state.sealed.iter().filter(|(_, epoch)| last_shared.is_none_or(|shared| *epoch > shared));
        let again: Vec<u64> = again.map(|(seq, _)| *seq).collect();
        if !first {
            self.send_again(again);
            self.ground_flight(scene);
        }
        self.entered(scene, at, None, roster, true, &[])?;
        if first {
            self.note_latest(scene);
        }
        if self.state.own.word_of.is_some() {
            self.state().own.word_of = None;
            scene.steps.push(Step::Profile);
        }
        if before.member(&self.state.me).is_some() {
            self.note_missed(scene, at, &before);
        }
        if !first {
            self.announce(scene, self.state.seq)?;
            self.ask_what_was_missed();
        }
        scene.steps.push(Step::Follow(true));
        Ok(())
    }
}

/// The roster in a group's context.
pub(super) fn roster_of(group: &tidings_mls::Group) -> Result<Roster, Fault> {
    let bytes = group.extension().map_err(|error| mls_fault(&error))?;
    Roster::decode(bytes).map_err(|_| Fault::Distrust("the roster is broken".to_owned()))
}
