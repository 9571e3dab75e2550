//! What is heard on live connections.

use super::Client;
use super::conversations::Call;
use super::live::Wanted;
use super::purpose::Purpose;
use super::requests::Ask;
use super::turn::Turn;
use crate::view::{Event, GroupId};
use tidings_wire::live::{Changed, Followed, FromNode};

impl Client {
    /// Follows the inbox at the home node from the cursor on.
    pub(super) fn follow_inbox(&mut self) {
        if let Some(own) = &self.own {
            let wanted = Wanted { key: own.device_key(), after: own.inbox, device: None };
            self.live.follow_inbox(&own.node, wanted);
            for channel in &own.channels {
                self.live.join(&own.node, channel);
            }
        }
    }

    fn at_home(&self, node: &str) -> bool {
        self.own.as_ref().is_some_and(|own| own.node == node)
    }

    /// A text came on a live connection. What is not understood, or was not asked for, is ignored.
    pub(super) fn heard(&mut self, turn: &mut Turn<'_>, node: &str, text: &str) {
        let Some(said) = self.live.heard(node, text) else { return };
        match said {
            FromNode::Hello { incarnation, .. } => {
                self.requests.reached(node);
                turn.show(Event::Connection { node: node.to_owned(), open: true });
                if self.at_home(node) {
                    self.live.network_is_back();
                    self.home_greets(turn, incarnation);
                }
            }
            FromNode::Following { stream: Followed::Inbox(_), end, .. } if self.at_home(node) => {
                self.inbox_followed(turn, end);
            }
            FromNode::Following { stream: Followed::Group(group), end, turn: at } => {
                let group = GroupId(group.0);
                if self.is_hub(node, &group) {
                    self.group_followed(turn, &group, end, at.unwrap_or_default());
                }
            }
            FromNode::Refused { stream: Followed::Group(group), .. } => {
                self.follow_refused(turn, node, GroupId(group.0))
            }
            FromNode::Refused { stream: Followed::Inbox(_), .. } if self.at_home(node) => self.inbox_refused(turn),
            FromNode::Parcels { parcels } if self.at_home(node) => self.parcels(turn, parcels),
            FromNode::Entries { group, entries } => {
                let group = GroupId(group.0);
                if self.is_hub(node, &group) {
                    self.group_entries(turn, &group, &entries);
                }
            }
            FromNode::Changed(changed) if self.at_home(node) => self.account_changed(turn, changed),
            FromNode::Channel { .. } | FromNode::Said { .. } | FromNode::Missed { .. } if self.at_home(node) => {
                self.channel_heard(turn, said);
            }
            _ => {}
        }
    }

    fn is_hub(&self, node: &str, group: &GroupId) -> bool {
        self.conversations.get(group).is_some_and(|conversation| conversation.hub() == node)
    }

    fn follow_refused(&mut self, turn: &mut Turn<'_>, node: &str, group: GroupId) {
        if self.is_hub(node, &group) {
            self.live.refused(node, &group);
            self.with(turn, &group, |conversation, scene| conversation.unfollowed(scene, true));
        }
    }

    /// A live connection has ended.
    pub(super) fn disconnected(&mut self, turn: &mut Turn<'_>, node: &str) {
        if self.live.disconnected(node, turn.now, turn.random) {
            turn.show(Event::Connection { node: node.to_owned(), open: false });
        }
        self.inbox.lost_connection(self.at_home(node));
        let here = self.conversations.iter().filter(|(_, conversation)| conversation.hub() == node);
        let groups: Vec<_> = here.map(|(group, _)| *group).collect();
        self.calls.extend(groups.into_iter().map(|group| Call::Unfollowed(group, false)));
    }

    fn account_changed(&mut self, turn: &mut Turn<'_>, changed: Changed) {
        match changed {
            Changed::Profile => self.ask_account(),
            Changed::Devices => self.read_devices(),
            Changed::Exchange => self.link_changed(turn),
        }
    }

    /// The home node says hello: it is looked at whether it has what it should have.
    fn home_greets(&mut self, turn: &mut Turn<'_>, incarnation: u64) {
        let before = self.own.as_ref().map_or(0, |own| own.incarnation);
        if before != incarnation {
            if let Some(own) = self.own_mut() {
                own.incarnation = incarnation;
            }
            if before != 0 {
                self.node_restored(turn);
            }
        }
        self.upkeep.repairs = 0;
        self.ask_account();
        self.upkeep.packages_used(turn.now);
    }

    /// Asks what the node says of the account: the counter of the profile and the device list.
    pub(super) fn ask_account(&mut self) {
        let asked = self.requests.waits(|purpose| matches!(purpose, Purpose::Account(_)));
        let known = self.known();
        if let Some(own) = self.own.as_ref().filter(|_| !asked) {
            let ask = Ask::new(&own.node, "GET", "/v1/account", Purpose::Account(known)).signed(&own.device_key());
            self.requests.ask(ask);
        }
    }
}
