//! Answers in piqchat's own forms (wire/piqchat.md, section 2).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tidings_core::exchange::ExchangeRefusal;
use tidings_core::{Refusal, TokenHash};
use tidings_engine::{Error, Limits};
use xxhash_rust::xxh3::xxh3_128;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The answer to every failed signature.
const SIGNATURE_INVALID: &str = "Signature is invalid";

/// An answer, or a refusal that is an answer too.
pub(super) type Answer = Result<Response, Refused>;

/// Why there is no answer of the ordinary kind. One mapping to the wire stands here.
pub(super) enum Refused {
    /// A status with its reason as text.
    Status(StatusCode),
    /// A status with a sentence, which clients may show.
    Sentence(StatusCode, &'static str),
    /// The signature does not hold.
    Signature,
    /// Too many requests; try again after this.
    TooMany(Duration),
    /// The engine refused or failed.
    Engine(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StatusCode> for Refused {
    fn from(code: StatusCode) -> Self {
        Self::Status(code)
    }
}

impl Refused {
    /// 400 `Bad Request`.
    pub(super) const BAD_REQUEST: Self = Self::Status(StatusCode::BAD_REQUEST);
    /// 403 `Forbidden`.
    pub(super) const FORBIDDEN: Self = Self::Status(StatusCode::FORBIDDEN);
    /// 404 `Not Found`.
    pub(super) const NOT_FOUND: Self = Self::Status(StatusCode::NOT_FOUND);
    /// 413 `Payload Too Large`.
    pub(super) const TOO_LARGE: Self = Self::Status(StatusCode::PAYLOAD_TOO_LARGE);

    /// The answer on the wire.
    pub(super) fn answer(self) -> Response {
        match self {
            Self::Status(code) => status(code),
            Self::Sentence(code, sentence) => plain(code, HTML, sentence),
            Self::Signature => plain(StatusCode::UNAUTHORIZED, HTML, SIGNATURE_INVALID),
            Self::TooMany(wait) => retry(StatusCode::TOO_MANY_REQUESTS, wait),
            Self::Engine(error) => engine_error(error),
        }
    }
}

fn engine_error(error: Error) -> Response {
    let code = match error {
        Error::NoAccount | Error::Refused(Refusal::NotAccepted | Refusal::TooOld) => StatusCode::FORBIDDEN,
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::TooLarge | Error::Refused(Refusal::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::DiskFull | Error::Refused(Refusal::StreamFull | Refusal::SenderFull) => StatusCode::INSUFFICIENT_STORAGE,
        // The last three are said to Tidings' own clients only.
        Error::Refused(Refusal::Duplicate) | Error::Exists | Error::Conflict | Error::Malformed(_) => {
            StatusCode::CONFLICT
        }
        Error::Exchange(ExchangeRefusal::NoAccount) => StatusCode::FORBIDDEN,
        Error::Exchange(ExchangeRefusal::TooMany) => {
            return retry(StatusCode::TOO_MANY_REQUESTS, Duration::from_secs(60));
        }
        Error::Exchange(refusal) => return exchange_refused(refusal).answer(),
        Error::Busy => return retry(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(1)),
        Error::Failed(reason) => {
            tracing::error!(%reason, "a request failed");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    status(code)
}

/// The sentences of *accept*, which clients probably show (wire/piqchat.md, section 4.2).
pub(super) fn exchange_refused(refusal: ExchangeRefusal) -> Refused {
    let sentence = match refusal {
        ExchangeRefusal::Expired => "The friend invite is expired and can not be used anymore.",
        _ => "The friend invite can not be found or was already used.",
    };
    Refused::Sentence(StatusCode::NOT_FOUND, sentence)
}

/// A status with its reason as text, as `OK` or `Bad Request`.
pub(super) fn status(code: StatusCode) -> Response {
    if code == StatusCode::NO_CONTENT {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = code;
        return response;
    }
    plain(code, TEXT, code.canonical_reason().unwrap_or_default())
}

/// JSON without spaces, with its fields in the order of the type.
pub(super) fn json(code: StatusCode, value: &impl Serialize) -> Answer {
    let text =
        serde_json::to_vec(value).map_err(|error| Error::Failed(format!("an answer could not be written: {error}")))?;
    Ok(whole(code, JSON, text.into()))
}

/// JSON that is already written.
pub(super) fn json_bytes(bytes: Bytes) -> Response {
    whole(StatusCode::OK, JSON, bytes)
}

/// JSON that is written while it is sent.
pub(super) fn json_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// An attachment, whole.
pub(super) fn attachment(bytes: Bytes) -> Response {
    whole(StatusCode::OK, BYTES, bytes)
}

/// An attachment of known length that is read while it is sent. Its tag is made of `name`, since it never changes.
pub(super) fn attachment_stream(body: Body, size: u64, name: u128) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, BYTES);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    insert_tag(headers, size, name);
    response
}

fn plain(code: StatusCode, kind: HeaderValue, text: &'static str) -> Response {
    whole(code, kind, Bytes::from_static(text.as_bytes()))
}

fn whole(code: StatusCode, kind: HeaderValue, bytes: Bytes) -> Response {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let hash = xxh3_128(&bytes);
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    insert_tag(headers, size, hash);
    response
}

fn insert_tag(headers: &mut HeaderMap, size: u64, hash: u128) {
    if let Ok(tag) = HeaderValue::try_from(format!("W/\"{size:x}-{hash:032x}\"")) {
        headers.insert(ETAG, tag);
    }
}

fn retry(code: StatusCode, wait: Duration) -> Response {
    let mut response = status(code);
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)));
    response
}

/// The answer to every `OPTIONS`.
pub(super) fn preflight(request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::new(NoBytes));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE"));
    headers.insert(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

/// A body of no bytes that says so. hyper leaves `Content-Length` out of a 204 without a body, as HTTP asks (RFC 9110, section
/// 8.6), but some browsers wait for a body that is not announced as empty, so the reference announces it.
struct NoBytes;

impl http_body::Body for NoBytes {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(0)
    }
}

/// What is the same for all answers: CORS below `/api`, no shared caching of signed ones, 304 for what the client has.
pub(super) fn finish(
    mut response: Response,
    api: bool,
    signed: bool,
    method: &Method,
    request: &HeaderMap,
) -> Response {
    let headers = response.headers_mut();
    if api {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if signed {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let readable = method == Method::GET || method == Method::HEAD;
    if readable && response.status() == StatusCode::OK && has_tag(request, response.headers().get(ETAG)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::empty();
    }
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Weak comparison (RFC 9110, section 13.1.2).
fn has_tag(request: &HeaderMap, tag: Option<&HeaderValue>) -> bool {
    let (Some(tag), Some(wanted)) = (tag.and_then(|tag| tag.to_str().ok()), request.get(IF_NONE_MATCH)) else {
        return false;
    };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = wanted.to_str().unwrap_or_default();
    wanted.trim() == "*" || wanted.split(',').any(|candidate| opaque(candidate) == opaque(tag))
}

/// Looks up a token for somebody at `address`, who may not guess for ever.
pub(super) fn guessable(
    limits: &Limits,
    address: std::net::IpAddr,
    token: &str,
    now: tidings_core::Timestamp,
) -> Result<TokenHash, Refused> {
    limits.may_guess(address, now).map_err(Refused::TooMany)?;
    Ok(TokenHash::of(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let tag = HeaderValue::from_static("W/\"2-ab\"");
        for (wanted, matches) in [
            ("W/\"2-ab\"", true),
            ("\"2-ab\"", true),
            ("\"x\", W/\"2-ab\"", true),
            ("*", true),
            ("\"2-a\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(wanted));
            assert_eq!(has_tag(&headers, Some(&tag)), matches, "{wanted}");
        }
        assert!(!has_tag(&HeaderMap::new(), Some(&tag)));
    }

    #[test]
    fn waits_are_whole_seconds_and_at_least_one() {
        for (millis, seconds) in [(1, "1"), (1000, "1"), (1001, "2")] {
            let response = retry(StatusCode::TOO_MANY_REQUESTS, Duration::from_millis(millis));
            assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), seconds);
        }
    }
}
