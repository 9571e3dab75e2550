//! By what servers know each other: `ADDRESS:PORT` (wire/darkchat.md, section 8).

use std::fmt;
use std::net::IpAddr;

/// Characters of a host's name at most (RFC 1035, section 2.3.4).
pub(super) const HOST_MAX: usize = 253;

/// The name of a server: the host that was dialled, or the address that called, and its peer port.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerName {
    host: Box<str>,
    port: u16,
}

impl PeerName {
    /// Takes a host and a port. `localhost` is 127.0.0.1. `None` if this can't be a server: a host may have letters, digits,
    /// dots and hyphens, or be an IPv6 address; the port is not 0.
    pub fn new(host: &str, port: u16) -> Option<Self> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if port == 0 {
            return None;
        }
        if let Ok(address) = bare.parse() {
            return Some(Self::of(address, port));
        }
        let named = !host.is_empty() && host.len() <= HOST_MAX && host.bytes().all(is_host_byte);
        let host = if host.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { host };
        named.then(|| Self { host: host.into(), port })
    }

    /// The name of a caller: its address, and the port that it announced.
    pub fn of(address: IpAddr, port: u16) -> Self {
        let host = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Self { host: host.into(), port }
    }

    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let digits = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
        let open = host.contains(':') && !host.starts_with('[');
        if !digits || open {
            return None;
        }
        Self::new(host, port.parse().ok()?)
    }

    /// The host to dial, without brackets.
    pub fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether other servers may be told of it. Real ones die of more than one colon.
    pub fn is_tellable(&self) -> bool {
        self.host.bytes().all(is_host_byte)
    }
}

/// What may stand in a host that servers tell each other.
pub(super) fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerName({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown() {
        for (text, shown, tellable) in [
            ("127.0.0.1:30303", "127.0.0.1:30303", true),
            ("localhost:1", "127.0.0.1:1", true),
            ("a-b.example:65535", "a-b.example:65535", true),
            ("[::ffff:1.2.3.4]:30303", "1.2.3.4:30303", true),
            ("[2001:db8::1]:30303", "[2001:db8::1]:30303", false),
        ] {
            let name = PeerName::parse(text).unwrap();
            assert_eq!((name.to_string().as_str(), name.is_tellable()), (shown, tellable));
        }
        for text in
            ["", ":", "a", "a:", ":1", "a:0", "a:65536", "a:123456", "a:+1", "a b:1", "::1:2", "a_b:1", "a**@#@b:1"]
        {
            assert_eq!(PeerName::parse(text), None, "{text}");
        }
        assert_eq!(PeerName::parse("[2001:db8::1]:2").unwrap().host(), "2001:db8::1");
    }
}
