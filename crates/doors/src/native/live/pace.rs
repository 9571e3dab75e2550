//! How fast one connection is read: a budget of texts and of mistakes.

use std::time::Duration;
use tokio::time::Instant;

/// Texts that may come at once: a device that follows all that it may.
const BURST: u32 = 2 * tidings_wire::live::FOLLOWED_MAX as u32;

/// How long each text takes in the long run.
const EACH: Duration = Duration::from_millis(10);

/// Mistakes after which a connection is closed.
const MISTAKES_MAX: u32 = 32;

/// When a connection may say how much.
pub(super) struct Pace {
    /// When the budget will be whole again.
    whole: Instant,
    mistakes: u32,
}

impl Pace {
    /// A whole budget.
    pub(super) fn new(now: Instant) -> Self {
        Self { whole: now, mistakes: 0 }
    }

    /// A text came. For how long no other should be read.
    pub(super) fn text(&mut self, now: Instant) -> Duration {
        self.whole = self.whole.max(now) + EACH;
        self.whole.saturating_duration_since(now).saturating_sub(EACH * BURST)
    }

    /// It was a mistake. Whether the connection should end.
    pub(super) fn mistake(&mut self) -> bool {
        self.mistakes += 1;
        self.mistakes > MISTAKES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_steady_rate() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!((0..BURST).all(|_| pace.text(now).is_zero()));
        assert_eq!(pace.text(now), EACH);
        assert!(pace.text(now + 2 * EACH).is_zero());
        assert!((0..MISTAKES_MAX).all(|_| !pace.mistake()) && pace.mistake());
    }
}
