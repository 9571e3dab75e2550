//! What the doors for conversations, rooms and channels are told.

use super::Listen;
use ipnet::IpNet;
use std::time::Duration;
use tidings_doors::darkchat::network::PeerName;
use tidings_engine::limits::Rate;

/// The door for Tidings' own clients. What each field means stands in the table of settings.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct Native {
    pub open_registration: bool,
    pub heartbeat: Duration,
    pub connections_per_device: usize,
    pub blob_bytes: u64,
    pub keep_entries: Duration,
    pub group_bytes: u64,
    pub account_group_bytes: u64,
    pub wake_ports: Vec<u16>,
}

/// The door for rooms. What each field means stands in the table of settings.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct Rooms {
    pub open: bool,
    pub echo: bool,
    pub rates: RoomRates,
    pub address_factor: u32,
    pub joined: usize,
    pub keep: Duration,
    pub bytes: u64,
    pub history_memory: usize,
}

/// How fast rooms may be talked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct RoomRates {
    pub connection: Rate,
    pub wallet: Rate,
    pub misses: Rate,
}

impl Default for RoomRates {
    fn default() -> Self {
        let door = tidings_doors::denetwork::Settings::default();
        Self { connection: door.events, wallet: door.messages, misses: door.misses }
    }
}

/// The door for channels, and links to other servers.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct Channels {
    pub open: bool,
    pub listen: Vec<Listen>,
    pub websocket_listen: Vec<Listen>,
    pub websocket_tls_listen: Vec<Listen>,
    pub peer_listen: Vec<Listen>,
    pub peers: Vec<PeerName>,
    pub allowed_peers: Vec<IpNet>,
    pub discovery: bool,
    pub private_peers: bool,
    pub peer_port: Option<u16>,
    pub keyless: bool,
    pub max_connections: usize,
    pub joined: usize,
    pub login_timeout: Duration,
    pub queue: usize,
    pub client: Flow,
    pub max_peers: usize,
    pub peers_per_address: usize,
    pub peer: Flow,
}

impl Channels {
    /// Whether servers that nobody named can reach the peer port, from other machines at least. Whoever is linked reads every
    /// channel, and can speak in anybody's name (wire/darkchat.md, section 13).
    pub fn welcome_any_server(&self) -> bool {
        let beyond = |place: &Listen| place.candidates().iter().any(|address| !address.ip().is_loopback());
        self.allowed_peers.is_empty() && self.peer_listen.iter().any(beyond)
    }
}

/// How much may come each second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct Flow {
    pub messages: u32,
    pub bytes: u32,
}
