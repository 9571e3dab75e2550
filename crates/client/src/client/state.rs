//! What the client keeps about itself: secrets, this device, cursors, and what it owes its node.

use super::layout::START_ANEW;
use super::turn::Turn;
use crate::command::Fault;
use crate::io::Time;
use crate::keys::Secrets;
use crate::records::{RecordKey, Records, Table};
use crate::view::Identity;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidings_wire::bytes::Fixed;
use tidings_wire::certificate::{DeviceCertificate, mark};
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;
use zeroize::Zeroizing;

/// Most bytes of the record.
const OWN_BYTES_MAX: usize = 1024 * 1024;
/// Own device lists that are remembered, to bring a restored node up to date.
const LISTS_MAX: usize = 16;
/// Parcels whose ids are remembered, so that a restored node can't bring them again.
const SEEN_MAX: usize = 512;
/// Answers to lists that contradict known ones that are remembered, and how many of them to the same person.
const ANSWERED_MAX: usize = 128;
const ANSWERED_EACH: usize = 4;
/// For how long, in milliseconds.
const ANSWERED_FOR: Time = 24 * 3600 * 1000;
/// Warnings that are kept.
const WARNINGS_MAX: usize = 16;

/// How far this device belongs to its account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The account is being made.
    Registering {
        /// Lets in.
        token: Option<String>,
        /// What the person wants to be called.
        name: String,
    },
    /// The device list with this device is being published.
    Enrolling,
    /// It works.
    Ready,
    /// It was removed.
    Removed,
}

/// What is to be brought to the home node, now or when it can be reached. Never forgotten by a crash.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Owed {
    /// The allow-list of posting keys.
    pub contacts: bool,
    /// The profile, not before this time.
    pub profile: Option<Time>,
    /// The newest device list.
    pub devices: bool,
    /// The push subscription.
    pub push: bool,
    /// The card, to all contacts and groups.
    pub card: bool,
    /// All key packages: the node has none yet of this device, or has lost them.
    pub packages: bool,
    /// What the node throws away when this device comes on the list or gets another serial, once the newest list is there.
    pub listed: bool,
}

/// The highest that was seen of the profile.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ProfileState {
    /// The counter at the node, as last heard from it.
    pub at_node: u64,
    /// The highest that was ever seen or heard of.
    pub highest: u64,
    /// When this device last wrote it.
    pub written: Time,
    /// Whether it was ever read by this device.
    pub read: bool,
}

/// A push subscription.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Push {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

/// A device list that contradicts the one known, and was answered with that.
#[derive(Clone, Serialize, Deserialize)]
struct Answered {
    who: Identity,
    /// The SHA-256 of the list.
    list: Fixed<32>,
    at: Time,
}

/// The client's own state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Own {
    pub secrets: Secrets,
    /// The home node's URL.
    pub node: String,
    #[serde(with = "serde_bytes")]
    device: [u8; 32],
    pub certificate: Signed<DeviceCertificate>,
    /// The newest own device list.
    list: Signed<DeviceList>,
    /// Those before it.
    older: VecDeque<Signed<DeviceList>>,
    /// The counter of the newest own list that the node is known to have had.
    #[serde(default)]
    pub published: u64,
    pub stage: Stage,
    /// What the person calls this device.
    pub device_name: String,
    #[serde(default)]
    pub owed: Owed,
    #[serde(default)]
    pub profile: ProfileState,
    /// The home node's incarnation, as last heard; 0 before.
    #[serde(default)]
    pub incarnation: u64,
    /// Everything in the inbox up to here was read and kept.
    #[serde(default)]
    pub inbox: u64,
    /// The same, and the node knows it.
    #[serde(default)]
    pub taken: u64,
    #[serde(default)]
    seen: VecDeque<Fixed<16>>,
    /// The counter of the card that was last given out.
    #[serde(default)]
    pub card: u64,
    #[serde(default)]
    pub push: Option<Push>,
    #[serde(default)]
    pub channels: Vec<String>,
    #[serde(default)]
    warnings: VecDeque<String>,
    /// Those that others can bring about: they push out none about the own account.
    #[serde(default)]
    warnings_of_others: VecDeque<String>,
    /// The number of the next job.
    #[serde(default)]
    pub next_job: u64,
    /// The number of the key package that was made last.
    #[serde(default)]
    pub next_package: u64,
    /// When a `backup` was last said.
    #[serde(default)]
    pub backup_said: Time,
    #[serde(default)]
    answered: VecDeque<Answered>,
}

fn place() -> RecordKey {
    RecordKey::new(Table::Own, b"state", [])
}

impl Own {
    /// A new device of an identity. `list` has it.
    pub(super) fn new(
        secrets: Secrets,
        node: String,
        device: &SigningKey,
        list: Signed<DeviceList>,
        certificate: Signed<DeviceCertificate>,
        stage: Stage,
        device_name: String,
    ) -> Self {
        Self {
            secrets,
            node,
            device: device.to_bytes(),
            certificate,
            published: if stage == Stage::Enrolling { 0 } else { list.counter },
            list,
            older: VecDeque::new(),
            stage,
            device_name,
            owed: Owed { packages: true, ..Owed::default() },
            profile: ProfileState::default(),
            incarnation: 0,
            inbox: 0,
            taken: 0,
            seen: VecDeque::new(),
            card: 0,
            push: None,
            channels: Vec::new(),
            warnings: VecDeque::new(),
            warnings_of_others: VecDeque::new(),
            next_job: 0,
            next_package: 0,
            backup_said: 0,
            answered: VecDeque::new(),
        }
    }

    /// Reads it; none before there is an account.
    pub(super) fn open(records: &dyn Records) -> Result<Option<Self>, Fault> {
        let Some(value) = records.get(&place())?.map(Zeroizing::new) else { return Ok(None) };
        let own = tidings_wire::cbor::decode(&value, OWN_BYTES_MAX);
        own.map(Some).map_err(|_| Fault::Store(format!("what is kept of your account here is damaged. {START_ANEW}")))
    }

    /// Keeps it.
    pub(super) fn save(&self, turn: &mut Turn<'_>) {
        turn.put(place(), self);
    }

    /// Deletes it.
    pub(super) fn erase(turn: &mut Turn<'_>) {
        turn.remove(place());
    }

    pub(super) fn identity(&self) -> Identity {
        self.secrets.identity()
    }

    pub(super) fn device_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.device)
    }

    pub(super) fn device_public(&self) -> Fixed<32> {
        self.certificate.device
    }

    /// The mark of this device.
    pub(super) fn mark(&self) -> [u8; 8] {
        mark(&self.certificate.device.0).0
    }

    /// The newest own device list.
    pub(super) fn list(&self) -> &Signed<DeviceList> {
        &self.list
    }

    /// The own list with this counter, if it is remembered.
    pub(super) fn list_at(&self, counter: u64) -> Option<&Signed<DeviceList>> {
        [&self.list].into_iter().chain(self.older.iter().rev()).find(|list| list.counter == counter)
    }

    /// A newer list of one's own.
    pub(super) fn push_list(&mut self, list: Signed<DeviceList>) {
        self.older.push_back(std::mem::replace(&mut self.list, list));
        if self.older.len() > LISTS_MAX {
            self.older.pop_front();
        }
    }

    /// Whether there are other devices.
    pub(super) fn has_others(&self) -> bool {
        self.list.devices.len() > 1
    }

    /// Whether a parcel is new; notes it.
    pub(super) fn first_sight(&mut self, id: Fixed<16>) -> bool {
        if self.seen.contains(&id) {
            return false;
        }
        self.seen.push_back(id);
        if self.seen.len() > SEEN_MAX {
            self.seen.pop_front();
        }
        true
    }

    /// Whether a list of somebody's is answered that contradicts the one known. Notes it: the same one is answered once a day, however often
    /// it is heard, and only a few of one person.
    pub(super) fn answers(&mut self, who: Identity, list: Fixed<32>, now: Time) -> bool {
        self.answered.retain(|answered| now.saturating_sub(answered.at) < ANSWERED_FOR);
        let of = || self.answered.iter().filter(|answered| answered.who == who);
        if of().count() >= ANSWERED_EACH || of().any(|answered| answered.list == list) {
            return false;
        }
        self.answered.push_back(Answered { who, list, at: now });
        if self.answered.len() > ANSWERED_MAX {
            self.answered.pop_front();
        }
        true
    }

    /// Something that the person should know. Whether it was not known before.
    pub(super) fn warn(&mut self, warning: &str) -> bool {
        note_warning(&mut self.warnings, warning)
    }

    /// The same of what others did.
    pub(super) fn warn_of_others(&mut self, warning: &str) -> bool {
        note_warning(&mut self.warnings_of_others, warning)
    }

    /// Forgets warnings. Whether there were such ones.
    pub(super) fn forget_warnings(&mut self, which: impl Fn(&str) -> bool) -> bool {
        let count = |own: &Self| own.warnings.len() + own.warnings_of_others.len();
        let before = count(self);
        self.warnings.retain(|warning| !which(warning));
        self.warnings_of_others.retain(|warning| !which(warning));
        count(self) < before
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.iter().chain(&self.warnings_of_others).cloned().collect()
    }
}

fn note_warning(known: &mut VecDeque<String>, warning: &str) -> bool {
    if known.iter().any(|known| known == warning) {
        return false;
    }
    known.push_back(warning.to_owned());
    if known.len() > WARNINGS_MAX {
        known.pop_front();
    }
    true
}
