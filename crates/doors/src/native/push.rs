//! Web push of single devices. A push says only that there is something to look at (docs/protocol/node.md, Push).

use super::Native;
use super::answer::{Answer, Refused, done, json};
use super::dispatch::Asked;
use crate::webpush::{Outcome, Push, RefusedBecause, Subscription, attempt};
use http::StatusCode;
use tidings_wire::api::{NewPush, PushOutcome, PushTest};

/// Bytes of the plaintext of every push.
const PAYLOAD_BYTES: usize = 512;

/// What every push says, before it is padded.
const PAYLOAD: &[u8] = br#"{"v":1}"#;

/// The plaintext of every push: JSON with blanks behind it.
fn payload() -> [u8; PAYLOAD_BYTES] {
    let mut bytes = [b' '; PAYLOAD_BYTES];
    for (place, byte) in bytes.iter_mut().zip(PAYLOAD) {
        *place = *byte;
    }
    bytes
}

/// `PUT /v1/push`.
pub(super) async fn put(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    let NewPush { endpoint, p256dh, auth } = asked.json()?;
    let policy = asked.door.settings.load().address_policy();
    let subscription = Subscription::parse(&endpoint, &p256dh, &auth, None, policy);
    let stored = subscription.and_then(|subscription| subscription.to_json());
    let stored = stored.map_err(|error| Refused::malformed(format!("this is no push subscription: {error}")))?;
    asked.door.engine.set_push(device, Some(stored)).await?;
    done()
}

/// `DELETE /v1/push`.
pub(super) async fn delete(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    asked.door.engine.set_push(device, None).await?;
    done()
}

/// `POST /v1/push/test`.
pub(super) async fn test(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    let engine = &asked.door.engine;
    let Some(stored) = engine.push_subscription(device).await? else {
        let message = "this device has no subscription; PUT /v1/push makes one".to_owned();
        return json(StatusCode::OK, &PushTest { outcome: PushOutcome::None, message });
    };
    let ended = asked.door.push(&stored).await;
    if ended == Outcome::Gone {
        engine.set_push(device, None).await?;
    }
    json(StatusCode::OK, &told(ended))
}

fn told(ended: Outcome) -> PushTest {
    let (outcome, message) = match ended {
        Outcome::Delivered => {
            (PushOutcome::Taken, "the push service took it; it should be on the device in a moment".to_owned())
        }
        Outcome::Gone => (PushOutcome::Gone, "the push service does not know this subscription any more".to_owned()),
        Outcome::Retry { cause, .. } => {
            (PushOutcome::Failed, format!("the push service could not take it now: {cause:?}"))
        }
        Outcome::Refused(because) => (PushOutcome::Failed, format!("the push service refused it: {because:?}")),
    };
    PushTest { outcome, message }
}

impl Native {
    /// Makes one attempt to push to a subscription as it is stored.
    pub(super) async fn push(&self, stored: &str) -> Outcome {
        let settings = self.settings.load_full();
        let subscription = match Subscription::from_json(stored, settings.address_policy()) {
            Ok(subscription) => subscription,
            Err(error) => {
                tracing::info!(%error, "a stored subscription can't be used");
                return Outcome::Refused(RefusedBecause::Url(crate::outbound::UrlRefusal::Host));
            }
        };
        let ttl_seconds = u32::try_from(settings.push_ttl.as_secs()).unwrap_or(u32::MAX);
        let (payload, now) = (payload(), self.engine.now());
        let push = Push { payload: &payload, ttl_seconds };
        let mut randomness = self.engine.entropy().generator();
        attempt(&self.outbound, &self.vapid, &subscription, push, now, &mut randomness).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_push_is_the_same_json_of_the_same_length() {
        let payload = payload();
        assert_eq!(payload.len(), PAYLOAD_BYTES);
        let value: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(value, serde_json::json!({"v": 1}));
    }
}
