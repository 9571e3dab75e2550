//! The door for Tidings' own clients: the native protocol (docs/protocol/node.md).

mod account;
mod answer;
mod blob;
mod caller;
mod cors;
mod dispatch;
mod exchange;
mod fault;
mod group;
mod inbox;
mod invitation;
mod knock;
mod known;
mod live;
mod node;
mod openapi;
mod owner;
mod packages;
mod parameters;
mod profile;
mod push;
mod range;
mod replay;
mod route;
mod settings;
mod signer;
mod table;
#[cfg(test)]
mod tests;
mod unpacked;
mod wake;

pub use invitation::invitation_link;
pub use live::{ClientText, read_text};
pub use openapi::document;
pub use owner::Office;
pub use range::{Range, read_range};
pub use route::{Body, Described, Key, Operation, Parameter, Place, Route, route};
pub use settings::Settings;

use crate::census::Census;
use crate::outbound::Outbound;
use crate::webpush::VapidSigner;
use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body as AxumBody;
use axum::response::Response;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use tidings_engine::{Engine, Limits};
use tokio::sync::Semaphore;

/// The path of the WebSocket; every other WebSocket of the node is another door's.
pub const LIVE_PATH: &str = "/v1/live";

/// Bytes of bodies that are being received at a time, in units of [`BODY_UNIT`]; further ones wait.
const BODIES_MAX: usize = 96;

/// One unit of what bodies may take.
const BODY_UNIT: usize = 1 << 20;

/// Bytes of a body that is received without asking for room.
const BODY_FREE: usize = 64 * 1024;

/// The door. One for the whole node.
pub struct Native {
    engine: Engine,
    settings: Arc<ArcSwap<Settings>>,
    limits: Limits,
    replays: replay::Replays,
    keys: unpacked::UnpackedKeys,
    vapid: Arc<VapidSigner>,
    outbound: Outbound,
    bodies: Semaphore,
    description: OnceLock<Bytes>,
    crowd: live::Crowd,
    census: Census,
    office: OnceLock<Arc<dyn Office>>,
    /// Makes the names under which devices speak in channels.
    salt: [u8; 32],
}

impl Native {
    /// Opens the door. `vapid` signs pushes. Settings may be exchanged while it runs; what they say of loopback and roots counts from
    /// the next start.
    pub fn new(engine: Engine, vapid: Arc<VapidSigner>, settings: Arc<ArcSwap<Settings>>) -> Arc<Self> {
        let current = settings.load();
        let (outbound, limits) = (Outbound::new(current.outbound()), Limits::new(current.rates));
        drop(current);
        let replays = replay::Replays::new(signer::seconds(engine.now()));
        let salt = engine.entropy().bytes();
        Arc::new(Self {
            engine,
            settings,
            limits,
            replays,
            keys: unpacked::UnpackedKeys::default(),
            vapid,
            outbound,
            bodies: Semaphore::new(BODIES_MAX),
            description: OnceLock::new(),
            crowd: live::Crowd::default(),
            census: Census::default(),
            office: OnceLock::new(),
            salt,
        })
    }

    /// Takes up the rates of the settings in force, after they were exchanged.
    pub fn reload(&self) {
        self.limits.set(self.settings.load().rates);
    }

    /// The router: everything below `/v1`, and the pages to which invitations lead.
    pub fn router(self: &Arc<Self>) -> Router {
        let door = Arc::clone(self);
        let answer = move |request| dispatch::answer(Arc::clone(&door), request);
        let pages = || axum::routing::get(invitation::page);
        Router::new()
            .route("/i", pages())
            .route("/r", pages())
            .route("/v1", axum::routing::any(answer.clone()))
            .route("/v1/", axum::routing::any(answer.clone()))
            .route("/v1/{*rest}", axum::routing::any(answer))
    }

    /// Answers a request for the WebSocket; other requests at its path are told how to ask. It must come through
    /// [`crate::http::serve`].
    pub fn websocket(self: &Arc<Self>, request: http::Request<AxumBody>) -> Response {
        live::open(Arc::clone(self), request)
    }

    /// The channels that live connections of this door are in, and how many.
    pub fn channels(&self) -> Vec<(String, usize)> {
        self.census.channels()
    }

    /// Sends pushes and wakes other nodes, for ever. The binary runs it beside the servers.
    pub async fn run_knocks(&self) {
        self.engine.run_knocks(|knock| self.knock(knock)).await;
    }
}
