//! Links to other servers.

use super::Finding;
use crate::cmd::peers;
use crate::failure::Failure;
use crate::settings::{InForce, Settings};

const CHECK: &str = "peers";

pub(super) fn examine(found: &InForce, running: bool) -> Result<Vec<Finding>, Failure> {
    let channels = &found.settings.channels;
    let mut findings: Vec<_> = open_port(&found.settings).into_iter().chain(keyless(&found.settings)).collect();
    if channels.peers.is_empty() {
        return Ok(findings);
    }
    if !running {
        findings.push(Finding::warn(
            CHECK,
            "whether darkchat-peers answer can only be seen while the node runs",
            "start the node and run this again",
        ));
        return Ok(findings);
    }
    let links = peers::links(found)?;
    findings.extend(channels.peers.iter().map(|peer| {
        let name = peer.to_string();
        if links.iter().any(|link| link.name == name) {
            return Finding::ok(CHECK, format!("{name} is linked"));
        }
        let advice = "see that it runs and that firewalls let its peer port through; the node calls it again by itself";
        Finding::fail(CHECK, format!("{name} is not linked"), advice)
    }));
    Ok(findings)
}

fn open_port(settings: &Settings) -> Option<Finding> {
    let channels = &settings.channels;
    if channels.peer_listen.is_empty() {
        return None;
    }
    if !channels.welcome_any_server() {
        return Some(Finding::ok(CHECK, "only servers that you named, or of this machine, reach the peer port"));
    }
    Some(Finding::warn(
        CHECK,
        "any server may link with this node, read all that is said in channels, and speak in any name",
        "name the servers that may: darkchat-allowed-peers",
    ))
}

fn keyless(settings: &Settings) -> Option<Finding> {
    settings.channels.keyless.then(|| {
        let advice = "turn darkchat-keyless off unless you need darkchat's oldest web pages";
        Finding::warn("channels", "guests without keys are let in, and can take any name", advice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;
    use crate::settings::Listen;

    #[test]
    fn an_open_peer_port_needs_a_list() {
        let mut settings = Settings::default();
        assert!(open_port(&settings).is_none());
        settings.channels.peer_listen = vec![Listen::Everywhere(30_303)];
        assert_eq!(open_port(&settings).map(|finding| finding.level), Some(Level::Warn));
        settings.channels.allowed_peers = vec!["192.0.2.0/24".parse().unwrap()];
        assert_eq!(open_port(&settings).map(|finding| finding.level), Some(Level::Ok));
        settings.channels.allowed_peers.clear();
        settings.channels.peer_listen = vec![Listen::At("127.0.0.1:1".parse().unwrap())];
        assert_eq!(open_port(&settings).map(|finding| finding.level), Some(Level::Ok));
    }
}
