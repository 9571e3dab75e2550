//! Settings: from flags, the environment (and a `.env` file) and one TOML file, in that order of precedence.
//!
//! [`TABLE`] defines each setting once; [`parse`] is pure. What is read from files and the process is in [`mod@load`].

mod apply;
mod definition;
mod dotenv;
mod load;
mod places;
mod reading;
mod show;
mod sources;
mod table;
mod talk;
mod toml_file;
mod value;

pub use definition::{Definition, Section};
pub use load::{Given, load};
pub use show::{as_json, as_table, as_told, changes};
pub use sources::{Entry, InForce, Input, Problem, Problems, Raw, Source, parse};
pub use table::TABLE;
pub use talk::{Channels, Flow, Native, RoomRates, Rooms};
pub use value::Listen;

use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tidings_core::{BoxKey, Budget};
use tidings_doors::piqchat::StatisticsMode;
use tidings_engine::limits::Rates;
use zeroize::Zeroizing;

/// Everything a node can be told. What each field means stands in [`TABLE`].
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct Settings {
    pub data_dir: Option<PathBuf>,
    pub database: Option<PathBuf>,
    pub blobs: Option<PathBuf>,
    pub listen: Vec<Listen>,
    pub public_url: Option<PublicUrl>,
    pub worker_threads: Option<usize>,
    pub admin_display_name: Option<String>,
    pub admin_message: Option<String>,
    pub admin_privacy_policy_url: Option<String>,
    pub admin_key: Option<BoxKey>,
    pub exchange_life: Duration,
    pub invitation_life: Duration,
    pub create_invitation: bool,
    pub signature_window: Duration,
    pub bind_nonces: bool,
    pub statistics: Option<StatisticsMode>,
    pub push_contact: Option<String>,
    pub push_ttl: Duration,
    pub push_allow_loopback: bool,
    pub keys: ForeignKeys,
    pub native: Native,
    pub rooms: Rooms,
    pub channels: Channels,
    pub rates: Rates,
    pub inbox: Amount,
    pub sender: Amount,
    pub transfers_per_key: usize,
    pub disk_reserve: u64,
    pub keep_parcels: Duration,
    pub keep_accounts: Duration,
    pub keep_exchanges: Duration,
    pub tail_memory: usize,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub acme_domains: Vec<String>,
    pub acme_contact: Option<String>,
    pub acme_directory: String,
    pub acme_ca_file: Option<PathBuf>,
    pub acme_http_listen: Vec<Listen>,
    pub trusted_proxies: Vec<IpNet>,
    pub max_connections: usize,
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    pub upload_stall: Duration,
    pub stall_timeout: Duration,
    pub log_level: String,
    pub log_format: LogFormat,
    pub metrics: bool,
    pub metrics_listen: Vec<Listen>,
}

impl Settings {
    /// The data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| PathBuf::from("tidings-data"))
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.database.clone().unwrap_or_else(|| self.data_dir().join(tidings_backends::sqlite::FILE_NAME))
    }

    /// The attachments' folder.
    pub fn blobs(&self) -> PathBuf {
        self.blobs.clone().unwrap_or_else(|| self.data_dir().join("blobs"))
    }

    /// Every place where the node is to listen, with the name of the setting.
    pub fn places(&self) -> Vec<(&'static str, Listen)> {
        places::named(self)
    }

    /// Whether the node speaks TLS itself.
    pub fn speaks_tls(&self) -> bool {
        self.tls_cert.is_some() || !self.acme_domains.is_empty()
    }

    /// Whom push services may write to: what the owner set, else the public address, else the postmaster of this machine
    /// (RFC 8292, section 2.1, asks for a contact, and some services refuse a token without).
    pub fn push_contact_or_default(&self) -> String {
        let public = self.public_url.as_ref().filter(|url| url.is_https()).map(PublicUrl::to_string);
        self.push_contact.clone().or(public).unwrap_or_else(|| "mailto:postmaster@localhost".to_owned())
    }
}

/// Keys brought from a piqchat server, as texts.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the table of settings describes each")]
pub struct ForeignKeys {
    pub api_private: Option<Secret>,
    pub api_public: Option<String>,
    pub vapid_private: Option<Secret>,
    pub vapid_public: Option<String>,
}

/// A text that is never shown and wiped from memory when it goes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text itself, for whoever needs the key.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// So many things and so many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "as their names say")]
pub struct Amount {
    pub count: u64,
    pub bytes: u64,
}

impl From<Amount> for Budget {
    fn from(amount: Amount) -> Self {
        Self { count: amount.count, bytes: amount.bytes }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text, in colours on a terminal.
    #[default]
    Auto,
    /// Text without colours.
    Text,
    /// A JSON object for each line.
    Json,
}

/// The address by which others reach the node: scheme, host and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    authority: String,
}

impl PublicUrl {
    /// Reads `https://host[:port]`, or `http://` likewise. `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let url = reqwest::Url::parse(text).ok()?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| bare && anonymous)?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Some(Self { https, authority })
    }

    /// Host, and the port if it is not the scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        let end = self.authority.rfind(':').filter(|_| !self.authority.ends_with(']'));
        end.and_then(|end| self.authority.get(..end)).unwrap_or(&self.authority)
    }

    /// Whether it is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority)
    }
}

impl Listen {
    /// The addresses to try, best first.
    pub fn candidates(self) -> Vec<SocketAddr> {
        match self {
            Self::At(address) => vec![address],
            Self::Everywhere(port) => vec![value::everywhere_v6(port), value::everywhere_v4(port)],
        }
    }
}
