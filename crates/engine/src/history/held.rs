//! One room in memory, in the order in which its messages were written.
//!
//! The store appends and removes in one order, but what it did is told here by many tasks, in any order, and a room is loaded
//! while that goes on. Everything is told after it was committed, and at most once. A room is loaded like this: its place is
//! taken, so that from then on all is heard; then the last place given (`end`) is read; then all of its messages, as of one moment.
//! The horizon is the later of `end` and the last message read. Places are given in the order of commits, so:
//!
//! - Appended at or before the horizon: it was committed before the moment of reading. It is among the messages read, or was removed
//!   before that moment. Whenever it is told, it changes nothing.
//! - Appended after the horizon: it was committed after `end` was read, so it is told once the place is taken: while the room is
//!   loaded, or afterwards. If it was committed before the moment of reading and is not among the messages, it was removed in between,
//!   which is told once the place is taken, too.
//! - Removed, and among the messages: it goes when that is told.
//! - Removed, not among them, at or before the horizon: nothing is left of it, and nothing will come.
//! - Removed, not among them, after the horizon: its append is still to be told. The removal is kept until then, and the two cancel
//!   each other.
//!
//! So removals can be carried out before appends, whatever the order was, and what is heard while loading needs no order.

use crate::tail::Item;
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::mem::size_of;
use std::sync::Arc;
use tidings_core::history::Positions;
use tidings_core::{Bound, Envelope, HistoryQuery, Order, Seq, Timestamp};

/// Removals that may be known before their appends; with more, something is wrong, and the room is forgotten.
const EARLY_MAX: usize = 1024;

/// What may be told while a room is loaded; with more it is not kept.
const TOLD_MAX: usize = 4096;

/// A message and where it stands.
pub(super) struct Entry {
    time: Timestamp,
    seq: Seq,
    item: Arc<Item>,
}

impl Entry {
    /// What takes part in the order, read once so that searching touches no other memory.
    pub(super) fn new(item: Arc<Item>) -> Self {
        let Envelope { time, at, seq, .. } = item.envelope;
        Self { time: time.unwrap_or(at), seq, item }
    }

    fn position(&self) -> (Timestamp, Seq) {
        (self.time, self.seq)
    }

    fn cost(&self) -> usize {
        size_of::<Self>() + self.item.cost()
    }
}

/// What is told while a room is loaded.
#[derive(Default)]
pub(super) struct Loading {
    appended: Vec<Arc<Item>>,
    removed: Vec<Seq>,
}

impl Loading {
    /// Hears of an append. False if it was too much.
    pub(super) fn push(&mut self, item: &Arc<Item>) -> bool {
        self.appended.push(Arc::clone(item));
        self.fits()
    }

    /// Hears of a removal. False if it was too much.
    pub(super) fn remove(&mut self, seq: Seq) -> bool {
        self.removed.push(seq);
        self.fits()
    }

    fn fits(&self) -> bool {
        self.appended.len() + self.removed.len() <= TOLD_MAX
    }

    /// The room as of now: `entries` are all of its messages in their order, `end` was read before them. None if it is not known.
    pub(super) fn finish(self, entries: Vec<Entry>, end: Seq) -> Option<Held> {
        let horizon = entries.iter().map(|entry| entry.seq).max().unwrap_or_default().max(end);
        let bytes = entries.iter().map(Entry::cost).sum();
        let mut held = Held { entries: entries.into(), horizon, early: BTreeSet::new(), bytes };
        let removed = self.removed.into_iter().all(|seq| held.remove(seq));
        let appended = removed && self.appended.iter().all(|item| held.push(item));
        appended.then_some(held)
    }
}

/// A room in memory.
pub(super) struct Held {
    entries: VecDeque<Entry>,
    horizon: Seq,
    /// Removed before their append was told.
    early: BTreeSet<Seq>,
    bytes: usize,
}

impl Held {
    /// Bytes that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Hears of an append. False if the room is not known any more.
    pub(super) fn push(&mut self, item: &Arc<Item>) -> bool {
        let entry = Entry::new(Arc::clone(item));
        if entry.seq <= self.horizon || self.early.remove(&entry.seq) {
            return true;
        }
        // Most come in order.
        let last = self.entries.back().is_none_or(|last| last.position() < entry.position());
        let at = if last {
            self.entries.len()
        } else {
            self.entries.partition_point(|other| other.position() < entry.position())
        };
        if self.entries.get(at).is_none_or(|other| other.seq != entry.seq) {
            self.bytes += entry.cost();
            self.entries.insert(at, entry);
        }
        true
    }

    /// Hears of a removal. False if the room is not known any more.
    pub(super) fn remove(&mut self, seq: Seq) -> bool {
        // What is removed is mostly what is old, which stands in front.
        let at = self.entries.iter().position(|entry| entry.seq == seq);
        match at.and_then(|at| self.entries.remove(at)) {
            Some(entry) => self.bytes = self.bytes.saturating_sub(entry.cost()),
            None if seq > self.horizon => drop(self.early.insert(seq)),
            None => {}
        }
        self.early.len() <= EARLY_MAX
    }

    /// A page of what was written at `since` or later.
    pub(super) fn page(&self, query: &HistoryQuery, since: Timestamp) -> Vec<Arc<Item>> {
        let (hidden, stretch) = self.between(query.from, query.to, since);
        let page = stretch.page(query);
        let (begin, count) = (as_count(page.begin).saturating_add(hidden), as_count(page.len()));
        let items = self.entries.iter().skip(begin).take(count).map(|entry| Arc::clone(&entry.item));
        let mut items: Vec<_> = items.collect();
        if query.order == Order::Descending {
            items.reverse();
        }
        items
    }

    /// How many were written at `since` or later and lie between two bounds.
    pub(super) fn count(&self, from: Bound, to: Bound, since: Timestamp) -> u64 {
        self.between(from, to, since).1.len()
    }

    /// How many are too old to be shown, and the stretch among the rest.
    fn between(&self, from: Bound, to: Bound, since: Timestamp) -> (usize, Positions) {
        let older = |time| self.entries.partition_point(|entry| entry.time < time);
        let hidden = older(since);
        let before = |time| Ok::<_, Infallible>(as_number(older(time).saturating_sub(hidden)));
        let Ok(found) = Positions::between(from, to, as_number(self.entries.len() - hidden), before);
        (hidden, found)
    }
}

fn as_number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn as_count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::collections::BTreeMap;
    use std::hash::{BuildHasher, RandomState};
    use tidings_core::{EnvelopeId, Label};

    const ALL: HistoryQuery =
        HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order: Order::Ascending, skip: 0, limit: usize::MAX };

    fn item(seq: i64, time: i64) -> Arc<Item> {
        let time = Timestamp::from_millis(time);
        Arc::new(Item::new(Envelope {
            id: EnvelopeId::from_bytes(u128::from(seq.unsigned_abs()).to_be_bytes()),
            seq: Seq::from_number(seq),
            sender: None,
            label: Label::new(""),
            body: None,
            at: time,
            time: Some(time),
        }))
    }

    /// Something that the store did and that was not told yet.
    enum Told {
        Appended(Arc<Item>),
        Removed(Seq),
    }

    /// Which step of loading was done last.
    enum Stage {
        Away,
        Taken(Loading),
        EndRead(Loading, Seq),
        AllRead(Loading, Seq, Vec<Entry>),
        Here(Held),
    }

    /// A room as the store has it, with what it still has to tell, and the room in memory.
    struct World {
        random: StdRng,
        last: i64,
        stored: BTreeMap<i64, Arc<Item>>,
        untold: Vec<Told>,
        told_removed: BTreeSet<Seq>,
        stage: Stage,
    }

    impl World {
        fn step(&mut self) {
            match self.random.random_range(0..10) {
                0..=3 => self.append(),
                4 => self.remove(),
                5 => self.go_on(),
                _ => self.tell(),
            }
            self.look();
        }

        fn append(&mut self) {
            self.last += 1;
            let item = item(self.last, self.random.random_range(0..20));
            self.stored.insert(self.last, Arc::clone(&item));
            self.untold.push(Told::Appended(item));
        }

        fn remove(&mut self) {
            let some = self.random.random_range(0..=self.stored.len());
            if let Some(seq) = self.stored.keys().nth(some).copied() {
                self.stored.remove(&seq);
                self.untold.push(Told::Removed(Seq::from_number(seq)));
            }
        }

        /// Any of what is untold, not the oldest first.
        fn tell(&mut self) {
            if self.untold.is_empty() {
                return;
            }
            let told = self.untold.swap_remove(self.random.random_range(0..self.untold.len()));
            if let Told::Removed(seq) = told {
                self.told_removed.insert(seq);
            }
            let loading = match &mut self.stage {
                Stage::Away => return,
                Stage::Here(held) => {
                    assert!(match told {
                        Told::Appended(item) => held.push(&item),
                        Told::Removed(seq) => held.remove(seq),
                    });
                    return;
                }
                Stage::Taken(loading) | Stage::EndRead(loading, _) | Stage::AllRead(loading, ..) => loading,
            };
            assert!(match told {
                Told::Appended(item) => loading.push(&item),
                Told::Removed(seq) => loading.remove(seq),
            });
        }

        /// The next step of loading; a room that is there is sometimes forgotten.
        fn go_on(&mut self) {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Away) {
                Stage::Away => Stage::Taken(Loading::default()),
                Stage::Taken(loading) => Stage::EndRead(loading, Seq::from_number(self.last)),
                Stage::EndRead(loading, end) => {
                    let mut all: Vec<Entry> = self.stored.values().cloned().map(Entry::new).collect();
                    all.sort_by_key(Entry::position);
                    Stage::AllRead(loading, end, all)
                }
                Stage::AllRead(loading, end, all) => Stage::Here(loading.finish(all, end).unwrap()),
                Stage::Here(held) if self.random.random_bool(0.8) => Stage::Here(held),
                Stage::Here(_) => Stage::Away,
            };
        }

        fn look(&self) {
            let Stage::Here(held) = &self.stage else { return };
            let mut expected: Vec<_> = self.stored.values().cloned().map(Entry::new).collect();
            expected.sort_by_key(Entry::position);
            let expected: Vec<_> = expected.iter().map(|entry| entry.seq).collect();
            let shown: Vec<_> = held.page(&ALL, Timestamp::EPOCH).iter().map(|item| item.envelope.seq).collect();
            let distinct: BTreeSet<_> = shown.iter().collect();
            assert_eq!(distinct.len(), shown.len(), "nothing comes twice");
            assert!(shown.iter().all(|seq| !self.told_removed.contains(seq)), "what is gone does not come back");
            if self.untold.is_empty() {
                assert_eq!(shown, expected);
                assert!(held.early.is_empty());
            }
            assert_eq!(held.bytes, held.entries.iter().map(Entry::cost).sum::<usize>());
        }
    }

    #[test]
    fn whatever_the_order_in_which_it_is_told_the_room_is_as_in_the_store() {
        let seed = RandomState::new().hash_one(0);
        println!("seed {seed}");
        for run in 0..300 {
            let random = StdRng::seed_from_u64(seed.wrapping_add(run));
            let (stored, untold, told_removed) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
            let mut world = World { random, last: 0, stored, untold, told_removed, stage: Stage::Away };
            for _ in 0..200 {
                world.step();
            }
            while !matches!(world.stage, Stage::Here(_)) {
                world.go_on();
            }
            while !world.untold.is_empty() {
                world.tell();
                world.look();
            }
            world.look();
        }
    }

    fn held(times: &[i64]) -> Held {
        let entries = (1..).zip(times).map(|(seq, time)| Entry::new(item(seq, *time))).collect();
        Loading::default().finish(entries, Seq::START).unwrap()
    }

    #[test]
    fn what_is_too_old_is_not_counted_and_not_shown() {
        let (room, since) = (held(&[10, 20, 20, 30, 40]), Timestamp::from_millis(20));
        let at = |millis| Bound::At(Timestamp::from_millis(millis));
        assert_eq!(room.count(Bound::Oldest, Bound::Newest(0), since), 4);
        assert_eq!(room.count(Bound::Oldest, Bound::Oldest, since), 1);
        assert_eq!(room.count(at(0), at(20), since), 2);
        assert_eq!(room.count(at(15), at(15), since), 0);
        assert_eq!(room.count(Bound::Oldest, Bound::Newest(0), Timestamp::from_millis(41)), 0);
        let query = HistoryQuery { order: Order::Descending, skip: 1, limit: 2, ..ALL };
        let seqs: Vec<_> = room.page(&query, since).iter().map(|item| item.envelope.seq.number()).collect();
        assert_eq!(seqs, [4, 3]);
    }

    #[test]
    fn too_many_removals_of_what_was_never_told_end_it() {
        let mut room = held(&[1]);
        let lost = (2..).take_while(|seq| room.remove(Seq::from_number(*seq))).count();
        assert_eq!(lost, EARLY_MAX);
    }
}
