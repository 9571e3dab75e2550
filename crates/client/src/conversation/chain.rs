//! What is known of the messages of one device: which came, which are missing (docs/protocol/messages.md, Chains and gaps).

use crate::io::Time;
use crate::view::Identity;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidings_wire::bytes::Fixed;

/// Ranges that are remembered of one device, beyond the first hole and given up.
const RANGES_MAX: usize = 64;
/// Hashes that are remembered of one device.
const RECENT_MAX: usize = 16;

/// Which messages of a device are here.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Chain {
    pub(super) identity: Option<Identity>,
    /// Everything up to here is here, or was given up.
    pub(super) upto: u64,
    /// What is here beyond: ranges, apart from each other, in order.
    above: Vec<(u64, u64)>,
    /// What was given up: taken if it comes nevertheless.
    missed: Vec<(u64, u64)>,
    /// The highest that anybody claims to have seen.
    claimed: u64,
    /// Of what is missing up to here nobody is told: it may be older than one's own time here.
    quiet: u64,
    /// Read up to here.
    pub(super) read: u64,
    /// What was said of it in receipts: delivered, read.
    pub(super) said: (u64, u64),
    /// The hashes of the last messages.
    recent: VecDeque<(u64, Fixed<16>)>,
    pub(super) gap: Option<Gap>,
    /// Whether it was said that the device has lost its memory.
    pub(super) odd: bool,
}

/// A hole that is asked for.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Gap {
    pub(super) since: Time,
    pub(super) next: Time,
    pub(super) tries: u32,
}

/// What a message is to its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was not here yet. `fits`: it follows what was here.
    New { fits: bool },
    /// It is here already. `same`: as far as one knows, with the same content.
    Repeated { same: bool },
}

impl Chain {
    /// A device of which everything up to `upto` is none of one's business.
    pub(super) fn beginning(identity: Identity, upto: u64) -> Self {
        Self { identity: Some(identity), upto, read: upto, ..Self::default() }
    }

    /// A device that was here before, of which the message `seq` is the first that is seen. Those shortly before it are asked for,
    /// since they may have been lost; the device knows which of them are for this reader. Everything up to `before` was here once.
    pub(super) fn heard_first(identity: Identity, seq: u64, asked: u64, before: u64) -> Self {
        let quiet = seq.saturating_sub(1);
        Self { quiet, ..Self::beginning(identity, quiet.saturating_sub(asked).max(before)) }
    }

    /// How many of these somebody is to be told of if they can't be had.
    pub(super) fn loud(&self, from: u64, to: u64) -> u64 {
        to.saturating_add(1).saturating_sub(from.max(self.quiet.saturating_add(1)))
    }

    /// The highest that is here.
    pub(super) fn highest(&self) -> u64 {
        self.above.last().map_or(self.upto, |(_, to)| *to)
    }

    /// Takes the message `seq` with `hash`, which names the one before as `prev`.
    pub(super) fn take(&mut self, seq: u64, prev: &Fixed<16>, hash: &Fixed<16>) -> Taken {
        if self.has(seq) {
            let known = self.hash(seq);
            return Taken::Repeated { same: known.is_none_or(|known| known == *hash) };
        }
        let before = seq.checked_sub(1).and_then(|before| self.hash(before));
        let fits = before.is_none_or(|before| before == *prev);
        self.recent.push_back((seq, *hash));
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
        if seq <= self.upto {
            self.missed = without(&self.missed, seq);
        } else {
            self.insert(seq, seq);
        }
        Taken::New { fits }
    }

    /// Whether a message is here (or was long ago).
    pub(super) fn has(&self, seq: u64) -> bool {
        let within = |ranges: &[(u64, u64)]| ranges.iter().any(|(from, to)| (*from..=*to).contains(&seq));
        if seq <= self.upto { !within(&self.missed) } else { within(&self.above) }
    }

    fn hash(&self, seq: u64) -> Option<Fixed<16>> {
        self.recent.iter().rev().find(|(known, _)| *known == seq).map(|(_, hash)| *hash)
    }

    fn insert(&mut self, from: u64, to: u64) {
        self.above.push((from, to));
        self.above.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.above.len());
        for (from, to) in self.above.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        self.above = joined;
        self.absorb();
        while self.above.len() > RANGES_MAX {
            self.give_up_first();
        }
    }

    /// Moves `upto` over what follows it without a hole.
    fn absorb(&mut self) {
        while let Some((from, to)) = self.above.first().copied() {
            if from > self.upto.saturating_add(1) {
                break;
            }
            self.upto = self.upto.max(to);
            self.above.remove(0);
        }
    }

    /// Somebody has seen everything up to `seq`. Whether that is new.
    pub(super) fn claim(&mut self, seq: u64) -> bool {
        let new = seq > self.claimed;
        self.claimed = self.claimed.max(seq);
        new
    }

    /// The holes, the first ones first.
    pub(super) fn holes(&self) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut next = self.upto.saturating_add(1);
        for (from, to) in &self.above {
            holes.push((next, from.saturating_sub(1)));
            next = to.saturating_add(1);
        }
        if self.claimed >= next {
            holes.push((next, self.claimed));
        }
        holes
    }

    /// Gives all holes up; how many messages are missing for certain. What was only claimed is forgotten.
    pub(super) fn give_up(&mut self) -> u64 {
        let mut missing = self.claimed.saturating_sub(self.highest());
        while !self.above.is_empty() {
            missing = missing.saturating_add(self.give_up_first());
        }
        self.claimed = self.upto;
        self.gap = None;
        missing
    }

    /// The device says that these are not to be had any more.
    pub(super) fn gone(&mut self, from: u64, to: u64) {
        let to = to.min(self.highest().max(self.claimed));
        if from <= to && to > self.upto {
            self.insert(from.max(self.upto.saturating_add(1)), to);
        }
    }

    fn give_up_first(&mut self) -> u64 {
        let Some((from, to)) = self.above.first().copied() else { return 0 };
        let hole = (self.upto.saturating_add(1), from.saturating_sub(1));
        self.missed.push(hole);
        if self.missed.len() > RANGES_MAX {
            self.missed.remove(0);
        }
        let missing = self.loud(hole.0, hole.1);
        self.upto = to;
        self.above.remove(0);
        missing
    }
}

/// The ranges without one number.
fn without(ranges: &[(u64, u64)], seq: u64) -> Vec<(u64, u64)> {
    let cut = |(from, to): &(u64, u64)| {
        if !(*from..=*to).contains(&seq) {
            return [Some((*from, *to)), None];
        }
        let below = seq.checked_sub(1).filter(|end| end >= from).map(|end| (*from, end));
        let over = seq.checked_add(1).filter(|start| start <= to).map(|start| (start, *to));
        [below, over]
    };
    ranges.iter().flat_map(cut).flatten().take(RANGES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(seq: u64) -> Fixed<16> {
        Fixed(u128::from(seq).to_be_bytes())
    }

    fn take(chain: &mut Chain, seq: u64) -> Taken {
        chain.take(seq, &hash(seq - 1), &hash(seq))
    }

    #[test]
    fn holes_are_seen_filled_and_given_up() {
        let mut chain = Chain::default();
        assert_eq!(take(&mut chain, 1), Taken::New { fits: true });
        assert_eq!(take(&mut chain, 4), Taken::New { fits: true });
        assert_eq!(take(&mut chain, 4), Taken::Repeated { same: true });
        assert_eq!(chain.holes(), [(2, 3)]);
        chain.claim(6);
        assert_eq!(chain.holes(), [(2, 3), (5, 6)]);
        take(&mut chain, 3);
        take(&mut chain, 2);
        assert_eq!((chain.upto, chain.holes()), (4, vec![(5, 6)]));
        take(&mut chain, 9);
        assert_eq!(chain.give_up(), 4);
        assert_eq!((chain.upto, chain.holes()), (9, vec![]));
        assert_eq!(take(&mut chain, 7), Taken::New { fits: true }, "late, but not too late");
        assert_eq!(take(&mut chain, 7), Taken::Repeated { same: true });
        chain.claim(11);
        chain.gone(10, 99);
        assert_eq!((chain.upto, chain.holes()), (11, vec![]));
    }

    #[test]
    fn a_device_that_has_lost_its_memory_is_seen() {
        let mut chain = Chain::default();
        take(&mut chain, 1);
        take(&mut chain, 2);
        assert_eq!(chain.take(2, &hash(1), &hash(77)), Taken::Repeated { same: false });
        assert_eq!(chain.take(3, &hash(77), &hash(78)), Taken::New { fits: false });
    }

    proptest! {
        #[test]
        fn each_message_is_new_exactly_once(order in prop::collection::vec(1u64..40, 0..120)) {
            let mut chain = Chain::default();
            let mut seen = std::collections::BTreeSet::new();
            for seq in order {
                let new = matches!(take(&mut chain, seq), Taken::New { .. });
                prop_assert_eq!(new, seen.insert(seq));
                let missing = (1..=*seen.last().unwrap()).filter(|seq| !seen.contains(seq)).count() as u64;
                let holes: u64 = chain.holes().iter().map(|(from, to)| to - from + 1).sum();
                prop_assert_eq!(missing, holes);
            }
        }
    }
}
