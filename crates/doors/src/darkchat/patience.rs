//! How long a connection, or a link, is borne with: errors slow it down before they end it, and nobody is read faster than a
//! budget allows. Never by answers: clients of 0.3 repeat themselves on each (wire/darkchat.md, section 10).

use std::time::Duration;
use tokio::time::Instant;

/// Errors that a connection may make without delay.
const FREE_ERRORS: u32 = 20;

/// Errors after which it is closed.
const ERRORS_MAX: u32 = 60;

/// What each error beyond the free ones adds to the time that the connection is not read.
const DELAY_STEP: Duration = Duration::from_millis(50);

/// The longest time that one error costs.
const DELAY_MAX: Duration = Duration::from_secs(2);

/// After this long one error is forgotten, so that people who mistype for days are not closed.
const FORGIVEN_AFTER: Duration = Duration::from_secs(30);

/// What an error leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answer, and go on reading after so long.
    Bear(Duration),
    /// Answer nothing more; close.
    Close,
}

/// Counts the errors of a connection.
pub(super) struct Errors {
    count: u32,
    since: Instant,
}

impl Errors {
    /// None yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { count: 0, since: now }
    }

    /// Counts one.
    pub(super) fn count(&mut self, now: Instant) -> Verdict {
        let spans = now.saturating_duration_since(self.since).as_millis() / FORGIVEN_AFTER.as_millis().max(1);
        if let Ok(forgiven) = u32::try_from(spans)
            && forgiven > 0
        {
            self.count = self.count.saturating_sub(forgiven);
            self.since = now;
        }
        self.count += 1;
        if self.count > ERRORS_MAX {
            return Verdict::Close;
        }
        Verdict::Bear((DELAY_STEP * self.count.saturating_sub(FREE_ERRORS)).min(DELAY_MAX))
    }
}

/// Messages and bytes a second that may be read from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Messages a second.
    pub messages: u32,
    /// Bytes a second.
    pub bytes: u32,
}

/// Seconds' worth of a budget that may be used at once.
const BURST_SECONDS: f64 = 2.0;

/// What is left of a budget.
pub(super) struct Allowance {
    messages: f64,
    bytes: f64,
    at: Instant,
}

impl Allowance {
    /// A full one.
    pub(super) fn new(budget: Budget, now: Instant) -> Self {
        Self {
            messages: f64::from(budget.messages) * BURST_SECONDS,
            bytes: f64::from(budget.bytes) * BURST_SECONDS,
            at: now,
        }
    }

    /// Takes what was read, and says for how long nothing more should be read.
    pub(super) fn take(&mut self, budget: Budget, messages: usize, bytes: usize, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        let refill = |left: &mut f64, rate: u32, used: usize| {
            let rate = f64::from(rate.max(1));
            let used = f64::from(u32::try_from(used).unwrap_or(u32::MAX));
            *left = (*left + rate * passed).min(rate * BURST_SECONDS) - used;
            if *left < 0.0 { -*left / rate } else { 0.0 }
        };
        let wait = refill(&mut self.messages, budget.messages, messages);
        let wait = refill(&mut self.bytes, budget.bytes, bytes).max(wait);
        Duration::try_from_secs_f64(wait).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn errors_slow_down_and_end_and_are_forgiven() {
        let start = Instant::now();
        let mut errors = Errors::new(start);
        let verdicts: Vec<Verdict> = (0..61).map(|_| errors.count(start)).collect();
        assert!(verdicts[..20].iter().all(|verdict| *verdict == Verdict::Bear(Duration::ZERO)));
        assert_eq!(verdicts[20], Verdict::Bear(DELAY_STEP));
        assert_eq!((verdicts[59], verdicts[60]), (Verdict::Bear(DELAY_MAX), Verdict::Close));
        assert_eq!(errors.count(start + FORGIVEN_AFTER * 50), Verdict::Bear(Duration::ZERO));
    }

    #[tokio::test]
    async fn a_budget_is_kept_over_time() {
        let start = Instant::now();
        let budget = Budget { messages: 10, bytes: 1000 };
        let mut left = Allowance::new(budget, start);
        assert_eq!(left.take(budget, 20, 2000, start), Duration::ZERO);
        assert_eq!(left.take(budget, 5, 0, start), Duration::from_millis(500));
        assert_eq!(left.take(budget, 0, 1000, start), Duration::from_secs(1));
        let later = start + Duration::from_secs(60);
        assert_eq!(left.take(budget, 20, 2000, later), Duration::ZERO);
    }
}
