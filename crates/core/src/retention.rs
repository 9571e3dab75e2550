//! Retention: what is deleted because of its age (wire/piqchat.md, section 8, by age rather than at four in the morning).

use crate::policy::{Keep, Policies};
use crate::stream::StreamKind;
use crate::time::Timestamp;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How long things are kept that no stream's policy covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Contact exchanges in any state, from their creation.
    pub exchanges: Duration,
    /// Accounts whose owner was not seen, from then or from their creation.
    pub accounts: Duration,
    /// Counters per day.
    pub counters: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { exchanges: 7 * DAY, accounts: 365 * DAY, counters: 31 * DAY }
    }
}

/// Moments: what is older goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    /// Envelopes by the moment from which their age is counted ([`Envelope::born`](crate::Envelope::born)), for each kind of stream
    /// that keeps them for a time.
    pub envelopes: Vec<(StreamKind, Timestamp)>,
    /// Contact exchanges.
    pub exchanges: Timestamp,
    /// Accounts.
    pub accounts: Timestamp,
    /// Counters per day.
    pub counters: Timestamp,
    /// Now: what carries its own moment goes when it is past.
    pub now: Timestamp,
}

impl Cutoffs {
    /// The cut-offs at `now`. As in piqchat's reference, ages are counted in whole UTC days: the limit is 00:00 UTC of the day
    /// that lies the age back. What is kept for a time that everybody reads by, as in rooms, goes to the millisecond.
    pub fn at(now: Timestamp, policies: &Policies, retention: &Retention) -> Self {
        let midnight = |age: Duration| now.before(age).day().start();
        let envelopes = StreamKind::ALL.iter().filter_map(|kind| match policies.of(*kind).keep {
            Keep::UntilTaken(age) => Some((*kind, midnight(age))),
            Keep::For(age) => Some((*kind, now.before(age))),
            Keep::Live | Keep::UntilDeleted => None,
        });
        Self {
            envelopes: envelopes.collect(),
            exchanges: midnight(retention.exchanges),
            accounts: midnight(retention.accounts),
            counters: midnight(retention.counters),
            now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_end_at_midnight() {
        let now = Timestamp::parse_iso("2024-06-15T13:14:15Z").unwrap();
        let cutoffs = Cutoffs::at(now, &Policies::default(), &Retention::default());
        assert_eq!(cutoffs.exchanges.to_string(), "2024-06-08T00:00:00.000Z");
        assert_eq!(cutoffs.accounts.to_string(), "2023-06-16T00:00:00.000Z");
        let kinds: Vec<_> = cutoffs.envelopes.iter().map(|(kind, at)| (*kind, at.to_string())).collect();
        assert_eq!(kinds[0], (StreamKind::Inbox, "2024-03-17T00:00:00.000Z".to_owned()));
        assert_eq!(kinds[1], (StreamKind::Room, "2024-03-17T13:14:15.000Z".to_owned()));
        assert_eq!(kinds[2], (StreamKind::Group, "2024-03-17T13:14:15.000Z".to_owned()));
        assert_eq!(kinds.len(), 3);
    }
}
