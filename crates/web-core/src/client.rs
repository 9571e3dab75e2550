//! The client itself.

use crate::convert::{fault, from_js, to_js};
use crate::exchange::{Action, Input, Record};
use crate::random::generator;
use crate::store::{JsFile, Store, StoreFault, SyncHandle};
use crate::trouble::trouble;
use rand::rngs::StdRng;
use serde::Serialize;
use tidings_client::client::Client as Core;
use tidings_client::command::Fault;
use tidings_client::io::{self, CommandId, Surroundings};
use tidings_client::records::{Change, MemoryRecords, Records};
use tidings_client::safety;
use tidings_client::view::{ConversationView, GroupId, Identity, MessageId};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use zeroize::Zeroizing;

/// Where the records are.
enum Kept {
    /// In memory: JavaScript does the `save` actions.
    Memory(MemoryRecords),
    /// In a file, by this module.
    File(Box<Store>),
}

/// A client: what JavaScript gives it are inputs, what it gives back are actions to be done.
#[wasm_bindgen]
pub struct Client {
    core: Core,
    kept: Kept,
    random: StdRng,
}

#[wasm_bindgen]
impl Client {
    /// Takes up what was kept: an array of `{ table, owner, order, value }`, as `save` gave them. JavaScript does the actions and
    /// keeps the records.
    #[wasm_bindgen(constructor)]
    pub fn new(kept: JsValue, now: f64) -> Result<Client, JsError> {
        let kept: Vec<Record> = from_js(kept)?;
        let changes = kept.into_iter().map(Change::try_from).collect::<Result<_, _>>().map_err(JsError::new)?;
        let mut records = MemoryRecords::default();
        records.apply(changes);
        let core = Core::open(&records, time(now)).map_err(|error| fault(&error))?;
        Ok(Self { core, kept: Kept::Memory(records), random: generator()? })
    }

    /// Takes up what is in a file, or begins anew in an empty one. `handle` is a `FileSystemSyncAccessHandle`, `key` has 32 bytes.
    /// From then on this module keeps the records: there are no `save` actions. `check` reads the whole file first: for after a trap
    /// (`WebAssembly.RuntimeError`), which a damaged file may cause.
    ///
    /// Throws an `Error` with the `code` `full`, `damaged`, `wrong_key`, `newer` or `failed`. The handle is closed then.
    pub fn open(handle: SyncHandle, key: &[u8], now: f64, check: Option<bool>) -> Result<Client, JsValue> {
        let key: [u8; 32] = key.try_into().map_err(|_| JsError::new("the key of a store has 32 bytes"))?;
        let file = JsFile::new(handle);
        let mut store =
            Store::open(file, &Zeroizing::new(key), generator()?, check.unwrap_or(false)).map_err(trouble)?;
        let core = Core::open(&store, time(now));
        // What the core can't do without was not as it was written.
        let core = core.map_err(|error| match (store.fault(), error) {
            (Some(fault), _) => trouble(fault),
            (None, Fault::Newer(_)) => trouble(StoreFault::Newer),
            (None, Fault::Store(_)) => trouble(StoreFault::Damaged),
            (None, error) => fault(&error).into(),
        });
        // Whoever has kept a reference to the handle finds it closed.
        let core = core.inspect_err(|_| store.close())?;
        Ok(Self { core, kept: Kept::File(Box::new(store)), random: generator()? })
    }

    /// Ends the client and closes its file. The handle can't be used any more; nothing is lost if this is never called.
    pub fn close(&mut self) {
        if let Kept::File(store) = &mut self.kept {
            store.close();
        }
    }

    /// Takes an input and gives the actions, to be done in their order: nothing after a `save` may begin before it is durable. A client
    /// that was opened with a file has kept everything durably before this returns, and gives no `save`.
    ///
    /// Throws an `Error` with a `code` (as [`Client::open`], and `closed`) if the file could not be written or read: nothing of
    /// what the input led to was kept or may be done, and all later inputs are refused. Close the client and open it again.
    pub fn handle(&mut self, input: JsValue, now: f64) -> Result<JsValue, JsValue> {
        if let Some(fault) = self.store_fault() {
            return Err(trouble(fault));
        }
        let input: Input = from_js(input)?;
        let records: &dyn Records = match &self.kept {
            Kept::Memory(records) => records,
            Kept::File(store) => store.as_ref(),
        };
        let mut surroundings = Surroundings { now: time(now), random: &mut self.random, records };
        let actions = self.core.handle(input.into(), &mut surroundings);
        let actions = self.keep(actions).map_err(trouble)?;
        Ok(to_js(&actions.into_iter().map(Action::from).collect::<Vec<_>>())?)
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
    pub fn messages(&self, group: &str, before: Option<Vec<u8>>, limit: u32) -> Result<JsValue, JsValue> {
        let page = self.core.messages(self.records(), &group_id(group)?, before.as_deref(), limit as usize);
        self.shown(page)
    }

    /// A page of messages, the oldest first, of what stands after `after` (a message's `order`).
    #[wasm_bindgen(js_name = messagesAfter)]
    pub fn messages_after(&self, group: &str, after: &[u8], limit: u32) -> Result<JsValue, JsValue> {
        self.shown(self.core.messages_after(self.records(), &group_id(group)?, after, limit as usize))
    }

    /// One message, or `null`.
    pub fn message(&self, group: &str, message: &str) -> Result<JsValue, JsValue> {
        let id = MessageId::parse(message).ok_or_else(|| JsError::new("not the id of a message"))?;
        self.shown(self.core.message(self.records(), &group_id(group)?, &id))
    }

    /// Messages of all conversations that hold all the words, the newest first: `[[group, message]]`.
    pub fn search(&self, text: &str, limit: u32) -> Result<JsValue, JsValue> {
        self.shown(self.core.search(self.records(), text, limit as usize))
    }

    /// A page of the messages of a conversation that hold all the words, the newest first, of what stands before `before` (the
    /// `order` of the last one of the page before; undefined: from the newest on).
    #[wasm_bindgen(js_name = searchIn)]
    pub fn search_in(&self, group: &str, text: &str, before: Option<Vec<u8>>, limit: u32) -> Result<JsValue, JsValue> {
        let group = group_id(group)?;
        self.shown(self.core.search_in(self.records(), &group, text, before.as_deref(), limit as usize))
    }

    /// Messages that were not read, in all conversations that are neither silent nor out of sight.
    pub fn unread(&self) -> f64 {
        let heard = |view: &ConversationView| !view.muted && !view.archived;
        self.core.conversations().iter().filter(|view| heard(view)).map(|view| view.unread as f64).sum()
    }

    /// Whether what was scanned, or typed with any white space, is the safety code or number of oneself and this contact. It is
    /// for the person to say so with `set_verified`.
    #[wasm_bindgen(js_name = safetyFits)]
    pub fn safety_fits(&self, identity: &str, scanned: &str) -> Result<bool, JsError> {
        let identity = Identity::parse(identity).ok_or_else(|| JsError::new("not an identity"))?;
        Ok(self.core.me().is_some_and(|me| safety::fits(scanned, &me.identity, &identity)))
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

    /// The same without what waits for hubs that can't be reached.
    #[wasm_bindgen(js_name = busyWhereReached)]
    pub fn busy_where_reached(&self) -> bool {
        self.core.busy_where_reached()
    }

    /// Whether a command has ended and everything that it led to is at the nodes, as far as this device can bring it there; true for
    /// ids that are not known.
    pub fn ended(&self, command: f64) -> bool {
        self.core.ended(CommandId(command as u64))
    }

    /// Whether all that waited at the nodes has been read. Hubs that can't be reached don't count: see `unreachable()`.
    #[wasm_bindgen(js_name = caughtUp)]
    pub fn caught_up(&self) -> bool {
        self.core.caught_up()
    }

    /// The URLs of hubs that the last try did not reach.
    pub fn unreachable(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.unreachable())
    }

    /// Whether the home node has refused this device again and again: it does not know the account (any more).
    #[wasm_bindgen(js_name = isUnknownAtHome)]
    pub fn is_unknown_at_home(&self) -> bool {
        self.core.is_unknown_at_home()
    }

    /// The numbers of files that are being sent: their copies are needed, also after a restart; all others are not.
    #[wasm_bindgen(js_name = filesSending)]
    pub fn files_sending(&self) -> Result<JsValue, JsError> {
        to_js(&self.core.files_sending())
    }

    /// Does from the next input on what is gathered for a moment otherwise: for a page that is being left. `flush` is the same as a
    /// command.
    pub fn hurry(&mut self) {
        self.core.hurry();
    }
}

impl Client {
    fn records(&self) -> &dyn Records {
        match &self.kept {
            Kept::Memory(records) => records,
            Kept::File(store) => store.as_ref(),
        }
    }

    fn store_fault(&self) -> Option<StoreFault> {
        match &self.kept {
            Kept::Memory(_) => None,
            Kept::File(store) => store.fault(),
        }
    }

    /// What was read, or why it could not be.
    fn shown<T: Serialize>(&self, found: Result<T, Fault>) -> Result<JsValue, JsValue> {
        match found {
            Ok(found) => Ok(to_js(&found)?),
            Err(error) => Err(self.store_fault().map_or_else(|| fault(&error).into(), trouble)),
        }
    }

    /// Keeps what is to be kept, and gives what is left to do.
    fn keep(&mut self, actions: Vec<io::Action>) -> Result<Vec<io::Action>, StoreFault> {
        let mut left = Vec::with_capacity(actions.len());
        for action in actions {
            match (&mut self.kept, action) {
                (Kept::File(store), io::Action::Save(changes)) => store.apply(&changes)?,
                (Kept::Memory(records), io::Action::Save(changes)) => {
                    records.apply(changes.clone());
                    left.push(io::Action::Save(changes));
                }
                (_, action) => left.push(action),
            }
        }
        let Kept::File(store) = &mut self.kept else { return Ok(left) };
        if self.core.left_out_seen() {
            store.drop_left_out()?;
        }
        // What could not be read may have led to actions that are wrong.
        store.fault().map_or(Ok(left), Err)
    }
}

/// Milliseconds of `Date.now()`.
fn time(now: f64) -> io::Time {
    now as io::Time
}

fn group_id(text: &str) -> Result<GroupId, JsError> {
    GroupId::parse(text).ok_or_else(|| JsError::new("not the id of a conversation"))
}
