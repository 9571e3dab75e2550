//! Which URLs of strangers may be fetched, as far as the URL alone tells.

use url::{Host, Url};

use super::address::{AddressPolicy, is_loopback};

/// The port of HTTPS, the only one that is allowed without [`extra_ports`](super::OutboundSettings::extra_ports).
const HTTPS_PORT: u16 = 443;

/// Why a URL may not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Neither https nor, where loopback is allowed, http to loopback.
    #[error("the scheme is not allowed")]
    Scheme,
    /// User name or password in the URL.
    #[error("a URL with a user name or password is not allowed")]
    Credentials,
    /// No host at all.
    #[error("the URL has no host")]
    Host,
    /// A port that is not allowed.
    #[error("the port is not allowed")]
    Port,
    /// The host is not, or does not resolve to, a public address.
    #[error("the host has no public address")]
    Address,
}

/// Checks what a URL alone tells: scheme, credentials and, if the host is an address or `localhost`, where it leads. A
/// host name is judged when it is resolved; the port when a request is sent.
///
/// # Errors
/// The first reason why the URL may not be fetched.
pub fn check_url(url: &Url, policy: AddressPolicy) -> Result<(), UrlRefusal> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Credentials);
    }
    let loopback = names_loopback(url);
    match url.scheme() {
        "https" => {}
        "http" if loopback && policy == AddressPolicy::AllowLoopback => {}
        _ => return Err(UrlRefusal::Scheme),
    }
    let allowed = match url.host().ok_or(UrlRefusal::Host)? {
        Host::Domain("") => return Err(UrlRefusal::Host),
        Host::Domain(_) => !loopback || policy == AddressPolicy::AllowLoopback,
        Host::Ipv4(address) => policy.allows(address.into()),
        Host::Ipv6(address) => policy.allows(address.into()),
    };
    if allowed { Ok(()) } else { Err(UrlRefusal::Address) }
}

/// Any port of loopback, and 443 and the extra ports of other hosts. Comes after [`check_url`], which judges loopback.
pub(super) fn check_port(url: &Url, extra: &[u16]) -> Result<(), UrlRefusal> {
    let port = url.port_or_known_default().ok_or(UrlRefusal::Port)?;
    let allowed = names_loopback(url) || port == HTTPS_PORT || extra.contains(&port);
    if allowed { Ok(()) } else { Err(UrlRefusal::Port) }
}

/// Whether the host is a loopback address or a name below `localhost`.
fn names_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => is_loopback(address.into()),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        None => false,
    }
}

/// Whether a name is `localhost` or below it (RFC 6761, section 6.3).
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::super::OutboundSettings;
    use super::*;

    fn verdict(url: &str, settings: &OutboundSettings) -> Result<(), UrlRefusal> {
        let url = Url::parse(url).unwrap_or_else(|e| panic!("{url}: {e}"));
        check_url(&url, settings.policy).and_then(|()| check_port(&url, &settings.extra_ports))
    }

    #[test]
    fn urls_are_judged_by_scheme_host_and_port() {
        use UrlRefusal::{Address, Credentials, Port, Scheme};
        let settings = OutboundSettings::default();
        for (url, expected) in [
            ("https://push.example.org/x?y=z", Ok(())),
            ("https://push.example.org:443/", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("https://[2606:4700::1111]/", Ok(())),
            ("http://push.example.org/", Err(Scheme)),
            ("http://push.example.org:443/", Err(Scheme)),
            ("http://127.0.0.1/", Err(Scheme)),
            ("ftp://push.example.org/", Err(Scheme)),
            ("file:///etc/passwd", Err(Scheme)),
            ("data:text/plain,x", Err(Scheme)),
            ("https://user@push.example.org/", Err(Credentials)),
            ("https://:word@push.example.org/", Err(Credentials)),
            ("https://push.example.org:8443/", Err(Port)),
            ("https://push.example.org:22/", Err(Port)),
            ("https://127.0.0.1/", Err(Address)),
            ("https://127.1/", Err(Address)),
            ("https://0x7f000001/", Err(Address)),
            ("https://2130706433/", Err(Address)),
            ("https://10.0.0.1/", Err(Address)),
            ("https://169.254.169.254/latest/meta-data", Err(Address)),
            ("https://[::1]/", Err(Address)),
            ("https://[::ffff:10.0.0.1]/", Err(Address)),
            ("https://localhost/", Err(Address)),
            ("https://LOCALHOST./", Err(Address)),
            ("https://a.localhost/", Err(Address)),
        ] {
            assert_eq!(verdict(url, &settings), expected, "{url}");
        }
    }

    #[test]
    fn the_test_policy_opens_loopback_alone() {
        let settings = OutboundSettings { policy: AddressPolicy::AllowLoopback, ..OutboundSettings::default() };
        for (url, expected) in [
            ("http://127.0.0.1:1234/", Ok(())),
            ("https://127.0.0.1:1234/", Ok(())),
            ("http://[::1]:1234/", Ok(())),
            ("http://localhost:1234/", Ok(())),
            ("http://push.example.org/", Err(UrlRefusal::Scheme)),
            ("http://10.0.0.1/", Err(UrlRefusal::Scheme)),
            ("https://10.0.0.1/", Err(UrlRefusal::Address)),
            ("https://push.example.org:1234/", Err(UrlRefusal::Port)),
        ] {
            assert_eq!(verdict(url, &settings), expected, "{url}");
        }
    }

    #[test]
    fn extra_ports_open_public_hosts_alone() {
        let settings = OutboundSettings { extra_ports: vec![8443], ..OutboundSettings::default() };
        assert_eq!(verdict("https://push.example.org:8443/", &settings), Ok(()));
        assert_eq!(verdict("https://push.example.org:8444/", &settings), Err(UrlRefusal::Port));
        assert_eq!(verdict("https://127.0.0.1:8443/", &settings), Err(UrlRefusal::Address));
    }
}
