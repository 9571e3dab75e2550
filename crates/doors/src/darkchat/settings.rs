//! What the owner of a node may set about this door.

use super::patience::Budget;
use ipnet::IpNet;
use std::time::Duration;

/// The settings of the door.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the clients from before 0.2, which have no keys, are let in.
    pub keyless: bool,
    /// TCP and WebSocket connections of clients at most, each counted by listener. One address gets a quarter.
    pub max_connections: usize,
    /// Channels that one connection may join.
    pub channels_per_connection: usize,
    /// What one client may say a second; beyond it is not read.
    pub client_budget: Budget,
    /// How long a client may take to log in.
    pub login_timeout: Duration,
    /// How long a client or a peer may take no byte while something waits for it, before it is closed.
    pub stall_timeout: Duration,
    /// How long an unfinished object may stay unfinished.
    pub object_timeout: Duration,
    /// The least time between two messages to a TCP client or a peer, counted from when the first one was acknowledged.
    pub pace: Duration,
    /// Messages that wait for one TCP client or one peer; beyond that the oldest are dropped.
    pub queue: usize,
    /// Whether servers that peers tell of are called.
    pub discovery: bool,
    /// Whether servers at private and loopback addresses are called when peers tell of them.
    pub allow_private_peers: bool,
    /// If given, only servers at these addresses may be peers. Those in `peers` always may.
    pub allowed_peers: Option<Vec<IpNet>>,
    /// Servers that are called, again and again until they answer. `HOST:PORT`.
    pub peers: Vec<String>,
    /// The port that peers are told; without it that of the first peer listener.
    pub announced_port: Option<u16>,
    /// Links to other servers at most.
    pub max_peers: usize,
    /// Links that one address may open.
    pub peers_per_address: usize,
    /// What one peer may say a second; beyond it is not read.
    pub peer_budget: Budget,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keyless: false,
            max_connections: 32_768,
            channels_per_connection: 64,
            client_budget: Budget { messages: 20_000, bytes: 32 << 20 },
            login_timeout: Duration::from_secs(600),
            stall_timeout: Duration::from_secs(60),
            object_timeout: Duration::from_secs(60),
            pace: Duration::from_millis(5),
            queue: 1024,
            discovery: true,
            allow_private_peers: false,
            allowed_peers: None,
            peers: Vec::new(),
            announced_port: None,
            max_peers: 64,
            peers_per_address: 4,
            peer_budget: Budget { messages: 5_000, bytes: 8 << 20 },
        }
    }
}
