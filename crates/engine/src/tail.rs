//! The tail: the newest envelopes of busy streams in memory, encoded once per door, so that many readers cost one query.

use crate::feed::Batch;
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tidings_core::{Envelope, Seq, StreamName};

/// How many doors may keep an encoding of each envelope; a door uses its own slot.
pub const ENCODINGS: usize = 5;

/// Envelopes that a live stream keeps for readers that are a little behind.
const LIVE_MAX: usize = 4096;

/// Envelopes of one stored stream in the tail.
const STORED_MAX: usize = 1024;

/// Part of the whole budget that one stream may take.
const STREAM_SHARE: usize = 4;

/// Envelopes that a follower gets at a time.
const FOLLOW_MAX: usize = 128;

/// Bytes of bodies after which what a follower gets at a time ends.
const FOLLOW_BYTES: usize = 256 << 10;

/// Bytes reckoned for an envelope beside its content.
const OVERHEAD: usize = 256;

/// Places of one stored stream that may be announced out of order at a time; beyond that the stream is forgotten.
const LATE_MAX: usize = 256;

/// Part of the whole budget that is made free at once when it is used up, so that not every envelope searches for what to drop.
const FREE_SHARE: usize = 8;

/// Stripes of the generation counters: streams that share one only make each other read from the store once more.
const STRIPES: usize = 1024;

/// An envelope in memory, with room for each door's encoding of it.
pub struct Item {
    /// The envelope.
    pub envelope: Envelope,
    encoded: [OnceLock<Bytes>; ENCODINGS],
}

impl Item {
    /// Wraps an envelope.
    pub fn new(envelope: Envelope) -> Self {
        Self { envelope, encoded: Default::default() }
    }

    /// The encoding in a door's slot, made once. A slot beyond [`ENCODINGS`] is encoded each time.
    pub fn encoded(&self, slot: usize, encode: impl FnOnce(&Envelope) -> Bytes) -> Bytes {
        match self.encoded.get(slot) {
            Some(cell) => cell.get_or_init(|| encode(&self.envelope)).clone(),
            None => encode(&self.envelope),
        }
    }

    /// Bytes that it takes, about: its content and one encoding of it.
    pub(crate) fn cost(&self) -> usize {
        OVERHEAD + 2 * self.size()
    }

    fn size(&self) -> usize {
        let body = self.envelope.body.as_ref().map_or(0, |body| body.len());
        body + self.envelope.label.as_str().len()
    }
}

/// What the tail holds of a stream, from a cursor on.
pub(crate) enum Look {
    /// All that comes after the cursor.
    Complete(Vec<Arc<Item>>),
    /// Not all of it, or nothing: ask the store, and offer what it said with this ticket.
    Unknown(Ticket),
}

/// Shows that nothing changed between a look and an offer.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

#[derive(Default)]
struct Entry {
    items: VecDeque<Arc<Item>>,
    /// Everything after this is in `items`.
    from: Seq,
    /// The last place that was given.
    last: Seq,
    /// Places up to the last that are not in `items` because whoever appended them has not said so yet: appends are told in
    /// the order in which their tasks run, not in that of their places.
    late: BTreeSet<Seq>,
    bytes: usize,
    used: u64,
    live: bool,
    /// Holds the newest alone, for those who follow; otherwise it is of use only while it holds all.
    rolling: bool,
    /// Up to here, a place that is skipped may have been announced before the entry was begun, and must not be waited for.
    settled: Seq,
}

struct Inside {
    streams: HashMap<StreamName, Entry>,
    generations: Vec<u64>,
    bytes: usize,
    tick: u64,
}

/// The tails of all streams, within one budget of bytes.
pub(crate) struct Tail {
    inside: Mutex<Inside>,
    budget: usize,
    hasher: RandomState,
}

impl Tail {
    pub(crate) fn new(budget: usize) -> Self {
        let inside = Inside { streams: HashMap::new(), generations: vec![0; STRIPES], bytes: 0, tick: 0 };
        Self { inside: Mutex::new(inside), budget, hasher: RandomState::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stripe(&self, stream: &StreamName) -> usize {
        usize::try_from(self.hasher.hash_one(stream)).unwrap_or(usize::MAX) % STRIPES
    }

    /// What is known after `after`.
    pub(crate) fn look(&self, stream: &StreamName, after: Seq) -> Look {
        let stripe = self.stripe(stream);
        let mut inside = self.lock();
        inside.tick += 1;
        let tick = inside.tick;
        let ticket = Ticket(inside.generations.get(stripe).copied().unwrap_or_default());
        match inside.streams.get_mut(stream) {
            Some(entry) if entry.from <= after && entry.late.is_empty() => {
                entry.used = tick;
                Look::Complete(entry.after(after).cloned().collect())
            }
            _ => Look::Unknown(ticket),
        }
    }

    /// Takes over what the store said of a whole stream, unless something changed since the ticket was given. `end`: the place given
    /// last, which may be gone again; nobody will announce places up to it.
    pub(crate) fn offer(&self, stream: &StreamName, ticket: Ticket, items: &[Arc<Item>], end: Seq) {
        let bytes: usize = items.iter().map(|item| item.cost()).sum();
        let stripe = self.stripe(stream);
        let mut inside = self.lock();
        let current = inside.generations.get(stripe).copied().unwrap_or_default();
        if current != ticket.0 || items.len() > STORED_MAX || bytes > self.budget / STREAM_SHARE {
            return;
        }
        inside.tick += 1;
        let entry = Entry {
            items: items.iter().cloned().collect(),
            from: Seq::START,
            last: end,
            late: BTreeSet::new(),
            bytes,
            used: inside.tick,
            live: false,
            rolling: false,
            settled: Seq::START,
        };
        inside.bytes += entry.taken();
        if let Some(old) = inside.streams.insert(stream.clone(), entry) {
            inside.bytes = inside.bytes.saturating_sub(old.taken());
        }
        inside.make_room(self.budget);
    }

    /// What a follower of a stream gets after its cursor. None if it must ask the store (a live stream: nothing was said).
    pub(crate) fn follow(&self, stream: &StreamName, after: Seq) -> Option<Batch> {
        let mut inside = self.lock();
        inside.tick += 1;
        let tick = inside.tick;
        let entry = inside.streams.get_mut(stream)?;
        if !entry.live && entry.from > after {
            return None;
        }
        entry.used = tick;
        let missed = u64::try_from(entry.from.number().saturating_sub(after.number())).unwrap_or(0);
        // What stands behind a place that was not announced yet waits for it.
        let end = entry.late.first().copied();
        let (mut items, mut bytes, mut complete) = (Vec::new(), 0, true);
        for item in entry.after(after).take_while(|item| end.is_none_or(|end| item.envelope.seq < end)) {
            bytes += item.size();
            if items.len() == FOLLOW_MAX || (bytes > FOLLOW_BYTES && !items.is_empty()) {
                complete = false;
                break;
            }
            items.push(Arc::clone(item));
        }
        Some(Batch { items, missed, complete })
    }

    /// The place up to which everything was announced. None for a stream that the tail does not hold.
    pub(crate) fn end(&self, stream: &StreamName) -> Option<Seq> {
        let inside = self.lock();
        let entry = inside.streams.get(stream)?;
        Some(entry.late.first().map_or(entry.last, |late| Seq::from_number(late.number() - 1)))
    }

    /// Notes an envelope that the store has appended. Of a stream that is `followed`, the newest are kept.
    pub(crate) fn push(&self, stream: &StreamName, item: &Arc<Item>, followed: bool) {
        let stripe = self.stripe(stream);
        let mut inside = self.lock();
        inside.changed(stripe);
        if followed && !inside.streams.contains_key(stream) {
            inside.begin(stream, item.envelope.seq, false);
        }
        let share = self.budget / STREAM_SHARE;
        let Some(entry) = inside.streams.get_mut(stream) else {
            return;
        };
        let before = entry.bytes;
        entry.take_in(item);
        while entry.rolling && entry.items.len() > 1 && entry.is_too_much(share) && entry.may_drop_oldest() {
            entry.drop_oldest();
        }
        let (after, too_much) = (entry.bytes, entry.is_too_much(share));
        inside.bytes = inside.bytes.saturating_sub(before) + after;
        if too_much {
            inside.forget(stream);
        }
        inside.make_room(self.budget);
    }

    /// Notes that an envelope is gone from the store.
    pub(crate) fn remove(&self, stream: &StreamName, seq: Seq) {
        let stripe = self.stripe(stream);
        let mut inside = self.lock();
        inside.changed(stripe);
        let Some(entry) = inside.streams.get_mut(stream) else {
            return;
        };
        // What is gone before it was announced must not come back with the announcement.
        entry.late.remove(&seq);
        let at = entry.items.binary_search_by_key(&seq, |item| item.envelope.seq).ok();
        let cost = at.and_then(|at| entry.items.remove(at)).map_or(0, |item| item.cost());
        entry.bytes = entry.bytes.saturating_sub(cost);
        let empty = entry.rolling && entry.items.is_empty();
        inside.bytes = inside.bytes.saturating_sub(cost);
        if empty {
            // The store deletes empty rooms; one that comes back goes on at a place for which nobody must wait.
            inside.forget(stream);
        }
    }

    /// Forgets a stream, because it was closed or its state elsewhere is not known.
    pub(crate) fn forget(&self, stream: &StreamName) {
        let stripe = self.stripe(stream);
        let mut inside = self.lock();
        inside.changed(stripe);
        inside.forget(stream);
    }

    /// Forgets everything that is stored as well.
    pub(crate) fn forget_stored(&self) {
        let mut inside = self.lock();
        inside.generations.iter_mut().for_each(|generation| *generation += 1);
        inside.streams.retain(|_, entry| entry.live);
        inside.count();
    }

    /// Gives a live envelope its place and keeps it for those who follow. Live streams are never stored.
    pub(crate) fn push_live(&self, stream: &StreamName, mut envelope: Envelope) -> Arc<Item> {
        let mut inside = self.lock();
        inside.tick += 1;
        let tick = inside.tick;
        if !inside.streams.contains_key(stream) {
            inside.begin(stream, Seq::START.next(), true);
        }
        let share = self.budget / STREAM_SHARE;
        let entry = inside.streams.entry(stream.clone()).or_default();
        let before = entry.bytes;
        entry.used = tick;
        envelope.seq = entry.last.next();
        let item = Arc::new(Item::new(envelope));
        entry.append(Arc::clone(&item));
        while entry.items.len() > LIVE_MAX || (entry.bytes > share && entry.items.len() > 1) {
            entry.drop_oldest();
        }
        let after = entry.bytes;
        inside.bytes = inside.bytes.saturating_sub(before) + after;
        inside.make_room(self.budget);
        item
    }
}

impl Entry {
    /// Bytes that it takes of the budget. The places of live streams must go on, so they take none: who follows is counted by
    /// the doors.
    fn taken(&self) -> usize {
        if self.live { self.bytes } else { self.bytes + OVERHEAD }
    }

    /// Whether dropping it gives anything back.
    fn gives_room(&self) -> bool {
        self.taken() > 0
    }

    /// The items after a place.
    fn after(&self, after: Seq) -> impl Iterator<Item = &Arc<Item>> {
        let first = self.items.partition_point(|item| item.envelope.seq <= after);
        self.items.range(first..)
    }

    fn is_too_much(&self, share: usize) -> bool {
        self.items.len() > STORED_MAX || self.late.len() > LATE_MAX || self.bytes > share
    }

    /// Takes in an envelope that the store has appended, at its place.
    fn take_in(&mut self, item: &Arc<Item>) {
        let seq = item.envelope.seq;
        if seq <= self.last && !self.late.remove(&seq) {
            return;
        }
        let skipped = self.last.number().saturating_add(1)..seq.number();
        if self.rolling && !skipped.is_empty() && seq <= self.settled {
            return self.begin_after(seq);
        }
        // One more than allowed is enough to know that there are too many.
        self.late.extend(skipped.take(LATE_MAX + 1).map(Seq::from_number));
        self.last = self.last.max(seq);
        self.bytes += item.cost();
        let at = self.items.partition_point(|other| other.envelope.seq < seq);
        self.items.insert(at, Arc::clone(item));
    }

    /// Leaves everything up to a place to the store, which has it.
    fn begin_after(&mut self, seq: Seq) {
        self.items.clear();
        self.late.clear();
        (self.from, self.last, self.bytes) = (seq, seq, 0);
    }

    /// What stands behind a place that is waited for must stay.
    fn may_drop_oldest(&self) -> bool {
        let oldest = self.items.front().map(|item| item.envelope.seq);
        self.late.first().is_none_or(|late| oldest.is_some_and(|oldest| oldest < *late))
    }

    fn append(&mut self, item: Arc<Item>) {
        self.last = item.envelope.seq;
        self.bytes += item.cost();
        self.items.push_back(item);
    }

    fn drop_oldest(&mut self) {
        if let Some(item) = self.items.pop_front() {
            self.from = item.envelope.seq;
            self.bytes = self.bytes.saturating_sub(item.cost());
        }
    }
}

impl Inside {
    fn changed(&mut self, stripe: usize) {
        if let Some(generation) = self.generations.get_mut(stripe) {
            *generation += 1;
        }
    }

    /// Begins to keep a stream of which the next place is `first`.
    fn begin(&mut self, stream: &StreamName, first: Seq, live: bool) {
        self.tick += 1;
        let from = Seq::from_number(first.number() - 1);
        let in_flight = i64::try_from(LATE_MAX).unwrap_or(i64::MAX);
        let settled = Seq::from_number(first.number().saturating_add(in_flight));
        let entry = Entry { from, last: from, used: self.tick, rolling: true, live, settled, ..Entry::default() };
        self.bytes += entry.taken();
        self.streams.insert(stream.clone(), entry);
    }

    fn forget(&mut self, stream: &StreamName) {
        if let Some(entry) = self.streams.remove(stream) {
            self.bytes = self.bytes.saturating_sub(entry.taken());
        }
    }

    /// Over budget, drops what was used longest ago.
    fn make_room(&mut self, budget: usize) {
        if self.bytes > budget {
            while self.bytes > budget - budget / FREE_SHARE && self.drop_half() {}
        }
    }

    /// Drops the half that was used longest ago; of live streams, whose places must go on, only the content. False if there is
    /// nothing to drop.
    fn drop_half(&mut self) -> bool {
        let mut ticks: Vec<u64> = self.streams.values().filter(|e| e.gives_room()).map(|entry| entry.used).collect();
        ticks.sort_unstable();
        let Some(median) = ticks.get(ticks.len().saturating_sub(1) / 2).copied() else { return false };
        for entry in self.streams.values_mut().filter(|entry| entry.live && entry.used <= median) {
            while !entry.items.is_empty() {
                entry.drop_oldest();
            }
        }
        self.streams.retain(|_, entry| entry.live || entry.used > median);
        self.count();
        true
    }

    fn count(&mut self) {
        self.bytes = self.streams.values().map(Entry::taken).sum();
    }
}

#[cfg(test)]
mod tests;
