//! The door for the clients of DeNetwork Chat: rooms over Socket.IO (wire/denetwork.md).

mod canonical;
mod history;
mod identifier;
mod json;
mod limits;
mod message;
mod meter;
mod number;
mod posting;
mod refusal;
mod reply;
mod request;
mod session;
mod settings;
mod signature;
#[cfg(test)]
mod signing;
mod text;
#[cfg(test)]
mod vectors;
mod verify;

pub use message::{Message, REQUEST_MAX, canonical_form, read_message};
pub use refusal::{Refused, Status};
pub use request::read_event;
pub use settings::Settings;

use crate::socketio::{self, SocketIo};
use arc_swap::ArcSwap;
use axum::Router;
use limits::Limits;
use reply::Replies;
use std::sync::Arc;
use tidings_engine::{Engine, Entropy, Error};
use tokio_util::sync::CancellationToken;
use verify::Verifier;

/// Under what name the server's id is kept.
const SERVER_ID: &str = "denetwork-server-id";

/// The door. One for the whole node.
pub struct Denetwork {
    engine: Engine,
    settings: Arc<ArcSwap<Settings>>,
    limits: Limits,
    verifier: Verifier,
    replies: Replies,
}

impl Denetwork {
    /// Opens the door. `server_id` is what [`load_or_make_server_id`] gave. Settings may be exchanged while it runs.
    pub fn new(engine: Engine, settings: Arc<ArcSwap<Settings>>, server_id: String) -> Arc<Self> {
        let limits = Limits::new(&settings.load());
        Arc::new(Self { engine, settings, limits, verifier: Verifier::new(), replies: Replies::new(server_id) })
    }

    /// Takes up the rates of the settings in force, after they were exchanged.
    pub fn reload(&self) {
        self.limits.set(&self.settings.load());
    }

    /// The router: `/socket.io/`. Polls that wait are answered when `shutdown` comes.
    pub fn router(self: &Arc<Self>, shutdown: CancellationToken) -> Router {
        let door = Arc::clone(self);
        let accept = move |line| session::run(Arc::clone(&door), line);
        SocketIo::new(socketio::Settings::default(), self.engine.entropy().clone(), shutdown, accept).router()
    }
}

/// The name by which clients tell this server from others: a UUID, made once for the installation. Fails as the store does.
pub async fn load_or_make_server_id(engine: &Engine) -> Result<String, Error> {
    let make = |entropy: &Entropy| entropy.envelope_id().to_string().into_bytes();
    let bytes = engine.node_value(SERVER_ID, make).await?;
    String::from_utf8(bytes).map_err(|_| Error::Failed("the kept server id is damaged".to_owned()))
}
