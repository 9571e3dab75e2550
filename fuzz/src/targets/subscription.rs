//! Push subscriptions as stored and as piqchat's database holds them: what is taken is written again unchanged, and never
//! leads to this machine or its neighbours.

use std::net::IpAddr;
use tidings_doors::outbound::AddressPolicy;
use tidings_doors::webpush::Subscription;

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(read) = Subscription::from_json(text, AddressPolicy::PublicOnly) else { return };
    let url = read.endpoint();
    assert_eq!(url.scheme(), "https");
    assert!(url.username().is_empty() && url.password().is_none());
    let host = url.host_str().unwrap_or_default();
    let below = format!(".{}", host.trim_end_matches('.'));
    assert!(!host.is_empty() && !below.ends_with(".localhost"), "{host}");
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        assert!(!address.is_loopback() && !address.is_unspecified() && !address.is_multicast(), "{address}");
        if let IpAddr::V4(address) = address.to_canonical() {
            assert!(!address.is_private() && !address.is_link_local() && !address.is_broadcast(), "{address}");
        }
    }
    let written = read.to_json().unwrap();
    let again = Subscription::from_json(&written, AddressPolicy::PublicOnly).unwrap();
    assert_eq!(again.to_json().unwrap(), written);
    assert_eq!((again.endpoint(), again.encoding()), (read.endpoint(), read.encoding()));
}
