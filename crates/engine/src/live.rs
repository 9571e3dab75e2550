//! What passes on live streams: no stored trace of it, told to those who follow and to those who relay it to other servers.

use crate::tail::Item;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tidings_core::{Caller, EnvelopeId, StreamName, Timestamp};
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// Envelopes that a relay may lag behind before it misses some.
const PASSING_MAX: usize = 1024;

/// Ids of live envelopes that are remembered, so that none comes twice by two ways.
const WINDOW_MAX: usize = 65_536;

/// How long they are remembered at most.
const WINDOW_SPAN: Duration = Duration::from_secs(600);

/// A live envelope on its way, for relaying.
#[derive(Clone)]
pub struct Passing {
    /// Where it was said.
    pub stream: StreamName,
    /// What.
    pub item: Arc<Item>,
    /// Who brought it.
    pub source: Caller,
}

/// Hears every live envelope that this node accepts from when it was made.
pub struct Live(Receiver<Passing>);

impl Live {
    /// The next one, and how many were missed before it because the reader lagged. None when the node ends. Safe to abandon
    /// half-way.
    pub async fn next(&mut self) -> Option<(Passing, u64)> {
        let mut missed = 0;
        loop {
            match self.0.recv().await {
                Ok(passing) => return Some((passing, missed)),
                Err(RecvError::Lagged(more)) => missed += more,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Tells relays, if there are any.
pub(crate) struct Relays(Sender<Passing>);

impl Default for Relays {
    fn default() -> Self {
        Self(broadcast::channel(PASSING_MAX).0)
    }
}

impl Relays {
    pub(crate) fn listen(&self) -> Live {
        Live(self.0.subscribe())
    }

    /// Whether anybody listens.
    pub(crate) fn wanted(&self) -> bool {
        self.0.receiver_count() > 0
    }

    pub(crate) fn tell(&self, passing: Passing) {
        // An error only says that nobody listens any more.
        let _ = self.0.send(passing);
    }
}

/// The ids that passed lately.
#[derive(Default)]
pub(crate) struct Window(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    ids: HashSet<EnvelopeId>,
    order: VecDeque<(Timestamp, EnvelopeId)>,
}

impl Window {
    /// Notes an id; whether it was there already.
    pub(crate) fn note(&self, id: EnvelopeId, now: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, oldest)) = seen.order.front().copied()
            && (seen.order.len() >= WINDOW_MAX || now.since(at) > WINDOW_SPAN)
        {
            seen.order.pop_front();
            seen.ids.remove(&oldest);
        }
        let known = !seen.ids.insert(id);
        if !known {
            seen.order.push_back((now, id));
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> EnvelopeId {
        EnvelopeId::from_bytes((number as u128).to_be_bytes())
    }

    #[test]
    fn an_id_is_known_for_a_while_and_the_window_is_bounded() {
        let (window, start) = (Window::default(), Timestamp::from_millis(1_000_000));
        assert!(!window.note(id(1), start));
        assert!(window.note(id(1), start.after(WINDOW_SPAN)));
        let later = start.after(WINDOW_SPAN + Duration::from_millis(1));
        assert!(!window.note(id(1), later), "after its time it is forgotten");
        for number in 0..WINDOW_MAX * 2 {
            window.note(id(number), later);
        }
        let seen = window.0.lock().unwrap();
        assert!(seen.ids.len() == seen.order.len() && seen.ids.len() <= WINDOW_MAX);
    }
}
