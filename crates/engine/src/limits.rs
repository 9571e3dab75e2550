//! Rate limits by address and by key: token buckets that refill steadily, in a table of bounded size.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tidings_core::{Key, Timestamp};

/// Entries of one table. When it is full, those that have recovered are dropped, and if there are none, the half that recovers
/// soonest.
const TABLE_MAX: usize = 65_536;

/// Locks that share a table's work.
const SHARDS: usize = 16;

/// So many at once, and so many each second after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// How many may come each second in the long run.
    pub per_second: u32,
}

/// The limits of a node, as its owner set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Requests from one address (IPv6: from one /64).
    pub address: Rate,
    /// Signed requests of one key.
    pub key: Rate,
    /// Failed signatures and unknown tokens from one address.
    pub guesses: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            address: Rate { burst: 3000, per_second: 300 },
            key: Rate { burst: 3000, per_second: 300 },
            guesses: Rate { burst: 300, per_second: 5 },
        }
    }
}

/// Counts what comes from where.
pub struct Limits {
    address: Table<IpAddr>,
    key: Table<Key>,
    guesses: Table<IpAddr>,
}

impl Limits {
    /// Starts counting.
    pub fn new(rates: Rates) -> Self {
        Self { address: Table::new(rates.address), key: Table::new(rates.key), guesses: Table::new(rates.guesses) }
    }

    /// Takes up new rates; what was counted so far stays counted.
    pub fn set(&self, rates: Rates) {
        self.address.set(rates.address);
        self.key.set(rates.key);
        self.guesses.set(rates.guesses);
    }

    /// A request from this address. Fails with how long to wait.
    pub fn request(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.address.take(network(address), now)
    }

    /// A signed request of this key. Fails with how long to wait.
    pub fn signed(&self, key: Key, now: Timestamp) -> Result<(), Duration> {
        self.key.take(key, now)
    }

    /// Whether this address may still guess. Fails with how long to wait.
    pub fn may_guess(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.guesses.peek(network(address), now)
    }

    /// A wrong guess from this address: a failed signature or an unknown token.
    pub fn guessed_wrong(&self, address: IpAddr, now: Timestamp) {
        let _ = self.guesses.take(network(address), now);
    }
}

/// What counts as one address: an IPv4 address, also in its IPv6 form, or an IPv6 /64, which one household has for itself.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Buckets of a door's own, for whatever it counts by.
pub struct Buckets<K>(Table<K>);

impl<K: Hash + Eq + Copy> Buckets<K> {
    /// Starts counting.
    pub fn new(rate: Rate) -> Self {
        Self(Table::new(rate))
    }

    /// Takes up a new rate; what was counted so far stays counted.
    pub fn set(&self, rate: Rate) {
        self.0.set(rate);
    }

    /// One of this entry. Fails with how long to wait.
    pub fn take(&self, entry: K, now: Timestamp) -> Result<(), Duration> {
        self.0.take(entry, now)
    }

    /// Whether one of this entry would be taken. Fails with how long to wait.
    pub fn may(&self, entry: K, now: Timestamp) -> Result<(), Duration> {
        self.0.peek(entry, now)
    }

    /// What something turned out to cost, when it has been done; the bucket may be overdrawn by it.
    pub fn charge(&self, entry: K, cost: u32, now: Timestamp) {
        self.0.charge(entry, cost, now);
    }
}

/// For each entry, the moment (in microseconds since 1970) when its bucket will be full again.
struct Table<K> {
    shards: Vec<Mutex<HashMap<K, i64>>>,
    rate: Mutex<Rate>,
    hasher: RandomState,
}

impl<K: Hash + Eq + Copy> Table<K> {
    fn new(rate: Rate) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, rate: Mutex::new(rate), hasher: RandomState::new() }
    }

    fn set(&self, rate: Rate) {
        *self.rate.lock().unwrap_or_else(PoisonError::into_inner) = rate;
    }

    fn take(&self, entry: K, now: Timestamp) -> Result<(), Duration> {
        self.check(entry, now, true)
    }

    fn peek(&self, entry: K, now: Timestamp) -> Result<(), Duration> {
        self.check(entry, now, false)
    }

    fn charge(&self, entry: K, cost: u32, now: Timestamp) {
        let rate = *self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, cost) = (now.millis().saturating_mul(1000), step(rate).saturating_mul(i64::from(cost)));
        let latest = latest(rate, now);
        let Some(shard) = self.shard(entry).filter(|_| cost > 0) else {
            return;
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut shard, now);
        let full_at = shard.get(&entry).copied().unwrap_or(now).max(now);
        shard.insert(entry, full_at.saturating_add(cost).min(latest));
    }

    fn shard(&self, entry: K) -> Option<&Mutex<HashMap<K, i64>>> {
        let index = usize::try_from(self.hasher.hash_one(entry)).unwrap_or(usize::MAX) % SHARDS;
        self.shards.get(index)
    }

    fn check(&self, entry: K, now: Timestamp, count: bool) -> Result<(), Duration> {
        let rate = *self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.millis().saturating_mul(1000);
        let step = step(rate);
        let room = step.saturating_mul(i64::from(rate.burst.max(1)));
        // As fast as can be counted is without a limit.
        let Some(shard) = self.shard(entry).filter(|_| step > 0) else {
            return Ok(());
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = latest(rate, now);
        let full_at = shard.get(&entry).copied().filter(|full_at| *full_at <= latest).unwrap_or(now).max(now);
        let wait = full_at.saturating_add(step).saturating_sub(now.saturating_add(room));
        if wait > 0 {
            return Err(Duration::from_micros(u64::try_from(wait).unwrap_or(0)));
        }
        if count {
            make_room(&mut shard, now);
            shard.insert(entry, full_at.saturating_add(step));
        }
        Ok(())
    }
}

/// The latest moment at which a bucket can be full again: after twice the time that a whole burst takes. One that says later is
/// of before the clock was set back, which must not shut anybody out for as long as it went.
fn latest(rate: Rate, now: i64) -> i64 {
    now.saturating_add(step(rate).saturating_mul(2 * i64::from(rate.burst.max(1))))
}

/// Microseconds until a bucket has room for one more.
fn step(rate: Rate) -> i64 {
    1_000_000 / i64::from(rate.per_second.max(1))
}

fn make_room<K: Hash + Eq + Copy>(shard: &mut HashMap<K, i64>, now: i64) {
    if shard.len() < TABLE_MAX / SHARDS {
        return;
    }
    shard.retain(|_, full_at| *full_at > now);
    if shard.len() < TABLE_MAX / SHARDS {
        return;
    }
    // Half of them at once, so that a flood of addresses does not cost a search each.
    let mut moments: Vec<i64> = shard.values().copied().collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    shard.retain(|_, full_at| *full_at > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_burst_passes_and_then_the_steady_rate() {
        let table = Table::new(Rate { burst: 3, per_second: 2 });
        for _ in 0..3 {
            assert_eq!(table.take(1, at(0)), Ok(()));
        }
        assert_eq!(table.take(1, at(0)), Err(Duration::from_millis(500)));
        assert_eq!(table.take(2, at(0)), Ok(()));
        assert_eq!(table.take(1, at(499)), Err(Duration::from_millis(1)));
        assert_eq!(table.take(1, at(500)), Ok(()));
        assert!(table.take(1, at(501)).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let table = Table::new(Rate { burst: 3, per_second: 2 });
        let (before, after) = (at(86_400_000), at(0));
        assert_eq!(table.take(1, before), Ok(()));
        assert_eq!(table.take(1, after), Ok(()));
        table.charge(2, 1000, after);
        assert!(table.take(2, at(1_999)).is_err());
        assert_eq!(table.take(2, at(2_000)), Ok(()), "what was charged afterwards is forgiven beyond a burst");
    }

    #[test]
    fn looking_costs_nothing() {
        let table = Table::new(Rate { burst: 1, per_second: 1 });
        assert_eq!(table.peek(1, at(0)), Ok(()));
        assert_eq!(table.take(1, at(0)), Ok(()));
        assert!(table.peek(1, at(0)).is_err());
    }

    #[test]
    fn a_household_is_one_address() {
        let limits = Limits::new(Rates { address: Rate { burst: 1, per_second: 1 }, ..Rates::default() });
        assert!(limits.request("2001:db8::1".parse().unwrap(), at(0)).is_ok());
        assert!(limits.request("2001:db8::2".parse().unwrap(), at(0)).is_err());
        assert!(limits.request("2001:db8:0:1::1".parse().unwrap(), at(0)).is_ok());
        assert!(limits.request("192.0.2.1".parse().unwrap(), at(0)).is_ok());
        assert!(limits.request("::ffff:192.0.2.1".parse().unwrap(), at(0)).is_err());
    }

    #[test]
    fn what_was_done_is_paid_for_later() {
        let buckets = Buckets::new(Rate { burst: 3, per_second: 1 });
        buckets.charge(1, 5, at(0));
        assert_eq!(buckets.may(1, at(0)), Err(Duration::from_secs(3)));
        assert_eq!((buckets.may(2, at(0)), buckets.take(1, at(3000))), (Ok(()), Ok(())));
        buckets.set(Rate { burst: u32::MAX, per_second: u32::MAX });
        buckets.charge(2, u32::MAX, at(0));
        // Those who ask at once may have looked at the clock in another order.
        assert!((0..1000).rev().all(|millis| buckets.take(2, at(millis)).is_ok()));
    }

    #[test]
    fn the_table_stays_bounded() {
        let table = Table::new(Rate { burst: 10, per_second: 1 });
        for entry in 0..200_000u32 {
            table.take(entry, at(0)).unwrap();
        }
        let entries: usize = table.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(entries <= TABLE_MAX);
    }
}
