//! What this device says: kept first, then sealed and posted, one after the other, until the hub has it.

use super::Conversation;
use super::history::{Body, Kept, Notice};
use super::intake::ANSWER_WITHIN;
use super::scene::Scene;
use super::state::{CONTROLS_MAX, OUTBOX_MAX, Phase, push_bounded};
use crate::command::{Fault, Look, Reason};
use crate::content::{Backup, Content, Message, SEEN_MAX, Seen, chain};
use crate::io::Time;
use crate::records::{Direction, RecordKey, Table};
use crate::view::MessageId;
use serde::{Deserialize, Serialize};
use tidings_wire::api::Entry;
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;

/// How many own messages are kept for those who missed them.
const WRITTEN_MAX: u64 = 10_000;
/// Most bytes of one.
const WRITTEN_BYTES_MAX: usize = 600 * 1024;
/// How many of them are looked at together.
const CHUNK: usize = 64;
/// Milliseconds between two mentions of the profile's counter: a day.
const BACKUP_EVERY: u64 = 24 * 3600 * 1000;
/// How far ahead of this device's clock what is here may stand for a message to be written after it: 10 minutes, in milliseconds.
const AHEAD_MAX: u64 = 10 * 60 * 1000;
/// Milliseconds after which what may be seen once is destroyed by its sender: 7 days.
const ONCE_FOR: u64 = 7 * 24 * 3600 * 1000;

/// A message of this device, as it was written.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) id: MessageId,
    pub(super) message: Blob,
    /// The turn in which it was written.
    pub(super) turn: u64,
    /// When it disappears.
    pub(super) until: Option<Time>,
    /// May be seen once, or for some seconds: not given again.
    pub(super) private: bool,
    /// Whether somebody should hear of it.
    pub(super) notify: bool,
    /// When the hub took it first; 0 until it has come along.
    #[serde(default)]
    pub(super) taken: Time,
}

impl Conversation {
    /// Says something: keeps it, shows it, and brings it to the hub as soon as that can be. Gives its name.
    pub fn send(&mut self, scene: &mut Scene<'_>, content: Content, expire: Option<u32>) -> Result<MessageId, Fault> {
        self.may_write(scene)?;
        self.may_act(scene, &content)?;
        let id = self.write_message(scene, content, expire)?;
        let due = scene.now.saturating_sub(self.state.backup_said) >= BACKUP_EVERY;
        if due && self.is_small() && scene.me.backup > 0 && !self.is_room() {
            self.state().backup_said = scene.now;
            self.write_message(scene, Content::Backup(Backup { counter: scene.me.backup }), None)?;
        }
        self.settle(scene);
        Ok(id)
    }

    /// Whether anything can be written here now.
    fn may_write(&self, scene: &Scene<'_>) -> Result<(), Fault> {
        let cannot = |why| Err(Fault::Cannot(why));
        if let Some(other) = self.unlooked(scene.people) {
            return Err(Fault::KeyChanged(scene.people.name(&other).unwrap_or_else(|| other.to_string())));
        }
        match self.state.phase {
            Phase::Out => cannot(Reason::NoMember),
            Phase::Locked => Err(Fault::Passphrase),
            _ if self.state.own.left => cannot(Reason::Left),
            Phase::Member if self.state.other.is_some_and(|other| self.state.roster.member(&other).is_none()) => {
                cannot(Reason::OtherLeft)
            }
            _ if self.state.outbox.len() >= OUTBOX_MAX => {
                Err(Fault::TooLarge("too many messages wait already".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether this person may do that to the message that it is about.
    fn may_act(&self, scene: &Scene<'_>, content: &Content) -> Result<(), Fault> {
        let unknown = || Fault::Unknown("this message".to_owned());
        match content {
            Content::Edit(edit) => {
                let (_, kept) = self.find(scene, &edit.to)?.ok_or_else(unknown)?;
                let text = kept.message().is_some_and(|message| matches!(message.content, Content::Text(_)));
                if kept.mine && text { Ok(()) } else { Err(Fault::Role) }
            }
            Content::Delete(target) => {
                let (_, kept) = self.find(scene, &target.to)?.ok_or_else(unknown)?;
                if kept.mine || self.may_delete(&self.state.me) { Ok(()) } else { Err(Fault::Role) }
            }
            Content::React(react) => self.find(scene, &react.to)?.map(|_| ()).ok_or_else(unknown),
            _ if content.needs_memory() => Ok(()),
            _ => Err(Fault::Cannot(Reason::NotToSay)),
        }
    }

    /// Numbers a message, keeps it, does here what it says, and queues it.
    pub(super) fn write_message(
        &mut self,
        scene: &mut Scene<'_>,
        content: Content,
        expire: Option<u32>,
    ) -> Result<MessageId, Fault> {
        let id = MessageId(scene.draw());
        let seq = self.state.seq.saturating_add(1);
        let lasting =
            matches!(content, Content::Text(_) | Content::Media(_) | Content::Introduce(_) | Content::Invite(_));
        let expire = expire.or(self.state.roster.expire).filter(|seconds| lasting && *seconds > 0);
        let (prev, at) = (self.state.prev.0, self.after_what_is_here(scene.now));
        let message = Message { id, seq, prev, seen: self.seen(), at, expire, content };
        let bytes = message.encode().map_err(|error| Fault::TooLarge(error.to_string()))?;
        let state = self.state();
        (state.seq, state.prev) = (seq, Fixed(chain(&bytes)));
        state.outbox.push_back(seq);
        state.fresh.clear();
        let private = matches!(&message.content, Content::Media(media) if media.view != Look::Keep);
        let until = expire.map(|seconds| scene.now.saturating_add(u64::from(seconds) * 1000));
        let turn = self.turn_of_all();
        let written = Written { id, message: Blob(bytes.clone()), turn, until, private, notify: lasting, taken: 0 };
        scene.batch.put(self.record(Table::Written, seq.to_be_bytes()), cbor::encode(&written));
        if let Some(old) = seq.checked_sub(WRITTEN_MAX) {
            scene.batch.remove(self.record(Table::Written, old.to_be_bytes()));
        }
        self.do_own(scene, &message, &bytes)?;
        if private {
            self.set_expiry(scene, scene.now.saturating_add(ONCE_FOR), &id, super::expiry::Due::Once);
        }
        Ok(id)
    }

    /// The turn from which on all who are members now may have what is said, though a hub that was restored counts from lower turns again.
    fn turn_of_all(&mut self) -> u64 {
        let since = self.state.roster.members.iter().map(|member| member.since).max().unwrap_or(0);
        let turn = self.state.turn.max(since);
        let highest = self.state.comings.written.max(turn);
        self.state().comings.written = highest;
        turn
    }

    /// Whoever is a member when a message is sealed first may have it again later, though it was written before they came.
    pub(super) fn sealed_first(&mut self, scene: &mut Scene<'_>, seq: u64) -> Result<(), Fault> {
        let Some(written) = self.written(scene, seq)?.filter(|written| written.taken == 0) else { return Ok(()) };
        let turn = self.turn_of_all().max(written.turn);
        if turn > written.turn {
            let written = Written { turn, ..written };
            scene.batch.put(self.record(Table::Written, seq.to_be_bytes()), cbor::encode(&written));
        }
        Ok(())
    }

    /// The last message that was sealed for anybody: those after it still wait.
    pub(super) fn said_so_far(&self) -> u64 {
        let state = &self.state;
        let waits = |seq: &u64| state.outbox.contains(seq) && !self.was_sealed(*seq);
        (0..=state.seq).rev().find(|seq| !waits(seq)).unwrap_or(0)
    }

    /// The time of a message that is written now: it stands after all that is here, also if that is of the same moment or of a faster clock.
    fn after_what_is_here(&self, now: Time) -> Time {
        let next = self.state.last.at.saturating_add(1);
        if next.saturating_sub(now) > AHEAD_MAX { now } else { next.max(now) }
    }

    /// What a message of one's own changes here.
    fn do_own(&mut self, scene: &mut Scene<'_>, message: &Message, bytes: &[u8]) -> Result<(), Fault> {
        let me = self.state.me;
        if !self.acts(scene, &me, message)? {
            return Ok(());
        }
        let device = Fixed(self.signer(scene.me).public());
        let body = Body::Here(Blob(bytes.to_vec()));
        let kept = Kept {
            seq: message.seq,
            received: scene.now,
            mine: true,
            expire: message.expire,
            ..Kept::new(message.id, me, (device, self.state.mark), message.at, body)
        };
        self.keep_said(scene, kept);
        Ok(())
    }

    /// What was seen of others since one last wrote.
    fn seen(&self) -> Vec<Seen> {
        let fresh = self.state.fresh.iter().rev().take(SEEN_MAX);
        fresh.filter_map(|mark| self.state.chains.get(mark).map(|chain| Seen(mark.0, chain.upto))).collect()
    }

    /// Queues something that needs no memory.
    pub(super) fn control(&mut self, content: Content) {
        let state = self.state();
        if let Some(flight) = state.flight.as_mut().filter(|_| state.controls.len() >= CONTROLS_MAX) {
            // The first, which is on its way, makes room.
            flight.control = false;
        }
        push_bounded(&mut state.controls, Blob(cbor::encode(&content)), CONTROLS_MAX);
    }

    /// What waits gives no more copy to those who missed it.
    pub(super) fn forget_written(&mut self, scene: &mut Scene<'_>, kept: &Kept) {
        if kept.mine && kept.mark == self.state.mark && kept.seq > 0 && !self.state.outbox.contains(&kept.seq) {
            scene.batch.remove(self.record(Table::Written, kept.seq.to_be_bytes()));
        }
    }

    /// The texts that a message of one's own was given later stand in messages of their own: they go with it.
    pub(super) fn forget_edits(&self, scene: &mut Scene<'_>, id: &MessageId) -> Result<(), Fault> {
        let (owner, mut from) = (self.owner(), None);
        loop {
            let page = scene.scan(Table::Written, &owner, from.as_deref(), Direction::Down, CHUNK)?;
            for (order, bytes) in &page {
                let seq = order.first_chunk().map_or(0, |seq| u64::from_be_bytes(*seq));
                if edited(bytes) == Some(*id) && !self.state.outbox.contains(&seq) {
                    scene.batch.remove(RecordKey::new(Table::Written, owner, order.clone()));
                }
            }
            match page.last() {
                Some((order, _)) if page.len() == CHUNK => from = Some(order.clone()),
                _ => return Ok(()),
            }
        }
    }

    /// Whether what a message of one's own says has been destroyed meanwhile.
    pub(super) fn is_destroyed(&self, scene: &Scene<'_>, written: &Written) -> Result<bool, Fault> {
        let gone = |id: &MessageId| -> Result<Option<bool>, Fault> {
            Ok(self.find(scene, id)?.map(|(_, kept)| kept.gone || !matches!(kept.body, Body::Here(_))))
        };
        let expired = written.until.is_some_and(|until| until <= scene.now);
        let of_edited = edit_of(&written.message.0).map(|id| gone(&id)).transpose()?;
        Ok(expired || gone(&written.id)?.unwrap_or(false) || of_edited.is_some_and(|gone| gone.unwrap_or(true)))
    }

    pub(super) fn written(&self, scene: &Scene<'_>, seq: u64) -> Result<Option<Written>, Fault> {
        let bytes = scene.get(&self.record(Table::Written, seq.to_be_bytes()))?;
        Ok(bytes.and_then(|bytes| cbor::decode(&bytes, WRITTEN_BYTES_MAX).ok()))
    }

    // --- bringing it to the hub

    fn may_say(&self, scene: &Scene<'_>) -> bool {
        let others_gone = |seat: &super::state::Seat| seat.identity != self.state.me;
        self.may_seal(scene) && !self.stale_seats(scene).iter().any(others_gone)
    }

    /// Whether something that was written waits for nothing but its turn. What waits until a device of one's own is out, does not count.
    pub(super) fn has_to_say(&self, scene: &Scene<'_>) -> bool {
        !self.state.outbox.is_empty() && self.may_say(scene) && self.stale_seats(scene).is_empty()
    }

    /// Whether anything can be sealed that all may read.
    pub(super) fn may_seal(&self, scene: &Scene<'_>) -> bool {
        let state = &self.state;
        state.in_group()
            && state.lost.is_none()
            && state.knocks.tries == 0
            && state.say.at <= scene.now
            && !state.heal.is_some_and(|heal| heal.out || self.link.unaccepted)
            && self.link.fetching.is_none_or(|until| until <= scene.now)
            && !self.behind()
            && !state.other.is_some_and(|other| scene.people.key_changed(&other))
    }

    /// Posts what is on its way, or the next that waits.
    pub(super) fn say(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        if let Some(flight) = &self.state.flight {
            return if flight.post.at <= scene.now { self.post_flight(scene) } else { Ok(()) };
        }
        if !self.may_say(scene) {
            return self.say_list(scene);
        }
        // A removed device of one's own can read until it is out: nothing is said until then but the list that says that it goes.
        let own_removed = self.stale_seats(scene).iter().any(|seat| seat.identity == self.state.me);
        while let Some(seq) = self.state.outbox.front().copied() {
            if (own_removed && seq > self.state.list.seq) || self.adding_until(seq, scene.now).is_some() {
                return Ok(());
            }
            match self.written(scene, seq)? {
                Some(written) => return self.launch(scene, seq, &written.message.0, written.notify),
                None => {
                    self.state().outbox.pop_front();
                }
            }
        }
        // An answer to who has come in anew since could not be read by them.
        if own_removed || self.state.cursor < self.state.end {
            return Ok(());
        }
        let Some((content, control)) = self.next_control(scene) else { return Ok(()) };
        let (id, seen) = (MessageId(scene.draw()), Vec::new());
        let message = Message { id, seq: 0, prev: [0; 16], seen, at: scene.now, expire: None, content };
        let launched = match message.encode() {
            Ok(bytes) => self.launch(scene, 0, &bytes, false),
            Err(_) => {
                if control {
                    self.state().controls.pop_front();
                }
                Ok(())
            }
        };
        if let Some(flight) = self.state.flight.as_mut().filter(|_| control) {
            flight.control = true;
            self.changed = true;
        }
        launched
    }

    /// What to say that needs no memory, and whether it waits in the queue: there it stays until it stands at the hub.
    fn next_control(&mut self, scene: &mut Scene<'_>) -> Option<(Content, bool)> {
        while let Some(bytes) = self.state.controls.front() {
            match cbor::decode(&bytes.0, crate::content::MESSAGE_BYTES_MAX) {
                Ok(content) => return Some((content, true)),
                Err(_) => drop(self.state().controls.pop_front()),
            }
        }
        self.receipt(scene).or_else(|| self.typing_due(scene)).map(|content| (content, false))
    }

    /// A message of this device has come along in the stream.
    pub(super) fn own_message_came(&mut self, scene: &mut Scene<'_>, entry: &Entry) -> Option<u64> {
        let seq = if let Some(place) = self.state.placed.iter().position(|placed| placed.id == entry.id) {
            self.state().placed.remove(place)?.seq
        } else {
            let flight = self.state.flight.clone().filter(|flight| flight.id == entry.id)?;
            let outcome = self.landed(scene, flight.seq);
            self.report(scene, outcome);
            flight.seq
        };
        let outcome = self.hub_has_taken(scene, seq, entry.at);
        self.report(scene, outcome);
        // A hub that was restored may count lower turns since.
        if seq > 0 && entry.turn < self.state.comings.turn.min(self.state.turn) {
            // Devices that came in before it stood there can't read it, and may know of nothing that they miss.
            let outcome = self.announce(scene, seq);
            self.report(scene, outcome);
        }
        Some(seq)
    }

    /// Remembers when the hub took a message of one's own, so that who gets it again orders it as the others do; and so does this device.
    fn hub_has_taken(&mut self, scene: &mut Scene<'_>, seq: u64, at: Time) -> Result<(), Fault> {
        let Some(written) = self.written(scene, seq)?.filter(|written| written.taken == 0) else { return Ok(()) };
        let written = Written { taken: at, ..written };
        scene.batch.put(self.record(Table::Written, seq.to_be_bytes()), cbor::encode(&written));
        match Message::decode(&written.message.0) {
            Ok(message) => self.own_was_taken(scene, &message, at),
            Err(_) => Ok(()),
        }
    }

    /// Messages of one's own go once more, the older ones first.
    pub(super) fn send_again(&mut self, seqs: Vec<u64>) {
        if seqs.is_empty() {
            return;
        }
        let state = self.state();
        let mut all: Vec<u64> = state.outbox.drain(..).chain(seqs).collect();
        all.sort_unstable();
        all.dedup();
        state.outbox = all.into();
    }

    pub(super) fn say_due(&self, now: Time) -> Option<Time> {
        if let Some(flight) = &self.state.flight {
            return Some(flight.post.at);
        }
        let waits = !self.state.outbox.is_empty() || !self.state.controls.is_empty();
        let adding = self.state.outbox.front().and_then(|seq| self.adding_until(*seq, now));
        let held = self.link.fetching.unwrap_or(0).max(adding.unwrap_or(0));
        let now_ready =
            waits.then(|| self.state.say.at.max(held)).filter(|at| *at > 0 && *at < Time::MAX - ANSWER_WITHIN);
        // A receipt that is due but waits behind what is said must not hide when that may be said.
        [now_ready, self.receipt_due()].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// How much was written and wanted here so far: another value after a command says that it led to something.
    pub fn written_so_far(&self) -> (u64, u32) {
        (self.state.seq, self.state.next_want)
    }

    /// Whether something is still to be brought to the hub by this device. A leave that was proposed is for others to commit.
    pub fn waiting(&self) -> bool {
        let state = &self.state;
        let out = matches!(state.phase, Phase::Out | Phase::Locked);
        let asked = state.flight.is_some() || state.pending.is_some() || state.phase == Phase::Creating;
        let wanted = state.wants.iter().any(|want| want.goal != super::state::Goal::Leave || want.tries == 0);
        !out && (asked || !state.outbox.is_empty() || wanted)
    }

    /// A device has lost its memory: said once.
    pub(super) fn note_odd(&mut self, scene: &mut Scene<'_>, seat: &super::state::Seat, at: Time) {
        let Some(chain) = self.state().chains.get_mut(&seat.mark) else { return };
        if !std::mem::replace(&mut chain.odd, true) {
            self.notice(scene, seat.identity, at, Notice::LostMemory);
        }
    }
}

/// Which message a kept message of one's own gave another text.
fn edited(written: &[u8]) -> Option<MessageId> {
    let written: Written = cbor::decode(written, WRITTEN_BYTES_MAX).ok()?;
    edit_of(&written.message.0)
}

/// The message in what is kept for those who missed it.
pub(super) fn written_message(written: &[u8]) -> Option<Vec<u8>> {
    cbor::decode::<Written>(written, WRITTEN_BYTES_MAX).ok().map(|written| written.message.0)
}

fn edit_of(message: &[u8]) -> Option<MessageId> {
    match Message::decode(message).ok()?.content {
        Content::Edit(edit) => Some(edit.to),
        _ => None,
    }
}
