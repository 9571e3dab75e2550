//! A member of one MLS group with the formats of messages and entries, driven by hand: for tests against other implementations
//! of MLS and of docs/protocol.

use crate::convert::{fault, from_js, to_js};
use crate::exchange::Record;
use crate::random::generator;
use crate::store::{JsFile, Store, SyncHandle};
use crate::trouble::trouble;
use rand::rngs::StdRng;
use serde::Serialize;
use std::collections::BTreeMap;
use tidings_client::content::{Content, Message, Text};
use tidings_client::entry::{EntryKey, Payload};
use tidings_client::records;
use tidings_client::view::{GroupId, MessageId};
use tidings_mls::{Committed, Group, Include, MadePackage, Plan, Received, Signer, inspect_package, make_package};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use zeroize::Zeroizing;

/// One device.
#[wasm_bindgen]
pub struct Peer {
    signer: Signer,
    random: StdRng,
    package: Option<MadePackage>,
    group: Option<Group>,
    records: BTreeMap<Vec<u8>, Vec<u8>>,
}

#[derive(Serialize)]
struct Change {
    #[serde(with = "serde_bytes")]
    commit: Vec<u8>,
    #[serde(with = "serde_bytes")]
    welcome: Option<Vec<u8>>,
    #[serde(with = "serde_bytes")]
    info: Vec<u8>,
}

#[derive(Serialize)]
struct Heard {
    id: MessageId,
    seq: u64,
    text: String,
    leaf: u32,
    #[serde(with = "serde_bytes")]
    credential: Vec<u8>,
    epoch: u64,
}

#[derive(Serialize)]
struct Member {
    index: u32,
    #[serde(with = "serde_bytes")]
    credential: Vec<u8>,
    #[serde(with = "serde_bytes")]
    key: [u8; 32],
}

#[wasm_bindgen]
impl Peer {
    /// A device with this Ed25519 seed (32 bytes) and this certificate.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &[u8], certificate: &[u8]) -> Result<Peer, JsError> {
        let seed = seed.try_into().map_err(|_| JsError::new("a seed has 32 bytes"))?;
        let signer = Signer::new(seed, certificate.to_vec());
        Ok(Self { signer, random: generator()?, package: None, group: None, records: BTreeMap::new() })
    }

    /// A new key package with this salt and access key (48 bytes); the one before is forgotten.
    #[wasm_bindgen(js_name = makePackage)]
    pub fn make_package(&mut self, last_resort: bool, access: &[u8]) -> Result<Vec<u8>, JsError> {
        let access = access.try_into().map_err(|_| JsError::new("a salt and an access key have 48 bytes"))?;
        let made = make_package(&self.signer, last_resort, access, &mut self.random).map_err(|error| fault(&error))?;
        let package = made.package.clone();
        self.package = Some(made);
        Ok(package)
    }

    /// Makes a group.
    pub fn create(&mut self, id: &[u8], roster: &[u8]) -> Result<(), JsError> {
        let id = id.try_into().map_err(|_| JsError::new("a group id has 16 bytes"))?;
        let group = Group::create(id, &self.signer, roster.to_vec(), &mut self.random);
        self.enter(group.map_err(|error| fault(&error))?);
        Ok(())
    }

    /// Joins by a welcome with the key package made last.
    pub fn join(&mut self, welcome: &[u8]) -> Result<(), JsError> {
        let made = self.package.take().ok_or_else(|| JsError::new("no key package was made"))?;
        let group = Group::join(welcome, &made.reference, &made.record);
        self.enter(group.map_err(|error| fault(&error))?);
        Ok(())
    }

    /// Comes in by a group info: `{ commit, info }`.
    #[wasm_bindgen(js_name = joinExternal)]
    pub fn join_external(&mut self, info: &[u8]) -> Result<JsValue, JsError> {
        let joined = Group::join_external(info, &self.signer, &mut self.random);
        let (group, committed) = joined.map_err(|error| fault(&error))?;
        self.enter(group);
        change(committed)
    }

    /// Commits and takes it as accepted: `add` is an array of key packages, `remove` of leaves, `roster` a new roster or undefined.
    /// Takes up all pending proposals. `{ commit, welcome, info }`.
    pub fn commit(&mut self, add: JsValue, remove: JsValue, roster: Option<Vec<u8>>) -> Result<JsValue, JsError> {
        let add: Vec<serde_bytes::ByteBuf> = from_js(add)?;
        for package in &add {
            inspect_package(package).map_err(|error| fault(&error))?;
        }
        let add = add.into_iter().map(serde_bytes::ByteBuf::into_vec).collect();
        let plan = Plan { add, remove: from_js(remove)?, extension: roster, include: Include::All };
        let group = self.group.as_mut().ok_or_else(outside)?;
        let committed = group.commit(&self.signer, &plan, &mut self.random).map_err(|error| fault(&error))?;
        group.merge_pending().map_err(|error| fault(&error))?;
        self.keep();
        change(committed)
    }

    /// Proposes to remove a leaf.
    pub fn propose(&mut self, leaf: u32) -> Result<Vec<u8>, JsError> {
        let group = self.group.as_mut().ok_or_else(outside)?;
        let proposal = group.propose_remove(leaf, &self.signer, &mut self.random).map_err(|error| fault(&error));
        self.keep();
        proposal
    }

    /// Seals a text as the body of an entry.
    pub fn say(&mut self, secret: &[u8], entry: &[u8], text: &str, seq: u32) -> Result<Vec<u8>, JsError> {
        let (key, id) = (self.key(secret)?, entry_id(entry)?);
        let content = Content::Text(Text { text: text.to_owned(), reply: None });
        let message = Message {
            id: MessageId(id),
            seq: seq.into(),
            prev: [0; 16],
            seen: Vec::new(),
            at: 0,
            expire: None,
            content,
        };
        let message = message.encode().map_err(|error| fault(&error))?;
        let group = self.group.as_mut().ok_or_else(outside)?;
        let mls = group.seal(&message, &self.signer, &mut self.random).map_err(|error| fault(&error))?;
        let payload = Payload { epoch: group.epoch(), tag: group.tag(), mls };
        let body = key.seal_entry(&self.id()?, &id, &payload, &mut self.random);
        self.keep();
        Ok(body)
    }

    /// Opens the body of an entry with a text: `{ id, seq, text, leaf, credential, epoch }`.
    pub fn hear(&mut self, secret: &[u8], entry: &[u8], body: &[u8]) -> Result<JsValue, JsError> {
        let payload =
            self.key(secret)?.open_entry(&self.id()?, &entry_id(entry)?, body).map_err(|error| fault(&error))?;
        let group = self.group.as_mut().ok_or_else(outside)?;
        if payload.epoch == group.epoch() && payload.tag != group.tag() {
            return Err(JsError::new("the fork tags differ"));
        }
        let Received::Message { epoch, leaf, credential, bytes } =
            group.receive(&payload.mls).map_err(|error| fault(&error))?
        else {
            return Err(JsError::new("not a message"));
        };
        self.keep();
        let message = Message::decode(&bytes).map_err(|error| fault(&error))?;
        let Content::Text(Text { text, .. }) = message.content else { return Err(JsError::new("not a text")) };
        to_js(&Heard { id: message.id, seq: message.seq, text, leaf, credential, epoch })
    }

    /// Takes in a commit or a proposal.
    pub fn take(&mut self, message: &[u8]) -> Result<(), JsError> {
        let group = self.group.as_mut().ok_or_else(outside)?;
        let outcome = match group.receive(message).map_err(|error| fault(&error))? {
            Received::Commit(staged) => group.apply(*staged),
            Received::Proposal(proposed) => group.keep(proposed),
            _ => return Err(JsError::new("neither a commit nor a proposal")),
        };
        outcome.map_err(|error| fault(&error))?;
        self.keep();
        Ok(())
    }

    /// Forgets what is in memory and begins again from what was kept.
    pub fn restart(&mut self) -> Result<(), JsError> {
        let id = self.id()?;
        self.group = Some(Group::load(&id.0, self.records.clone()).map_err(|error| fault(&error))?);
        Ok(())
    }

    /// The group info of now.
    pub fn info(&self) -> Result<Vec<u8>, JsError> {
        self.group.as_ref().ok_or_else(outside)?.info(&self.signer).map_err(|error| fault(&error))
    }

    /// The epoch.
    pub fn epoch(&self) -> Result<u32, JsError> {
        self.group.as_ref().ok_or_else(outside)?.epoch().try_into().map_err(|error| fault(&error))
    }

    /// The fork tag.
    pub fn tag(&self) -> Result<Vec<u8>, JsError> {
        Ok(self.group.as_ref().ok_or_else(outside)?.tag().to_vec())
    }

    /// Whether it is still in the group.
    pub fn active(&self) -> bool {
        self.group.as_ref().is_some_and(Group::active)
    }

    /// The roster.
    pub fn roster(&self) -> Result<Vec<u8>, JsError> {
        let roster = self.group.as_ref().ok_or_else(outside)?.extension();
        roster.map(<[u8]>::to_vec).map_err(|error| fault(&error))
    }

    /// The leaves: `[{ index, credential, key }]`.
    pub fn leaves(&self) -> Result<JsValue, JsError> {
        let leaves = self.group.as_ref().ok_or_else(outside)?.leaves().map_err(|error| fault(&error))?;
        let member = |leaf: tidings_mls::Leaf| Member { index: leaf.index, credential: leaf.credential, key: leaf.key };
        to_js(&leaves.into_iter().map(member).collect::<Vec<_>>())
    }

    fn id(&self) -> Result<GroupId, JsError> {
        let id = self.group.as_ref().ok_or_else(outside)?.id();
        id.try_into().map(GroupId).map_err(|_| JsError::new("a group id has 16 bytes"))
    }

    fn key(&self, secret: &[u8]) -> Result<EntryKey, JsError> {
        let secret = secret.try_into().map_err(|_| JsError::new("a secret has 32 bytes"))?;
        Ok(EntryKey::unlocked(&self.id()?, secret))
    }

    fn enter(&mut self, group: Group) {
        self.records.clear();
        self.group = Some(group);
        self.keep();
    }

    fn keep(&mut self) {
        for change in self.group.as_mut().map(Group::take_changes).unwrap_or_default() {
            match change.value {
                Some(value) => self.records.insert(change.key, value),
                None => self.records.remove(&change.key),
            };
        }
    }
}

/// Keeps records (`{ table, owner, order, value }`) in a file as a client does, all at once, and closes it: for measuring.
#[wasm_bindgen(js_name = keepRecords)]
pub fn keep_records(handle: SyncHandle, key: &[u8], records: JsValue) -> Result<(), JsValue> {
    let key: [u8; 32] = key.try_into().map_err(|_| JsError::new("the key of a store has 32 bytes"))?;
    let records: Vec<Record> = from_js(records)?;
    let changes = records.into_iter().map(records::Change::try_from).collect::<Result<Vec<_>, _>>();
    let changes = changes.map_err(JsError::new)?;
    let mut store = Store::open(JsFile::new(handle), &Zeroizing::new(key), generator()?, false).map_err(trouble)?;
    store.apply(&changes).map_err(trouble)?;
    store.close();
    Ok(())
}

fn change(committed: Committed) -> Result<JsValue, JsError> {
    to_js(&Change { commit: committed.commit, welcome: committed.welcome, info: committed.info })
}

fn entry_id(bytes: &[u8]) -> Result<[u8; 16], JsError> {
    bytes.try_into().map_err(|_| JsError::new("an entry id has 16 bytes"))
}

fn outside() -> JsError {
    JsError::new("not in a group")
}
