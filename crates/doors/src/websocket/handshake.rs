//! From an HTTP request to a socket (RFC 6455, section 4.2).

use super::socket::Socket;
use crate::http::{Connection, Place};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, Request, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use sha1::{Digest as _, Sha1};

/// What is hashed after the client's key (section 1.3).
const ACCEPT_SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Bytes of a client's key.
const KEY_BYTES: usize = 16;

/// The version of the protocol.
const VERSION: &str = "13";

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE_TOKEN: HeaderValue = HeaderValue::from_static("Upgrade");

/// Why a request does not become a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HandshakeRefused {
    /// It does not ask for WebSocket.
    #[error("Upgrade Required")]
    NoUpgrade,
    /// It asks for another version.
    #[error("Only version 13 of WebSocket is spoken here")]
    Version,
    /// Its key is none, or its method is not GET.
    #[error("Bad Request")]
    Invalid,
}

impl IntoResponse for HandshakeRefused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
        };
        let mut response = (status, self.to_string()).into_response();
        if status == StatusCode::UPGRADE_REQUIRED {
            response.headers_mut().insert(UPGRADE, WEBSOCKET);
            response.headers_mut().insert(CONNECTION, UPGRADE_TOKEN);
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        }
        response
    }
}

/// A connection that becomes a socket once the answer has gone out.
pub struct Handshake {
    upgrade: OnUpgrade,
    place: Option<Place>,
}

impl Handshake {
    /// The socket, for messages of up to `limit` bytes. `None` if the connection ended before, or was not accepted by
    /// [`crate::http::serve`].
    pub async fn socket(self, limit: usize) -> Option<Socket> {
        let upgraded = self.upgrade.await.ok()?;
        let (connection, ahead) = Connection::from_upgraded(upgraded)?;
        Some(Socket::new(connection, &ahead, limit, self.place.map(Place::stay)))
    }
}

/// Whether a request asks for WebSocket.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, &CONNECTION, "upgrade") && has_token(headers, &UPGRADE, "websocket")
}

/// Answers a request for WebSocket, from any origin. The answer (101) must be given back to the server and the socket be
/// awaited in a task of its own. The first subprotocol that is offered is chosen; there are no extensions.
pub fn handshake<B>(request: &mut Request<B>) -> Result<(Response, Handshake), HandshakeRefused> {
    let headers = request.headers();
    if !is_upgrade(headers) || request.version() != Version::HTTP_11 {
        return Err(HandshakeRefused::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        return Err(HandshakeRefused::Version);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| request.method() == Method::GET);
    let accept = key.and_then(accept).ok_or(HandshakeRefused::Invalid)?;
    let protocol = offered(headers);
    let upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(HandshakeRefused::NoUpgrade)?;
    let place = request.extensions_mut().remove::<Place>();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, WEBSOCKET);
    headers.insert(CONNECTION, UPGRADE_TOKEN);
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok((response, Handshake { upgrade, place }))
}

/// What proves that the key was read.
fn accept(key: &HeaderValue) -> Option<HeaderValue> {
    let decoded = STANDARD.decode(key.as_bytes()).ok()?;
    if decoded.len() != KEY_BYTES {
        return None;
    }
    let hash = Sha1::new().chain_update(key.as_bytes()).chain_update(ACCEPT_SALT).finalize();
    HeaderValue::try_from(STANDARD.encode(hash)).ok()
}

/// The first subprotocol that is offered.
fn offered(headers: &HeaderMap) -> Option<HeaderValue> {
    let first = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?.split(',').next()?.trim();
    HeaderValue::from_str(first).ok().filter(|protocol| !protocol.is_empty())
}

/// Whether a header that is a list holds the word, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(changes: &[(HeaderName, Option<&'static str>)]) -> Request<()> {
        let mut request = Request::new(());
        let headers = request.headers_mut();
        headers.insert(UPGRADE, WEBSOCKET);
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, upgrade"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        for (name, value) in changes {
            headers.remove(name);
            value.map(|value| headers.insert(name, HeaderValue::from_static(value)));
        }
        request
    }

    #[test]
    fn the_vector_of_the_standard_fits() {
        // RFC 6455, section 1.3.
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        for (changes, refusal, status) in [
            (&[(UPGRADE, None)][..], HandshakeRefused::NoUpgrade, 426),
            (&[(UPGRADE, Some("h2c"))], HandshakeRefused::NoUpgrade, 426),
            (&[(CONNECTION, Some("close"))], HandshakeRefused::NoUpgrade, 426),
            (&[(SEC_WEBSOCKET_VERSION, Some("8"))], HandshakeRefused::Version, 426),
            (&[(SEC_WEBSOCKET_KEY, Some("c2hvcnQ="))], HandshakeRefused::Invalid, 400),
            (&[(SEC_WEBSOCKET_KEY, None)], HandshakeRefused::Invalid, 400),
            // All is well but the connection, which is none.
            (&[], HandshakeRefused::NoUpgrade, 426),
        ] {
            let refused = handshake(&mut request(changes)).err().unwrap();
            assert_eq!(refused, refusal);
            let response = refused.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().get(UPGRADE).is_some(), status == 426);
        }
        let mut post = request(&[]);
        *post.method_mut() = Method::POST;
        assert_eq!(handshake(&mut post).err(), Some(HandshakeRefused::Invalid));
    }

    #[test]
    fn the_first_subprotocol_is_chosen() {
        let offer = |text| offered(request(&[(SEC_WEBSOCKET_PROTOCOL, text)]).headers());
        assert_eq!(offer(Some("chat , other")).unwrap(), "chat");
        assert_eq!((offer(None), offer(Some(" ,x"))), (None, None));
    }
}
