//! The guarded way out: HTTP requests to URLs that strangers gave us.
//!
//! A host name is resolved first, addresses that are not public are dropped, and the connection is made to one of the
//! checked addresses, so a name that changes between check and use gains nothing. Redirects are not followed, and time
//! and the size of an answer are limited (wire/piqchat.md 12.5, design.md 9).

mod address;
mod rules;

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use tokio::sync::OnceCell;
use url::Url;

pub use address::{AddressPolicy, is_loopback, is_public};
pub use rules::{UrlRefusal, check_url};

use rules::{check_port, is_localhost};

/// How long a whole request may take, from the look-up of the name to the last byte of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes of an answer's body are read.
pub const ANSWER_LIMIT: usize = 4096;

/// How many addresses of one name are tried.
const MAX_ADDRESSES: usize = 8;

/// How many header lines an answer over HTTP/1.1 may have.
const MAX_ANSWER_HEADERS: usize = 64;

/// How many bytes of headers an answer over HTTP/2 may have.
const MAX_ANSWER_HEADER_BYTES: u32 = 16 * 1024;

/// How many idle connections to one host are kept, and for how long.
const MAX_IDLE_PER_HOST: usize = 2;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What an [`Outbound`] allows. The default is what a node uses.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Where connections may go.
    pub policy: AddressPolicy,
    /// Ports of public hosts that are allowed besides 443.
    pub extra_ports: Vec<u16>,
    /// How long a whole request may take.
    pub timeout: Duration,
    /// How many bytes of an answer's body are read at most.
    pub answer_limit: usize,
    /// Root certificates that are trusted besides those of the operating system.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            policy: AddressPolicy::PublicOnly,
            extra_ports: Vec::new(),
            timeout: TIMEOUT,
            answer_limit: ANSWER_LIMIT,
            extra_roots: Vec::new(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The URL leads where no request may go. Trying again is of no use.
    #[error(transparent)]
    Refused(#[from] UrlRefusal),
    /// The whole request took too long.
    #[error("no answer in time")]
    Timeout,
    /// The name did not resolve, the connection or its encryption failed, or the answer was no HTTP. The URL, which may be
    /// a secret, is taken out.
    #[error("the request failed")]
    Network(#[source] reqwest::Error),
    /// The client could not be set up, for example because the machine has no root certificates.
    #[error("the HTTP client can not be set up: {0}")]
    Setup(String),
}

/// The guarded client. It is set up, and takes memory, with the first request.
pub struct Outbound {
    settings: OutboundSettings,
    client: OnceCell<reqwest::Client>,
}

impl Outbound {
    /// A client that keeps to `settings`. Nothing is opened or loaded yet.
    pub fn new(settings: OutboundSettings) -> Self {
        Self { settings, client: OnceCell::new() }
    }

    /// Where this client may go.
    pub fn policy(&self) -> AddressPolicy {
        self.settings.policy
    }

    /// Sends one request and gives what answers, whatever its status. The body of the answer is still to be read.
    ///
    /// # Errors
    /// Every variant of [`OutboundError`].
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, OutboundError> {
        check_url(&url, self.settings.policy)?;
        check_port(&url, &self.settings.extra_ports)?;
        let client = self.client.get_or_try_init(|| self.set_up()).await?;
        let response = client.request(method, url).headers(headers).body(body).send().await.map_err(failure)?;
        Ok(Answer { response, limit: self.settings.answer_limit })
    }

    /// Loads root certificates from disk, so it keeps off the workers that serve connections.
    async fn set_up(&self) -> Result<reqwest::Client, OutboundError> {
        let settings = self.settings.clone();
        let built = tokio::task::spawn_blocking(move || build_client(settings)).await;
        built.map_err(|e| OutboundError::Setup(e.to_string()))?.map_err(|e| OutboundError::Setup(chain(&e)))
    }
}

/// An answer of which status and headers are known.
pub struct Answer {
    response: reqwest::Response,
    limit: usize,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Reads the body up to the limit; of a longer one the rest is left unread and the connection closed.
    ///
    /// # Errors
    /// [`OutboundError::Timeout`] and [`OutboundError::Network`].
    pub async fn body(mut self) -> Result<AnswerBody, OutboundError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.response.chunk().await.map_err(failure)? {
            let room = self.limit.saturating_sub(bytes.len());
            bytes.extend(piece.iter().take(room));
            if piece.len() > room {
                return Ok(AnswerBody { bytes, cut: true });
            }
        }
        Ok(AnswerBody { bytes, cut: false })
    }
}

/// The body of an answer, or its beginning.
#[derive(Debug, PartialEq, Eq)]
pub struct AnswerBody {
    /// What was read.
    pub bytes: Vec<u8>,
    /// Whether there was more than the limit allows.
    pub cut: bool,
}

fn build_client(settings: OutboundSettings) -> Result<reqwest::Client, reqwest::Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error says that another thread was faster, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let roots = settings.extra_roots.iter().map(|root| reqwest::Certificate::from_der(root));
    reqwest::Client::builder()
        .user_agent("Tidings")
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .timeout(settings.timeout)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http1_max_headers(MAX_ANSWER_HEADERS)
        .http2_max_header_list_size(MAX_ANSWER_HEADER_BYTES)
        .tls_certs_merge(roots.collect::<Result<Vec<_>, _>>()?)
        .dns_resolver(Arc::new(GuardedResolver { policy: settings.policy }))
        .build()
}

/// Resolves names with the operating system and keeps the addresses that the policy allows.
struct GuardedResolver {
    policy: AddressPolicy,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            let name = name.as_str();
            // Port 0 stands for the port of the URL.
            let found = tokio::net::lookup_host((name, 0)).await?;
            let kept = keep_allowed(name, found.map(|address| address.ip()), policy);
            if kept.is_empty() {
                return Err(UrlRefusal::Address.into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `name` that may be connected to. Names below `localhost` were spared the check of the port, so nothing
/// but loopback is kept of them.
fn keep_allowed(name: &str, found: impl Iterator<Item = IpAddr>, policy: AddressPolicy) -> Vec<SocketAddr> {
    found
        .filter(|address| policy.allows(*address) && (is_loopback(*address) || !is_localhost(name)))
        .take(MAX_ADDRESSES)
        .map(|address| SocketAddr::new(address, 0))
        .collect()
}

/// Finds out what kind of failure it was. The resolver's refusal comes wrapped several times.
fn failure(error: reqwest::Error) -> OutboundError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<UrlRefusal>() {
            return OutboundError::Refused(*refusal);
        }
        cause = inner.source();
    }
    if error.is_timeout() { OutboundError::Timeout } else { OutboundError::Network(error.without_url()) }
}

/// An error and its causes on one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_addresses_of_a_name_are_kept() {
        let kept = |name, addresses: &[&str], policy| -> Vec<String> {
            let parsed = addresses.iter().map(|text| text.parse().unwrap());
            keep_allowed(name, parsed, policy).iter().map(|address| address.ip().to_string()).collect()
        };
        let mixed = ["10.0.0.1", "8.8.8.8", "127.0.0.1", "::1", "2606:4700::1111", "fe80::1"];
        assert_eq!(kept("a.example", &mixed, AddressPolicy::PublicOnly), ["8.8.8.8", "2606:4700::1111"]);
        assert_eq!(kept("localhost", &mixed, AddressPolicy::AllowLoopback), ["127.0.0.1", "::1"]);
        assert!(kept("localhost", &mixed, AddressPolicy::PublicOnly).is_empty());
        let many: Vec<String> = (1..=100).map(|i| format!("8.8.8.{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(kept("a.example", &many, AddressPolicy::PublicOnly).len(), MAX_ADDRESSES);
    }

    /// The refusal comes out of the resolver, through all layers of the client. `localhost` stands for any name that
    /// resolves to what is not public; the check of the URL, which would refuse this one earlier, is left out.
    #[tokio::test]
    async fn a_name_without_public_address_is_refused_when_resolved() {
        let client = Outbound::new(OutboundSettings::default()).set_up().await.unwrap();
        let error = client.get("https://localhost/").send().await.unwrap_err();
        assert!(matches!(failure(error), OutboundError::Refused(UrlRefusal::Address)));
    }

    #[tokio::test]
    async fn nothing_is_set_up_before_the_first_request() {
        let client = Outbound::new(OutboundSettings { policy: AddressPolicy::AllowLoopback, ..Default::default() });
        assert!(!client.client.initialized());
        let refused =
            client.send(Method::GET, Url::parse("https://10.0.0.1/").unwrap(), HeaderMap::new(), Bytes::new());
        assert!(matches!(refused.await, Err(OutboundError::Refused(UrlRefusal::Address))));
        assert!(!client.client.initialized());
    }
}
