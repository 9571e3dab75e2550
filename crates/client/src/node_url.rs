//! URLs of nodes, in their one spelling (docs/protocol/README.md, Notation).

/// Most bytes of a node's URL.
pub const NODE_URL_BYTES_MAX: usize = 261;

/// Hosts that may be reached without TLS: this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The authority (`host[:port]`) of a node's URL; `None` if it is not of the form `https://host[:port]`.
pub fn authority(url: &str) -> Option<&str> {
    if url.len() > NODE_URL_BYTES_MAX {
        return None;
    }
    if let Some(authority) = url.strip_prefix("https://") {
        return host(authority, "443").map(|_| authority);
    }
    let authority = url.strip_prefix("http://")?;
    host(authority, "80").filter(|host| LOOPBACK.contains(host)).map(|_| authority)
}

/// Whether this is a node's URL.
pub fn is_node_url(url: &str) -> bool {
    authority(url).is_some()
}

/// What a person typed, as a node's URL: `https://` may be left out, a slash at the end and capitals are forgiven.
pub fn from_typed(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('/').unwrap_or(&text);
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    is_node_url(&url).then_some(url)
}

/// The host of an authority with good host and port; a port that goes without saying must not be said.
fn host<'a>(authority: &'a str, default_port: &str) -> Option<&'a str> {
    let (host, port) = match authority.rsplit_once(':') {
        // The colon of an IPv6 address without a port stands before its bracket.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let good_port =
        port.is_none_or(|port| port != default_port && !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok());
    (good_port && good_host(host)).then_some(host)
}

fn good_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.to_string() == inner);
    }
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(good);
    // What ends in a number is an IPv4 address, or nothing that any client would take (URL Standard, 3.5, "ends in a number").
    let hexadecimal = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_digit()) || label.strip_prefix("0x").is_some_and(hexadecimal)
    };
    let address = |host: &str| host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.to_string() == host);
    host.len() <= 253 && host.split('.').all(label) && (!host.rsplit('.').next().is_some_and(number) || address(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_only() {
        for url in [
            "https://node.example",
            "https://node.example:8443",
            "https://xn--bcher-kva.example",
            "https://192.0.2.7:1",
            "https://[2001:db8::1]:8443",
            "http://127.0.0.1:4000",
            "http://[::1]:4000",
            "http://localhost",
        ] {
            assert!(is_node_url(url), "{url}");
        }
        for url in [
            "https://Node.example",
            "https://node.example/",
            "https://node.example:443",
            "https://node.example:0443",
            "https://node.example:+1",
            "https://node.example:70000",
            "https://node.example?x",
            "https://user@node.example",
            "https://node..example",
            "https://",
            "https://[::0:1]",
            "https://[::1",
            "https://a b",
            "https://0.0.0.999",
            "https://1.2.3.4.5",
            "https://192.0.2.07",
            "https://7",
            "https://0x7f000001",
            "https://127.0.0.0x1",
            "https://a.0x",
            "http://node.example",
            "http://127.0.0.1:80",
            "http://localhost.example",
            "ftp://node.example",
            "node.example",
        ] {
            assert!(!is_node_url(url), "{url}");
        }
        assert_eq!(authority("http://[::1]:4000"), Some("[::1]:4000"));
    }

    #[test]
    fn what_is_typed_is_forgiven() {
        assert_eq!(from_typed(" Node.Example/ ").as_deref(), Some("https://node.example"));
        assert_eq!(from_typed("http://localhost:4000").as_deref(), Some("http://localhost:4000"));
        assert_eq!(from_typed("http://node.example"), None);
        assert_eq!(from_typed(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = authority(&text);
            let _ = authority(&format!("https://{text}"));
            let _ = from_typed(&text);
        }
    }
}
