//! Wakes: how a hub tells a member's home node that something came, without saying what.

use super::answer::{Answer, Refused, done, json};
use super::dispatch::Asked;
use super::signer::{authority, is_loopback};
use crate::outbound::check_url;
use http::StatusCode;
use tidings_core::TokenHash;
use tidings_wire::api::{NewWake, WakeUrl};
use url::Url;

/// Most bytes of an address where to wake.
const URL_MAX: usize = 512;

/// `PUT /v1/groups/{group}/wake`.
pub(super) async fn put(asked: Asked) -> Answer {
    let (group, caller) = (asked.id()?, asked.caller.as_holder()?);
    let NewWake { url, device } = asked.json()?;
    if let Some(url) = &url {
        let policy = asked.door.settings.load().address_policy();
        let parsed = Url::parse(url).ok().filter(|_| url.len() <= URL_MAX);
        let parsed = parsed.ok_or_else(|| Refused::malformed(format!("`url` is no URL of at most {URL_MAX} bytes")))?;
        check_url(&parsed, policy).map_err(|error| Refused::malformed(format!("`url` can't be called: {error}")))?;
    }
    asked.door.engine.set_wake(&group, caller, device.0, url, asked.now).await?;
    done()
}

/// `POST /v1/wakes`.
pub(super) async fn make(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    let base = base(&asked).ok_or_else(|| Refused::malformed("the request has no Host"))?;
    let token = asked.door.engine.wake_token(device, asked.now).await?;
    json(StatusCode::CREATED, &WakeUrl { url: format!("{base}/v1/wakes/{}", token.as_str()) })
}

/// Where this node is reached: by its public address, else as the request found it.
fn base(asked: &Asked) -> Option<String> {
    if let Some(url) = &asked.door.settings.load().public_url {
        return Some(url.clone());
    }
    let host = authority(&asked.parts)?;
    let scheme = if is_loopback(&host) { "http" } else { "https" };
    Some(format!("{scheme}://{host}"))
}

/// `POST /v1/wakes/{token}`.
pub(super) async fn wake(asked: Asked) -> Answer {
    let token = TokenHash::of(&asked.parameter);
    asked.guess(asked.door.engine.wake(token, asked.now).await)?;
    done()
}
