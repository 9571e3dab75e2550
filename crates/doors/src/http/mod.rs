//! What all HTTP doors share: accepting connections, limits in size and time, and who the client is.

mod activity;
mod address;
pub(crate) mod body;
mod connection;
pub(crate) mod crowd;
mod place;
mod serve;
mod stall;

pub use address::ClientAddress;
pub use connection::Connection;
pub use place::{Place, Presence};
pub use serve::{Tls, serve};

use ipnet::IpNet;
use std::time::Duration;

/// Bytes of request headers at most; 431 beyond (wire/piqchat.md, section 2).
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Bytes that a connection may buffer of what it reads.
const READ_BUFFER: usize = 32 * 1024;

/// How long running requests may go on after the node was asked to stop.
pub const DRAIN_MAX: Duration = Duration::from_secs(20);

/// How a node serves HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a client may take for the headers of a request, or leave a connection idle.
    pub header_timeout: Duration,
    /// How long a whole request may take.
    pub request_timeout: Duration,
    /// How long a client may let an answer stand without reading any of it, or an HTTP/2 connection without asking anything.
    pub stall_timeout: Duration,
    /// Open connections at most; further ones wait to be accepted. One address that is no listed proxy gets a quarter of
    /// them, further ones of it are closed.
    pub max_connections: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            header_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(300),
            stall_timeout: Duration::from_secs(60),
            max_connections: 4096,
        }
    }
}
