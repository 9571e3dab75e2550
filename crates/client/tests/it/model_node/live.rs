//! Live connections.

use super::ModelNode;
use ed25519_dalek::{Signature, VerifyingKey};
use std::collections::BTreeMap;
use tidings_wire::bytes::Fixed;
use tidings_wire::failure::Code;
use tidings_wire::live::{Followed, FromClient, FromNode, True};

#[derive(Clone)]
pub(crate) struct Connection {
    challenge: Fixed<32>,
    inbox: Option<(Fixed<32>, u64)>,
    groups: BTreeMap<Fixed<16>, (Fixed<32>, u64)>,
    news: usize,
    channels: Vec<String>,
}

fn text(said: &FromNode) -> String {
    serde_json::to_string(said).unwrap()
}

impl ModelNode {
    /// Opens a connection: its number, and the first text.
    pub(crate) fn connect(&mut self) -> (u64, String) {
        let challenge = Fixed(self.unguessable());
        let number = self.unused();
        let connection = Connection { challenge, inbox: None, groups: BTreeMap::new(), news: 0, channels: Vec::new() };
        self.connections.insert(number, connection);
        (number, text(&FromNode::Hello { challenge, incarnation: self.incarnation, heartbeat: 30 }))
    }

    pub(crate) fn disconnect(&mut self, number: u64) {
        self.connections.remove(&number);
    }

    /// Takes a text of a client.
    pub(crate) fn hear(&mut self, number: u64, said: &str, now: u64) -> Vec<(u64, String)> {
        let Some(connection) = self.connections.get(&number) else { return Vec::new() };
        let said: FromClient = serde_json::from_str(said).unwrap();
        match said {
            FromClient::Follow { stream, after, key, signature, .. } => {
                let authority = self.url.split_once("://").unwrap().1;
                let bytes = stream.signed_bytes(&connection.challenge, authority);
                let good = VerifyingKey::from_bytes(&key.0)
                    .unwrap()
                    .verify_strict(&bytes, &Signature::from_bytes(&signature.0));
                let said = good.map_or(Err(Code::Unsigned), |()| self.follow(number, stream, after, key));
                let said = said.unwrap_or_else(|error| FromNode::Refused { stream, error });
                vec![(number, text(&said))]
            }
            FromClient::Unfollow(stream) => {
                let connection = self.connections.get_mut(&number).unwrap();
                match stream {
                    Followed::Inbox(_) => connection.inbox = None,
                    Followed::Group(group) => drop(connection.groups.remove(&group)),
                }
                Vec::new()
            }
            FromClient::Join { channel } => {
                self.connections.get_mut(&number).unwrap().channels.push(channel.clone());
                vec![(number, text(&FromNode::Channel { channel, joined: true }))]
            }
            FromClient::Leave { channel } => {
                self.connections.get_mut(&number).unwrap().channels.retain(|known| *known != channel);
                Vec::new()
            }
            FromClient::Say { channel, text: words } => {
                let said =
                    FromNode::Said { channel: channel.clone(), from: "somebody".to_owned(), text: words, at: now };
                let there = self.connections.iter().filter(|(_, connection)| connection.channels.contains(&channel));
                there.map(|(number, _)| (*number, text(&said))).collect()
            }
        }
    }

    fn follow(&mut self, number: u64, stream: Followed, after: u64, key: Fixed<32>) -> Result<FromNode, Code> {
        let (end, turn) = match stream {
            Followed::Inbox(_) => {
                let (_, account) = self.device_of(key).ok_or(Code::NotAccepted)?;
                let (end, news) = (account.last, account.news.len());
                let connection = self.connections.get_mut(&number).unwrap();
                connection.inbox = Some((key, after.min(end)));
                connection.news = news;
                (end, None)
            }
            Followed::Group(group) => {
                let hub = self.hub(group, key).map_err(|_| Code::NotAccepted)?;
                let found = (hub.end(), Some(hub.turn));
                self.connections.get_mut(&number).unwrap().groups.insert(group, (key, after.min(found.0)));
                found
            }
        };
        Ok(FromNode::Following { stream, end, turn })
    }

    /// What is to be said on all connections now.
    pub(crate) fn poll(&mut self) -> Vec<(u64, String)> {
        let mut said = Vec::new();
        let numbers: Vec<_> = self.connections.keys().copied().collect();
        for number in numbers {
            let mut connection = self.connections[&number].clone();
            self.poll_inbox(number, &mut connection, &mut said);
            self.poll_groups(number, &mut connection, &mut said);
            self.connections.insert(number, connection);
        }
        said
    }

    fn poll_inbox(&mut self, number: u64, connection: &mut Connection, said: &mut Vec<(u64, String)>) {
        let Some((key, after)) = connection.inbox else { return };
        let Some((_, account)) = self.device_of(key) else {
            connection.inbox = None;
            said.push((number, text(&FromNode::Refused { stream: Followed::Inbox(True), error: Code::NotAccepted })));
            return;
        };
        for changed in account.news.iter().skip(connection.news) {
            said.push((number, text(&FromNode::Changed(*changed))));
        }
        connection.news = account.news.len();
        let parcels: Vec<_> = account.inbox.iter().filter(|parcel| parcel.number > after).cloned().collect();
        if let Some(last) = parcels.last() {
            connection.inbox = Some((key, last.number));
            said.push((number, text(&FromNode::Parcels { parcels })));
        }
    }

    fn poll_groups(&mut self, number: u64, connection: &mut Connection, said: &mut Vec<(u64, String)>) {
        let mut gone = Vec::new();
        for (group, (key, after)) in &mut connection.groups {
            let Ok(hub) = self.hub(*group, *key) else {
                gone.push(*group);
                continue;
            };
            let entries: Vec<_> = hub.after(*after).to_vec();
            if let Some(last) = entries.last() {
                *after = last.number;
                said.push((number, text(&FromNode::Entries { group: *group, entries })));
            }
        }
        for group in gone {
            connection.groups.remove(&group);
            said.push((number, text(&FromNode::Refused { stream: Followed::Group(group), error: Code::NotAccepted })));
        }
    }
}
