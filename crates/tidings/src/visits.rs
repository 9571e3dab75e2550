//! Visits that `tidings doctor` announces: what arrived here when it went through the public address.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Visits that are waited for at the same time; the oldest is forgotten.
const EXPECTED_MAX: usize = 8;

/// A visit as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Whom the node takes the visitor for.
    pub client: String,
    /// The forwarding headers, as `name: value`.
    pub forwarded: Vec<String>,
}

/// The visits of a running node.
#[derive(Clone, Default)]
pub struct Visits(Arc<Mutex<VecDeque<Expected>>>);

/// A visit's name, and the visit once it arrived.
type Expected = (String, Option<Visit>);

impl Visits {
    /// Waits for a visit with this name from now on.
    pub fn expect(&self, name: String) {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while visits.len() >= EXPECTED_MAX {
            visits.pop_front();
        }
        visits.push_back((name, None));
    }

    /// Notes a visit, if its name is waited for.
    pub fn note(&self, name: &str, visit: impl FnOnce() -> Visit) {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, arrived)) = visits.iter_mut().find(|(known, _)| known == name) {
            *arrived = Some(visit());
        }
    }

    /// What arrived, if anything did.
    pub fn arrived(&self, name: &str) -> Option<Visit> {
        let visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        visits.iter().find(|(known, _)| known == name).and_then(|(_, visit)| visit.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_announced_visits_are_noted() {
        let visits = Visits::default();
        let visit = || Visit { client: "192.0.2.1".to_owned(), forwarded: Vec::new() };
        visits.note("a", visit);
        assert_eq!(visits.arrived("a"), None);
        visits.expect("a".to_owned());
        visits.note("a", visit);
        assert_eq!(visits.arrived("a"), Some(visit()));
        (0..EXPECTED_MAX).for_each(|number| visits.expect(number.to_string()));
        assert_eq!(visits.arrived("a"), None);
    }
}
