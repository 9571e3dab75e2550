//! What is followed.

use super::groups::{commit, message, tea};
use super::sides::{Sides, id, key, public};
use crate::process::DEADLINE;
use serde_json::{Value, json};
use std::net::TcpStream;
use tidings_wire::bytes::{Fixed, encode};
use tidings_wire::live::{Followed, FromNode, True};
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

/// A connection to each of the two.
struct Lines {
    real: WebSocket<TcpStream>,
    model: u64,
    /// What each wants to be signed.
    challenges: [Fixed<32>; 2],
}

fn challenge(hello: &str) -> Fixed<32> {
    match serde_json::from_str(hello).unwrap() {
        FromNode::Hello { challenge, .. } => challenge,
        other => panic!("{other:?}"),
    }
}

impl Lines {
    fn open(sides: &mut Sides) -> Self {
        let stream = TcpStream::connect(sides.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let (mut real, _) = client(format!("ws://{}/v1/live", sides.address), stream).unwrap();
        let (model, hello) = sides.model.connect();
        let challenges = [challenge(&next(&mut real)), challenge(&hello)];
        Self { real, model, challenges }
    }

    fn follow(&mut self, sides: &mut Sides, by: &str, stream: Followed, after: u64) {
        self.follow_signed(sides, (by, by), stream, after);
    }

    /// Follows with the key of one person and the signature of another.
    fn follow_signed(&mut self, sides: &mut Sides, (by, signer): (&str, &str), stream: Followed, after: u64) {
        use ed25519_dalek::Signer as _;
        let authority = sides.address.to_string();
        let texts = self.challenges.map(|challenge| {
            let signature = key(signer).sign(&stream.signed_bytes(&challenge, &authority));
            let mut follow = serde_json::to_value(stream).unwrap();
            follow["after"] = json!(after);
            follow["key"] = json!(public(by));
            follow["signature"] = json!(encode(&signature.to_bytes()));
            json!({ "follow": follow }).to_string()
        });
        self.say(sides, &format!("{by} follows {stream:?}"), texts);
    }

    /// Says something to both, and compares what comes.
    fn say(&mut self, sides: &mut Sides, what: &str, [real, model]: [String; 2]) {
        self.real.send(Message::text(real)).unwrap();
        let mut modelled = sides.model.hear(self.model, &model, super::sides::now());
        modelled.extend(sides.model.poll());
        self.compare(sides, what, modelled);
    }

    /// Compares what comes by itself.
    fn listen(&mut self, sides: &mut Sides, what: &str) {
        let modelled = sides.model.poll();
        self.compare(sides, what, modelled);
    }

    fn compare(&mut self, sides: &mut Sides, what: &str, modelled: Vec<(u64, String)>) {
        let here = modelled.into_iter().filter(|(number, _)| *number == self.model);
        let modelled: Vec<Value> = here.flat_map(|(_, text)| single(&text)).collect();
        let mut found: Vec<Value> = Vec::new();
        while found.len() < modelled.len() {
            found.extend(single(&next(&mut self.real)));
        }
        // Its answer comes after all that was there before.
        self.real.send(Message::text("{}")).unwrap();
        loop {
            let text = next(&mut self.real);
            if text.starts_with("{\"error\"") {
                break;
            }
            found.extend(single(&text));
        }
        sides.compare(what, &Value::Array(found), &Value::Array(modelled));
    }
}

fn next(socket: &mut WebSocket<TcpStream>) -> String {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return text.as_str().to_owned();
        }
    }
}

/// A text for each entry and parcel: how many come in one is the node's choice.
fn single(text: &str) -> Vec<Value> {
    let text: Value = serde_json::from_str(text).unwrap();
    for (kind, items) in [("entries", "entries"), ("parcels", "parcels")] {
        if let Some(several) = text[kind][items].as_array() {
            return several.iter().map(|one| json!({ kind: { "group": text[kind]["group"], items: [one] } })).collect();
        }
    }
    vec![text]
}

fn tea_stream() -> Followed {
    Followed::Group(Fixed::parse(&id("tea")).unwrap())
}

#[test]
fn a_group_is_followed_until_one_is_removed() {
    let mut sides = tea();
    message(&mut sides, "owner", "one", 0);
    message(&mut sides, "owner", "two", 0);
    let mut lines = Lines::open(&mut sides);
    lines.follow_signed(&mut sides, ("member", "stranger"), tea_stream(), 0);
    lines.follow(&mut sides, "stranger", tea_stream(), 0);
    lines.follow(&mut sides, "member", Followed::Group(Fixed([9; 16])), 0);
    lines.follow(&mut sides, "member", tea_stream(), 1);
    message(&mut sides, "owner", "three", 0);
    lines.listen(&mut sides, "what comes");
    commit(&mut sides, ("owner", "c1", 1), &[("new", "member")], &[]);
    lines.listen(&mut sides, "a commit");
    lines.follow(&mut sides, "member", tea_stream(), 3);
    lines.follow(&mut sides, "member", tea_stream(), 99);
    let unfollow = json!({ "unfollow": { "group": id("tea") } }).to_string();
    lines.say(&mut sides, "no more", [unfollow.clone(), unfollow]);
    message(&mut sides, "owner", "four", 1);
    lines.listen(&mut sides, "nothing");
    lines.follow(&mut sides, "member", tea_stream(), 5);
    commit(&mut sides, ("owner", "c2", 2), &[], &["member"]);
    lines.listen(&mut sides, "the end");
    sides.agree();
}

#[test]
fn a_group_is_followed_until_one_leaves_or_it_ends() {
    let mut sides = tea();
    let mut leaves = Lines::open(&mut sides);
    leaves.follow(&mut sides, "member", tea_stream(), 0);
    let mut stays = Lines::open(&mut sides);
    stays.follow(&mut sides, "moderator", tea_stream(), 0);
    sides.delete(Some(key("member")), &format!("{}/members/self", super::groups::group()));
    leaves.listen(&mut sides, "one who left");
    stays.listen(&mut sides, "one who stays");
    sides.delete(Some(key("owner")), &super::groups::group());
    stays.listen(&mut sides, "the end");
    sides.agree();
}

#[test]
fn an_inbox_is_followed_until_the_device_is_removed() {
    let mut sides = Sides::with(&[("alice", &["phone", "laptop"])]);
    let inbox = Followed::Inbox(True);
    sides.ask(Some(key("phone")), "PUT", "/v1/contacts", json!({ "contacts": [{ "key": public("bob") }] }));
    let post = |sides: &mut Sides, name: &str| {
        let target = format!("/v1/inboxes/{}/parcels", public("alice"));
        sides.ask(Some(key("bob")), "POST", &target, json!({ "id": id(name), "body": "AA" }));
    };
    post(&mut sides, "one");
    let mut lines = Lines::open(&mut sides);
    lines.follow(&mut sides, "bob", inbox, 0);
    lines.follow(&mut sides, "laptop", inbox, 0);
    post(&mut sides, "two");
    lines.listen(&mut sides, "what comes");
    let body = json!({ "body": "AA" }).to_string().into_bytes();
    let headers = vec![("content-type", "application/json".to_owned()), ("if-match", "\"0\"".to_owned())];
    let put = super::sides::Request {
        by: Some(key("phone")),
        method: "PUT",
        target: "/v1/profile",
        headers,
        body: Some(body),
    };
    sides.play(&put);
    lines.listen(&mut sides, "the profile");
    let list = super::sides::list_without("alice", (2, 3), &[("phone", 1)], &[("laptop", 2)]);
    sides.ask(Some(key("alice")), "PUT", "/v1/devices", json!({ "devices": list }));
    lines.listen(&mut sides, "the end");
    sides.agree();
}
