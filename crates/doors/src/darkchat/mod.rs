//! The door for darkchat's clients and peers: channels that live in memory only, private messages by key, and servers that
//! pass everything on to each other (wire/darkchat.md).
//!
//! Nothing that is said here is written anywhere, neither to the disk nor to a log; no key and no channel's name is logged.

mod acknowledged;
mod conversation;
mod delivery;
mod listen;
mod login;
pub mod network;
mod outbox;
mod pace;
mod patience;
mod request;
mod scanner;
mod session;
mod settings;
mod tcp;
mod web;
mod words;

pub use patience::Budget;
pub use request::{Member, Request, Unreadable};
pub use scanner::{Found, Scanner};
pub use session::{Generation, MEMBER_BYTES_MAX, Outcome, STRANGER_BYTES_MAX, Session, Surroundings};
pub use settings::Settings;

use crate::census::Census;
use crate::websocket::handshake;
use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tidings_engine::Engine;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The slot of this door's encodings in the memory tail.
const ENCODING: usize = 2;

/// The door. One for the whole node.
pub struct Darkchat {
    engine: Engine,
    settings: Arc<ArcSwap<Settings>>,
    census: Census,
    network: Arc<network::Network>,
}

impl Darkchat {
    /// Opens the door. Settings may be exchanged while it runs; numbers of connections count from the next start.
    pub fn new(engine: Engine, settings: Arc<ArcSwap<Settings>>) -> Arc<Self> {
        let network = network::Network::new(engine.clone(), Arc::clone(&settings));
        Arc::new(Self { engine, settings, census: Census::default(), network })
    }

    /// Serves clients over plain TCP until `shutdown`.
    pub async fn serve_tcp(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        let max = self.settings.load().max_connections;
        let serve = |stream, _| {
            let door = Arc::clone(&self);
            async move {
                let _present = Present::by("tcp");
                tcp::serve(door, stream).await;
            }
        };
        listen::listen(listener, max, shutdown, serve).await;
    }

    /// The router of a listener for clients over WebSocket: any path is theirs. Serve it with [`crate::http::serve`].
    pub fn websocket_router(self: &Arc<Self>) -> Router {
        let door = Arc::clone(self);
        Router::new().fallback(move |request| {
            let door = Arc::clone(&door);
            async move { door.websocket(request) }
        })
    }

    /// Answers one request for WebSocket, and 426 to any other. It must come through [`crate::http::serve`]; for mounting on
    /// a router that has other things, too.
    pub fn websocket(self: &Arc<Self>, mut request: http::Request<Body>) -> Response {
        let (response, opening) = match handshake(&mut request) {
            Ok(opened) => opened,
            Err(refused) => return refused.into_response(),
        };
        let door = Arc::clone(self);
        tokio::spawn(async move {
            let Some(socket) = opening.socket(web::FIRST_MESSAGE_MAX).await else { return };
            let _present = Present::by("websocket");
            web::serve(door, socket).await;
        });
        response
    }

    /// Serves other servers that call, until `shutdown`. The first listener's port is what they are told, unless the settings
    /// say another. That counts from the call on, before the future is awaited.
    pub fn serve_peers(
        self: Arc<Self>,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.network.settle(&listener);
        let network = Arc::clone(&self.network);
        async move { network.serve(listener, shutdown).await }
    }

    /// Calls the peers of the settings, and passes on what is said here to all servers that are linked, until `shutdown`. Call
    /// [`Darkchat::serve_peers`] before, so that they are told the right port.
    pub async fn run_network(self: Arc<Self>, shutdown: CancellationToken) {
        Arc::clone(&self.network).run(shutdown).await;
    }

    /// The links to other servers.
    pub fn network(&self) -> &Arc<network::Network> {
        &self.network
    }

    /// The channels that sessions of this door are in, and how many.
    pub fn channels(&self) -> Vec<(String, usize)> {
        self.census.channels()
    }
}

/// Says how many channels there are.
fn gauge(channels: usize) {
    metrics::gauge!("tidings_darkchat_channels").set(f64::from(u32::try_from(channels).unwrap_or(u32::MAX)));
}

/// Counts a session as long as it lasts, however it ends.
struct Present(metrics::Gauge);

impl Present {
    fn by(transport: &'static str) -> Self {
        let gauge = metrics::gauge!("tidings_darkchat_sessions", "transport" => transport);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
