//! What others say: each message once, in its place, and what it does.

use super::Conversation;
use super::chain::{Chain, Taken};
use super::history::{Acted, Body, Kept, order_of};
use super::receipts::GROUP_SMALL;
use super::scene::Scene;
use super::state::{CHAINS_MAX, Mark, ORPHANS_BYTES_MAX, ORPHANS_MAX, Orphan, Seat, push_bounded};
use super::step::Step;
use crate::command::{Fault, Look};
use crate::content::{Content, Edit, Message, React, chain};
use crate::io::Time;
use crate::view::{Event, Identity, MessageId};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use tidings_wire::api::Entry;
use tidings_wire::bytes::{Blob, Fixed};

/// How much earlier than the hub took it a message may say that it was written, to stand at that time: 10 minutes.
const EARLIER_MAX: u64 = 10 * 60 * 1000;
/// How far the hub's clock is believed to be ahead, in milliseconds: a day.
pub(super) const LATER_MAX: u64 = 24 * 3600 * 1000;
/// How far a writer's clock may be ahead for the order of edits and reactions, in milliseconds: 10 minutes.
const AHEAD_MAX: u64 = 10 * 60 * 1000;
/// How many messages before the first that is seen of a device are asked for.
pub(super) const RECENT_ASKED: u64 = 32;
/// How far ahead of what is known somebody's claim is believed.
const CLAIM_MAX: u64 = 10_000;
/// Milliseconds that somebody is shown as writing.
const TYPING_FOR: u64 = 6_000;
/// Characters of the line in the list of conversations.
const PREVIEW_CHARS: usize = 120;

/// When an edit or a reaction counts as made: by its writer's clock, unless that is far ahead of the time at which it was there already.
fn believed(said: Time, latest: Time) -> Time {
    if said > latest.saturating_add(AHEAD_MAX) { latest } else { said }
}

/// What a message is called whose id is taken.
fn own_id(mark: &Mark, id: &MessageId) -> MessageId {
    let hash = Sha256::new().chain_update(b"tidings/1 id").chain_update(mark.0).chain_update(id.0).finalize();
    let mut own = [0; 16];
    own.iter_mut().zip(hash).for_each(|(place, byte)| *place = byte);
    MessageId(own)
}

/// How a message came.
#[derive(Clone, Copy)]
pub(super) struct Came {
    /// In the stream itself; else in an `again`.
    direct: bool,
    /// When the hub had it at the latest.
    at: Time,
    /// Whether that is when the hub took it.
    known: bool,
}

impl Came {
    /// In an entry of its own.
    pub(super) fn by(entry: &Entry, now: Time) -> Self {
        Self { direct: true, at: entry.at.min(now.saturating_add(LATER_MAX)), known: true }
    }

    /// In an `again` that the hub took at `now`, and that says that it took the message at `taken` (0: that is not known).
    pub(super) fn again(taken: Time, now: Time) -> Self {
        Self { direct: false, at: if taken == 0 { now } else { taken.min(now) }, known: taken > 0 }
    }

    /// When a message stands as written that says so of itself.
    fn shown(self, said: Time) -> Time {
        let earliest = if self.known { self.at.saturating_sub(EARLIER_MAX) } else { 0 };
        said.clamp(earliest, self.at)
    }
}

impl Conversation {
    /// An application message came from `seat`.
    pub(super) fn take_said(
        &mut self,
        scene: &mut Scene<'_>,
        seat: &Seat,
        bytes: &[u8],
        came: Came,
    ) -> Result<(), Fault> {
        let Ok(mut message) = Message::decode(bytes) else { return Ok(()) };
        if seat.mark == self.state.mark {
            return Ok(());
        }
        if message.content.needs_memory() != (message.seq > 0) {
            return Ok(());
        }
        if message.seq == 0 {
            return if came.direct { self.take_control(scene, seat, message, came.at) } else { Ok(()) };
        }
        if !self.take_chain(scene, seat, &message, bytes, came.direct) {
            return Ok(());
        }
        let at = came.shown(message.at);
        message.at = believed(message.at, came.at);
        self.take_content(scene, seat, message, bytes, at)
    }

    /// Whether the message is new by its number.
    fn take_chain(
        &mut self,
        scene: &mut Scene<'_>,
        seat: &Seat,
        message: &Message,
        bytes: &[u8],
        direct: bool,
    ) -> bool {
        for seen in &message.seen {
            let claim = |chain: &mut Chain| chain.claim(seen.1.min(chain.highest().saturating_add(CLAIM_MAX)));
            self.state.chains.change(&Fixed(seen.0), claim);
        }
        let known = self.state.chains.contains_key(&seat.mark);
        if !known && (!(direct || self.is_small()) || !self.room_for_a_chain()) {
            return false;
        }
        let asked = if self.is_small() { RECENT_ASKED } else { 0 };
        let before = if known { 0 } else { super::forgotten::heard(scene, &self.state.group, &seat.mark) };
        let state = self.state();
        let first = || Chain::heard_first(seat.identity, message.seq, asked, before);
        let chain = state.chains.get_or_insert_with(seat.mark, first);
        let taken = chain.take(message.seq, &Fixed(message.prev), &Fixed(self::chain(bytes)));
        state.fresh.retain(|mark| *mark != seat.mark);
        state.fresh.push(seat.mark);
        self.take_read_ahead(&seat.mark);
        match taken {
            Taken::New { fits } => {
                if !fits {
                    self.note_odd(scene, seat, message.at.min(scene.now));
                }
                self.receipt_wanted(scene);
                true
            }
            Taken::Repeated { same } => {
                if !same {
                    self.note_odd(scene, seat, message.at.min(scene.now));
                }
                false
            }
        }
    }

    /// Whether the numbers of another device can be kept. If there are too many, those of devices that are not in the group go: what they said
    /// can't come any more.
    pub(super) fn room_for_a_chain(&mut self) -> bool {
        if self.state.chains.len() >= CHAINS_MAX {
            let here: BTreeSet<Mark> = self.state.seats.iter().map(|seat| seat.mark).collect();
            self.state().chains.retain(|mark| here.contains(mark));
        }
        self.state.chains.len() < CHAINS_MAX
    }

    fn take_content(
        &mut self,
        scene: &mut Scene<'_>,
        seat: &Seat,
        message: Message,
        bytes: &[u8],
        at: Time,
    ) -> Result<(), Fault> {
        if self.typing.remove(&seat.identity).is_some() {
            self.show(scene);
        }
        if !self.acts(scene, &seat.identity, &message)? {
            return Ok(());
        }
        if scene.people.blocked(&seat.identity) {
            return Ok(());
        }
        let Some(id) = self.free_id(scene, seat, &message)? else { return Ok(()) };
        let body = Body::Here(Blob(bytes.to_vec()));
        let kept = Kept {
            seq: message.seq,
            received: scene.now,
            mine: seat.identity == self.state.me,
            expire: message.expire,
            ..Kept::new(id, seat.identity, (seat.key, seat.mark), at, body)
        };
        self.keep_said(scene, kept);
        if let Content::Introduce(said) = message.content {
            scene.steps.push(Step::Introduced(seat.identity, id, Box::new(said)));
        }
        self.take_orphans(scene, &id)
    }

    /// The id under which a message is kept; `None` if it is here already. One with the id of somebody else's gets another: nobody keeps a
    /// message away from others by being first with its id.
    fn free_id(&self, scene: &Scene<'_>, seat: &Seat, message: &Message) -> Result<Option<MessageId>, Fault> {
        match self.find(scene, &message.id)? {
            None => Ok(Some(message.id)),
            Some((_, known)) if known.sender == seat.identity => Ok(None),
            Some(_) => {
                let id = own_id(&seat.mark, &message.id);
                Ok(self.find(scene, &id)?.is_none().then_some(id))
            }
        }
    }

    /// Keeps a message that shows, where it belongs.
    pub(super) fn keep_said(&mut self, scene: &mut Scene<'_>, mut kept: Kept) {
        let order = order_of(kept.at, &kept.id);
        let read = self.state.chains.get(&kept.mark).is_some_and(|chain| kept.seq <= chain.read);
        if let Some(seconds) = kept.expire.filter(|_| kept.mine || (read && kept.expires.is_none())) {
            // It may have been read on another device before it came to this one.
            let from = if kept.mine { kept.at } else { scene.now };
            let at = from.saturating_add(u64::from(seconds).saturating_mul(1000));
            kept.expires = Some(at);
            self.set_expiry(scene, at, &kept.id, super::expiry::Due::Message);
        }
        let new = kept.counts() && !read;
        let text: String = kept.text().unwrap_or_default().chars().take(PREVIEW_CHARS).collect();
        let (at, id) = (kept.at, kept.id);
        let text = if kept.once() { String::new() } else { text };
        let state = self.state();
        if new {
            state.unread = state.unread.saturating_add(1);
        }
        if at >= state.last.at || state.last.id.is_none() {
            state.last = super::state::Last { at, id: Some(id), text };
        }
        self.keep(scene, order, &kept);
        self.say_changed(scene, id, new);
    }

    /// Does what a message says to something else; `true` if it is one that is kept and shown itself.
    pub(super) fn acts(&mut self, scene: &mut Scene<'_>, by: &Identity, message: &Message) -> Result<bool, Fault> {
        let to = match &message.content {
            Content::React(react) => react.to,
            Content::Edit(edit) => edit.to,
            Content::Delete(target) | Content::Viewed(target) => target.to,
            // In a room people are as they are there: it says nothing of their accounts.
            Content::Profile(_) | Content::Devices(_) | Content::Backup(_) if self.is_room() => return Ok(false),
            Content::Profile(profile) => {
                scene.steps.push(Step::Card(*by, profile.card.clone()));
                return Ok(false);
            }
            Content::Devices(devices) => {
                self.hear_list(scene, by, &devices.list);
                return Ok(false);
            }
            Content::Backup(backup) => {
                scene.steps.push(Step::Counter(*by, backup.counter));
                return Ok(false);
            }
            _ => return Ok(true),
        };
        if scene.people.blocked(by) && !matches!(message.content, Content::Delete(_)) {
            return Ok(false);
        }
        match self.find(scene, &to)? {
            Some((order, kept)) => self.act(scene, by, message, order, kept)?,
            None => {
                let orphan = Orphan { to, by: *by, message: Blob(tidings_wire::cbor::encode(message)) };
                let orphans = &mut self.state().orphans;
                push_bounded(orphans, orphan, ORPHANS_MAX);
                while orphans.iter().map(|orphan| orphan.message.0.len()).sum::<usize>() > ORPHANS_BYTES_MAX {
                    orphans.pop_front();
                }
            }
        }
        Ok(false)
    }

    fn act(
        &mut self,
        scene: &mut Scene<'_>,
        by: &Identity,
        message: &Message,
        order: Vec<u8>,
        mut kept: Kept,
    ) -> Result<(), Fault> {
        if !matches!(kept.body, Body::Here(_)) {
            return Ok(());
        }
        let acted = Acted::new(by, message);
        match &message.content {
            Content::React(react) => {
                if !kept.note_acted(acted) {
                    return Ok(());
                }
                Self::set_reaction(&mut kept, *by, &react.emoji);
            }
            Content::Edit(edit) => {
                let text = kept.message().is_some_and(|message| matches!(message.content, Content::Text(_)));
                if kept.sender != *by || !text || !kept.note_acted(acted) {
                    return Ok(());
                }
                kept.edited = Some(edit.text.clone());
                if self.state.last.id == Some(kept.id) {
                    self.state().last.text = edit.text.chars().take(PREVIEW_CHARS).collect();
                }
            }
            Content::Delete(_) => {
                if kept.sender != *by && !self.may_delete(by) {
                    return Ok(());
                }
                let blob_too = *by == self.state.me;
                self.uncount(&kept);
                self.destroy(scene, order, kept, Some(Body::Deleted), blob_too);
                return Ok(());
            }
            Content::Viewed(_) => return self.was_viewed(scene, by, order, kept),
            _ => return Ok(()),
        }
        self.rewrite(scene, order, &kept);
        self.say_changed(scene, kept.id, false);
        Ok(())
    }

    /// The hub has taken a message of one's own: an edit or a reaction whose time the others don't believe counts here as it does there.
    pub(super) fn own_was_taken(&mut self, scene: &mut Scene<'_>, message: &Message, at: Time) -> Result<(), Fault> {
        let (Content::React(React { to, .. }) | Content::Edit(Edit { to, .. })) = &message.content else {
            return Ok(());
        };
        if believed(message.at, at) == message.at {
            return Ok(());
        }
        if let Some((order, mut kept)) = self.find(scene, to)?
            && kept.correct_acted(Acted::new(&self.state.me, message), at)
        {
            self.rewrite(scene, order, &kept);
        }
        Ok(())
    }

    /// A message that was not read and is gone now is nothing to read.
    pub(super) fn uncount(&mut self, kept: &Kept) {
        let read = self.state.chains.get(&kept.mark).is_some_and(|chain| kept.seq <= chain.read);
        if kept.counts() && !read && !self.state.own.uncounted.contains(&kept.sender) {
            let state = self.state();
            state.unread = state.unread.saturating_sub(1);
        }
    }

    /// Whether somebody may delete what others wrote.
    pub(super) fn may_delete(&self, who: &Identity) -> bool {
        let alike = self.state.other.is_some();
        !alike && self.state.roster.role(who).is_some_and(|role| role <= 1)
    }

    pub(super) fn take_orphans(&mut self, scene: &mut Scene<'_>, id: &MessageId) -> Result<(), Fault> {
        if !self.state.orphans.iter().any(|orphan| orphan.to == *id) {
            return Ok(());
        }
        let (mine, others) = self.state().orphans.drain(..).partition::<Vec<_>, _>(|orphan| orphan.to == *id);
        self.state().orphans = others.into();
        for orphan in mine {
            let message = tidings_wire::cbor::decode(&orphan.message.0, crate::content::MESSAGE_BYTES_MAX);
            if let (Ok(message), Some((order, kept))) = (message, self.find(scene, id)?) {
                self.act(scene, &orphan.by, &message, order, kept)?;
            }
        }
        Ok(())
    }

    /// Something that may be seen once was looked at by somebody.
    fn was_viewed(
        &mut self,
        scene: &mut Scene<'_>,
        by: &Identity,
        order: Vec<u8>,
        mut kept: Kept,
    ) -> Result<(), Fault> {
        if !kept.once() || kept.gone {
            return Ok(());
        }
        let by_me = *by == self.state.me && !kept.mine;
        if !kept.viewed.contains(by) {
            kept.viewed.push(*by);
        }
        let everybody =
            self.state.roster.members.iter().all(|member| member.id == kept.sender || kept.viewed.contains(&member.id));
        if by_me || (kept.mine && everybody) {
            // In a conversation of two the one who looked deletes it at the node, else its sender does.
            let blob_too = kept.mine || (by_me && self.state.other.is_some());
            let leave = Self::scrubbed(&kept);
            self.destroy(scene, order, kept, leave, blob_too);
            return Ok(());
        }
        self.rewrite(scene, order, &kept);
        Ok(())
    }

    fn take_control(&mut self, scene: &mut Scene<'_>, seat: &Seat, message: Message, at: Time) -> Result<(), Fault> {
        match message.content {
            Content::Typing(_) if seat.identity != self.state.me && !scene.people.blocked(&seat.identity) => {
                let recent = message.at.saturating_add(10 * TYPING_FOR) > scene.now;
                if recent && self.typing.len() < GROUP_SMALL {
                    self.typing.insert(seat.identity, scene.now.saturating_add(TYPING_FOR));
                    self.show(scene);
                }
                Ok(())
            }
            Content::Receipt(receipt) => self.take_receipt(scene, &seat.identity, &receipt),
            Content::Resend(resend) => self.answer_resend(scene, seat, &resend),
            Content::Again(again) => self.take_again(scene, seat, &again, at),
            Content::Witness(witness) if witness.identity == self.state.me && !self.is_room() => {
                scene.steps.push(Step::Witness(seat.identity, witness.backup, witness.devices));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The file of a message: where it is, and how it may be looked at. Fails with [`Fault::Gone`] if it is not to be had any more.
    pub fn media(
        &self,
        records: &dyn crate::records::Records,
        id: &MessageId,
    ) -> Result<(crate::blob::BlobPointer, Look), Fault> {
        let found = super::history::find(&super::Batch::default(), records, &self.state.group, id)?;
        let (_, kept) = found.ok_or_else(|| Fault::Unknown("this message".to_owned()))?;
        let message = kept.message().filter(|_| !kept.gone);
        match message.map(|message| message.content) {
            Some(Content::Media(media)) if !(kept.mine && media.view != Look::Keep) => Ok((media.blob, media.view)),
            Some(Content::Media(_)) => Err(Fault::Gone("what may be seen once is not shown to its sender".to_owned())),
            Some(_) => Err(Fault::Unknown("a file in this message".to_owned())),
            None => Err(Fault::Gone("it was seen, deleted, or has expired".to_owned())),
        }
    }

    /// Says that one is writing.
    pub fn typing(&mut self, scene: &mut Scene<'_>) {
        self.link.typing = true;
        self.settle(scene);
    }

    /// Asks the screen to look again at everybody's names.
    pub(super) fn names_changed(&self, scene: &mut Scene<'_>) {
        scene.steps.push(Step::Show(Event::Changed));
        self.show(scene);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_ahead_does_not_win_for_good() {
        let (early, year) = (1_800_000_000_000, 365 * 24 * 3_600_000);
        // A device whose clock is a year ahead edits, then another one with a good clock.
        let (first, second) = (believed(early + year, early), believed(early + 5_000, early + 5_100));
        assert!(first < second);
        // Small differences stay, so that whoever gets an edit late orders it as the others did.
        assert_eq!(believed(early + 2_000, early), early + 2_000);
        assert_eq!(believed(early - year, early), early - year);
    }
}
