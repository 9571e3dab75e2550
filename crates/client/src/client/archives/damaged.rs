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
/// Most archives that are set aside. What is too much is left as it is, and the node drops it when its time is over.
pub(super) const ASIDES_MAX: usize = 1_000;
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

/// Archives are set aside by their hash: several may have had the same number one after another.
pub(super) type AsideOf = (GroupId, Fixed<32>);

fn aside_place((group, hash): &AsideOf) -> RecordKey {
    RecordKey::new(Table::Own, b"aside", [group.0.as_slice(), &hash.0].concat())
}

/// Which archive stands at a place of the store.
pub(super) fn aside_at(order: &[u8]) -> Option<AsideOf> {
    let (group, hash) = order.split_first_chunk::<16>()?;
    Some((GroupId(*group), Fixed(hash.try_into().ok()?)))
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
    pub(super) fn came_damaged(&mut self, turn: &mut Turn<'_>, reading: &Reading, number: u64) {
        let group = reading.group;
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
            return self.set_aside(turn, (*group, old.hash), old);
        }
        self.destroy_archive(turn, old);
    }

    fn set_aside(&mut self, turn: &mut Turn<'_>, of: AsideOf, record: HistoryRecord) {
        if self.archives.asides.len() < ASIDES_MAX && !self.archives.asides.contains_key(&of) {
            let aside = Aside { record, tries: 0, next: turn.now.saturating_add(ASIDE_WAIT) };
            turn.put(aside_place(&of), &aside);
            self.archives.asides.insert(of, aside);
        }
    }

    fn destroy_archive(&mut self, turn: &mut Turn<'_>, old: HistoryRecord) {
        let (url, secret) = (old.blob.url, Fixed(old.blob.delete));
        self.add_job(turn, Job::DestroyBlob { url, secret });
    }

    /// What was set aside of a conversation is not wanted any more.
    pub(super) fn drop_asides(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let found: Vec<_> = self.archives.asides.keys().filter(|(of, _)| of == group).copied().collect();
        for of in found {
            self.forget_aside(turn, &of, true);
        }
    }

    fn forget_aside(&mut self, turn: &mut Turn<'_>, of: &AsideOf, destroy: bool) {
        if let Some(aside) = self.archives.asides.remove(of) {
            turn.remove(aside_place(of));
            if destroy {
                self.destroy_archive(turn, aside.record);
            }
        }
    }

    /// Tries the next of what was set aside, if it is time. Whether one is being fetched.
    pub(super) fn begin_aside(&mut self, turn: &mut Turn<'_>) -> bool {
        let due = self.archives.asides.iter_mut().find(|(_, aside)| aside.next <= turn.now);
        let Some((&of, aside)) = due else { return false };
        aside.next = turn.now.saturating_add(ASIDE_WAIT);
        aside.tries = aside.tries.saturating_add(1);
        turn.put(aside_place(&of), &*aside);
        let over = aside.tries > ASIDE_TRIES_MAX;
        let download = Download::new(aside.record.blob.clone()).ok().filter(|_| !over);
        let Some(mut download) = download else {
            // The node drops it when its time is over.
            self.forget_aside(turn, &of, false);
            return false;
        };
        let steps = download.start();
        let (group, hash) = of;
        self.archives.reading = Some(Reading { group, number: None, hash, download, content: Vec::new() });
        self.archive_steps(turn, steps);
        true
    }

    /// An archive was fetched.
    pub(super) fn archive_read(&mut self, turn: &mut Turn<'_>, reading: &Reading) {
        let group = reading.group;
        if let Some(number) = reading.number {
            self.read_archive(turn, group, number, reading.hash, &reading.content);
        } else {
            self.take_up(turn, group, &reading.content);
            self.forget_aside(turn, &(group, reading.hash), true);
            self.archive_soon(turn, &group);
        }
        let waiting = self.archives.wanted.values().any(|wanted| wanted.tries > 0);
        if !waiting && self.archives.asides.is_empty() {
            self.warn_no_more(turn, DAMAGED);
        }
    }

    /// What was set aside could not be fetched this time.
    pub(super) fn aside_failed(&mut self, turn: &mut Turn<'_>, reading: &Reading, fault: TransferFault) {
        if fault == TransferFault::Gone {
            self.forget_aside(turn, &(reading.group, reading.hash), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::BlobPointer;
    use crate::client::tests::Alone;

    #[test]
    fn archives_that_had_the_same_number_are_all_kept_aside() {
        let mut alone = Alone::new();
        let group = GroupId([1; 16]);
        let record = |hash: u8| {
            let (url, name, kind) = (format!("https://home.example/v1/blobs/{hash}"), String::new(), String::new());
            let blob = BlobPointer { url, key: [2; 32], size: 1, name, kind, delete: [3; 16] };
            HistoryRecord { blob, hash: Fixed([hash; 32]), at: 0 }
        };
        for hash in [1, 2, 1] {
            alone.turn(|client, turn| client.set_aside(turn, (group, Fixed([hash; 32])), record(hash)));
        }
        let kept: Vec<_> = alone.client.archives.asides.keys().copied().collect();
        assert_eq!(kept, [(group, Fixed([1; 32])), (group, Fixed([2; 32]))]);
        assert_eq!(aside_at(&aside_place(&kept[1]).order), Some(kept[1]));
    }
}
