//! The addresses where the node listens, or would.

use super::Finding;
use crate::failure::Failure;
use crate::listen;
use crate::settings::{Listen, Settings};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const CHECK: &str = "port";

/// How long a connection on the same machine may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// Ports below this one need a privilege on most machines (ip(7), `ip_unprivileged_port_start`).
const PRIVILEGED_BELOW: u16 = 1024;

pub(super) fn ports(settings: &Settings, running: bool) -> Vec<Finding> {
    let places = settings.places();
    places.into_iter().map(|(name, place)| if running { reach(place) } else { try_to_open(name, place) }).collect()
}

/// The running node must answer.
fn reach(place: Listen) -> Finding {
    let candidates = place.candidates();
    if candidates.iter().any(|address| address.port() == 0) {
        return Finding::ok(CHECK, "any port; the node says which when it starts");
    }
    let reached = candidates.iter().any(|address| TcpStream::connect_timeout(&local(*address), CONNECT_MAX).is_ok());
    if reached {
        Finding::ok(CHECK, format!("the node listens on {place}"))
    } else {
        Finding::fail(
            CHECK,
            format!("nobody listens on {place}"),
            "give doctor the flags and variables that the node was started with; if the settings were changed since, restart the node",
        )
    }
}

/// Where to reach on this machine what listens on this address.
fn local(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, address.port()).into()
}

/// The address must be free.
fn try_to_open(name: &str, place: Listen) -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let opened = runtime.map_err(Into::into).and_then(|runtime| {
        let _guard = runtime.enter();
        listen::open(name, &[place]).map(drop)
    });
    let privileged = place.candidates().iter().any(|address| (1..PRIVILEGED_BELOW).contains(&address.port()));
    let advice = match &opened {
        Err(Failure::Failed(_)) if privileged => {
            "ports below 1024 need a privilege: AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, or a proxy"
        }
        Err(Failure::InUse(_)) => "`ss -ltnp` shows what uses it",
        _ => "choose an address of this machine",
    };
    match opened {
        Ok(()) => Finding::ok(CHECK, format!("{place} is free; no node runs on this folder")),
        Err(failure) => Finding::fail(CHECK, failure.to_string(), advice),
    }
}
