//! What the owner of a node may set about this door.

use crate::outbound::{AddressPolicy, OutboundSettings};
use rustls::pki_types::CertificateDer;
use std::time::Duration;
use tidings_engine::limits::Rates;

/// The settings of the door.
#[derive(Clone)]
pub struct Settings {
    /// What the node calls itself.
    pub name: String,
    /// `scheme://host[:port]` by which others reach the node; without it, the host of a request is believed.
    pub public_url: Option<String>,
    /// `host[:port]` of it.
    pub authority: Option<String>,
    /// Whether anybody may make an account, without a token.
    pub open_registration: bool,
    /// Requests that are allowed by address and by key.
    pub rates: Rates,
    /// Live connections that one key may follow an inbox on.
    pub connections_per_device: usize,
    /// Seconds between two pings of a live connection.
    pub heartbeat: Duration,
    /// Channels that one live connection may join.
    pub channels: usize,
    /// How long push services keep a notification for a device that is off.
    pub push_ttl: Duration,
    /// Whether push endpoints and other nodes on this machine are called, without TLS too. For tests.
    pub allow_loopback: bool,
    /// Root certificates that push services may use beside the system's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Ports beside 443 at which other nodes are called.
    pub extra_ports: Vec<u16>,
    /// How long an upload may go without a byte.
    pub upload_stall: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Tidings".to_owned(),
            public_url: None,
            authority: None,
            open_registration: false,
            rates: Rates::default(),
            connections_per_device: 8,
            heartbeat: Duration::from_secs(45),
            channels: 64,
            push_ttl: Duration::from_secs(3 * 86_400),
            allow_loopback: false,
            extra_roots: Vec::new(),
            extra_ports: vec![8443],
            upload_stall: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Where push endpoints and other nodes may be.
    pub(super) fn address_policy(&self) -> AddressPolicy {
        if self.allow_loopback { AddressPolicy::AllowLoopback } else { AddressPolicy::PublicOnly }
    }

    /// How pushes and wakes are sent.
    pub(super) fn outbound(&self) -> OutboundSettings {
        OutboundSettings {
            policy: self.address_policy(),
            extra_roots: self.extra_roots.clone(),
            extra_ports: self.extra_ports.clone(),
            ..OutboundSettings::default()
        }
    }
}
