//! How many sessions of this door are in each channel, for the owner's console. In memory, as the channels are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidings_core::StreamName;

/// The count. As large as there are channels.
#[derive(Default)]
pub(super) struct Census(Mutex<HashMap<StreamName, usize>>);

impl Census {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamName, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session has joined.
    pub(super) fn enter(&self, channel: &StreamName) {
        let mut counts = self.lock();
        *counts.entry(channel.clone()).or_default() += 1;
        gauge(counts.len());
    }

    /// A session has left.
    pub(super) fn leave(&self, channel: &StreamName) {
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(channel) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(channel);
            }
        }
        gauge(counts.len());
    }

    /// Each channel's name and sessions, by name.
    pub(super) fn channels(&self) -> Vec<(String, usize)> {
        let name = |stream: &StreamName| String::from_utf8_lossy(stream.bytes()).into_owned();
        let mut all: Vec<_> = self.lock().iter().map(|(stream, count)| (name(stream), *count)).collect();
        all.sort();
        all
    }
}

fn gauge(channels: usize) {
    metrics::gauge!("tidings_darkchat_channels").set(f64::from(u32::try_from(channels).unwrap_or(u32::MAX)));
}
