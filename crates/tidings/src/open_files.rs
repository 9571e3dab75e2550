//! How many files and connections the process may have open. Many systems allow 1024 until a process asks for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside connections: the database, attachments on their way, sockets.
const SPARE: u64 = 512;

/// Asks for as many open files as `connections` need. If the system allows fewer, says so in the log; further connections then
/// wait to be accepted.
pub fn allow(connections: usize) {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(SPARE);
    let limits = getrlimit(Resource::Nofile);
    let goal = limits.maximum.map_or(wanted, |most| wanted.min(most));
    if limits.current.is_some_and(|now| now < goal) {
        let raised = Rlimit { current: Some(goal), maximum: limits.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "could not ask for more open files");
        }
    }
    if goal < wanted {
        tracing::warn!(
            allowed = goal,
            wanted,
            "the system allows few open files; lower max-connections and darkchat-max-connections, or raise LimitNOFILE"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be() {
        allow(100);
        let limits = getrlimit(Resource::Nofile);
        let wanted = limits.maximum.map_or(612, |most| most.min(612));
        assert!(limits.current.is_none_or(|now| now >= wanted));
    }
}
