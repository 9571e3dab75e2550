//! What a request asks for, and how it is refused (Engine.IO 4).

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, VARY,
};
use http::{HeaderValue, StatusCode};
use std::borrow::Cow;

/// How long a browser may remember that it may ask, in seconds.
const PREFLIGHT_AGE: &str = "86400";

/// The transports that the query may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transport {
    Polling,
    WebSocket,
}

/// The parameters that count.
pub(super) struct Query<'a> {
    pub transport: Option<Transport>,
    pub sid: Option<Cow<'a, str>>,
    pub current: bool,
}

impl<'a> Query<'a> {
    pub(super) fn parse(query: &'a str) -> Self {
        let mut found = Self { transport: None, sid: None, current: false };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match (&*name, &*value) {
                ("transport", "polling") => found.transport = Some(Transport::Polling),
                ("transport", "websocket") => found.transport = Some(Transport::WebSocket),
                ("transport", _) => found.transport = None,
                ("EIO", version) => found.current = version == "4",
                ("sid", "") => found.sid = None,
                ("sid", _) => found.sid = Some(value),
                _ => {}
            }
        }
        found
    }
}

/// Why a request is refused, with the codes of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("Transport unknown")]
    UnknownTransport = 0,
    #[error("Session ID unknown")]
    UnknownSession = 1,
    #[error("Bad handshake method")]
    HandshakeMethod = 2,
    #[error("Bad request")]
    BadRequest = 3,
    #[error("Unsupported protocol version")]
    Version = 5,
    #[error("Too many sessions")]
    Full,
    #[error("Payload too large")]
    TooLarge,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, self.to_string()).into_response(),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, self.to_string()).into_response(),
            _ => {
                let body = format!("{{\"code\":{},\"message\":\"{self}\"}}", self as u8);
                (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], body).into_response()
            }
        }
    }
}

/// Any web page may read the answer.
pub(super) fn for_any_origin(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a browser asks before it asks.
pub(super) fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_AGE));
    headers.insert(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        let query = Query::parse("EIO=4&transport=polling&t=abc&sid=a%2Db");
        assert_eq!(
            (query.transport, query.sid.as_deref(), query.current),
            (Some(Transport::Polling), Some("a-b"), true)
        );
        let query = Query::parse("EIO=3&transport=carrier-pigeon&sid=");
        assert_eq!((query.transport, query.sid, query.current), (None, None, false));
        assert_eq!(Query::parse("transport=websocket").transport, Some(Transport::WebSocket));
    }
}
