//! Socket.IO 5 over Engine.IO 4 for a door: the namespace `/`, long polling, WebSocket, and the way from one to the other
//! (wire/denetwork.md, section 1). Why it is our own: docs/decisions/0010.

mod mailbox;
mod packet;
mod payload;
mod query;
mod server;
mod session;
mod upgrade;

pub use packet::{Event, Malformed, Packet, event_frame};
pub use payload::{Payload, Piece};
pub use server::SocketIo;
pub use session::{Incoming, Session};

use std::time::Duration;

/// Bytes of a message, or of a request's body, at most.
pub const MAX_PAYLOAD: usize = 1_000_000;

/// What an owner, or a test, may change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often a client is asked whether it is still there.
    pub ping_interval: Duration,
    /// How long it may take to answer, or be away between two polls.
    pub ping_timeout: Duration,
    /// Clients without a connection of their own at most; one address gets a quarter.
    pub max_polling: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ping_interval: Duration::from_secs(25), ping_timeout: Duration::from_secs(20), max_polling: 1024 }
    }
}
