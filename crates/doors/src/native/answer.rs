//! Answers of this door: JSON, and one form for all refusals.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use tidings_core::Timestamp;
use tidings_wire::{Code, Failure};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer, or a refusal that is an answer, too.
pub(super) type Answer = Result<Response, Refused>;

/// Why something was not done.
pub(super) struct Refused {
    code: Code,
    status: StatusCode,
    message: Cow<'static, str>,
    wait: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Where the body has more than code and message.
    body: Option<Bytes>,
}

impl Refused {
    /// A refusal with the status that belongs to its code. The message is for a person: why, and what to do.
    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status: status_of(code), message: message.into(), wait: None, headers: Vec::new(), body: None }
    }

    /// 400.
    pub(super) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Malformed, message)
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is no such thing here, or none for this key")
    }

    /// 429: try again after this.
    pub(super) fn rate(wait: Duration) -> Self {
        Self::new(Code::Rate, "too many requests; wait as long as Retry-After says").after(wait)
    }

    /// 503: try again after this.
    pub(super) fn busy(message: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        Self::new(Code::Busy, message).after(wait)
    }

    /// 500. The reason goes to the log, not to the caller.
    pub(super) fn failed(reason: &str) -> Self {
        tracing::error!(reason, "a request failed");
        Self::new(Code::Failed, "the node failed; its log says why. Nothing was done")
    }

    /// Another status under the same code.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With a header more.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a body of its own, which has the members `error` and `message`, too.
    pub(super) fn with_body(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).ok().map(Bytes::from);
        self
    }

    fn after(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Its word.
    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// The answer on the wire. `now` is told with what has to do with clocks.
    pub(super) fn answer(self, now: Timestamp) -> Response {
        let failure = Failure { error: self.code, message: self.message.into_owned() };
        // Two texts can always be written.
        let body = self.body.unwrap_or_else(|| serde_json::to_vec(&failure).unwrap_or_default().into());
        let mut response = whole(self.status, JSON, body);
        let headers = response.headers_mut();
        headers.extend(self.headers);
        if let Some(wait) = self.wait {
            let seconds = u64::try_from(wait.as_millis().div_ceil(1000).max(1)).unwrap_or(u64::MAX);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let since_1970 = Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default());
            let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + since_1970);
            if let Ok(date) = HeaderValue::try_from(date) {
                headers.insert(DATE, date);
            }
        }
        response
    }
}

/// The status of each code, as docs/protocol/node.md has it.
pub(super) fn status_of(code: Code) -> StatusCode {
    match code {
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::Unsigned => StatusCode::UNAUTHORIZED,
        Code::NotAccepted => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Exists | Code::Counter | Code::Turn | Code::Answered | Code::Offset => StatusCode::CONFLICT,
        Code::Precondition => StatusCode::PRECONDITION_FAILED,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Rate => StatusCode::TOO_MANY_REQUESTS,
        Code::Full => StatusCode::INSUFFICIENT_STORAGE,
        Code::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Code::Failed | Code::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// JSON with a status.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let text = serde_json::to_vec(value).map_err(|error| Refused::failed(&error.to_string()))?;
    Ok(whole(status, JSON, text.into()))
}

/// 204.
pub(super) fn done() -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// A body that is there whole.
pub(super) fn whole(status: StatusCode, kind: HeaderValue, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refusal_says_why_and_when_to_come_again() {
        let response = Refused::rate(Duration::from_millis(1001)).answer(Timestamp::EPOCH);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let failure: Failure = serde_json::from_slice(&body).unwrap();
        assert_eq!(failure.error, Code::Rate);
        let response = Refused::new(Code::Unsigned, "x").answer(Timestamp::from_millis(784_111_777_000));
        assert_eq!(response.headers()[DATE], "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
