//! Nonces that were seen within the signature window, in bounded memory.
//!
//! Clients may use a signature again, and do. Only what can't be undone asks for one that was not used before. When memory runs
//! out, the oldest nonces of a bucket are forgotten and a watermark takes their place: signatures dated at or before it no
//! longer count as unused. The same holds for what was seen before the node started.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tidings_core::{BoxKey, Timestamp};
use tidings_engine::Entropy;

/// Buckets; a key always falls into the same one, and nobody outside can tell which.
const BUCKETS: usize = 1024;

/// Nonces of one bucket. All together take at most some 8 MiB.
const BUCKET_MAX: usize = 256;

/// How often a nonce was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Surely not before.
    First,
    /// Before, or perhaps before.
    Again,
    /// Before, from another address.
    Elsewhere,
}

struct Use {
    nonce: u64,
    address: u64,
    date: Timestamp,
}

#[derive(Default)]
struct Bucket {
    uses: VecDeque<Use>,
    watermark: Timestamp,
}

/// Remembers nonces.
pub(super) struct Nonces {
    buckets: Vec<Mutex<Bucket>>,
    hasher: RandomState,
    salt: u64,
}

impl Nonces {
    /// Remembers nothing yet, so nothing dated before `now` counts as unused.
    pub(super) fn new(entropy: &Entropy, now: Timestamp) -> Self {
        let bucket = || Mutex::new(Bucket { uses: VecDeque::new(), watermark: now });
        let buckets = (0..BUCKETS).map(|_| bucket()).collect();
        Self { buckets, hasher: RandomState::new(), salt: u64::from_le_bytes(entropy.bytes()) }
    }

    /// Notes a use and says whether it was the first. `date` is what was signed; what is older than `window` is dropped.
    pub(super) fn note(
        &self,
        key: &BoxKey,
        nonce: &[u8; 24],
        address: IpAddr,
        date: Timestamp,
        window: Duration,
        now: Timestamp,
    ) -> Seen {
        let index = usize::try_from(self.fingerprint(key)).unwrap_or(usize::MAX) % BUCKETS;
        let Some(bucket) = self.buckets.get(index) else { return Seen::Again };
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let (nonce, address) = (self.fingerprint((key, nonce)), self.fingerprint(address));
        if let Some(before) = bucket.uses.iter().rev().find(|before| before.nonce == nonce) {
            return if before.address == address { Seen::Again } else { Seen::Elsewhere };
        }
        let oldest = now.before(window);
        bucket.uses.retain(|before| before.date >= oldest);
        if bucket.uses.len() >= BUCKET_MAX
            && let Some(forgotten) = bucket.uses.pop_front()
        {
            bucket.watermark = bucket.watermark.max(forgotten.date);
        }
        bucket.uses.push_back(Use { nonce, address, date });
        if date > bucket.watermark { Seen::First } else { Seen::Again }
    }

    fn fingerprint(&self, value: impl Hash) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        self.salt.hash(&mut hasher);
        value.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + seconds * 1000)
    }

    fn note(nonces: &Nonces, nonce: u32, address: u8, date: i64, now: i64) -> Seen {
        let key = BoxKey::from_bytes([9; 32]).unwrap();
        let mut bytes = [0; 24];
        bytes[..4].copy_from_slice(&nonce.to_le_bytes());
        nonces.note(&key, &bytes, [127, 0, 0, address].into(), at(date), WINDOW, at(now))
    }

    #[test]
    fn a_nonce_is_first_once() {
        let nonces = Nonces::new(&Entropy::seeded(1), at(0));
        assert_eq!(note(&nonces, 1, 1, 1, 1), Seen::First);
        assert_eq!(note(&nonces, 1, 1, 1, 2), Seen::Again);
        assert_eq!(note(&nonces, 1, 2, 1, 2), Seen::Elsewhere);
        assert_eq!(note(&nonces, 2, 1, 1, 2), Seen::First);
    }

    #[test]
    fn what_may_have_been_seen_before_the_start_is_not_first() {
        let nonces = Nonces::new(&Entropy::seeded(1), at(0));
        assert_eq!(note(&nonces, 1, 1, 0, 5), Seen::Again);
        assert_eq!(note(&nonces, 2, 1, -60, 5), Seen::Again);
        assert_eq!(note(&nonces, 3, 1, 1, 5), Seen::First);
    }

    #[test]
    fn forgotten_nonces_do_not_become_first_again() {
        let nonces = Nonces::new(&Entropy::seeded(1), at(0));
        let many = u32::try_from(BUCKET_MAX).unwrap() + 50;
        for nonce in 0..many {
            assert_eq!(note(&nonces, nonce, 1, 1 + i64::from(nonce), 400), Seen::First);
        }
        assert_eq!(note(&nonces, 0, 1, 1, 400), Seen::Again);
        assert_eq!(note(&nonces, many, 1, 400, 400), Seen::First);
    }

    #[test]
    fn old_nonces_make_room() {
        let nonces = Nonces::new(&Entropy::seeded(1), at(0));
        for nonce in 0..2000 {
            note(&nonces, nonce, 1, i64::from(nonce) * 60, i64::from(nonce) * 60);
        }
        let kept: usize = nonces.buckets.iter().map(|bucket| bucket.lock().unwrap().uses.len()).sum();
        assert!(kept <= 61, "{kept}");
    }
}
