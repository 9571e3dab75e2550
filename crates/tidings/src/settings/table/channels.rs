//! The door for channels and direct messages, and the links to other servers.

use super::take::{list, one, optional, switch};
use crate::settings::Definition;
use crate::settings::definition::Section::Channels;
use crate::settings::definition::setting;
use crate::settings::reading::{flow, port, server};
use crate::settings::value::{listen, network, number, some_duration};

pub(super) const CHANNELS: &[Definition] = &[
    setting(
        Channels,
        "darkchat",
        "BOOL",
        "true",
        switch!(channels.open),
        "Serve channels to darkchat's WebSocket clients on the node's own port, at any path but /socket.io/",
    ),
    setting(
        Channels,
        "darkchat-listen",
        "ADDRESS",
        "",
        list!(listen, channels.listen),
        "Where darkchat's TCP clients come in; their customary port is 8545",
    ),
    setting(
        Channels,
        "darkchat-websocket-listen",
        "ADDRESS",
        "",
        list!(listen, channels.websocket_listen),
        "Addresses of their own for WebSocket clients without TLS; the customary port is 8546",
    ),
    setting(
        Channels,
        "darkchat-websocket-tls-listen",
        "ADDRESS",
        "",
        list!(listen, channels.websocket_tls_listen),
        "The same with the node's certificate; darkchat's web pages come to port 8547",
    ),
    setting(
        Channels,
        "darkchat-peer-listen",
        "ADDRESS",
        "",
        list!(listen, channels.peer_listen),
        "Where other servers come in; the customary port is 30303. Links are neither encrypted nor authenticated",
    ),
    setting(
        Channels,
        "darkchat-peers",
        "HOST:PORT",
        "",
        list!(server, channels.peers),
        "Servers to call, and to call again when a link is lost",
    )
    .live(),
    setting(
        Channels,
        "darkchat-allowed-peers",
        "NETWORK",
        "",
        list!(network, channels.allowed_peers),
        "Addresses or networks of the only servers that may be linked, beside those of darkchat-peers; any if none is given",
    )
    .live(),
    setting(
        Channels,
        "darkchat-discovery",
        "BOOL",
        "true",
        switch!(channels.discovery),
        "Call servers that other servers tell of",
    )
    .live(),
    setting(
        Channels,
        "darkchat-private-peers",
        "BOOL",
        "false",
        switch!(channels.private_peers),
        "Call servers that others tell of also at private and loopback addresses",
    )
    .live(),
    setting(
        Channels,
        "darkchat-peer-port",
        "PORT",
        "",
        optional!(port, channels.peer_port),
        "The port that other servers are told, if it is not the one of darkchat-peer-listen",
    ),
    setting(
        Channels,
        "darkchat-keyless",
        "BOOL",
        "false",
        switch!(channels.keyless),
        "Let in darkchat's oldest web pages, whose users have no keys and can take any name",
    )
    .live(),
    setting(
        Channels,
        "darkchat-max-connections",
        "COUNT",
        "4096",
        one!(|text| number(text, 1, 1_000_000), channels.max_connections),
        "Open connections at each of darkchat's own addresses; one client's address gets a quarter",
    ),
    setting(
        Channels,
        "darkchat-max-joined",
        "COUNT",
        "64",
        one!(|text| number(text, 1, 100_000), channels.joined),
        "Channels that one connection may join",
    )
    .live(),
    setting(
        Channels,
        "darkchat-login-timeout",
        "SPAN",
        "10min",
        one!(some_duration, channels.login_timeout),
        "How long a client may take to log in; people sign by hand",
    )
    .live(),
    setting(
        Channels,
        "darkchat-queue",
        "COUNT",
        "1024",
        one!(|text| number(text, 1, 1_000_000), channels.queue),
        "Messages that may wait for one TCP client or one server; beyond it the oldest are dropped",
    )
    .live(),
    setting(
        Channels,
        "darkchat-client-messages-per-second",
        "COUNT",
        "20000",
        one!(|text| number(text, 1, 10_000_000), channels.client.messages),
        "Messages that are read of one client each second; others wait",
    )
    .live(),
    setting(
        Channels,
        "darkchat-client-bytes-per-second",
        "SIZE",
        "32MiB",
        one!(flow, channels.client.bytes),
        "Bytes that are read of one client each second; others wait",
    )
    .live(),
    setting(
        Channels,
        "darkchat-max-peers",
        "COUNT",
        "64",
        one!(|text| number(text, 1, 10_000), channels.max_peers),
        "Links to other servers at most",
    )
    .live(),
    setting(
        Channels,
        "darkchat-peers-per-address",
        "COUNT",
        "4",
        one!(|text| number(text, 1, 10_000), channels.peers_per_address),
        "Links that one address may open",
    )
    .live(),
    setting(
        Channels,
        "darkchat-peer-messages-per-second",
        "COUNT",
        "5000",
        one!(|text| number(text, 1, 10_000_000), channels.peer.messages),
        "Messages that are read of one server each second; others wait",
    )
    .live(),
    setting(
        Channels,
        "darkchat-peer-bytes-per-second",
        "SIZE",
        "8MiB",
        one!(flow, channels.peer.bytes),
        "Bytes that are read of one server each second; others wait",
    )
    .live(),
];
