//! How many connections each device follows its inbox on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tidings_core::Ed25519Key;

/// Counts connections by device. As large as there are connections.
#[derive(Clone, Default)]
pub(in crate::native) struct Crowd(Arc<Mutex<HashMap<Ed25519Key, usize>>>);

/// One connection of a device; it counts until it is dropped.
pub(super) struct Guest {
    crowd: Crowd,
    device: Ed25519Key,
}

impl Crowd {
    /// Lets a connection of a device in; `None` if it has `most` already.
    pub(super) fn enter(&self, device: Ed25519Key, most: usize) -> Option<Guest> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(device).or_default();
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Guest { crowd: self.clone(), device })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.device) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_so_many_and_no_more() {
        let (crowd, device) = (Crowd::default(), Ed25519Key::from_bytes([9; 32]).unwrap());
        let first = crowd.enter(device, 2).unwrap();
        let _second = crowd.enter(device, 2).unwrap();
        assert!(crowd.enter(device, 2).is_none());
        drop(first);
        assert!(crowd.enter(device, 2).is_some());
    }
}
