//! Which addresses a URL of a stranger may lead to: the public internet, and nothing else.
//!
//! The lists follow the special-purpose address registries of IANA (RFC 6890 and its successors).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where outgoing requests may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Only to public addresses. What every node uses.
    #[default]
    PublicOnly,
    /// Also to this machine's own loopback addresses, on any port and without TLS. For tests only.
    AllowLoopback,
}

/// An IPv4 network as its first address and the length of its prefix in bits.
type Block4 = (Ipv4Addr, u32);

/// An IPv6 network as its first address and the length of its prefix in bits.
type Block6 = (Ipv6Addr, u32);

/// IPv4 networks that are not the public internet.
const CLOSED_V4: &[Block4] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),  // this network; 0.0.0.0 reaches the own machine on Linux
    (Ipv4Addr::new(10, 0, 0, 0), 8), // private
    (Ipv4Addr::new(100, 64, 0, 0), 10), // carrier-grade NAT, and a metadata service at 100.100.100.200
    (Ipv4Addr::new(127, 0, 0, 0), 8), // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // metadata service of Azure, in the middle of public space
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local, and most metadata services
    (Ipv4Addr::new(172, 16, 0, 0), 12), // private
    (Ipv4Addr::new(192, 0, 0, 0), 24), // protocol assignments, and a metadata service at 192.0.0.192
    (Ipv4Addr::new(192, 0, 2, 0), 24), // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24), // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16), // private
    (Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24), // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4), // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4), // reserved, and broadcast
];

/// The one IPv6 network out of which global unicast addresses are given. Loopback, unspecified, mapped and compatible IPv4,
/// unique local, link-local, site-local, multicast and segment routing addresses all lie outside.
const GLOBAL_V6: Block6 = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// IPv6 networks inside [`GLOBAL_V6`] that are not the public internet.
const CLOSED_V6: &[Block6] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, with Teredo, which hides an IPv4 address
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which hides an IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Addresses that a NAT64 gateway turns into the IPv4 address in their last four bytes (RFC 6052). A node in a network
/// with IPv6 alone reaches the IPv4 internet by them, so they are as good as what they stand for.
const NAT64: Block6 = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

impl AddressPolicy {
    /// Whether a connection to `address` is allowed.
    pub fn allows(self, address: IpAddr) -> bool {
        is_public(address) || (self == Self::AllowLoopback && is_loopback(address))
    }
}

/// Whether `address` is a public unicast address, also behind IPv4-mapped and NAT64 forms.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) if within_v6(v6, NAT64) => is_public_v4(last_four(v6)),
        IpAddr::V6(v6) => within_v6(v6, GLOBAL_V6) && !CLOSED_V6.iter().any(|block| within_v6(v6, *block)),
    }
}

/// Whether `address` is a loopback address, also as an IPv4-mapped one.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !CLOSED_V4.iter().any(|(start, length)| {
        let shift = u32::BITS - length;
        address.to_bits() >> shift == start.to_bits() >> shift
    })
}

fn within_v6(address: Ipv6Addr, (start, length): Block6) -> bool {
    let shift = u128::BITS - length;
    address.to_bits() >> shift == start.to_bits() >> shift
}

/// The IPv4 address in the last four bytes.
fn last_four(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.101.0",
        "203.0.114.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
        "2001:4860:4860::8888",
        "2001:200::1",
        "2003::1",
        "3ffe::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ];

    const CLOSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ];

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn public_addresses_are_allowed() {
        for text in PUBLIC {
            assert!(AddressPolicy::PublicOnly.allows(address(text)), "{text}");
            assert!(AddressPolicy::AllowLoopback.allows(address(text)), "{text}");
        }
    }

    #[test]
    fn all_other_addresses_are_refused() {
        for text in CLOSED {
            assert!(!AddressPolicy::PublicOnly.allows(address(text)), "{text}");
        }
    }

    #[test]
    fn the_test_policy_adds_loopback_and_nothing_else() {
        let added: Vec<_> = CLOSED.iter().filter(|text| AddressPolicy::AllowLoopback.allows(address(text))).collect();
        assert_eq!(added, [&"127.0.0.1", &"127.255.255.254", &"::1", &"::ffff:127.0.0.1"]);
    }
}
