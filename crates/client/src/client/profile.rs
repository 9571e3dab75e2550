//! The profile document: when it is read, merged and written, and how a node that shows an old one is noticed.

use super::Client;
use super::conversations::{Call, PROFILE_WAIT};
use super::purpose::{Known, Purpose};
use super::requests::{Ask, Reply};
use super::turn::Turn;
use crate::command::{Done, Fault};
use crate::io::{CommandId, Time};
use crate::profile::{Document, Name, Record};
use crate::view::{Event, Identity};
use tidings_wire::api::{Account, Counter, NewProfile, Profile};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;

/// What a person is told about an old copy.
const OLD_COPY: &str = "your node showed an old copy of your profile, as a node does that was restored from a backup; what this device knows \
                        was kept and written back. If nobody restored it, ask who runs it";
/// A profile that can't be read.
const UNREADABLE: &str =
    "the profile at your node can't be read, and it was not used: ask who runs the node whether something is broken";
/// How a warning begins of a profile that the node does not take.
const NOT_WRITTEN: &str = "the profile could not be written";
/// How long a write that met another one waits at most, in milliseconds.
const MEET_WAIT: u32 = 500;
/// Milliseconds before the document is offered again to a node that did not know this device.
const REFUSED_WAIT: Time = 10_000;

impl Client {
    fn asks(&self, wanted: impl Fn(&Purpose) -> bool) -> bool {
        self.requests.purposes().any(wanted)
    }

    /// What the node says of the account.
    pub(super) fn account_read(&mut self, turn: &mut Turn<'_>, known: Known, reply: Reply) {
        if matches!(reply.status(), 401 | 403 | 404) {
            // The list, which the identity itself may read, says whether it was removed.
            self.read_devices();
            return;
        }
        let (Ok(found), Some(own)) = (reply.read::<Account>(), &self.own) else { return };
        let identity = Fixed(own.identity().0);
        if found.identity != identity {
            return;
        }
        if let Ok(list) = Signed::<DeviceList>::verify_by(&found.devices.0, &identity) {
            self.own_list(turn, list, Some(known));
        }
        self.profile_at(turn, known, found.profile);
        self.judge_doubts(turn, known);
    }

    /// The node says that the profile is at this counter.
    fn profile_at(&mut self, turn: &mut Turn<'_>, known: Known, counter: u64) {
        let Some(own) = &self.own else { return };
        let (read, before) = (own.profile.read, own.profile.at_node);
        self.counted(turn, known, counter);
        let Some(own) = &self.own else { return };
        // Higher than any that was taken: the process may have ended between hearing of it and reading it.
        let (now, missed) = (own.profile.at_node, own.profile.at_node > own.profile.highest);
        if now != before || missed || (!read && counter > 0) {
            self.read_profile();
        }
    }

    /// The node has said a counter of the profile. Whether it is older than what the node itself had said before it was asked.
    fn counted(&mut self, turn: &mut Turn<'_>, known: Known, counter: u64) -> bool {
        let Some(own) = self.own_mut() else { return false };
        let old = counter < known.profile;
        own.profile.at_node = if old { counter } else { own.profile.at_node.max(counter) };
        if old {
            if !std::mem::replace(&mut self.upkeep.old_copy, true) {
                self.warn(turn, OLD_COPY);
            }
            self.owe_profile(turn.now, 0);
        }
        old
    }

    /// Reads the document.
    pub(super) fn read_profile(&mut self) {
        if self.asks(|purpose| matches!(purpose, Purpose::ReadProfile(_))) {
            return;
        }
        let known = self.known();
        if let Some(own) = &self.own {
            let ask = Ask::new(&own.node, "GET", "/v1/profile", Purpose::ReadProfile(known)).signed(&own.device_key());
            self.requests.ask(ask);
        }
    }

    pub(super) fn profile_read(&mut self, turn: &mut Turn<'_>, known: Known, reply: Reply) {
        let missing = reply.status() == 404;
        let first = self.own.as_ref().is_some_and(|own| !own.profile.read);
        match reply.read::<Profile>() {
            Ok(found) => self.take_profile(turn, known, &found),
            // The node has no profile. If there was one, it has lost it.
            Err(_) if missing => drop(self.counted(turn, known, 0)),
            Err(_) => {}
        }
        if first {
            self.find_missing(turn.now);
            if let Some(own) = self.own_mut() {
                own.profile.read = true;
            }
            self.join_missing(turn);
            // Only now it is known who is to hear of this new device.
            self.tell_devices(turn);
        }
        if let Some(command) = self.linking.waits_for_profile.take() {
            turn.done(Some(command), Done::Well);
        }
    }

    fn take_profile(&mut self, turn: &mut Turn<'_>, known: Known, found: &Profile) {
        let Some(own) = &self.own else { return };
        let (key, identity) = (own.secrets.profile_key(), own.identity());
        let Ok(document) = Document::open(&key, &identity, found.counter, &found.body.0) else {
            return self.warn(turn, UNREADABLE);
        };
        self.warn_no_more(turn, UNREADABLE);
        self.counted(turn, known, found.counter);
        if let Some(own) = self.own_mut() {
            own.profile.highest = own.profile.highest.max(found.counter);
        }
        let lacks = self.lacks(&document);
        if self.own.as_ref().is_some_and(|own| own.profile.at_node > found.counter) {
            // It was changed while this answer was on its way.
            self.read_profile();
        }
        let changed = self.book.merge(turn, &document);
        for name in &changed {
            self.merged(turn, name);
        }
        if lacks {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
        if !changed.is_empty() {
            self.refresh_oneself();
            self.find_missing(turn.now);
            self.hold_no_longer(turn);
            turn.show(Event::Changed);
        }
    }

    /// Whether a document of the node lacks something that is here.
    fn lacks(&self, document: &Document) -> bool {
        let newer = |(name, record): (&String, &Record)| {
            document.records.get(name).is_none_or(|other| (other.time, other.device) < (record.time, record.device))
        };
        self.book.document().records.iter().any(newer)
    }

    /// A record of the document is another now, since another device or a backup said so.
    pub(super) fn merged(&mut self, turn: &mut Turn<'_>, name: &str) {
        match Name::parse(name) {
            Some(Name::Contact(who)) => {
                if self.book.merged_contact(turn, who) {
                    self.owe_profile(turn.now, PROFILE_WAIT);
                }
                self.owe_contacts();
                self.calls.push_back(Call::Contact(who));
                self.calls.push_back(Call::Devices(who));
                turn.show(Event::Contact(who));
            }
            Some(Name::Conversation(group)) => {
                if let Some(entry) = self.book.get(&Name::Conversation(group)).map(<[u8]>::to_vec) {
                    // Another device has come in: it is joined as the profile knows it, not as somebody else has told of it.
                    self.forget_word(turn, &group);
                    self.with(turn, &group, |conversation, scene| conversation.apply_profile(scene, &entry));
                }
            }
            Some(Name::Read(group)) => {
                if let Some(marks) = self.book.get(&Name::Read(group)).map(<[u8]>::to_vec) {
                    self.with(turn, &group, |conversation, scene| conversation.apply_read_marks(scene, &marks));
                }
            }
            Some(Name::History(group, number)) => self.archive_merged(turn, &group, number),
            Some(Name::Me) => {
                // Another device may have chosen to keep history.
                let groups: Vec<_> = self.conversations.keys().copied().collect();
                groups.iter().for_each(|group| self.archive_soon(turn, group));
            }
            _ => {}
        }
    }

    /// When the document is to be written, unless it waits for an answer.
    pub(super) fn profile_due(&self) -> Option<Time> {
        let busy = self
            .asks(|purpose| matches!(purpose, Purpose::ReadProfile(_) | Purpose::WriteProfile | Purpose::Account(_)));
        let own = self.own.as_ref().filter(|own| !busy && own.profile.read && self.is_ready());
        own.and_then(|own| own.owed.profile)
    }

    /// Writes the document, if it is owed and nothing else is under way with it.
    pub(super) fn pay_profile(&mut self, turn: &mut Turn<'_>) {
        let due = self.profile_due().is_some_and(|at| at <= turn.now);
        let Some(own) = self.own.as_ref().filter(|_| due) else { return };
        let (key, identity, mark, at) = (own.secrets.profile_key(), own.identity(), own.mark(), own.profile.at_node);
        let document =
            Document { counter: at.saturating_add(1), device: mark, records: self.book.document().records.clone() };
        let Ok(body) = document.seal(&key, &identity, turn.random) else {
            return self.warn(turn, "the profile has become too large to be backed up");
        };
        let Some(own) = &self.own else { return };
        let ask = Ask::new(&own.node, "PUT", "/v1/profile", Purpose::WriteProfile)
            .json(&NewProfile { body: Blob(body) })
            .header("if-match", format!("\"{at}\""))
            .signed(&own.device_key());
        self.requests.ask(ask);
        self.upkeep.writing_profile = true;
        self.upkeep.profile_writing = self.upkeep.profile_changes;
    }

    pub(super) fn profile_written(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        self.upkeep.writing_profile = false;
        // What has changed since then is owed anew.
        let same = self.upkeep.profile_changes == self.upkeep.profile_writing;
        if let Some(own) = self.own_mut().filter(|_| same) {
            own.owed.profile = None;
        }
        let meets = reply.status() == 412;
        let refused = matches!(reply.status(), 401 | 403);
        match reply.read::<Counter>() {
            Ok(found) => self.profile_stands(turn, found.counter),
            Err(_) if meets && self.may_repair() => {
                let wait = Time::from(turn.random.next_u32() % MEET_WAIT);
                self.owe_profile(turn.now, wait);
                self.read_profile();
            }
            Err(fault) => {
                if refused {
                    // The list says whether this device was removed. If not, it is owed still.
                    self.read_devices();
                    if self.may_repair() {
                        self.owe_profile(turn.now, REFUSED_WAIT);
                    }
                } else {
                    self.warn_no_more(turn, NOT_WRITTEN);
                    self.warn(
                        turn,
                        &format!("{NOT_WRITTEN} to your node: {fault}; what changed stands on this device only"),
                    );
                }
                let commands = std::mem::take(&mut self.upkeep.backups);
                commands.into_iter().for_each(|command| turn.failed(Some(command), fault.clone()));
            }
        }
    }

    fn profile_stands(&mut self, turn: &mut Turn<'_>, counter: u64) {
        let Some(own) = self.own_mut() else { return };
        own.profile.at_node = counter;
        own.profile.written = turn.now;
        if counter < own.profile.highest {
            // The node had an old copy: written on until this one is the highest of all.
            if self.may_repair() {
                self.owe_profile(turn.now, 0);
            }
            return;
        }
        own.profile.highest = counter;
        self.upkeep.profile_written = self.upkeep.profile_writing;
        self.upkeep.old_copy = false;
        self.warn_no_more(turn, NOT_WRITTEN);
        if !self.archives.busy(turn.now) {
            let commands = std::mem::take(&mut self.upkeep.backups);
            commands.into_iter().for_each(|command| turn.done(Some(command), Done::Well));
        }
        self.say_backup(turn);
        turn.show(Event::Changed);
    }

    /// [`Command::BackUp`](crate::command::Command::BackUp).
    pub(super) fn back_up(&mut self, turn: &mut Turn<'_>, command: CommandId) -> Result<Option<Done>, Fault> {
        self.account()?;
        self.upkeep.backups.push(command);
        self.archive_all(turn);
        self.owe_profile(turn.now, 0);
        Ok(None)
    }

    /// Tells contacts once a day at which counter the profile is, so that they can bear witness.
    fn say_backup(&mut self, turn: &mut Turn<'_>) {
        const DAY: Time = 24 * 3600 * 1000;
        let Some(own) = self.own_mut() else { return };
        if turn.now.saturating_sub(own.backup_said) < DAY {
            return;
        }
        own.backup_said = turn.now;
        let counter = own.profile.at_node;
        let groups: Vec<_> = self.book.contacts().filter_map(|(_, _, contact)| contact.conversation).collect();
        for group in groups {
            let content = crate::content::Content::Backup(crate::content::Backup { counter });
            self.with(turn, &group, |conversation, scene| conversation.send(scene, content, None).map(|_| ()));
        }
    }

    /// The counter of somebody's profile was heard of.
    pub(super) fn heard_backup(&mut self, turn: &mut Turn<'_>, who: &Identity, counter: u64) {
        if self.book.heard_backup(turn, who, counter) {
            self.owe_profile(turn.now, 3600 * 1000);
        }
    }
}
