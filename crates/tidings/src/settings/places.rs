//! Where the node listens: every address once.

use super::{Listen, Settings};
use std::net::SocketAddr;

/// Every place with the setting that names it.
pub(super) fn named(settings: &Settings) -> Vec<(&'static str, Listen)> {
    let channels = &settings.channels;
    let lists = [
        ("listen", &settings.listen),
        ("metrics-listen", &settings.metrics_listen),
        ("acme-http-listen", &settings.acme_http_listen),
        ("darkchat-listen", &channels.listen),
        ("darkchat-websocket-listen", &channels.websocket_listen),
        ("darkchat-websocket-tls-listen", &channels.websocket_tls_listen),
        ("darkchat-peer-listen", &channels.peer_listen),
    ];
    lists.into_iter().flat_map(|(name, places)| places.iter().map(move |place| (name, *place))).collect()
}

/// Says which two settings want the same address.
pub(super) fn wanted_twice(settings: &Settings) -> Vec<String> {
    let mut places = named(settings);
    let mut found = Vec::new();
    while let Some((name, place)) = places.pop() {
        let same = places.iter().filter(|(_, other)| meet(place, *other));
        found.extend(same.map(|(other, _)| format!("{name} and {other}: both name {place}; a port can be used once")));
    }
    found
}

fn meet(one: Listen, other: Listen) -> bool {
    let others = other.candidates();
    one.candidates().iter().any(|one| others.iter().any(|other| is_same(one, other)))
}

fn is_same(one: &SocketAddr, other: &SocketAddr) -> bool {
    let wide = |address: &SocketAddr| address.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || wide(one) || wide(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_once() {
        let mut settings = Settings { listen: vec![Listen::Everywhere(8080)], ..Settings::default() };
        let at = |text: &str| vec![Listen::At(text.parse().unwrap())];
        for (place, count) in [("127.0.0.1:8080", 1), ("127.0.0.1:8081", 0), ("[::1]:8080", 1)] {
            settings.channels.peer_listen = at(place);
            assert_eq!(wanted_twice(&settings).len(), count, "{place}");
        }
        settings.listen = [at("127.0.0.1:1"), at("127.0.0.2:1"), at("127.0.0.1:0"), at("127.0.0.1:0")].concat();
        settings.channels.peer_listen = at("127.0.0.2:1");
        let text = "darkchat-peer-listen and listen: both name 127.0.0.2:1; a port can be used once";
        assert_eq!(wanted_twice(&settings), [text]);
    }
}
