//! The client itself.

use crate::convert::{fault, from_js, to_js};
use crate::exchange::{Action, Input, Record};
use crate::random::generator;
use rand::rngs::StdRng;
use tidings_client::client::Client as Core;
use tidings_client::io::{self, Surroundings};
use tidings_client::records::{Change, MemoryRecords};
use tidings_client::view::{GroupId, Identity, MessageId};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// A client with its records in memory. JavaScript does the actions and keeps the records.
#[wasm_bindgen]
pub struct Client {
    core: Core,
    records: MemoryRecords,
    random: StdRng,
}

#[wasm_bindgen]
impl Client {
    /// Takes up what was kept: an array of `{ table, owner, order, value }`, as `save` gave them.
    #[wasm_bindgen(constructor)]
    pub fn new(kept: JsValue, now: f64) -> Result<Client, JsError> {
        let kept: Vec<Record> = from_js(kept)?;
        let changes = kept.into_iter().map(Change::try_from).collect::<Result<_, _>>().map_err(JsError::new)?;
        let mut records = MemoryRecords::default();
        records.apply(changes);
        let core = Core::open(&records, time(now)).map_err(|error| fault(&error))?;
        Ok(Self { core, records, random: generator()? })
    }

    /// Takes an input and gives the actions, to be done in their order: nothing after a `save` may begin before it is durable.
    pub fn handle(&mut self, input: JsValue, now: f64) -> Result<JsValue, JsError> {
        let input: Input = from_js(input)?;
        let mut surroundings = Surroundings { now: time(now), random: &mut self.random, records: &self.records };
        let actions = self.core.handle(input.into(), &mut surroundings);
        for action in &actions {
            if let io::Action::Save(changes) = action {
                self.records.apply(changes.clone());
            }
        }
        to_js(&actions.into_iter().map(Action::from).collect::<Vec<_>>())
    }

    /// Whether there is an account on this device.
    #[wasm_bindgen(js_name = hasAccount)]
    pub fn has_account(&self) -> bool {
        self.core.has_account()
    }

    /// Oneself, or `null`.
    pub fn me(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.me())
    }

    /// All conversations, the newest first.
    pub fn conversations(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.conversations())
    }

    /// One conversation, or `null`.
    pub fn conversation(&self, group: &str) -> Result<JsValue, JsError> {
        to_js(&self.core.conversation(&group_id(group)?))
    }

    /// A page of messages, the oldest first, of what stands before `before` (a message's `order`; undefined: the newest).
    pub fn messages(&self, group: &str, before: Option<Vec<u8>>, limit: u32) -> Result<JsValue, JsError> {
        let page = self.core.messages(&self.records, &group_id(group)?, before.as_deref(), limit as usize);
        to_js(&page.map_err(|error| fault(&error))?)
    }

    /// One message, or `null`.
    pub fn message(&self, group: &str, message: &str) -> Result<JsValue, JsError> {
        let id = MessageId::parse(message).ok_or_else(|| JsError::new("not the id of a message"))?;
        let found = self.core.message(&self.records, &group_id(group)?, &id);
        to_js(&found.map_err(|error| fault(&error))?)
    }

    /// Messages that hold all the words, the newest first: `[[group, message]]`.
    pub fn search(&self, text: &str, limit: u32) -> Result<JsValue, JsError> {
        to_js(&self.core.search(&self.records, text, limit as usize).map_err(|error| fault(&error))?)
    }

    /// All contacts, by name.
    pub fn contacts(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.contacts())
    }

    /// One contact, or `null`.
    pub fn contact(&self, identity: &str) -> Result<JsValue, JsError> {
        let identity = Identity::parse(identity).ok_or_else(|| JsError::new("not an identity"))?;
        to_js(&self.core.contact(&identity))
    }

    /// One's own devices.
    pub fn devices(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.devices())
    }

    /// Devices that ask to be linked: `[[request, name, digits]]`.
    #[wasm_bindgen(js_name = deviceRequests)]
    pub fn device_requests(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.device_requests())
    }

    /// Open invitations.
    pub fn invitations(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.invitations())
    }

    /// Suggested contacts.
    pub fn introductions(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.introductions())
    }

    /// Channels that one is in.
    pub fn channels(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.channels())
    }

    /// Whether something is still to be brought to a node.
    pub fn busy(&self) -> bool {
        self.core.busy()
    }

    /// Whether all that waited at the nodes has been read.
    #[wasm_bindgen(js_name = caughtUp)]
    pub fn caught_up(&self) -> bool {
        self.core.caught_up()
    }
}

/// Milliseconds of `Date.now()`.
fn time(now: f64) -> io::Time {
    now as io::Time
}

fn group_id(text: &str) -> Result<GroupId, JsError> {
    GroupId::parse(text).ok_or_else(|| JsError::new("not the id of a conversation"))
}
