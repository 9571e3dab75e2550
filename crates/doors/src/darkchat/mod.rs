//! The door for darkchat's clients and peers: channels that live in memory only, private messages by key, and servers that
//! pass everything on to each other (wire/darkchat.md).
//!
//! Nothing that is said here is written anywhere, neither to the disk nor to a log; no key and no channel's name is logged.

mod acknowledged;
mod census;
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
mod words;

pub use patience::Budget;
pub use request::{Member, Request, Unreadable};
pub use scanner::{Found, Scanner};
pub use session::{Generation, MEMBER_BYTES_MAX, Outcome, STRANGER_BYTES_MAX, Session, Surroundings};
pub use settings::Settings;

use arc_swap::ArcSwap;
use std::sync::Arc;
use tidings_engine::Engine;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The door. One for the whole node.
pub struct Darkchat {
    engine: Engine,
    settings: Arc<ArcSwap<Settings>>,
    census: census::Census,
}

impl Darkchat {
    /// Opens the door. Settings may be exchanged while it runs; numbers of connections count from the next start.
    pub fn new(engine: Engine, settings: Arc<ArcSwap<Settings>>) -> Arc<Self> {
        Arc::new(Self { engine, settings, census: census::Census::default() })
    }

    /// Serves clients over plain TCP until `shutdown`.
    pub async fn serve_tcp(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        let max = self.settings.load().max_connections;
        let serve = |stream, _| {
            let door = Arc::clone(&self);
            async move {
                let gauge = metrics::gauge!("tidings_darkchat_sessions", "transport" => "tcp");
                gauge.increment(1.0);
                tcp::serve(door, stream).await;
                gauge.decrement(1.0);
            }
        };
        listen::listen(listener, max, shutdown, serve).await;
    }

    /// The channels that sessions of this door are in, and how many.
    pub fn channels(&self) -> Vec<(String, usize)> {
        self.census.channels()
    }
}
