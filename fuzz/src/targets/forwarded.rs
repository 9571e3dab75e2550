//! The client's address out of `X-Forwarded-For`: whoever is not a listed proxy can't say who the client is.

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use tidings_doors::http::ClientAddress;

const NAME: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(super) fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(20) {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        headers.append(NAME, value);
    }
    let stranger = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
    let proxy = IpAddr::from(Ipv4Addr::LOCALHOST);
    let trusted: Vec<IpNet> =
        ["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
    assert_eq!(ClientAddress::find(stranger, &headers, &trusted).0, stranger);
    assert_eq!(ClientAddress::find(proxy, &headers, &[]).0, proxy);
    let found = ClientAddress::find(proxy, &headers, &trusted).0;
    assert_eq!(found, found.to_canonical());

    // A nearest hop that is no proxy is the client, whatever stands before it.
    let client = IpAddr::from(Ipv4Addr::new(203, 0, 113, 9));
    headers.append(NAME, HeaderValue::from_static("203.0.113.9"));
    assert_eq!(ClientAddress::find(proxy, &headers, &trusted).0, client);

    // And a listed proxy in between changes nothing, as long as there are few.
    headers.append(NAME, HeaderValue::from_static("[::ffff:10.0.0.1]:80, fd00::1"));
    assert_eq!(ClientAddress::find(proxy, &headers, &trusted).0, client);
}
