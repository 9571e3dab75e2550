//! Making an account, and what the person is to others.

use super::Client;
use super::conversations::PROFILE_WAIT;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::state::{Own, Stage};
use super::turn::Turn;
use crate::command::{Done, Fault, KeepHistory, Reason, Secret};
use crate::io::{CommandId, Time};
use crate::keys::{Secrets, read_box_key};
use crate::node_url;
use crate::phrase::Phrase;
use crate::profile::Name;
use crate::view::Event;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tidings_wire::api::NewAccount;
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::device_list::{DeviceList, ProvenKey};
use tidings_wire::failure::Code;
use tidings_wire::signed::{Signed, SignedError};

/// Most bytes of a name and of a statement.
pub(super) const NAME_MAX: usize = 256;
/// Most bytes of a picture.
pub(super) const PICTURE_MAX: usize = crate::content::PICTURE_BYTES_MAX;

/// The record `me` of the profile (docs/protocol/profile.md).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MeRecord {
    pub name: String,
    pub picture: Option<ByteBuf>,
    pub statement: String,
    /// Whether others are told what was read.
    pub receipts: bool,
    /// Days of history that the backup has: none, so many, or all if there is no number.
    pub history: Option<u32>,
}

impl Default for MeRecord {
    fn default() -> Self {
        Self { name: String::new(), picture: None, statement: String::new(), receipts: true, history: Some(0) }
    }
}

/// Settings that this device goes by.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub read_receipts: bool,
    pub history: KeepHistory,
}

impl MeRecord {
    /// What of the history is kept.
    pub(super) fn keep(&self) -> KeepHistory {
        match self.history {
            Some(0) => KeepHistory::Nothing,
            Some(days) => KeepHistory::Days(days),
            None => KeepHistory::All,
        }
    }
}

impl From<SignedError> for Fault {
    fn from(error: SignedError) -> Self {
        Self::Distrust(error.to_string())
    }
}

/// Reads a phrase that a person typed.
pub(super) fn secrets(phrase: &Secret) -> Result<Secrets, Fault> {
    let phrase = Phrase::parse(&phrase.0).map_err(|error| Fault::Phrase(error.to_string()))?;
    Secrets::from_phrase(&phrase).map_err(|error| Fault::Phrase(error.to_string()))
}

/// Reads the address of a node that a person typed.
pub(super) fn home(node: &str) -> Result<String, Fault> {
    node_url::from_typed(node).ok_or_else(|| Fault::Link(format!("{node} is no address of a node")))
}

/// A device's certificate.
pub(super) fn certify(
    secrets: &Secrets,
    device: [u8; 32],
    serial: u64,
    now: Time,
) -> Result<Signed<DeviceCertificate>, Fault> {
    let identity = Fixed(secrets.identity().0);
    let body = DeviceCertificate { identity, device: Fixed(device), serial, created: now };
    Ok(Signed::sign(body, &secrets.identity_key())?)
}

impl Client {
    /// What the profile says of oneself.
    pub(super) fn me_record(&self) -> MeRecord {
        self.book.get_as(&Name::Me).unwrap_or_default()
    }

    /// The settings in force.
    pub(super) fn settings(&self) -> Settings {
        let me = self.me_record();
        Settings { read_receipts: me.receipts, history: me.keep() }
    }

    /// [`Command::CreateAccount`](crate::command::Command::CreateAccount).
    pub(super) fn create_account(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        asked: NewOwn,
    ) -> Result<Option<Done>, Fault> {
        let secrets = secrets(&asked.phrase)?;
        let node = home(&asked.node)?;
        if asked.name.len() > NAME_MAX || asked.device.len() > NAME_MAX {
            return Err(Fault::TooLarge("a name".to_owned()));
        }
        let again = self.own.as_ref().is_some_and(|own| {
            matches!(own.stage, Stage::Registering { .. }) && own.identity() == secrets.identity() && own.node == node
        });
        if !again {
            if self.own.as_ref().is_some_and(|own| !matches!(own.stage, Stage::Registering { .. })) {
                return Err(Fault::HasAccount);
            }
            self.not_being_linked()?;
            let device = SigningKey::from_bytes(&turn.bytes());
            let public = device.verifying_key().to_bytes();
            let identity = Fixed(secrets.identity().0);
            let list = DeviceList::first(identity, ProvenKey::new(&device, &identity));
            let list = Signed::sign(list, &secrets.identity_key())?;
            let certificate = certify(&secrets, public, 1, turn.now)?;
            let stage = Stage::Registering { token: asked.token.map(|token| token.0.clone()), name: asked.name };
            self.own = Some(Own::new(secrets, node, &device, list, certificate, stage, asked.device));
            self.own_changed = true;
        }
        self.register(Some(command));
        Ok(None)
    }

    /// Asks the node for the account.
    pub(super) fn register(&mut self, command: Option<CommandId>) {
        let Some(own) = &self.own else { return };
        let Stage::Registering { token, .. } = &own.stage else { return };
        let body = NewAccount { devices: Blob(own.list().bytes().to_vec()), token: token.clone() };
        let patience = if command.is_some() { Patience::Now } else { Patience::Always };
        let ask = Ask::new(&own.node, "POST", "/v1/accounts", Purpose::Register(command));
        self.requests.ask(ask.json(&body).signed(&own.secrets.identity_key()).patience(patience));
    }

    /// [`Command::DeleteAccount`](crate::command::Command::DeleteAccount).
    pub(super) fn delete_account(&mut self, command: CommandId) -> Result<Option<Done>, Fault> {
        let own = self.account()?;
        let ask = Ask::new(&own.node, "DELETE", "/v1/account", Purpose::DeleteAccount(command));
        self.requests.ask(ask.signed(&own.secrets.identity_key()).patience(Patience::Now));
        Ok(None)
    }

    pub(super) fn account_deleted(&mut self, turn: &mut Turn<'_>, command: CommandId, reply: &Reply) {
        let done = match reply {
            // The answer to an earlier try may have been lost.
            Reply::Answer(answer) if answer.code() == Code::NotAccepted => Done::Well,
            Reply::Answer(answer) if (200..300).contains(&answer.status) => Done::Well,
            Reply::Answer(answer) => Done::Failed(answer.fault()),
            Reply::Later => Done::Failed(Fault::Offline),
        };
        turn.done(Some(command), done);
    }

    pub(super) fn registered(&mut self, turn: &mut Turn<'_>, command: Option<CommandId>, reply: Reply) {
        let Some(Stage::Registering { name, .. }) = self.own.as_ref().map(|own| own.stage.clone()) else { return };
        let refused = matches!(reply.status(), 400..500);
        let exists = matches!(&reply, Reply::Answer(answer) if answer.code() == Code::Exists);
        match reply.good() {
            Ok(_) => self.begin(turn, command, name),
            Err(fault) => {
                if refused {
                    self.own = None;
                    self.own_changed = true;
                }
                turn.failed(command, if exists { Fault::Cannot(Reason::Exists) } else { fault });
            }
        }
    }

    /// The account was made.
    fn begin(&mut self, turn: &mut Turn<'_>, command: Option<CommandId>, name: String) {
        let Some(own) = self.own_mut() else { return };
        own.stage = Stage::Ready;
        own.profile.read = true;
        own.owed.contacts = true;
        self.refresh_oneself();
        let me = MeRecord { name, ..MeRecord::default() };
        let _ = self.book.set(turn, &Name::Me, Some(cbor::encode(&me)));
        self.name_device(turn);
        self.owe_profile(turn.now, 0);
        self.refresh_oneself();
        self.ready(turn);
        turn.show(Event::Changed);
        turn.done(command, Done::Well);
    }

    /// [`Command::SetProfile`](crate::command::Command::SetProfile).
    pub(super) fn set_profile(&mut self, turn: &mut Turn<'_>, asked: NewProfile) -> Result<Option<Done>, Fault> {
        self.account()?;
        let mut me = self.me_record();
        let before = me.clone();
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > NAME_MAX);
        if long(&asked.name) || long(&asked.statement) {
            return Err(Fault::TooLarge("a name or statement of more than 256 bytes".to_owned()));
        }
        if asked.picture.as_ref().is_some_and(|picture| picture.len() > PICTURE_MAX) {
            return Err(Fault::TooLarge("a picture of more than 32 KiB".to_owned()));
        }
        me.name = asked.name.unwrap_or(me.name);
        me.statement = asked.statement.unwrap_or(me.statement);
        me.receipts = asked.read_receipts.unwrap_or(me.receipts);
        if let Some(picture) = asked.picture {
            me.picture = (!picture.is_empty()).then(|| ByteBuf::from(picture));
        }
        me.history = match asked.history {
            None => me.history,
            Some(KeepHistory::Nothing) => Some(0),
            Some(KeepHistory::Days(days)) => Some(days.max(1)),
            Some(KeepHistory::All) => None,
        };
        if self.book.set(turn, &Name::Me, Some(cbor::encode(&me))) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        self.refresh_oneself();
        if (&me.name, &me.picture) != (&before.name, &before.picture) {
            self.send_cards(turn);
        }
        if me.history != before.history {
            self.archive_all(turn);
        }
        turn.show(Event::Changed);
        Ok(Some(Done::Well))
    }

    /// [`Command::TakeBoxKey`](crate::command::Command::TakeBoxKey).
    pub(super) fn take_box_key(&mut self, turn: &mut Turn<'_>, key: &Secret) -> Result<Option<Done>, Fault> {
        self.account()?;
        let refuse = || Fault::Link("this is no secret key of piqchat".to_owned());
        let key = read_box_key(key.0.trim()).ok_or_else(refuse)?;
        if self.book.set(turn, &Name::Box, Some(key.to_vec())) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        turn.show(Event::Changed);
        Ok(Some(Done::Well))
    }
}

/// What [`Command::CreateAccount`](crate::command::Command::CreateAccount) says.
pub(crate) struct NewOwn {
    pub node: String,
    pub token: Option<Secret>,
    pub phrase: Secret,
    pub name: String,
    pub device: String,
}

/// What [`Command::SetProfile`](crate::command::Command::SetProfile) says.
pub(crate) struct NewProfile {
    pub name: Option<String>,
    pub picture: Option<Vec<u8>>,
    pub statement: Option<String>,
    pub read_receipts: Option<bool>,
    pub history: Option<KeepHistory>,
}
