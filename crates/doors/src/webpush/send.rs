//! One attempt to push, and what became of it.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rand::CryptoRng;
use tidings_core::time::Timestamp;
use url::Url;

use super::encrypt::{EncryptError, encrypt};
use super::subscription::Subscription;
use super::vapid::{VapidError, VapidSigner};
use crate::outbound::{Outbound, OutboundError, UrlRefusal};

/// The longest wait that a push service may ask for; a longer one counts as this.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How long the push service keeps a message for a browser that is offline, in seconds (RFC 8030, section 5.2).
const TTL: HeaderName = HeaderName::from_static("ttl");

/// How much a message matters to a phone with little power left (RFC 8030, section 5.3).
const URGENCY: HeaderName = HeaderName::from_static("urgency");

/// What is to be pushed.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    /// The plaintext, at most [`MAX_PAYLOAD`](super::MAX_PAYLOAD) bytes.
    pub payload: &'a [u8],
    /// How long the push service keeps it, in seconds.
    pub ttl_seconds: u32,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The push service has taken it.
    Delivered,
    /// The subscription has ended (404, 410): forget it.
    Gone,
    /// It may work later.
    Retry {
        /// How long the push service asks to wait.
        after: Option<Duration>,
        /// What went wrong.
        cause: RetryCause,
    },
    /// It will not work later, either.
    Refused(RefusedBecause),
}

/// What went wrong, and may not the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryCause {
    /// 408, 425, 429 or 5xx.
    Status(StatusCode),
    /// No answer in time.
    Timeout,
    /// No connection, no name, no trust, or no HTTP.
    Network,
    /// This node has no HTTP client, for example because it has no root certificates.
    Setup,
}

/// What is wrong for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBecause {
    /// Any other status, redirects included.
    Status(StatusCode),
    /// The endpoint leads where no request may go.
    Url(UrlRefusal),
    /// The payload is not for this subscription: too long, or its coding is not known.
    Payload(EncryptError),
    /// The token could not be made.
    Vapid(VapidError),
}

/// A sealed and signed request.
struct Prepared {
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

/// Seals `push` for `subscription`, signs it, and makes one attempt to hand it to the push service. Bounded in time by
/// the settings of `client`. `now` dates the token and the answer's `Retry-After`; `rng` gives the message's key and salt.
pub async fn attempt<R: CryptoRng + Send + ?Sized>(
    client: &Outbound,
    vapid: &VapidSigner,
    subscription: &Subscription,
    push: Push<'_>,
    now: Timestamp,
    rng: &mut R,
) -> Outcome {
    match prepare(vapid, subscription, push, now, rng) {
        Ok(prepared) => deliver(client, prepared, now).await,
        Err(because) => Outcome::Refused(because),
    }
}

/// The header fields of wire/piqchat.md 6.
fn prepare<R: CryptoRng + ?Sized>(
    vapid: &VapidSigner,
    subscription: &Subscription,
    push: Push<'_>,
    now: Timestamp,
    rng: &mut R,
) -> Result<Prepared, RefusedBecause> {
    let sealed = encrypt(push.payload, subscription, rng).map_err(RefusedBecause::Payload)?;
    let url = subscription.endpoint().clone();
    let mut headers = sealed.headers;
    headers.insert(TTL, HeaderValue::from(push.ttl_seconds));
    headers.insert(URGENCY, HeaderValue::from_static("normal"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    vapid.authorise(&mut headers, &url, subscription.encoding(), now).map_err(RefusedBecause::Vapid)?;
    Ok(Prepared { url, headers, body: sealed.body.into() })
}

async fn deliver(client: &Outbound, prepared: Prepared, now: Timestamp) -> Outcome {
    let Prepared { url, headers, body } = prepared;
    match client.send(Method::POST, url, headers, body).await {
        Ok(answer) => {
            let outcome = judge(answer.status(), answer.headers(), now);
            // The status says all. A short body is read so that the connection can be used again; no matter if it fails.
            let _ = answer.body().await;
            outcome
        }
        Err(OutboundError::Refused(refusal)) => Outcome::Refused(RefusedBecause::Url(refusal)),
        Err(OutboundError::Timeout) => later(RetryCause::Timeout),
        Err(OutboundError::Network(_)) => later(RetryCause::Network),
        Err(OutboundError::Setup(reason)) => {
            tracing::warn!(reason, "no push can be sent");
            later(RetryCause::Setup)
        }
    }
}

fn later(cause: RetryCause) -> Outcome {
    Outcome::Retry { after: None, cause }
}

/// What a status means (RFC 8030, sections 5 and 8.4).
fn judge(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Outcome {
    match status {
        _ if status.is_success() => Outcome::Delivered,
        StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::Gone,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Outcome::Retry { after: retry_after(headers, now), cause: RetryCause::Status(status) }
        }
        _ if status.is_server_error() => {
            Outcome::Retry { after: retry_after(headers, now), cause: RetryCause::Status(status) }
        }
        _ => Outcome::Refused(RefusedBecause::Status(status)),
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). A date that has passed means at once.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits are a number beyond the longest wait.
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        let since_1970 = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        Timestamp::EPOCH.after(since_1970).since(now)
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &'static str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
        // 1994-11-06T08:49:37Z, the date in the examples of RFC 9110.
        retry_after(&headers, Timestamp::from_millis(784_111_777_000))
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("86401", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(86_400)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(wait(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn every_status_has_a_meaning() {
        let judged = |code| judge(StatusCode::from_u16(code).unwrap(), &HeaderMap::new(), Timestamp::EPOCH);
        for code in [200, 201, 202, 204] {
            assert_eq!(judged(code), Outcome::Delivered);
        }
        for code in [404, 410] {
            assert_eq!(judged(code), Outcome::Gone);
        }
        for code in [408, 425, 429, 500, 502, 503, 504, 507, 599] {
            let cause = RetryCause::Status(StatusCode::from_u16(code).unwrap());
            assert_eq!(judged(code), Outcome::Retry { after: None, cause });
        }
        for code in [300, 301, 302, 307, 308, 400, 401, 403, 405, 411, 413, 415, 451, 600] {
            let because = RefusedBecause::Status(StatusCode::from_u16(code).unwrap());
            assert_eq!(judged(code), Outcome::Refused(because));
        }
    }
}
