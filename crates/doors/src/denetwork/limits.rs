//! Who may ask how much (wire/denetwork.md, section 11). Too much is always answered, never by silence.

use super::posting::Counted;
use super::refusal::Refused;
use super::settings::Settings;
use std::net::IpAddr;
use tidings_core::{Timestamp, WalletAddress};
use tidings_engine::limits::{Buckets, Rate, network};

/// Messages of histories that cost as much as one request.
const ITEMS_PER_EVENT: usize = 30;

const SLOWER: Refused = Refused::too_many("too many requests, try again in a moment");
const FEWER_MESSAGES: Refused = Refused::too_many("too many messages, try again in a moment");
const FEWER_ROOMS: Refused = Refused::too_many("too many rooms that are empty, try again in a moment");

/// What the door counts over all connections.
pub(super) struct Limits {
    events: Buckets<IpAddr>,
    messages: Buckets<IpAddr>,
    misses: Buckets<IpAddr>,
    wallets: Buckets<WalletAddress>,
}

impl Limits {
    /// Starts counting.
    pub(super) fn new(settings: &Settings) -> Self {
        let limits = Self {
            events: Buckets::new(settings.events),
            messages: Buckets::new(settings.messages),
            misses: Buckets::new(settings.misses),
            wallets: Buckets::new(settings.messages),
        };
        limits.set(settings);
        limits
    }

    /// Takes up new settings; what was counted so far stays counted.
    pub(super) fn set(&self, settings: &Settings) {
        let factor = settings.address_factor.max(1);
        let times = |rate: Rate| Rate {
            burst: rate.burst.saturating_mul(factor),
            per_second: rate.per_second.saturating_mul(factor),
        };
        self.events.set(times(settings.events));
        self.messages.set(times(settings.messages));
        self.misses.set(settings.misses);
        self.wallets.set(settings.messages);
    }

    /// Whether a message that was signed by this wallet may be stored. One that is certainly new counts at once, so that many
    /// connections together get no more than one. Any other counts when it is stored: what is known already could be sent by
    /// everybody who has seen it, and must not use up its wallet's rate.
    pub(super) fn may_store(
        &self,
        wallet: WalletAddress,
        surely_new: bool,
        now: Timestamp,
    ) -> Result<Counted, Refused> {
        let (allowed, counted) = if surely_new {
            (self.wallets.take(wallet, now), Counted::Before)
        } else {
            (self.wallets.may(wallet, now), Counted::WhenStored)
        };
        allowed.map(|()| counted).map_err(|_| FEWER_MESSAGES)
    }

    /// A message of this wallet was stored that was not counted before.
    pub(super) fn stored(&self, wallet: WalletAddress, now: Timestamp) {
        self.wallets.charge(wallet, 1, now);
    }
}

/// What one connection has used up.
pub(super) struct Budget {
    address: IpAddr,
    /// When its bucket will be full again, in microseconds since 1970.
    full_at: i64,
}

impl Budget {
    /// A new connection from this address.
    pub(super) fn new(address: IpAddr) -> Self {
        Self { address: network(address), full_at: 0 }
    }

    /// Any request.
    pub(super) fn request(&mut self, limits: &Limits, rate: Rate, now: Timestamp) -> Result<(), Refused> {
        let (now_micros, step) = (now.millis().saturating_mul(1000), step(rate));
        let room = step.saturating_mul(i64::from(rate.burst.max(1)));
        // One that is full later than charges can make it is of before the clock was set back.
        let of_old = self.full_at > now_micros.saturating_add(room.saturating_mul(2));
        let full_at = if of_old { now_micros } else { self.full_at.max(now_micros) };
        if full_at.saturating_add(step) > now_micros.saturating_add(room) {
            return Err(SLOWER);
        }
        limits.events.take(self.address, now).map_err(|_| SLOWER)?;
        self.full_at = full_at.saturating_add(step);
        Ok(())
    }

    /// A message, before anybody looks at it.
    pub(super) fn message(&self, limits: &Limits, now: Timestamp) -> Result<(), Refused> {
        limits.messages.take(self.address, now).map_err(|_| FEWER_MESSAGES)
    }

    /// Whether rooms may be asked for that may be empty.
    pub(super) fn may_miss(&self, limits: &Limits, now: Timestamp) -> Result<(), Refused> {
        limits.misses.may(self.address, now).map_err(|_| FEWER_ROOMS)
    }

    /// What an answer turned out to cost, beyond the request itself.
    pub(super) fn answered(&mut self, limits: &Limits, rate: Rate, items: usize, misses: usize, now: Timestamp) {
        let cost = u32::try_from(items / ITEMS_PER_EVENT).unwrap_or(u32::MAX);
        let now_micros = now.millis().saturating_mul(1000);
        let charged = self.full_at.max(now_micros).saturating_add(step(rate).saturating_mul(i64::from(cost)));
        let burst = step(rate).saturating_mul(2 * i64::from(rate.burst.max(1)));
        self.full_at = charged.min(now_micros.saturating_add(burst));
        limits.events.charge(self.address, cost, now);
        limits.misses.charge(self.address, u32::try_from(misses).unwrap_or(u32::MAX), now);
    }
}

/// Microseconds until one more is allowed.
fn step(rate: Rate) -> i64 {
    1_000_000 / i64::from(rate.per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn the_example_application_can_start() {
        let settings = Settings::default();
        let (limits, mut budget) = (Limits::new(&settings), Budget::new(IpAddr::from([127, 0, 0, 1])));
        for _ in 0..200 {
            budget.request(&limits, settings.events, at(0)).unwrap();
        }
        budget.request(&limits, settings.events, at(0)).unwrap();
        budget.answered(&limits, settings.events, 800, 200, at(0));
        // And its 200 joins of every minute.
        for second in 1..=3 {
            for _ in 0..200 {
                budget.request(&limits, settings.events, at(second * 60_000)).unwrap();
            }
            budget.may_miss(&limits, at(second * 60_000)).unwrap();
        }
    }

    #[test]
    fn a_connection_has_a_burst_and_then_the_steady_rate() {
        let rate = Rate { burst: 3, per_second: 2 };
        let limits = Limits::new(&Settings::default());
        let mut budget = Budget::new(IpAddr::from([127, 0, 0, 1]));
        let mut passed = |millis| (0..10).filter(|_| budget.request(&limits, rate, at(millis)).is_ok()).count();
        assert_eq!((passed(0), passed(499), passed(500), passed(100_000)), (3, 0, 1, 3));
        budget.answered(&limits, rate, 90, 0, at(200_000));
        assert!(budget.request(&limits, rate, at(200_000)).is_err());
        assert!(budget.request(&limits, rate, at(200_500)).is_ok());
    }

    #[test]
    fn an_address_has_ten_times_as_much_as_a_connection() {
        let settings = Settings { events: Rate { burst: 5, per_second: 1 }, ..Settings::default() };
        let limits = Limits::new(&settings);
        let passed = |address: [u8; 4]| {
            let mut budgets: Vec<_> = (0..100).map(|_| Budget::new(IpAddr::from(address))).collect();
            budgets.iter_mut().filter_map(|budget| budget.request(&limits, settings.events, at(0)).ok()).count()
        };
        assert_eq!((passed([192, 0, 2, 1]), passed([192, 0, 2, 2])), (50, 50));
    }

    #[test]
    fn empty_rooms_and_wallets_have_budgets() {
        let settings = Settings {
            misses: Rate { burst: 10, per_second: 1 },
            messages: Rate { burst: 2, per_second: 1 },
            ..Settings::default()
        };
        let (limits, mut budget) = (Limits::new(&settings), Budget::new(IpAddr::from([127, 0, 0, 1])));
        budget.may_miss(&limits, at(0)).unwrap();
        budget.answered(&limits, settings.events, 0, 12, at(0));
        assert_eq!(budget.may_miss(&limits, at(0)), Err(FEWER_ROOMS));
        assert!(budget.may_miss(&limits, at(3000)).is_ok());
        let wallet = WalletAddress::from_bytes([7; 20]);
        assert!((0..5).all(|_| limits.may_store(wallet, false, at(0)) == Ok(Counted::WhenStored)));
        limits.stored(wallet, at(0));
        assert_eq!(limits.may_store(wallet, true, at(0)), Ok(Counted::Before));
        assert_eq!(limits.may_store(wallet, false, at(0)), Err(FEWER_MESSAGES));
        assert_eq!(limits.may_store(wallet, true, at(0)), Err(FEWER_MESSAGES));
        assert!((0..20).all(|_| budget.message(&limits, at(0)).is_ok()) && budget.message(&limits, at(0)).is_err());
    }
}
