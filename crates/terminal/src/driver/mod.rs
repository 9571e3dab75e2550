//! Runs a client: its store, its requests, its connections, its files and its clock.
//!
//! The client lives on a thread of its own ([`engine`]), since it computes (MLS, Argon2) and writes to the disk. What it wants of
//! the network is done by tasks of the run time. A [`Session`] is a cheap handle on it for whoever shows something.

mod engine;
mod files;
mod live;
mod network;
mod reach;
mod requests;
mod session;
mod site;

pub use files::{Opened, SaveTo};
pub use network::{Trust, TrustError, is_fit_node};
pub use reach::{OfferState, Reach, ReachError};
pub use session::{AttachError, Events, OpenError, Opening, Session};
pub use site::{Site, Unread};

use tidings_client::client::Client;
use tidings_client::command::{Command, Done};
use tidings_client::io::{CommandId, Input};
use tidings_client::records::Records;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// A question about what the client knows, with the way back for its answer inside.
type Question = Box<dyn FnOnce(&Client, &dyn Records) + Send>;

/// What comes to the client's thread.
enum Incoming {
    /// Something happened outside. The permit lets the connection that it came from bring the next.
    Input(Input, Option<OwnedSemaphorePermit>),
    /// The person wants something.
    Command(Command, oneshot::Sender<(CommandId, Done)>),
    /// Somebody wants to see something.
    View(Question),
    /// Nobody needs the client any more.
    End,
}

/// The way to the client's thread.
type Inbox = std::sync::mpsc::Sender<Incoming>;

/// Brings an input to the client. That it has ended meanwhile is no error.
fn tell(inbox: &Inbox, input: Input) {
    let _ = inbox.send(Incoming::Input(input, None));
}
