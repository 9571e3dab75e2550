//! What people did, so that it can be compared in the end with what everybody has.

use std::collections::{BTreeMap, BTreeSet};
use tidings_client::view::{GroupId, Identity, MessageId};

/// A text that somebody said and that was kept: its device answered that it will be sent.
pub struct Said {
    pub group: GroupId,
    pub id: MessageId,
    pub text: String,
    /// Seconds after which it disappears.
    pub expire: Option<u32>,
    pub device: usize,
    pub by: Identity,
    /// When, in milliseconds.
    pub at: u64,
    /// Who belonged to the conversation, as the sender saw it.
    pub roster: BTreeSet<Identity>,
    /// Devices that were in the conversation just then.
    pub present: BTreeSet<usize>,
}

/// What people did.
#[derive(Default)]
pub struct Ledger {
    pub said: Vec<Said>,
    /// Messages that somebody has edited or deleted, and on which devices: their text is not looked for.
    pub touched: BTreeMap<MessageId, BTreeSet<usize>>,
    /// Who was ever taken out of a conversation, or left it: they may miss what was said.
    pub moved: BTreeSet<(GroupId, Identity)>,
    /// Who was added again after that, or tried to be, and by whom.
    pub added: BTreeMap<(GroupId, Identity), BTreeSet<Identity>>,
    /// Who has blocked whom.
    pub blocked: BTreeSet<(Identity, Identity)>,
    /// Which serials linked devices got, as the devices that let them in say: they have no account before they hear of that.
    pub linked: BTreeMap<usize, u64>,
    pub warnings: BTreeSet<String>,
    /// How many texts were begun, also those that a crash may have taken.
    pub begun: u64,
    /// What was done, by kind, and how often it failed.
    pub acts: BTreeMap<&'static str, (u64, u64)>,
}
