//! The live connection: one WebSocket for all that is new (docs/protocol/node.md, Live).

mod channel;
mod crowd;
mod follow;
mod frames;
mod pace;
mod session;
mod text;

pub(super) use crowd::Crowd;
pub use text::{ClientText, read_text};

use super::Native;
use super::answer::Refused;
use super::cors;
use super::signer::{authority, is_ours};
use crate::http::ClientAddress;
use crate::websocket::{HandshakeRefused, handshake};
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::Request;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tidings_wire::live::CLIENT_TEXT_MAX;

/// Who is at the other end.
struct Client {
    /// From where.
    address: IpAddr,
    /// The host that the connection is for, which is part of what is signed.
    authority: Box<str>,
}

/// Answers a request for the WebSocket.
pub(super) fn open(door: Arc<Native>, request: Request<Body>) -> Response {
    let now = door.engine.now();
    let mut response = match begin(door, request) {
        Ok(response) => response,
        Err(Opening::Refused(refused)) => refused.answer(now),
        Err(Opening::Handshake(refused)) => refused.into_response(),
    };
    cors::allow(response.headers_mut());
    response
}

/// Why there is no connection.
enum Opening {
    Refused(Refused),
    Handshake(HandshakeRefused),
}

impl From<Refused> for Opening {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

fn begin(door: Arc<Native>, request: Request<Body>) -> Result<Response, Opening> {
    let (parts, body) = request.into_parts();
    let address = parts.extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |found| found.0);
    door.limits.request(address, door.engine.now()).map_err(Refused::rate)?;
    let authority = authority(&parts).ok_or_else(|| Refused::malformed("the request has no Host"))?;
    is_ours(&door.settings.load(), &authority)?;
    let mut request = Request::from_parts(parts, body);
    let (response, opening) = handshake(&mut request).map_err(Opening::Handshake)?;
    let client = Client { address, authority: authority.into() };
    tokio::spawn(async move {
        let Some(socket) = opening.socket(CLIENT_TEXT_MAX).await else { return };
        let _present = Present::new();
        session::run(door, socket, client).await;
    });
    Ok(response)
}

/// Counts a session as long as it lasts, however it ends.
struct Present(metrics::Gauge);

impl Present {
    fn new() -> Self {
        let gauge = metrics::gauge!("tidings_native_sessions");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
