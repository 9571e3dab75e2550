//! Live connections: one to each node that is needed, with what is followed on it.

use super::address;
use super::requests::back_off;
use crate::io::{Action, Time};
use crate::view::GroupId;
use ed25519_dalek::{Signer as _, SigningKey};
use rand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use tidings_wire::bytes::Fixed;
use tidings_wire::live::{Followed, FromClient, FromNode, True};

/// Most bytes of a text that is read: a page, or one entry of the largest size.
const TEXT_MAX: usize = 8 * 1024 * 1024;
/// Most groups that are followed at one node; the others are looked at by requests.
const GROUPS_MAX: usize = tidings_wire::live::FOLLOWED_MAX - 1;
/// Nodes whose incarnation is remembered, beside those to which there are lines.
const NODES_MAX: usize = 1_000;

/// A stream to follow.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// Who signs.
    pub key: SigningKey,
    /// The cursor.
    pub after: u64,
    /// With a group: which device follows, so that it is not woken meanwhile.
    pub device: Option<Fixed<8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Not before this time.
    Closed(Time),
    Opening,
    /// Open, the node has not said hello.
    Open,
    Greeted(Fixed<32>),
}

struct Line {
    status: Status,
    failures: u32,
    inbox: Option<Wanted>,
    groups: BTreeMap<GroupId, Wanted>,
    asked: BTreeSet<Option<GroupId>>,
    channels: BTreeSet<String>,
}

impl Line {
    fn new() -> Self {
        Self {
            status: Status::Closed(0),
            failures: 0,
            inbox: None,
            groups: BTreeMap::new(),
            asked: BTreeSet::new(),
            channels: BTreeSet::new(),
        }
    }

    fn needed(&self) -> bool {
        self.inbox.is_some() || !self.groups.is_empty()
    }
}

/// All live connections.
#[derive(Default)]
pub(crate) struct Live {
    lines: BTreeMap<String, Line>,
    /// What nodes said last of their incarnation, also those to which no line is needed any more: a hub that knows this member no more may have
    /// been restored.
    incarnations: BTreeMap<String, u64>,
}

impl Live {
    fn line(&mut self, node: &str) -> &mut Line {
        self.lines.entry(node.to_owned()).or_insert_with(Line::new)
    }

    /// Follows the inbox from a cursor on.
    pub(super) fn follow_inbox(&mut self, node: &str, wanted: Wanted) {
        let line = self.line(node);
        line.inbox = Some(wanted);
        line.asked.remove(&None);
    }

    /// Follows a group from a cursor on, anew if it is followed already.
    pub(super) fn follow_group(&mut self, node: &str, group: GroupId, wanted: Wanted) {
        let line = self.line(node);
        if line.groups.len() < GROUPS_MAX || line.groups.contains_key(&group) {
            line.groups.insert(group, wanted);
            line.asked.remove(&Some(group));
        }
    }

    /// Nothing is followed any more: all connections end.
    pub(super) fn stop(&mut self) {
        for line in self.lines.values_mut() {
            line.inbox = None;
            line.groups.clear();
            line.channels.clear();
        }
    }

    /// The node says that a group is followed. It may have refused an earlier asking, with another key, after this one was made: then it is
    /// wanted again, for the next connection.
    pub(super) fn following(&mut self, node: &str, group: GroupId, wanted: Wanted) {
        let line = self.line(node);
        if line.groups.len() < GROUPS_MAX && !line.groups.contains_key(&group) {
            line.groups.insert(group, wanted);
            line.asked.insert(Some(group));
        }
    }

    /// Notes how far a group was read, for the next connection.
    pub(super) fn read_group(&mut self, node: &str, group: &GroupId, after: u64) {
        let wanted = self.lines.get_mut(node).and_then(|line| line.groups.get_mut(group));
        if let Some(wanted) = wanted {
            wanted.after = after;
        }
    }

    /// Notes how far the inbox was read, for the next connection.
    pub(super) fn read_inbox(&mut self, node: &str, after: u64) {
        if let Some(wanted) = self.lines.get_mut(node).and_then(|line| line.inbox.as_mut()) {
            wanted.after = after;
        }
    }

    /// Does not follow a group any more.
    pub(super) fn unfollow_group(&mut self, node: &str, group: &GroupId) -> Option<Action> {
        let line = self.lines.get_mut(node)?;
        line.groups.remove(group)?;
        let open = matches!(line.status, Status::Greeted(_));
        let asked = line.asked.remove(&Some(*group));
        (asked && open).then(|| say(node, &FromClient::Unfollow(Followed::Group(Fixed(group.0)))))
    }

    /// The node does not let this one follow; it is not asked again before [`Live::follow_group`].
    pub(super) fn refused(&mut self, node: &str, group: &GroupId) {
        if let Some(line) = self.lines.get_mut(node) {
            line.groups.remove(group);
            line.asked.remove(&Some(*group));
        }
    }

    /// Joins a channel, now and after each new connection.
    pub(super) fn join(&mut self, node: &str, channel: &str) -> Option<Action> {
        let line = self.line(node);
        line.channels.insert(channel.to_owned());
        let open = matches!(line.status, Status::Greeted(_)) && line.asked.contains(&None);
        open.then(|| say(node, &FromClient::Join { channel: channel.to_owned() }))
    }

    /// Leaves it.
    pub(super) fn leave(&mut self, node: &str, channel: &str) -> Option<Action> {
        let line = self.line(node);
        line.channels.remove(channel);
        matches!(line.status, Status::Greeted(_)).then(|| say(node, &FromClient::Leave { channel: channel.to_owned() }))
    }

    /// Whether the connection is open.
    pub(super) fn is_open(&self, node: &str) -> bool {
        self.lines.get(node).is_some_and(|line| matches!(line.status, Status::Greeted(_)))
    }

    /// Whether the last try to reach the node has failed, and none has come to an end since.
    pub(super) fn is_unreachable(&self, node: &str) -> bool {
        self.lines.get(node).is_some_and(|line| line.failures > 0)
    }

    /// One's own node can be reached: so, perhaps, can the others.
    pub(super) fn network_is_back(&mut self) {
        for line in self.lines.values_mut() {
            line.failures = 0;
            if let Status::Closed(not_before) = &mut line.status {
                *not_before = 0;
            }
        }
    }

    /// Whether a group is among those that are followed, or will be with the next connection.
    pub(super) fn follows(&self, node: &str, group: &GroupId) -> bool {
        self.lines.get(node).is_some_and(|line| line.groups.contains_key(group))
    }

    /// The node's incarnation, as its last hello said it; 0 if it said none.
    pub(super) fn incarnation(&self, node: &str) -> u64 {
        self.incarnations.get(node).copied().unwrap_or(0)
    }

    /// The connection is open.
    pub(super) fn connected(&mut self, node: &str) {
        let line = self.line(node);
        line.status = Status::Open;
        line.asked.clear();
    }

    /// The connection has ended. Whether it was of use.
    pub(super) fn disconnected(&mut self, node: &str, now: Time, random: &mut dyn Rng) -> bool {
        let line = self.line(node);
        let was_open = matches!(line.status, Status::Greeted(_));
        line.failures = if was_open { 0 } else { line.failures.saturating_add(1) };
        line.status = Status::Closed(now.saturating_add(back_off(line.failures, random)));
        line.asked.clear();
        was_open
    }

    /// Reads a text. `None` for what is not understood, which is ignored.
    pub(super) fn heard(&mut self, node: &str, text: &str) -> Option<FromNode> {
        let line = self.lines.get_mut(node)?;
        if text.len() > TEXT_MAX || matches!(line.status, Status::Closed(_) | Status::Opening) {
            return None;
        }
        let said: FromNode = serde_json::from_str(text).ok()?;
        if let FromNode::Hello { challenge, incarnation, .. } = &said {
            line.status = Status::Greeted(*challenge);
            line.failures = 0;
            line.asked.clear();
            self.incarnations.insert(node.to_owned(), *incarnation);
            if self.incarnations.len() > NODES_MAX {
                self.incarnations.retain(|known, _| self.lines.contains_key(known));
            }
        }
        Some(said)
    }

    /// What is to be opened, followed or closed now.
    pub(super) fn start(&mut self, now: Time) -> Vec<Action> {
        let mut actions = Vec::new();
        for (node, line) in &mut self.lines {
            match line.status {
                Status::Closed(not_before) if line.needed() && now >= not_before => {
                    line.status = Status::Opening;
                    actions.push(Action::Connect { node: node.clone() });
                }
                Status::Greeted(challenge) if line.needed() => follow(node, line, &challenge, &mut actions),
                Status::Opening | Status::Open | Status::Greeted(_) if !line.needed() => {
                    line.status = Status::Closed(Time::MAX);
                    actions.push(Action::Disconnect { node: node.clone() });
                }
                _ => {}
            }
        }
        self.lines.retain(|_, line| line.needed() || !line.channels.is_empty());
        actions
    }

    /// When a connection is to be tried again.
    pub(super) fn next_due(&self) -> Option<Time> {
        let due = |line: &Line| match line.status {
            Status::Closed(not_before) if line.needed() => Some(not_before),
            _ => None,
        };
        self.lines.values().filter_map(due).min()
    }
}

fn follow(node: &str, line: &mut Line, challenge: &Fixed<32>, actions: &mut Vec<Action>) {
    let inbox = line.inbox.as_ref().map(|wanted| (None, Followed::Inbox(True), wanted));
    let groups = line.groups.iter().map(|(group, wanted)| (Some(*group), Followed::Group(Fixed(group.0)), wanted));
    for (name, stream, wanted) in inbox.into_iter().chain(groups) {
        if !line.asked.insert(name) {
            continue;
        }
        let signature = wanted.key.sign(&stream.signed_bytes(challenge, address::host(node)));
        let (key, signature) = (Fixed(wanted.key.verifying_key().to_bytes()), Fixed(signature.to_bytes()));
        actions.push(say(
            node,
            &FromClient::Follow { stream, after: wanted.after, key, signature, device: name.and(wanted.device) },
        ));
        if name.is_none() {
            let join = |channel: &String| say(node, &FromClient::Join { channel: channel.clone() });
            actions.extend(line.channels.iter().map(join));
        }
    }
}

/// A text for a node.
pub(crate) fn say(node: &str, what: &FromClient) -> Action {
    // Such a text has text keys only, which always can be written.
    Action::Say { node: node.to_owned(), text: serde_json::to_string(what).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    const NODE: &str = "https://n.example";

    fn wanted(after: u64) -> Wanted {
        Wanted { key: SigningKey::from_bytes(&[4; 32]), after, device: None }
    }

    fn texts(actions: &[Action]) -> Vec<&str> {
        let mut texts = Vec::new();
        for action in actions {
            if let Action::Say { text, .. } = action {
                texts.push(text.as_str());
            }
        }
        texts
    }

    #[test]
    fn a_connection_is_opened_when_needed_and_resumes_where_it_was() {
        let mut random = rand::rngs::StdRng::from_seed([0; 32]);
        let mut live = Live::default();
        assert!(live.start(0).is_empty());
        live.follow_inbox(NODE, wanted(3));
        live.follow_group(NODE, GroupId([1; 16]), wanted(7));
        assert!(matches!(&live.start(0)[..], [Action::Connect { .. }]));
        assert!(live.start(0).is_empty());
        live.connected(NODE);
        assert!(live.start(0).is_empty());
        let hello = serde_json::to_string(&FromNode::Hello { challenge: Fixed([1; 32]), incarnation: 2, heartbeat: 9 })
            .unwrap();
        assert!(live.heard(NODE, &hello).is_some() && live.incarnation(NODE) == 2);
        assert_eq!(texts(&live.start(0)).len(), 2);
        assert!(live.start(0).is_empty());
        live.read_group(NODE, &GroupId([1; 16]), 9);
        assert!(live.disconnected(NODE, 1000, &mut random));
        let due = live.next_due().unwrap();
        assert!(live.start(due - 1).is_empty() && live.start(due).len() == 1);
        live.connected(NODE);
        assert!(live.heard(NODE, "nonsense").is_none() && live.heard(NODE, &hello).is_some());
        assert!(texts(&live.start(due))[1].contains("\"after\":9"));
    }

    #[test]
    fn a_late_refusal_of_another_key_does_not_end_what_is_followed() {
        let mut random = rand::rngs::StdRng::from_seed([0; 32]);
        let mut live = Live::default();
        let group = GroupId([1; 16]);
        let hello = serde_json::to_string(&FromNode::Hello { challenge: Fixed([1; 32]), incarnation: 2, heartbeat: 9 })
            .unwrap();
        live.follow_inbox(NODE, wanted(0));
        live.follow_group(NODE, group, wanted(0));
        live.start(0);
        live.connected(NODE);
        live.heard(NODE, &hello);
        live.start(0);
        // Asked for anew with another key; the answers to both come after that.
        live.follow_group(NODE, group, wanted(1));
        assert_eq!(texts(&live.start(0)).len(), 1);
        live.refused(NODE, &group);
        live.following(NODE, group, wanted(1));
        assert!(live.start(0).is_empty(), "it is followed already");
        live.disconnected(NODE, 0, &mut random);
        live.start(live.next_due().unwrap());
        live.connected(NODE);
        live.heard(NODE, &hello);
        assert_eq!(texts(&live.start(0)).len(), 2, "the inbox and the group");
    }

    #[test]
    fn a_connection_that_nobody_needs_is_closed() {
        let mut live = Live::default();
        live.follow_group(NODE, GroupId([1; 16]), wanted(0));
        live.start(0);
        live.connected(NODE);
        assert!(live.unfollow_group(NODE, &GroupId([1; 16])).is_none());
        assert!(matches!(&live.start(0)[..], [Action::Disconnect { .. }]));
        assert!(live.start(0).is_empty() && live.next_due().is_none());
    }

    #[test]
    fn the_incarnation_of_a_node_that_follows_nothing_any_more_is_known() {
        let mut live = Live::default();
        let group = GroupId([1; 16]);
        let hello = serde_json::to_string(&FromNode::Hello { challenge: Fixed([1; 32]), incarnation: 2, heartbeat: 9 })
            .unwrap();
        live.follow_group(NODE, group, wanted(0));
        live.start(0);
        live.connected(NODE);
        live.heard(NODE, &hello);
        live.refused(NODE, &group);
        live.start(0);
        assert_eq!(live.incarnation(NODE), 2);
    }
}
