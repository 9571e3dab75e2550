//! The way to nodes: what is trusted, which addresses are fit, and the tasks that are under way.

use super::live::{self, Live};
use super::requests::{self, Requests};
use super::{Inbox, tell};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidings_client::io::{HttpRequest, Input, RequestId};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

/// Which certificates are trusted beside those of the machine.
#[derive(Clone, Default)]
pub struct Trust {
    roots: Vec<CertificateDer<'static>>,
}

/// Why a file with certificates can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: this is not a file with certificates in PEM form: {why}")]
pub struct TrustError {
    path: PathBuf,
    why: String,
}

impl Trust {
    /// Trusts the certificates in a PEM file, too: for nodes with a private authority.
    pub fn with_file(path: &Path) -> Result<Self, TrustError> {
        let wrong = |why: &dyn std::fmt::Display| TrustError { path: path.to_owned(), why: why.to_string() };
        let roots = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))?;
        let roots = roots.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
        if roots.is_empty() {
            return Err(wrong(&"there is none in it"));
        }
        Ok(Self { roots })
    }

    /// How TLS is spoken. Where the machine has no certificates at all, only the given ones count.
    pub(super) fn configuration(&self) -> Option<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().ok()?;
        let of_machine = rustls_platform_verifier::Verifier::new_with_extra_roots(self.roots.iter().cloned(), provider);
        if let Ok(verifier) = of_machine {
            let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
            return Some(builder.with_no_client_auth());
        }
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(self.roots.iter().cloned());
        Some(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Requests and connections that are under way.
pub(super) struct Network {
    runtime: Handle,
    inbox: Inbox,
    trust: Trust,
    /// Made when it is first needed: reading the machine's certificates takes a while.
    tools: Option<Tools>,
    lives: HashMap<String, Live>,
    end: CancellationToken,
}

/// What all connections share.
#[derive(Clone)]
struct Tools {
    requests: Requests,
    tls: Arc<ClientConfig>,
}

impl Network {
    pub(super) fn new(runtime: Handle, trust: Trust, inbox: Inbox) -> Self {
        Self { runtime, inbox, trust, tools: None, lives: HashMap::new(), end: CancellationToken::new() }
    }

    fn tools(&mut self) -> Option<Tools> {
        if self.tools.is_none() {
            let tls = self.trust.configuration()?;
            self.tools = Some(Tools { requests: Requests::new(tls.clone())?, tls: Arc::new(tls) });
        }
        self.tools.clone()
    }

    /// Makes a request; its outcome comes as an input. `local`: whether it may go to this machine unencrypted.
    pub(super) fn request(&mut self, id: RequestId, request: HttpRequest, local: bool) {
        let url = node_url(&request.node, local).and_then(|node| requests::target(&node, &request.target));
        let (Some(url), Some(tools)) = (url, self.tools()) else { return tell(&self.inbox, Input::NoAnswer(id)) };
        let (inbox, end) = (self.inbox.clone(), self.end.clone());
        self.runtime.spawn(async move {
            let answer = end.run_until_cancelled(tools.requests.make(url, request)).await.flatten();
            tell(&inbox, answer.map_or(Input::NoAnswer(id), |answer| Input::Answer(id, answer)));
        });
    }

    /// Opens the live connection to a node; how it goes on comes as inputs.
    pub(super) fn connect(&mut self, node: String, local: bool) {
        let (Some(url), Some(tools)) = (node_url(&node, local), self.tools()) else {
            return tell(&self.inbox, Input::Disconnected { node });
        };
        let end = self.end.child_token();
        let (live, task) = live::prepare(node.clone(), url, tools.tls, self.inbox.clone(), end);
        self.runtime.spawn(task);
        self.lives.insert(node, live);
    }

    /// Sends a text. A node that does not take what is sent to it is left: the client connects anew.
    pub(super) fn say(&mut self, node: &str, text: String) {
        if self.lives.get(node).is_some_and(|live| !live.say(text)) {
            self.disconnect(node);
        }
    }

    /// Closes a connection. Its end comes as an input.
    pub(super) fn disconnect(&mut self, node: &str) {
        if let Some(live) = self.lives.remove(node) {
            live.close();
        }
    }

    /// Ends everything that is under way.
    pub(super) fn end(&self) {
        self.end.cancel();
    }
}

/// Whether a node's URL is `http://` on this machine.
pub(super) fn is_loopback(node: &str) -> bool {
    Url::parse(node).is_ok_and(|url| url.scheme() == "http" && has_loopback_host(&url))
}

fn has_loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether this is a node's URL that is safe to use: `https://host[:port]`, or `http://` to this machine.
pub fn is_fit_node(node: &str) -> bool {
    node_url(node, true).is_some()
}

pub(super) fn node_url(node: &str, local: bool) -> Option<Url> {
    let url = Url::parse(node).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none() && url.host().is_some();
    let safe = match url.scheme() {
        "https" => true,
        "http" => local && has_loopback_host(&url),
        _ => false,
    };
    (bare && anonymous && safe).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_addresses_are_fit() {
        for fit in [
            "https://a.example",
            "https://a.example:8443",
            "http://127.0.0.1:1",
            "http://localhost:8080",
            "http://[::1]:9",
        ] {
            assert!(is_fit_node(fit), "{fit}");
        }
        for unfit in [
            "http://a.example",
            "ftp://a.example",
            "https://a.example/x",
            "https://a@b.example",
            "https://",
            "x",
            "http://127.0.0.1.example",
        ] {
            assert!(!is_fit_node(unfit), "{unfit}");
        }
        assert!(node_url("http://127.0.0.1:1", false).is_none());
        assert!(is_loopback("http://127.1.2.3:4") && !is_loopback("https://127.0.0.1"));
    }
}
