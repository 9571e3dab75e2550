//! Nonces that were seen, so that each is good once per key (docs/protocol/node.md, Signatures).
//!
//! In bounded memory, as decision 0003 has it: when a shard is full, its oldest second is forgotten and becomes a watermark. What is
//! dated at or before it may have been seen and is not taken; the same holds for all that is dated before the node started.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use tidings_wire::Fixed;
use tidings_wire::api::CLOCK_SLACK_SECONDS;

/// Parts with a lock of their own.
const SHARDS: usize = 64;

/// Nonces that are remembered in all: some 20 MiB when full. At 1,700 requests a second that is the whole window of ten minutes.
const NONCES_MAX: usize = 1 << 20;

/// Nonces of one shard.
const SHARD_MAX: usize = NONCES_MAX / SHARDS;

/// Nonces of one shard that may be dated ahead of the clock. Were it all of them, forgetting the oldest would push the watermark ahead
/// of the clock, and nobody's requests could be taken until it gets there.
const AHEAD_MAX: usize = SHARD_MAX / 2;

/// Whether a nonce may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Surely not used before.
    First,
    /// Used before.
    Again,
    /// Dated at or before the given second, up to which the node does not know any more, or ahead of the clock when there is no room.
    Forgotten(u64),
}

#[derive(Default)]
struct Shard {
    /// What was seen, by the second in which it was signed.
    seconds: BTreeMap<u64, HashSet<u64>>,
    count: usize,
    /// Nothing that was signed up to here is known to be new.
    watermark: u64,
}

/// Remembers nonces.
pub(super) struct Replays {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

impl Replays {
    /// Remembers nothing yet: what is dated in this second (since 1970) or before is not taken.
    pub(super) fn new(now: u64) -> Self {
        let shard = || Mutex::new(Shard { watermark: now, ..Shard::default() });
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), hasher: RandomState::new() }
    }

    /// Notes a nonce of a key, signed at `created`, at `now` (seconds). Call it only for what is within the window.
    pub(super) fn note(&self, key: &Fixed<32>, nonce: &Fixed<16>, created: u64, now: u64) -> Seen {
        // 64 bits: that two of a million are alike is as likely as a guessed 44-bit secret, and costs one repeated request.
        let print = self.hasher.hash_one((key.0, nonce.0));
        let index = usize::try_from(print % SHARDS as u64).unwrap_or_default();
        let Some(shard) = self.shards.get(index) else { return Seen::Forgotten(now) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.forget_before(now.saturating_sub(CLOCK_SLACK_SECONDS));
        if created <= shard.watermark {
            return Seen::Forgotten(shard.watermark);
        }
        if shard.seconds.get(&created).is_some_and(|prints| prints.contains(&print)) {
            return Seen::Again;
        }
        if created > now && shard.count >= AHEAD_MAX && shard.dated_after(now) >= AHEAD_MAX {
            return Seen::Forgotten(created);
        }
        if shard.count >= SHARD_MAX {
            shard.forget_oldest();
        }
        shard.seconds.entry(created).or_default().insert(print);
        shard.count += 1;
        Seen::First
    }
}

impl Shard {
    /// Drops what no request may be dated any more. If the clock is set back afterwards, it is not taken again, either.
    fn forget_before(&mut self, second: u64) {
        while let Some(entry) = self.seconds.first_entry()
            && *entry.key() < second
        {
            self.watermark = self.watermark.max(*entry.key());
            self.count -= entry.remove().len();
        }
    }

    /// How many are dated after this second.
    fn dated_after(&self, second: u64) -> usize {
        self.seconds.range(second.saturating_add(1)..).map(|(_, prints)| prints.len()).sum()
    }

    fn forget_oldest(&mut self) {
        if let Some((second, prints)) = self.seconds.pop_first() {
            self.watermark = self.watermark.max(second);
            self.count -= prints.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000;

    fn note(replays: &Replays, nonce: u128, created: u64, now: u64) -> Seen {
        replays.note(&Fixed([7; 32]), &Fixed(nonce.to_be_bytes()), created, now)
    }

    #[test]
    fn a_nonce_is_good_once_per_key() {
        let replays = Replays::new(START);
        assert_eq!(note(&replays, 1, START + 1, START + 1), Seen::First);
        assert_eq!(note(&replays, 1, START + 1, START + 200), Seen::Again);
        assert_eq!(note(&replays, 2, START + 1, START + 1), Seen::First);
        assert_eq!(replays.note(&Fixed([8; 32]), &Fixed(1u128.to_be_bytes()), START + 1, START + 1), Seen::First);
    }

    #[test]
    fn what_may_have_been_seen_before_the_start_is_not_taken() {
        let replays = Replays::new(START);
        assert_eq!(note(&replays, 1, START, START + 1), Seen::Forgotten(START));
        assert_eq!(note(&replays, 1, START - 60, START + 1), Seen::Forgotten(START));
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_not_taken() {
        let replays = Replays::new(START);
        let many = u128::try_from(NONCES_MAX + NONCES_MAX / 8).unwrap();
        let second = |nonce: u128| START + 1 + u64::try_from(nonce * 200 / many).unwrap();
        for nonce in 0..many {
            note(&replays, nonce, second(nonce), second(nonce));
        }
        let kept: usize = replays.shards.iter().map(|shard| shard.lock().unwrap().count).sum();
        assert!(kept <= NONCES_MAX, "{kept}");
        for nonce in (0..many).step_by(997) {
            assert_ne!(note(&replays, nonce, second(nonce), START + 201), Seen::First, "{nonce}");
        }
        assert_eq!(note(&replays, many, START + 201, START + 201), Seen::First);
    }

    #[test]
    fn who_dates_ahead_of_the_clock_shuts_nobody_out() {
        let replays = Replays::new(START);
        let now = START + 10;
        for nonce in 0..u128::try_from(2 * NONCES_MAX).unwrap() {
            note(&replays, nonce, now + 299, now);
        }
        for nonce in (0..64).map(|nonce| (1 << 100) + nonce) {
            assert_eq!(note(&replays, nonce, now, now), Seen::First);
            assert_eq!(note(&replays, nonce, now, now), Seen::Again);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_brings_no_nonce_back() {
        let replays = Replays::new(START);
        assert_eq!(note(&replays, 1, START + 1, START + 1), Seen::First);
        // So many that one of them comes to the shard of the first.
        for nonce in 2..2000 {
            note(&replays, nonce, START + 7200, START + 7200);
        }
        assert_eq!(note(&replays, 1, START + 1, START + 2), Seen::Forgotten(START + 1));
    }

    #[test]
    fn old_nonces_make_room() {
        let replays = Replays::new(START);
        for nonce in 0..20_000 {
            let now = START + 1 + u64::try_from(nonce).unwrap() * 10;
            assert_eq!(note(&replays, nonce, now, now), Seen::First);
        }
        let kept: usize = replays.shards.iter().map(|shard| shard.lock().unwrap().count).sum();
        assert!(kept <= 20_000 / 2, "{kept}");
    }
}
