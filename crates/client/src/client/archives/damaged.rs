//! Archives that come damaged: a proxy may have spoilt them on the way, so they are fetched again before this device writes another one in
//! their place, and none is destroyed that was never read.

use super::super::Client;
use super::super::jobs::Job;
use super::super::turn::Turn;
use super::{DAY, HistoryRecord, Reading};
use crate::io::Time;
use crate::records::{RecordKey, Table};
use crate::transfer::{Download, TransferFault};
use crate::view::GroupId;
use serde::{Deserialize, Serialize};
use tidings_wire::bytes::Fixed;

const HOUR: Time = 3600 * 1000;
/// How long a device waits before it fetches what came damaged once more, in milliseconds: in a day it tries four times.
const WAITS: [Time; 3] = [HOUR, 7 * HOUR, 16 * HOUR];
/// How long it waits once another archive stands in its place, and how often it tries then.
const ASIDE_WAIT: Time = 7 * DAY;
const ASIDE_TRIES_MAX: u32 = 12;
/// How a warning begins of what came damaged.
const DAMAGED: &str = "a part of the history came damaged from your node";

/// An archive that is to be read.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// How often it came damaged.
    tries: u32,
    /// When it is tried again.
    pub(super) next: Time,
}

/// An archive that was never read, and in whose place another one stands now.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Aside {
    record: HistoryRecord,
    tries: u32,
    pub(super) next: Time,
}

fn wanted_place(group: &GroupId, number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"restore", [group.0.as_slice(), &number.to_be_bytes()].concat())
}

fn aside_place(group: &GroupId, number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"aside", [group.0.as_slice(), &number.to_be_bytes()].concat())
}

impl Client {
    pub(super) fn want_archive(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64) {
        let place = (*group, number);
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.archives.wanted.entry(place) {
            turn.put(wanted_place(group, number), vacant.insert(Wanted::default()));
        }
    }

    /// Another archive has the number of one that was to be read: whether that one came damaged means nothing any more.
    pub(super) fn wanted_anew(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64) {
        if let Some(wanted) = self.archives.wanted.get_mut(&(*group, number)) {
            *wanted = Wanted::default();
            turn.put(wanted_place(group, number), &*wanted);
        }
    }

    pub(super) fn not_wanted(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64) {
        if self.archives.wanted.remove(&(*group, number)).is_some() {
            turn.remove(wanted_place(group, number));
        }
    }

    /// Whether an archive of the conversation came damaged and is to be tried again: until then none of it is replaced.
    pub(super) fn waits_for_damaged(&mut self, turn: &Turn<'_>, group: &GroupId) -> bool {
        let later = |((of, _), wanted): (&(GroupId, u64), &Wanted)| (of == group).then_some(wanted.next);
        let Some(at) = self.archives.wanted.iter().filter_map(later).max().filter(|at| *at > turn.now) else {
            return false;
        };
        self.archives.due.insert(*group, at);
        if !self.upkeep.backups.is_empty() {
            self.owe_profile(turn.now, 0);
        }
        true
    }

    /// What was fetched is not what was written.
    pub(super) fn came_damaged(&mut self, turn: &mut Turn<'_>, reading: &Reading) {
        let (group, number) = (reading.group, reading.number);
        let tries = self.archives.wanted.get(&(group, number)).map_or(0, |wanted| wanted.tries);
        self.warn_no_more(turn, DAMAGED);
        // Another device may have put another one in its place: the profile tells.
        self.ask_account();
        if let Some(wait) = usize::try_from(tries).ok().and_then(|tries| WAITS.get(tries)) {
            let wanted = Wanted { tries: tries.saturating_add(1), next: turn.now.saturating_add(*wait) };
            turn.put(wanted_place(&group, number), &wanted);
            self.archives.wanted.insert((group, number), wanted);
            return self.warn(turn, &format!("{DAMAGED}: it is fetched again later"));
        }
        self.read_archive(turn, group, number, reading.hash, &[]);
        if let Some(united) = self.archives.united.get_mut(&(group, number)) {
            united.unread = true;
            turn.put(super::united_place(&group, number), &*united);
        }
        self.warn(turn, &format!("{DAMAGED}, four times in a day: it is tried again each week. Ask who runs the node"));
    }

    /// An archive is to be replaced: its blob goes, unless it could never be read.
    pub(super) fn drop_blob(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64, old: HistoryRecord) {
        let place = (*group, number);
        let unread = self.archives.united.get(&place).is_some_and(|united| united.unread && united.hash == old.hash);
        let kept = self.settings().history != crate::command::KeepHistory::Nothing;
        if unread && kept && self.conversations.contains_key(group) {
            let aside = Aside { record: old, tries: 0, next: turn.now.saturating_add(ASIDE_WAIT) };
            turn.put(aside_place(group, number), &aside);
            self.archives.asides.insert(place, aside);
            return;
        }
        self.destroy_archive(turn, old);
    }

    fn destroy_archive(&mut self, turn: &mut Turn<'_>, old: HistoryRecord) {
        let (url, secret) = (old.blob.url, Fixed(old.blob.delete));
        self.add_job(turn, Job::DestroyBlob { url, secret });
    }

    /// What was set aside of a conversation is not wanted any more.
    pub(super) fn drop_asides(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let numbers: Vec<_> = self.archives.asides.keys().filter(|(of, _)| of == group).copied().collect();
        for (group, number) in numbers {
            self.forget_aside(turn, &group, number, true);
        }
    }

    fn forget_aside(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64, destroy: bool) {
        if let Some(aside) = self.archives.asides.remove(&(*group, number)) {
            turn.remove(aside_place(group, number));
            if destroy {
                self.destroy_archive(turn, aside.record);
            }
        }
    }

    /// Tries the next of what was set aside, if it is time. Whether one is being fetched.
    pub(super) fn begin_aside(&mut self, turn: &mut Turn<'_>) -> bool {
        let due = self.archives.asides.iter_mut().find(|(_, aside)| aside.next <= turn.now);
        let Some((&(group, number), aside)) = due else { return false };
        aside.next = turn.now.saturating_add(ASIDE_WAIT);
        aside.tries = aside.tries.saturating_add(1);
        turn.put(aside_place(&group, number), &*aside);
        let (hash, over) = (aside.record.hash, aside.tries > ASIDE_TRIES_MAX);
        let download = Download::new(aside.record.blob.clone()).ok().filter(|_| !over);
        let Some(mut download) = download else {
            // The node drops it when its time is over.
            self.forget_aside(turn, &group, number, false);
            return false;
        };
        let steps = download.start();
        self.archives.reading = Some(Reading { group, number, hash, download, content: Vec::new(), aside: true });
        self.archive_steps(turn, steps);
        true
    }

    /// An archive was fetched.
    pub(super) fn archive_read(&mut self, turn: &mut Turn<'_>, reading: &Reading) {
        let (group, number) = (reading.group, reading.number);
        if reading.aside {
            self.take_up(turn, group, &reading.content);
            self.forget_aside(turn, &group, number, true);
            self.archive_soon(turn, &group);
        } else {
            self.read_archive(turn, group, number, reading.hash, &reading.content);
        }
        let waiting = self.archives.wanted.values().any(|wanted| wanted.tries > 0);
        if !waiting && self.archives.asides.is_empty() {
            self.warn_no_more(turn, DAMAGED);
        }
    }

    /// What was set aside could not be fetched this time.
    pub(super) fn aside_failed(&mut self, turn: &mut Turn<'_>, reading: &Reading, fault: TransferFault) {
        if fault == TransferFault::Gone {
            self.forget_aside(turn, &reading.group, reading.number, false);
        }
    }
}
