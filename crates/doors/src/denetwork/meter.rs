//! What the door counts for its owner. Nothing here names a room, a wallet or an address.

use super::posting::{Outcome, Posted};
use super::refusal::Refused;
use super::reply::Event;

/// A request was answered.
pub(super) fn answered(event: Event, refused: Option<&Refused>) {
    let class = match refused.map(|refused| refused.status.code()) {
        None => "2xx",
        Some(400..500) => "4xx",
        Some(_) => "5xx",
    };
    metrics::counter!("tidings_requests_total", "door" => "denetwork", "route" => event.name(), "status" => class)
        .increment(1);
    if let Some(refused) = refused {
        metrics::counter!("tidings_room_refusals_total", "reason" => refused.reason).increment(1);
    }
}

/// Messages were stored or refused.
pub(super) fn posted(outcomes: &[Outcome]) {
    for (wanted, name) in [(Posted::Accepted, "accepted"), (Posted::Known, "known"), (Posted::Old, "old")] {
        let count = outcomes.iter().filter(|outcome| **outcome == Ok(wanted)).count();
        if count > 0 {
            metrics::counter!("tidings_room_messages_total", "outcome" => name).increment(number(count));
        }
    }
}

/// Messages went out to a client as they came.
pub(super) fn delivered(count: usize) {
    metrics::counter!("tidings_room_deliveries_total").increment(number(count));
}

/// Messages went out to a client that asked for a page.
pub(super) fn pulled(count: usize) {
    metrics::counter!("tidings_room_messages_pulled_total").increment(number(count));
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
