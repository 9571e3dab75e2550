//! Notifications of parcels (wire/piqchat.md, section 6).

use super::Piqchat;
use crate::webpush::{Outcome, Push, Subscription, attempt, parcel_notice};
use tidings_core::{Delivery, DeliveryOutcome};

impl Piqchat {
    /// Sends notifications, for ever. The binary runs it beside the servers.
    pub async fn run_pushes(&self) {
        self.engine.run_deliveries(|delivery| self.push(delivery)).await;
    }

    async fn push(&self, delivery: Delivery) -> (Delivery, DeliveryOutcome) {
        let outcome = self.push_once(&delivery).await;
        (delivery, outcome)
    }

    async fn push_once(&self, delivery: &Delivery) -> DeliveryOutcome {
        let settings = self.settings.load_full();
        let notice = &delivery.notice;
        let subscription = Subscription::from_json(&delivery.subscription, settings.address_policy());
        let payload = parcel_notice(notice.label.as_str(), &notice.sender.to_string());
        let (Ok(subscription), Ok(payload)) = (subscription, payload) else { return DeliveryOutcome::Refused };
        let ttl_seconds = u32::try_from(settings.push_ttl.as_secs()).unwrap_or(u32::MAX);
        let push = Push { payload: &payload, ttl_seconds };
        let mut randomness = self.engine.entropy().generator();
        let now = self.engine.now();
        match attempt(&self.outbound, &self.vapid, &subscription, push, now, &mut randomness).await {
            Outcome::Delivered => DeliveryOutcome::Delivered,
            Outcome::Gone => DeliveryOutcome::Gone,
            Outcome::Retry { after, cause } => {
                tracing::debug!(?cause, "a notification could not be handed over; it is tried again");
                DeliveryOutcome::Retry(after)
            }
            Outcome::Refused(because) => {
                tracing::info!(?because, "a notification was refused for good");
                DeliveryOutcome::Refused
            }
        }
    }
}
