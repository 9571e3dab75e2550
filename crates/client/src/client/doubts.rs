//! What contacts say of one's own profile: whoever has heard of a newer copy than the node shows bears witness that the node hides something
//! (docs/protocol/profile.md). The node is asked before the person is alarmed, since the copy may have been written just now.

use super::Client;
use super::purpose::Known;
use super::turn::Turn;
use crate::io::Time;
use crate::view::Identity;
use std::collections::BTreeMap;

/// Contacts whose words are remembered.
const WITNESSES_MAX: usize = 100;
/// How long what a contact says is not told, nor looked into, once it was told, in milliseconds: a counter that rises with each word would make
/// a warning each time.
const QUIET: Time = 24 * 3600 * 1000;
/// What a person is told, after the name of the contact who says it.
const NOT_LATEST: &str = "has heard of a newer copy of your profile than your node gives back";

/// What contacts said that the node does not bear out.
#[derive(Default)]
pub(crate) struct Doubts {
    said: BTreeMap<Identity, Said>,
    heard: u64,
}

#[derive(Clone, Copy)]
struct Said {
    counter: u64,
    /// Which word it was, of all that were heard.
    number: u64,
    /// When the person was told.
    told: Option<Time>,
}

impl Doubts {
    /// How many words of contacts were heard.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Somebody has heard of this counter. Whether that is new.
    fn hear(&mut self, who: Identity, counter: u64, now: Time) -> bool {
        let quiet = |said: &Said| said.told.is_some_and(|at| now < at.saturating_add(QUIET));
        let known = self.said.get(&who).is_some_and(|said| said.counter == counter || quiet(said));
        if known || (self.said.len() >= WITNESSES_MAX && !self.said.contains_key(&who)) {
            return false;
        }
        self.heard += 1;
        self.said.insert(who, Said { counter, number: self.heard, told: None });
        true
    }
}

impl Client {
    /// Somebody says what was last heard of one's own counters.
    pub(super) fn witnessed(&mut self, by: Identity, profile: u64, devices: u64, now: Time) {
        let Some(own) = &self.own else { return };
        let newest = own.profile.highest.max(own.profile.at_node);
        let newer = devices > own.list().counter;
        if profile > newest && own.profile.read && self.upkeep.doubts.hear(by, profile, now) {
            self.ask_account();
        }
        if newer {
            self.read_devices();
        }
    }

    /// The node was asked for the counter of the profile: it bears out what contacts said, or the person is told.
    pub(super) fn judge_doubts(&mut self, turn: &mut Turn<'_>, known: Known) {
        let Some(own) = &self.own else { return };
        let (newest, at_node) = (own.profile.highest.max(own.profile.at_node), own.profile.at_node);
        let said: Vec<_> = self.upkeep.doubts.said.iter().map(|(who, said)| (*who, *said)).collect();
        for (who, Said { counter, number, told }) in said {
            let name = self.book.own_name(&who);
            if counter <= newest {
                self.upkeep.doubts.said.remove(&who);
                self.warn_no_more(turn, &format!("{name} {NOT_LATEST}"));
            } else if number > known.doubts {
                // Said after the node was asked.
                self.ask_account();
            } else if told.is_none() {
                self.upkeep.doubts.said.insert(who, Said { counter, number, told: Some(turn.now) });
                self.warn_of(turn, &name, counter, at_node);
            }
        }
    }

    fn warn_of(&mut self, turn: &mut Turn<'_>, name: &str, counter: u64, at_node: u64) {
        let begins = format!("{name} {NOT_LATEST}");
        self.warn_no_more(turn, &begins);
        let how =
            format!("number {counter}, not {at_node}: look whether contacts are missing, and ask who runs the node");
        self.warn_of_others(turn, &format!("{begins} ({how})"));
    }
}
