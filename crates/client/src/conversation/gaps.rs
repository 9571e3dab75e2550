//! Messages that are missing: asked for, answered, and shown as a gap if they can't be had.

use super::Conversation;
use super::chain::{Chain, Gap};
use super::history::Body;
use super::said::{Came, RECENT_ASKED};
use super::scene::Scene;
use super::state::{Mark, Seat};
use crate::command::Fault;
use crate::content::{AGAIN_BYTES_MAX, Again, Content, GONE_MAX, Resend};
use crate::io::Time;
use crate::view::{Identity, MessageId};
use std::collections::BTreeMap;
use tidings_wire::bytes::Fixed;

/// Milliseconds after a gap was seen when it is asked for: at once the device concerned, later again.
const ASK_AFTER: [u64; 4] = [5_000, 15_000, 10 * 60 * 1000, 4 * 3600 * 1000];
/// Milliseconds after which what has not come is shown as a gap: a day.
const GIVE_UP_AFTER: u64 = 24 * 3600 * 1000;
/// Holes of one device that are asked for together.
const HOLES_MAX: usize = 4;
/// Own messages that one question is answered with.
const ANSWER_MAX: u64 = 500;
/// Milliseconds in which one asking device gets at most so many answers, and as many bytes as one answer may have.
const ANSWERS_IN: u64 = 5_000;
/// All holes, and what may come after the last message, some times: who could not read an answer, since it had to come in anew, asks again.
const ANSWERS_MAX: usize = 16;
/// Bytes of messages in one answer, a little less than allowed.
const ANSWER_BYTES: usize = AGAIN_BYTES_MAX - 4 * 1024;

/// What those who asked for something again were answered just now: when, and how many bytes. A question is short, an answer long, and
/// all get it: who asks again and again is not answered.
#[derive(Default)]
pub(super) struct Answered(BTreeMap<Mark, Vec<(Time, usize)>>);

impl Answered {
    /// Whether a device may be answered with so many bytes now; notes it if so.
    fn may(&mut self, asker: &Mark, bytes: usize, now: Time) -> bool {
        self.0.retain(|_, answers| {
            answers.retain(|(at, _)| now.saturating_sub(*at) < ANSWERS_IN);
            !answers.is_empty()
        });
        let answers = self.0.entry(*asker).or_default();
        let sum = answers.iter().map(|(_, bytes)| *bytes).fold(bytes, usize::saturating_add);
        let fits = answers.len() < ANSWERS_MAX && sum <= ANSWER_BYTES;
        if fits {
            answers.push((now, bytes));
        }
        fits
    }
}

impl Conversation {
    /// Asks for what is missing, when it is time.
    pub(super) fn chase_gaps(&mut self, scene: &mut Scene<'_>) {
        if !self.state.in_group() || self.state.cursor < self.state.end {
            return;
        }
        let now = scene.now;
        let holes: Vec<Mark> = (self.state.chains.iter())
            .filter(|(_, chain)| chain.gap.is_some() || !chain.holes().is_empty())
            .map(|(mark, _)| *mark)
            .collect();
        for mark in holes {
            self.chase(scene, mark, now);
        }
    }

    fn chase(&mut self, scene: &mut Scene<'_>, mark: Mark, now: Time) {
        let here = self.state.seats.iter().any(|seat| seat.mark == mark);
        let Some(chain) = self.state().chains.get_mut(&mark) else { return };
        let holes = chain.holes();
        if holes.is_empty() {
            chain.gap = None;
            return;
        }
        let Some(gap) = chain.gap else {
            let [first, ..] = ASK_AFTER;
            chain.gap = Some(Gap { since: now, next: now.saturating_add(first), tries: 0 });
            return;
        };
        if gap.next > now {
            return;
        }
        if now >= gap.since.saturating_add(GIVE_UP_AFTER) {
            let (missing, identity) = (chain.give_up(), chain.identity);
            if let Some(identity) = identity.filter(|_| missing > 0) {
                self.show_gap(scene, identity, now, missing);
            }
            return;
        }
        let tries = gap.tries.saturating_add(1);
        let after = ASK_AFTER.get(tries as usize).copied().unwrap_or(GIVE_UP_AFTER);
        chain.gap = Some(Gap { next: gap.since.saturating_add(after).max(now.saturating_add(1)), tries, ..gap });
        if here {
            for (from, to) in holes.into_iter().take(HOLES_MAX) {
                self.control(Content::Resend(Resend { device: mark.0, from, to }));
            }
        }
    }

    /// While this device was out, or the hub had lost what brought it in, others may have said something and nothing since: asks each of
    /// them, once.
    pub(super) fn ask_what_was_missed(&mut self) {
        if !self.is_small() {
            return;
        }
        for seat in self.state.seats.clone() {
            let highest = self.state.chains.get(&seat.mark).map_or(0, Chain::highest);
            let (from, to) = (highest.saturating_add(1), highest.saturating_add(RECENT_ASKED));
            if seat.mark != self.state.mark {
                self.control(Content::Resend(Resend { device: seat.mark.0, from, to }));
            }
        }
    }

    fn show_gap(&mut self, scene: &mut Scene<'_>, identity: Identity, at: Time, missing: u64) {
        let id = MessageId(scene.draw());
        self.keep_line(scene, id, identity, at, Body::Gap(missing));
    }

    pub(super) fn gaps_due(&self, now: Time) -> Option<Time> {
        if !self.state.in_group() || self.state.cursor < self.state.end {
            return None;
        }
        self.state.chains.values().filter_map(|chain| chain.gap).map(|gap| gap.next).filter(|at| *at > now).min()
    }

    /// The turn from which on somebody may read what is said; `None` if they are no member (any more).
    fn readable_since(&self, who: &Identity) -> Option<u64> {
        match self.state.roster.member(who) {
            Some(member) => Some(member.since),
            // Few stand in a room's roster: what was said there is for all who have the link.
            None => self.is_room().then_some(0),
        }
    }

    /// The `seq` after which somebody may read what this device says.
    pub(super) fn floor_of(&self, who: &Identity) -> u64 {
        self.state.comings.floors.iter().find(|(known, _)| known == who).map_or(0, |(_, seq)| *seq)
    }

    /// Somebody missed something of this device.
    pub(super) fn answer_resend(&mut self, scene: &mut Scene<'_>, asker: &Seat, resend: &Resend) -> Result<(), Fault> {
        if Fixed(resend.device) != self.state.mark || resend.from > resend.to || resend.from > self.state.seq {
            return Ok(());
        }
        let Some(since) = self.readable_since(&asker.identity) else { return Ok(()) };
        let floor = self.floor_of(&asker.identity);
        let last = resend.to.min(self.state.seq).min(resend.from.saturating_add(ANSWER_MAX));
        let (mut messages, mut times, mut gone, mut bytes) = (Vec::new(), Vec::new(), Vec::<(u64, u64)>::new(), 0);
        for seq in resend.from.max(1)..=last {
            if self.state.outbox.contains(&seq) || gone.len() >= GONE_MAX {
                break;
            }
            let written = self.written(scene, seq)?;
            let fits = written.filter(|written| {
                seq > floor
                    && written.turn >= since
                    && !written.private
                    && written.until.is_none_or(|until| until > scene.now)
            });
            match fits {
                Some(written) if bytes + written.message.0.len() <= ANSWER_BYTES => {
                    bytes += written.message.0.len();
                    messages.push(written.message.0);
                    times.push(written.taken);
                }
                Some(_) => break,
                None => match gone.last_mut() {
                    Some(range) if range.1.saturating_add(1) == seq => range.1 = seq,
                    _ => gone.push((seq, seq)),
                },
            }
        }
        if !messages.is_empty() || !gone.is_empty() {
            let again = Content::Again(Again { device: self.state.mark.0, to: asker.mark.0, messages, times, gone });
            // What is on its way already may have been sealed before the asker came in anew, who asks again because of that.
            let under_way = usize::from(self.state.flight.as_ref().is_some_and(|flight| flight.control));
            let encoded = tidings_wire::cbor::encode(&again);
            let repeated = self.state.controls.iter().skip(under_way).any(|waiting| waiting.0 == encoded);
            if !repeated && self.link.answered.may(&asker.mark, bytes, scene.now) {
                self.control(again);
            }
        }
        Ok(())
    }

    /// Messages that somebody had missed. They count only if they are of the sender's own identity. `now`: when the hub took this answer.
    pub(super) fn take_again(
        &mut self,
        scene: &mut Scene<'_>,
        seat: &Seat,
        again: &Again,
        now: Time,
    ) -> Result<(), Fault> {
        let mark = Fixed(again.device);
        let sits = self.state.seats.iter().find(|known| known.mark == mark).map(|known| known.identity);
        let owner = self.state.chains.get(&mark).and_then(|chain| chain.identity).or(sits);
        if owner != Some(seat.identity) || mark == self.state.mark {
            return Ok(());
        }
        let writer = self.state.seats.iter().find(|known| known.mark == mark).copied();
        let writer = writer.unwrap_or(Seat { mark, key: Fixed([0; 32]), ..*seat });
        let times = again.times.iter().copied().chain(std::iter::repeat(0));
        for (message, taken) in again.messages.iter().zip(times) {
            self.take_said(scene, &writer, message, Came::again(taken, now))?;
        }
        // What may not be given to who asked may well be for this device, if it was in the conversation before.
        let asked_here = again.to == self.state.mark.0;
        for (from, to) in again.gone.iter().filter(|_| asked_here) {
            let Some(chain) = self.state().chains.get_mut(&mark) else { continue };
            let holes = chain.holes();
            let within = |(low, high): &(u64, u64)| chain.loud((*low).max(*from), (*high).min(*to));
            let missing = holes.iter().map(within).fold(0, u64::saturating_add);
            chain.gone(*from, *to);
            if missing > 0 {
                self.show_gap(scene, seat.identity, scene.now, missing);
                self.receipt_wanted(scene);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_again_and_again_is_answered_now_and_then() {
        let (mallory, bob) = (Fixed([1; 8]), Fixed([2; 8]));
        let mut answered = Answered::default();
        let given = (0..100).filter(|n| answered.may(&mallory, 10, 50 * n)).count();
        assert_eq!(given, ANSWERS_MAX, "in 5 s");
        assert!(answered.may(&bob, ANSWER_BYTES, 4_990), "another asker");
        assert!(!answered.may(&bob, 1, 4_995), "it was all that fits into one answer");
        assert!(answered.may(&mallory, 10, 5_100) && answered.may(&bob, 10, 9_990));
        let large = (0..100).filter(|n| answered.may(&Fixed([3; 8]), ANSWER_BYTES, 50_000 + 100 * n)).count();
        assert_eq!((large, answered.0.len()), (2, 1));
    }
}
