//! The version of the records, and what of them can't be read.
//!
//! A record that a later version adds a field to is still read, since new fields have defaults; the number is raised only where an older
//! version would read something wrong. One record that is damaged costs what it held, not the rest.

use super::Client;
use super::turn::Turn;
use crate::command::Fault;
use crate::conversation::Conversation;
use crate::profile::Name;
use crate::records::{RecordKey, Records, Table};
use serde::de::DeserializeOwned;
use tidings_wire::cbor;

/// What this version writes.
const LAYOUT: u32 = 1;
/// Most bytes of its record.
const LAYOUT_BYTES_MAX: usize = 16;
/// What a person does whose records can't be used at all.
pub(super) const START_ANEW: &str = "log in with your twelve or twenty-four words in another profile: account, contacts and conversations come \
                                     back from your node, and history as far as it is in the backup";

fn place() -> RecordKey {
    RecordKey::new(Table::Own, b"layout", [])
}

/// Whether the records are of this very version; those of an older one are brought up to it as they are written. Fails if a newer
/// version wrote them.
pub(super) fn check(records: &dyn Records) -> Result<bool, Fault> {
    let Some(value) = records.get(&place())? else { return Ok(false) };
    match cbor::decode::<u32>(&value, LAYOUT_BYTES_MAX) {
        Ok(layout) if layout <= LAYOUT => Ok(layout == LAYOUT),
        Ok(layout) => Err(Fault::Newer(format!(
            "what is kept here was written by a newer version of Tidings (records of version {layout}, this one reads up to {LAYOUT}): \
             start that version. If you have it no more, {START_ANEW}"
        ))),
        Err(_) => {
            Err(Fault::Store(format!("the version of the local records can't be read: they are damaged. {START_ANEW}")))
        }
    }
}

/// How a warning begins of what the store can't open.
const LEFT_OUT: &str = "records kept on this device were damaged on its disk and are left out";

/// Writes down the version.
pub(super) fn write(turn: &mut Turn<'_>) {
    turn.put(place(), &LAYOUT);
}

/// How many records could not be read when the client was opened.
#[derive(Default)]
pub(crate) struct Damage {
    pub count: u32,
}

impl Damage {
    /// Reads a record; one that is damaged is counted and passed over.
    pub(super) fn read<T: DeserializeOwned>(&mut self, value: &[u8], max: usize) -> Option<T> {
        let read = cbor::decode(value, max).ok();
        self.count = self.count.saturating_add(u32::from(read.is_none()));
        read
    }
}

/// What the person knows of the records that the store left out.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// So many were said.
    said: u64,
    /// The person has put that warning away, and no more were come upon since.
    seen: bool,
}

impl Client {
    /// Whether the person was told of all records that the store has left out so far ([`Records::left_out`]) and has put the warning away:
    /// then the store can delete them.
    pub fn left_out_seen(&self) -> bool {
        self.left_out.seen
    }

    /// Tells the person when the store has come upon damaged records.
    pub(super) fn say_left_out(&mut self, turn: &mut Turn<'_>) {
        let count = turn.records.left_out();
        if count > self.left_out.said && self.own.is_some() {
            self.left_out.seen = false;
            self.warn_no_more(turn, LEFT_OUT);
            self.warn(turn, &format!("{LEFT_OUT} (so many: {count}); what your node and others have of them comes back. Once you have put this warning away, they are deleted"));
        }
        self.left_out.seen &= count > 0;
        self.left_out.said = count;
    }

    /// The person has put warnings away.
    pub(super) fn left_out_is_known(&mut self, seen: &[String]) {
        self.left_out.seen |= self.left_out.said > 0 && seen.iter().any(|warning| warning.starts_with(LEFT_OUT));
    }

    /// Tells the person what could not be read, and lets the conversations among it come back by what the profile knows of them.
    pub(super) fn say_damage(&mut self, turn: &mut Turn<'_>) {
        let count = std::mem::take(&mut self.damage).count;
        if count > 0 {
            let warning = "records on this device were damaged and are left out; what your node and others have of them comes back";
            self.warn(turn, &format!("{count} {warning}"));
        }
        for group in std::mem::take(&mut self.damaged) {
            let entry = self.book.get(&Name::Conversation(group));
            let known = entry.map(|entry| Conversation::name_in_profile(entry, &self.book).unwrap_or_default());
            let warning = match known {
                Some(name) => {
                    self.missing.insert(group, turn.now);
                    format!(
                        "what is kept here of \u{201c}{name}\u{201d} is damaged: this device comes into it again, and may miss what was said \
                         meanwhile"
                    )
                }
                None => "what is kept here of a conversation is damaged, and your profile does not name it: somebody in it must add you again".to_owned(),
            };
            self.warn(turn, &warning);
        }
    }
}
