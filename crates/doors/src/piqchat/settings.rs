//! What the owner of a node may set about this door.

use crate::outbound::{AddressPolicy, OutboundSettings};
use rustls::pki_types::CertificateDer;
use std::time::Duration;
use tidings_core::BoxKey;
use tidings_engine::limits::Rates;

/// How exact the published statistics are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticsMode {
    /// As they are.
    Exact,
    /// Down to the next ten.
    Rounded,
    /// All zero.
    Off,
}

/// The settings of the door.
#[derive(Clone)]
pub struct Settings {
    /// The node's public name, `host` or `host:port`, for links. Without it the request's own is used.
    pub public_name: Option<String>,
    /// Shown by clients: who runs this node.
    pub admin_display_name: Option<String>,
    /// Shown by clients: what that person has to say.
    pub admin_message: Option<String>,
    /// Shown by clients: where the privacy policy is.
    pub privacy_policy_url: Option<String>,
    /// The account that sees the whole invite tree.
    pub admin: Option<BoxKey>,
    /// How far a signature's date may be from the node's clock, either way.
    pub signature_window: Duration,
    /// Whether a signature that was first seen from one address is refused from another.
    pub bind_nonce_to_address: bool,
    /// How exact the published statistics are.
    pub statistics: StatisticsMode,
    /// Whom push services may ask: a `mailto:` or `https:` address.
    pub push_contact: String,
    /// How long push services keep a notification for a phone that is off.
    pub push_ttl: Duration,
    /// Whether push endpoints on this machine are allowed, without TLS too. For tests.
    pub allow_loopback_push: bool,
    /// Root certificates that push services may use beside the system's.
    pub push_extra_roots: Vec<CertificateDer<'static>>,
    /// Requests that are allowed by address and by key.
    pub rates: Rates,
    /// Uploads and downloads that one key may have under way at a time.
    pub transfers_per_key: usize,
    /// How long an upload may go without a byte.
    pub upload_stall: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_name: None,
            admin_display_name: None,
            admin_message: None,
            privacy_policy_url: None,
            admin: None,
            signature_window: Duration::from_secs(3600),
            bind_nonce_to_address: false,
            statistics: StatisticsMode::Exact,
            push_contact: "mailto:postmaster@localhost".to_owned(),
            push_ttl: Duration::from_secs(3 * 86_400),
            allow_loopback_push: false,
            push_extra_roots: Vec::new(),
            rates: Rates::default(),
            transfers_per_key: 128,
            upload_stall: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Where push endpoints may be.
    pub(super) fn address_policy(&self) -> AddressPolicy {
        if self.allow_loopback_push { AddressPolicy::AllowLoopback } else { AddressPolicy::PublicOnly }
    }

    /// How notifications are sent.
    pub(super) fn outbound(&self) -> OutboundSettings {
        OutboundSettings {
            policy: self.address_policy(),
            extra_roots: self.push_extra_roots.clone(),
            ..OutboundSettings::default()
        }
    }
}
