//! How many sessions of a door are in each channel, for the owner's console. In memory, as the channels are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidings_core::StreamName;

/// The count. As large as there are channels.
#[derive(Default)]
pub(crate) struct Census(Mutex<HashMap<StreamName, usize>>);

impl Census {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamName, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session has joined. Gives how many channels there are.
    pub(crate) fn enter(&self, channel: &StreamName) -> usize {
        let mut counts = self.lock();
        *counts.entry(channel.clone()).or_default() += 1;
        counts.len()
    }

    /// A session has left. Gives how many channels there are.
    pub(crate) fn leave(&self, channel: &StreamName) -> usize {
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(channel) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(channel);
            }
        }
        counts.len()
    }

    /// Each channel's name and sessions, by name.
    pub(crate) fn channels(&self) -> Vec<(String, usize)> {
        let name = |stream: &StreamName| String::from_utf8_lossy(stream.bytes()).into_owned();
        let mut all: Vec<_> = self.lock().iter().map(|(stream, count)| (name(stream), *count)).collect();
        all.sort();
        all
    }
}
