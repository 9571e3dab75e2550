//! How many connections each address has open, so that one alone can't take all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tidings_engine::limits::network;

/// The part of all places that one address may take.
const SHARE: usize = 4;

/// The least that one address may take, however few places there are.
const LEAST: usize = 16;

/// Counts connections. As large as there are connections.
#[derive(Clone, Default)]
pub(crate) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection; it counts until it is dropped.
pub(crate) struct Guest {
    crowd: Crowd,
    network: IpAddr,
}

impl Crowd {
    /// Lets a connection of this address in, unless the address has its share of `places` already.
    pub(crate) fn enter(&self, address: IpAddr, places: usize) -> Option<Guest> {
        let network = network(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if *count >= (places / SHARE).max(LEAST) {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Guest { crowd: self.clone(), network })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_a_share() {
        let crowd = Crowd::default();
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let mut guests: Vec<_> = (0..20).map(|_| crowd.enter(address(1), 80)).collect();
        assert!(guests.iter().all(Option::is_some) && crowd.enter(address(1), 80).is_none());
        assert!(crowd.enter(address(2), 80).is_some());
        guests.pop();
        assert!(crowd.enter(address(1), 80).is_some());
        drop(guests);
        assert!(crowd.0.lock().unwrap().is_empty());
    }
}
