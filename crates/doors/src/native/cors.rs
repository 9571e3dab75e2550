//! Cross-origin rules: any origin may call this door, without credentials (docs/protocol/node.md).

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Everything that the door's requests may carry.
const REQUEST_HEADERS: &str = "content-type, content-digest, signature, signature-input, if-match, if-none-match, range, \
     upload-offset, tidings-delete";

/// What of an answer web apps may read.
const ANSWER_HEADERS: &str =
    "upload-offset, retry-after, etag, content-range, content-length, accept-ranges, date, allow";

/// How long a browser may remember a preflight: two hours, the most that the large ones do.
const MAX_AGE_SECONDS: &str = "7200";

/// The answer to `OPTIONS` at a path that has these methods.
pub(super) fn preflight(methods: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let methods = HeaderValue::try_from(methods).unwrap_or(HeaderValue::from_static("GET"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    headers.insert(ALLOW, methods);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    headers.insert(VARY, HeaderValue::from_static("Access-Control-Request-Method"));
    allow(headers);
    response
}

/// Lets any origin read an answer.
pub(super) fn allow(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
}
