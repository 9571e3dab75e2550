//! The bus inside one process.

use async_trait::async_trait;
use tidings_core::{Bus, Hint, Hints};
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// Hints that a listener may lag behind before it is told [`Hint::Lost`] instead.
pub const HINTS_MAX: usize = 1024;

/// Carries hints between the tasks of this process, in memory, without a bound being passed: who lags loses hints and is told.
pub struct LocalBus {
    sender: Sender<Hint>,
}

impl LocalBus {
    /// A bus that nobody listens to yet.
    pub fn new() -> Self {
        Self::with_capacity(HINTS_MAX)
    }

    /// A bus whose listeners may lag `capacity` hints (at least one).
    pub fn with_capacity(capacity: usize) -> Self {
        let (sender, _) = broadcast::channel(capacity.max(1));
        Self { sender }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus for LocalBus {
    fn wake(&self, hint: Hint) {
        // An error only says that nobody listens.
        let _ = self.sender.send(hint);
    }

    fn reaches_others(&self) -> bool {
        false
    }

    fn listen(&self) -> Box<dyn Hints> {
        Box::new(LocalHints(self.sender.subscribe()))
    }
}

struct LocalHints(Receiver<Hint>);

#[async_trait]
impl Hints for LocalHints {
    async fn next(&mut self) -> Option<Hint> {
        match self.0.recv().await {
            Ok(hint) => Some(hint),
            Err(RecvError::Lagged(_)) => Some(Hint::Lost),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_listen_hear_and_who_lags_is_told() {
        let bus = LocalBus::with_capacity(2);
        bus.wake(Hint::Deliveries);
        let (mut quick, mut slow) = (bus.listen(), bus.listen());
        bus.wake(Hint::Deliveries);
        assert_eq!(quick.next().await, Some(Hint::Deliveries), "only what came after listening began");
        for _ in 0..3 {
            bus.wake(Hint::Deliveries);
        }
        assert_eq!(slow.next().await, Some(Hint::Lost));
        assert_eq!(slow.next().await, Some(Hint::Deliveries));
        drop(bus);
        assert_eq!(slow.next().await, Some(Hint::Deliveries));
        assert_eq!(slow.next().await, None);
    }
}
