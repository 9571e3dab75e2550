//! What came and what was read: said to others, and heard from them.

use super::Conversation;
use super::chain::Chain;
use super::scene::Scene;
use super::state::{CHAINS_MAX, Heard, Mark};
use crate::command::Fault;
use crate::content::{Content, RECEIPT_MAX, Receipt, Seen, Typing};
use crate::io::Time;
use crate::records::{Direction, Table};
use crate::view::{Identity, MessageId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;

/// In conversations of more identities no receipts are sent.
pub(super) const GROUP_SMALL: usize = 20;
/// Milliseconds between two receipts.
const RECEIPT_EVERY: u64 = 2_000;
/// Milliseconds between two words that one is writing.
const TYPING_EVERY: u64 = 4_000;
/// How many messages are shown anew when a receipt comes.
const SHOWN_MAX: u64 = 50;
/// How many messages are looked at when something was read.
const READ_SCAN_MAX: usize = 10_000;
/// How many are looked at together.
const CHUNK: usize = 128;

/// Read marks, as they stand in the profile.
#[derive(Serialize, Deserialize)]
struct Marks(BTreeMap<Mark, u64>);

impl Conversation {
    /// Whether so few are here that each is told what the others have.
    pub(super) fn is_small(&self) -> bool {
        let mut people = BTreeSet::new();
        self.state.seats.iter().all(|seat| {
            people.insert(seat.identity);
            people.len() <= GROUP_SMALL
        })
    }

    pub(super) fn receipt_wanted(&mut self, scene: &Scene<'_>) {
        if self.state.receipt.at.is_none() {
            let at = self.state.receipt.last.saturating_add(RECEIPT_EVERY).max(scene.now);
            self.state().receipt.at = Some(at);
        }
    }

    pub(super) fn receipt_due(&self) -> Option<Time> {
        self.state.receipt.at.filter(|_| self.state.in_group())
    }

    /// The receipt that is due.
    pub(super) fn receipt(&mut self, scene: &Scene<'_>) -> Option<Content> {
        self.state.receipt.at.filter(|at| *at <= scene.now)?;
        let tell_read = scene.me.read_receipts;
        let small = self.is_small();
        let me = self.state.me;
        let now = scene.now;
        let state = self.state();
        state.receipt.at = None;
        state.receipt.last = now;
        if !small {
            return None;
        }
        let (mut delivered, mut read) = (Vec::new(), Vec::new());
        state.chains.change_some(|mark, chain| {
            if chain.identity == Some(me) || delivered.len() >= RECEIPT_MAX || read.len() >= RECEIPT_MAX {
                return false;
            }
            let seen = chain.read.min(chain.upto);
            if chain.said.0 < chain.upto {
                delivered.push(Seen(mark.0, chain.upto));
            }
            // Who is blocked is not told that anything was read, since nothing of it is.
            let tell_read = tell_read && !chain.identity.is_some_and(|who| scene.people.blocked(&who));
            if chain.said.1 < seen && tell_read {
                read.push(Seen(mark.0, seen));
            }
            let said = (chain.upto, if tell_read { seen } else { chain.said.1 });
            std::mem::replace(&mut chain.said, said) != said
        });
        let some = !delivered.is_empty() || !read.is_empty();
        some.then_some(Content::Receipt(Receipt { delivered, read }))
    }

    pub(super) fn typing_due(&mut self, scene: &Scene<'_>) -> Option<Content> {
        let asked = std::mem::take(&mut self.link.typing);
        if !asked || !self.is_small() || self.link.typing_said.saturating_add(TYPING_EVERY) > scene.now {
            return None;
        }
        self.link.typing_said = scene.now;
        Some(Content::Typing(Typing {}))
    }

    pub(super) fn take_receipt(
        &mut self,
        scene: &mut Scene<'_>,
        by: &Identity,
        receipt: &Receipt,
    ) -> Result<(), Fault> {
        if *by == self.state.me {
            // Another device of one's own has read this.
            let marks = receipt.read.iter().map(|seen| (Fixed(seen.0), seen.1)).collect();
            return self.read_elsewhere(scene, marks);
        }
        if !self.is_small() {
            return Ok(());
        }
        let own: BTreeSet<Mark> = self.own_marks();
        let mut changed = (u64::MAX, 0);
        let (mark, seq) = (self.state.mark, self.state.seq);
        let heard = self.state().receipt.heard.entry(*by).or_default();
        for (list, read) in [(&receipt.delivered, false), (&receipt.read, true)] {
            for seen in list.iter().filter(|seen| own.contains(&Fixed(seen.0))) {
                let known: &mut Heard = heard.entry(Fixed(seen.0)).or_default();
                let place = if read { &mut known.read } else { &mut known.delivered };
                if *place < seen.1 {
                    if Fixed(seen.0) == mark {
                        changed = (changed.0.min(*place), changed.1.max(seen.1.min(seq)));
                    }
                    *place = seen.1;
                }
            }
        }
        for seq in changed.0.max(changed.1.saturating_sub(SHOWN_MAX)).saturating_add(1)..=changed.1 {
            if let Some(written) = self.written(scene, seq)? {
                self.say_changed(scene, written.id, false);
            }
        }
        Ok(())
    }

    /// The marks of one's own devices here.
    fn own_marks(&self) -> BTreeSet<Mark> {
        let chains = self.state.chains.iter().filter(|(_, chain)| chain.identity == Some(self.state.me));
        chains.map(|(mark, _)| *mark).chain([self.state.mark]).collect()
    }

    /// Of how many of the others a device has this message, and how many have read it.
    pub(super) fn heard_of(&self, mark: &Mark, seq: u64) -> (u32, u32) {
        let mut counts = (0, 0);
        for marks in self.state.receipt.heard.values() {
            let Some(heard) = marks.get(mark) else { continue };
            let read = heard.read >= seq;
            counts.0 += u32::from(read || heard.delivered >= seq);
            counts.1 += u32::from(read);
        }
        counts
    }

    // --- reading

    /// Everything up to a message was read; `None`: everything.
    pub fn mark_read(&mut self, scene: &mut Scene<'_>, upto: Option<&MessageId>) -> Result<(), Fault> {
        let upto = match upto {
            Some(id) => Some(self.find(scene, id)?.ok_or_else(|| Fault::Unknown("this message".to_owned()))?.0),
            None => None,
        };
        let mut marks: BTreeMap<Mark, u64> =
            self.state.chains.iter().map(|(mark, chain)| (*mark, chain.highest())).collect();
        if let Some(order) = &upto {
            self.each_message(scene, Some(order), Direction::Up, |kept| {
                let mark = marks.entry(kept.mark).or_default();
                if kept.counts() {
                    *mark = (*mark).min(kept.seq.saturating_sub(1));
                }
                true
            })?;
        }
        self.read_elsewhere(scene, marks)?;
        self.receipt_wanted(scene);
        self.settle(scene);
        Ok(())
    }

    /// Raises read marks, starts the clocks of what disappears after it was read, and counts again.
    fn read_elsewhere(&mut self, scene: &mut Scene<'_>, marks: BTreeMap<Mark, u64>) -> Result<(), Fault> {
        let mut before: BTreeMap<Mark, u64> = BTreeMap::new();
        self.state.chains.change_some(|mark, chain| {
            before.insert(*mark, chain.read);
            let read = marks.get(mark).map_or(0, |read| (*read).min(chain.highest()));
            let more = read > chain.read;
            chain.read = chain.read.max(read);
            more
        });
        self.note_read_ahead(&marks);
        let after: BTreeMap<Mark, u64> = self.state.chains.iter().map(|(mark, chain)| (*mark, chain.read)).collect();
        if before == after {
            return Ok(());
        }
        let (mut left, mut unread, mut clocks) = (self.state.unread, 0, Vec::new());
        self.each_message(scene, None, Direction::Down, |kept| {
            let at = |marks: &BTreeMap<Mark, u64>| marks.get(&kept.mark).copied().unwrap_or(0);
            if kept.counts() && kept.seq > at(&before) && !self.hidden(scene.people, kept) {
                left = left.saturating_sub(1);
                if kept.seq > at(&after) {
                    unread += 1;
                } else if kept.expire.is_some() && kept.expires.is_none() {
                    clocks.push(kept.id);
                }
            }
            left > 0
        })?;
        self.state().unread = unread;
        for id in clocks {
            self.start_clock(scene, &id)?;
        }
        scene.steps.push(super::Step::ReadMarks);
        self.show(scene);
        Ok(())
    }

    /// What was read elsewhere and is not here yet will not be something to read when it comes.
    fn note_read_ahead(&mut self, marks: &BTreeMap<Mark, u64>) {
        let here = |mark: &Mark| self.state.chains.get(mark).map_or(0, Chain::highest);
        let known = |mark: &Mark| self.state.receipt.ahead.get(mark).copied().unwrap_or(0);
        let ahead: Vec<_> = marks
            .iter()
            .filter(|(mark, read)| **read > here(mark).max(known(mark)))
            .map(|(mark, read)| (*mark, *read))
            .collect();
        if !ahead.is_empty() {
            let all = &mut self.state().receipt.ahead;
            all.extend(ahead);
            while all.len() > CHAINS_MAX {
                all.pop_first();
            }
        }
    }

    /// A message of this device came: how far it was read elsewhere counts from now on.
    pub(super) fn take_read_ahead(&mut self, mark: &Mark) {
        let Some(ahead) = self.state.receipt.ahead.get(mark).copied() else { return };
        let state = self.state();
        if let Some(chain) = state.chains.get_mut(mark) {
            chain.read = chain.read.max(ahead.min(chain.highest()));
            if chain.highest() >= ahead {
                state.receipt.ahead.remove(mark);
            }
        }
    }

    /// Who is blocked counts no more, and counts again once they are not: counted anew when that has changed.
    pub(super) fn count_blocked(&mut self, scene: &mut Scene<'_>, who: &Identity) -> Result<(), Fault> {
        let blocked = scene.people.blocked(who);
        if blocked == self.state.own.uncounted.contains(who) {
            return Ok(());
        }
        match blocked {
            true => self.state().own.uncounted.insert(*who),
            false => self.state().own.uncounted.remove(who),
        };
        let mut unread = 0;
        self.each_message(scene, None, Direction::Down, |kept| {
            let read = self.state.chains.get(&kept.mark).is_some_and(|chain| kept.seq <= chain.read);
            unread += u64::from(kept.counts() && !read && !self.hidden(scene.people, kept));
            true
        })?;
        self.state().unread = unread;
        Ok(())
    }

    /// Looks at messages beyond `from`, until `look` has enough.
    fn each_message(
        &self,
        scene: &Scene<'_>,
        from: Option<&[u8]>,
        direction: Direction,
        mut look: impl FnMut(&super::history::Kept) -> bool,
    ) -> Result<(), Fault> {
        let mut from = from.map(<[u8]>::to_vec);
        for _ in 0..READ_SCAN_MAX / CHUNK {
            let page = scene.scan(Table::Message, &self.owner(), from.as_deref(), direction, CHUNK)?;
            for (_, bytes) in &page {
                if let Some(kept) = super::history::read(bytes)
                    && !look(&kept)
                {
                    return Ok(());
                }
            }
            match page.last() {
                Some((order, _)) if page.len() == CHUNK => from = Some(order.clone()),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// What was read, for the profile's record `read/<group>`.
    pub fn read_marks(&self) -> Vec<u8> {
        cbor::encode(&Marks(self.all_read_marks()))
    }

    fn all_read_marks(&self) -> BTreeMap<Mark, u64> {
        let mut marks = self.state.receipt.ahead.clone();
        for (mark, chain) in self.state.chains.iter() {
            let read = marks.entry(*mark).or_default();
            *read = chain.read.max(*read);
        }
        marks
    }

    /// What another device of one's own has read.
    pub fn apply_read_marks(&mut self, scene: &mut Scene<'_>, marks: &[u8]) {
        if let Ok(Marks(marks)) = cbor::decode(marks, 1024 * 1024) {
            let further = |(mark, read): (&Mark, &u64)| *read > marks.get(mark).copied().unwrap_or(0);
            if self.all_read_marks().iter().any(further) {
                // That record has overtaken the one that said what was read here: both together go into the profile.
                scene.steps.push(super::Step::ReadMarks);
            }
            let outcome = self.read_elsewhere(scene, marks);
            self.report(scene, outcome);
            self.settle(scene);
        }
    }
}
