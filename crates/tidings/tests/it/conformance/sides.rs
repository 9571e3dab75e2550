//! Two nodes that are asked the same: a real one, and the model.

use super::model_node::ModelNode;
use crate::process::{DEADLINE, Node};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tidings_client::io::{HttpAnswer, HttpRequest};
use tidings_wire::bytes::{Fixed, encode};
use tidings_wire::device_list::{DeviceList, GoneDevice, ListedDevice, ProvenKey};
use tidings_wire::signature::{Parts, sign};
use tidings_wire::signed::Signed;

/// Limits that one who asks much does not meet, and whoever wants to may come in.
const SETTINGS: [&str; 5] = [
    "--create-invitation=false",
    "--open-registration=true",
    "--rate-address-burst=1000000",
    "--rate-key-burst=1000000",
    "--rate-guesses-burst=1000000",
];

/// Members of answers that no two nodes have in common: times, what is made at random, what is said to people, and what a node is.
const OWN: [&str; 13] = [
    "at",
    "created",
    "expires",
    "time",
    "name",
    "version",
    "vapid",
    "message",
    "token",
    "url",
    "blob_bytes",
    "blob_bytes_max",
    "registration",
];

/// Headers that the client looks at.
const HEADERS: [&str; 3] = ["upload-offset", "content-range", "etag"];

/// The key of somebody, always the same for the same name.
pub(super) fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(name).into())
}

/// Its public half as it stands in JSON.
pub(super) fn public(name: &str) -> String {
    encode(key(name).verifying_key().as_bytes())
}

/// Sixteen bytes as they stand in JSON, always the same for the same name.
pub(super) fn id(name: &str) -> String {
    encode(&Sha256::digest(name)[..16])
}

/// A signed device list as it stands in JSON: its counter, the next serial, the names and serials of devices.
pub(super) fn list(identity: &str, counters: (u64, u64), devices: &[(&str, u64)]) -> String {
    list_without(identity, counters, devices, &[])
}

/// The same, with those that were removed.
pub(super) fn list_without(
    identity: &str,
    (counter, next): (u64, u64),
    devices: &[(&str, u64)],
    gone: &[(&str, u64)],
) -> String {
    let who = Fixed(key(identity).verifying_key().to_bytes());
    let listed = |(name, serial): &(&str, u64)| {
        let ProvenKey { key, proof } = ProvenKey::new(&key(name), &who);
        ListedDevice { key, serial: *serial, proof }
    };
    let removed =
        |(name, serial): &(&str, u64)| GoneDevice { serial: *serial, key: ProvenKey::new(&key(name), &who).key };
    let (devices, gone) = (devices.iter().map(listed).collect(), gone.iter().map(removed).collect());
    let list = DeviceList { identity: who, counter, next, devices, gone };
    encode(Signed::sign(list, &key(identity)).unwrap().bytes())
}

/// A request before it is signed. `{name}` in the target stands for what a node called something (see [`Sides::note`]).
pub(super) struct Request<'a> {
    pub(super) by: Option<SigningKey>,
    pub(super) method: &'static str,
    pub(super) target: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// A real node and the model of one.
pub(super) struct Sides {
    pub(super) model: ModelNode,
    pub(super) address: SocketAddr,
    _node: Node,
    _folder: TempDir,
    /// What the real node and the model call things.
    names: BTreeMap<String, [String; 2]>,
    asked: u64,
    /// Where they did not answer alike.
    differences: Vec<String>,
}

impl Sides {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(folder.path(), &SETTINGS);
        let (address, names) = (node.address, BTreeMap::new());
        let model = ModelNode::new(&format!("http://{address}"));
        let mut sides = Self { model, address, _node: node, _folder: folder, names, asked: 0, differences: Vec::new() };
        // What is dated in the second in which a node started is not taken.
        let look =
            Request { by: Some(key("early")), method: "GET", target: "/v1/account", headers: Vec::new(), body: None };
        while sides.exchange(&sides.signed(&look, 0)).status == 503 {
            sides.asked += 1;
        }
        sides
    }

    /// With accounts: who, and the names of their devices, numbered from 1.
    pub(super) fn with(people: &[(&str, &[&str])]) -> Self {
        let mut sides = Self::new();
        for (who, devices) in people {
            let devices: Vec<(&str, u64)> = devices.iter().copied().zip(1..).collect();
            let next = devices.len() as u64 + 1;
            let account = json!({ "devices": list(who, (1, next), &devices) });
            assert_eq!(sides.ask(Some(key(who)), "POST", "/v1/accounts", account).0, 201);
        }
        sides
    }

    pub(super) fn get(&mut self, by: Option<SigningKey>, target: &str) -> (u16, Value) {
        self.play(&Request { by, method: "GET", target, headers: Vec::new(), body: None })
    }

    pub(super) fn delete(&mut self, by: Option<SigningKey>, target: &str) -> (u16, Value) {
        self.play(&Request { by, method: "DELETE", target, headers: Vec::new(), body: None })
    }

    pub(super) fn post(&mut self, by: Option<SigningKey>, target: &str) -> (u16, Value) {
        self.play(&Request { by, method: "POST", target, headers: Vec::new(), body: None })
    }

    /// With a body in JSON.
    pub(super) fn ask(
        &mut self,
        by: Option<SigningKey>,
        method: &'static str,
        target: &str,
        body: Value,
    ) -> (u16, Value) {
        let headers = vec![("content-type", "application/json".to_owned())];
        self.play(&Request { by, method, target, headers, body: Some(body.to_string().into_bytes()) })
    }

    /// Puts a request to both, and compares. Gives what the real node answered.
    pub(super) fn play(&mut self, request: &Request<'_>) -> (u16, Value) {
        self.asked += 1;
        let [real, model] = [0, 1].map(|side| self.signed(request, side));
        let answered = self.exchange(&real);
        let modelled = self.model.answer(&model, now());
        let [found, expected] = [&answered, &modelled].map(seen);
        if found != expected {
            let what = format!("{}. {} {}", self.asked, request.method, request.target);
            self.differences.push(format!("{what}\n   real: {found}\n  model: {expected}"));
        }
        self.note("last", &answered, &modelled);
        (answered.status, serde_json::from_slice(&answered.body).unwrap_or(Value::Null))
    }

    /// From now on `{name}` stands for what the two called it with the id, or at the end of the URL, of their last answers.
    pub(super) fn call(&mut self, name: &str) {
        let last = self.names["last"].clone();
        self.names.insert(name.to_owned(), last);
    }

    fn note(&mut self, name: &str, real: &HttpAnswer, model: &HttpAnswer) {
        let called = [real, model].map(|answer| {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let end = body["url"].as_str().and_then(|url| url.rsplit('/').next());
            body["id"].as_str().or(end).or(body["token"].as_str()).unwrap_or_default().to_owned()
        });
        self.names.insert(name.to_owned(), called);
    }

    fn signed(&self, request: &Request<'_>, side: usize) -> HttpRequest {
        let mut target = request.target.to_owned();
        for (name, called) in &self.names {
            target = target.replace(&format!("{{{name}}}"), &called[side]);
        }
        let mut headers = request.headers.clone();
        if let Some(key) = &request.by {
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let (method, authority, body) = (request.method, self.address.to_string(), request.body.as_deref());
            let parts = Parts { method, authority: &authority, path, query, body };
            let nonce = Sha256::digest(format!("{} {side}", self.asked));
            let signed = sign(key, &parts, now() / 1000, &Fixed(nonce[..16].try_into().unwrap()));
            headers.extend(signed.content_digest.map(|digest| ("content-digest", digest)));
            headers.extend([("signature-input", signed.input), ("signature", signed.signature)]);
        }
        let (node, method, body) = (self.model.url.clone(), request.method, request.body.clone());
        HttpRequest { node, method, target, headers, body }
    }

    fn exchange(&self, request: &HttpRequest) -> HttpAnswer {
        let mut stream = TcpStream::connect_timeout(&self.address, DEADLINE).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut text = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            request.method, request.target, self.address
        );
        for (name, value) in &request.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = request.body.clone().unwrap_or_default();
        if request.body.is_some() {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        stream.write_all(&[text.as_bytes(), b"\r\n", &body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, body) = (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec());
        let header = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        HttpAnswer { status, headers: head.lines().filter_map(header).collect(), body }
    }

    /// Adds what was seen otherwise.
    pub(super) fn compare(&mut self, what: &str, real: &Value, model: &Value) {
        let (found, expected) = (masked(real.clone()), masked(model.clone()));
        if found != expected {
            self.differences.push(format!("{what}\n   real: {found}\n  model: {expected}"));
        }
    }

    /// All was answered alike.
    pub(super) fn agree(self) {
        let count = self.differences.len();
        assert!(count == 0, "{count} of {} differ:\n{}", self.asked, self.differences.join("\n"));
    }
}

pub(super) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// What must be the same.
fn seen(answer: &HttpAnswer) -> Value {
    let body = match serde_json::from_slice(&answer.body) {
        Ok(body) => masked(body),
        Err(_) => json!(String::from_utf8_lossy(&answer.body)),
    };
    let header = |name: &&str| {
        let found = answer.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| ((*name).to_owned(), json!(value)))
    };
    let headers: serde_json::Map<String, Value> = HEADERS.iter().filter_map(header).collect();
    json!({ "status": answer.status, "headers": headers, "body": body })
}

/// Without what is each node's own. Ids are shown as far as they are not made by the node: of blobs, and of parcels that are answers.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let made =
                members.contains_key("expires") && members.len() == 2 || members.get("label") == Some(&json!("answer"));
            let mask = |(name, value): (String, Value)| {
                let own = OWN.contains(&name.as_str()) || name == "challenge" || (made && name == "id");
                let value = if own { json!("…") } else { masked(value) };
                (name, value)
            };
            Value::Object(members.into_iter().map(mask).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        other => other,
    }
}
