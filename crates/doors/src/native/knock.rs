//! Single attempts at pushes and at waking other nodes; when to try again is the engine's.

use super::Native;
use crate::outbound::OutboundError;
use crate::webpush::Outcome;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tidings_core::DeliveryOutcome;
use tidings_core::knock::{Knock, Target};
use url::Url;

impl Native {
    /// Makes one attempt.
    pub(super) async fn knock(&self, knock: Knock) -> (Knock, DeliveryOutcome) {
        let outcome = match &knock.target {
            Target::Push(subscription) => pushed(self.push(subscription).await),
            Target::Wake(url) => self.wake(url).await,
        };
        (knock, outcome)
    }

    /// Posts nothing to another node's address, once. Neither body nor header says why.
    async fn wake(&self, url: &str) -> DeliveryOutcome {
        let Ok(url) = Url::parse(url) else { return DeliveryOutcome::Refused };
        match self.outbound.send(Method::POST, url, HeaderMap::new(), Bytes::new()).await {
            Ok(answer) => {
                let status = answer.status();
                // Read so that the connection can be used again; no matter if that fails.
                let _ = answer.body().await;
                judged(status)
            }
            Err(OutboundError::Refused(reason)) => {
                tracing::debug!(%reason, "a node can't be woken at the address that was given");
                DeliveryOutcome::Refused
            }
            Err(error) => {
                tracing::debug!(%error, "a node could not be woken; it is tried again");
                DeliveryOutcome::Retry(None)
            }
        }
    }
}

fn pushed(outcome: Outcome) -> DeliveryOutcome {
    match outcome {
        Outcome::Delivered => DeliveryOutcome::Delivered,
        Outcome::Gone => DeliveryOutcome::Gone,
        Outcome::Retry { after, cause } => {
            tracing::debug!(?cause, "a push could not be handed over; it is tried again");
            DeliveryOutcome::Retry(after)
        }
        Outcome::Refused(because) => {
            tracing::info!(?because, "a push was refused for good");
            DeliveryOutcome::Refused
        }
    }
}

/// What the other node's status means.
fn judged(status: StatusCode) -> DeliveryOutcome {
    match status {
        _ if status.is_success() => DeliveryOutcome::Delivered,
        StatusCode::NOT_FOUND | StatusCode::GONE => DeliveryOutcome::Gone,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => DeliveryOutcome::Retry(None),
        _ if status.is_server_error() => DeliveryOutcome::Retry(None),
        _ => DeliveryOutcome::Refused,
    }
}
