//! History in the backup: archives of conversations as sealed blobs, named in the profile (docs/protocol/profile.md). All devices of a person
//! write the same archives: before a device replaces one, it takes up from it what it does not have.

mod damaged;
mod moving;
mod united;

use super::Client;
use super::conversations::PROFILE_WAIT;
use super::layout::Damage;
use super::turn::Turn;
use crate::blob::BlobPointer;
use crate::command::{Fault, KeepHistory};
use crate::content::Message;
use crate::io::Time;
use crate::profile::{Archived, Name, archive_hash, read_archive, write_archive};
use crate::records::{Direction, RecordKey, Records, Table};
use crate::transfer::{Download, Upload};
use crate::view::GroupId;
use damaged::{ASIDES_MAX, Aside, AsideOf, Wanted};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;

/// How long new messages wait until they are archived, in milliseconds.
const SOON: Time = 10 * 60 * 1000;
/// How long what is gone waits until it is gone from the archive, in milliseconds.
const AGAIN: Time = 30_000;
/// Bytes of messages in one archive.
const ARCHIVE_FILL: usize = 512 * 1024;
/// Most archives of one conversation.
const ARCHIVES_MAX: usize = 200;
/// Messages read at once.
const PAGE: usize = 500;
/// How long a blob is asked to be kept, and after what time it is written anew, in milliseconds.
const KEPT: Time = 365 * DAY;
const WRITTEN_ANEW: Time = 180 * DAY;
const DAY: Time = 24 * 3600 * 1000;
/// Most conversations that wait to be archived or restored.
const WAITING_MAX: usize = 10_000;
/// Most archives that are remembered, and most bytes of what is remembered of one.
const UNITED_MAX: usize = 200_000;
const UNITED_BYTES_MAX: usize = 4096;
/// The longest that one of several devices waits longer than the others before it archives, in milliseconds: the first one does it for all.
const APART: u64 = 5 * 60 * 1000;
/// How long a device waits before it tries again to read or write what could not be, in milliseconds.
const TRY_AGAIN: Time = 3600 * 1000;
/// How a warning begins of history that could not be written.
const NOT_WRITTEN: &str = "the history could not be written to the backup";

/// The record `history/…` of the profile.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct HistoryRecord {
    blob: BlobPointer,
    /// [`archive_hash`] of the archive.
    hash: Fixed<32>,
    at: Time,
}

/// An archive of a conversation that is being written.
struct Writing {
    group: GroupId,
    /// What is still to be compared and written: number and content.
    parts: VecDeque<(u64, Part)>,
    count: u64,
    upload: Option<(u64, Part, Box<Upload>)>,
}

/// The content of an archive, and its hash.
struct Part {
    content: Vec<u8>,
    hash: Fixed<32>,
}

/// Which archive this device has taken up, or written itself.
#[derive(Clone, Serialize, Deserialize)]
struct United {
    hash: Fixed<32>,
    /// The blob that this device wrote: where it is and what destroys it.
    mine: Option<(String, Fixed<16>)>,
    /// It came damaged each time: nothing was taken up from it.
    #[serde(default)]
    unread: bool,
    /// What this device wrote last, and how often it wrote the same again in the place of another device's.
    #[serde(default)]
    wrote: Option<Fixed<32>>,
    #[serde(default)]
    again: u32,
    /// Until when the other device's stays.
    #[serde(default)]
    theirs_until: Time,
}

/// An archive that is being read.
struct Reading {
    group: GroupId,
    /// `None`: it was set aside, and another one has its number.
    number: Option<u64>,
    hash: Fixed<32>,
    download: Download,
    content: Vec<u8>,
}

/// What is under way with archives: one blob at a time.
#[derive(Default)]
pub(crate) struct Archives {
    due: BTreeMap<GroupId, Time>,
    wanted: BTreeMap<(GroupId, u64), Wanted>,
    asides: BTreeMap<AsideOf, Aside>,
    united: BTreeMap<(GroupId, u64), United>,
    writing: Option<Writing>,
    reading: Option<Reading>,
    wait: Option<Time>,
}

fn due_place(group: &GroupId) -> RecordKey {
    RecordKey::new(Table::Own, b"archive", group.0)
}

fn united_place(group: &GroupId, number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"united", [group.0.as_slice(), &number.to_be_bytes()].concat())
}

fn numbered(order: &[u8]) -> Option<(GroupId, u64)> {
    let (group, number) = order.split_first_chunk::<16>()?;
    Some((GroupId(*group), u64::from_be_bytes(number.try_into().ok()?)))
}

/// What was written since a time, by the writers' clocks and in the order of these: so that all devices of a person write the same archives.
/// In which order messages stand on a device depends on how they came to it.
fn as_written(all: Vec<Archived>, since: Time) -> Vec<Archived> {
    let written = |one: Archived| {
        let message = Message::decode(&one.message).ok().filter(|message| message.at >= since)?;
        Some(((message.at, message.id.0), one))
    };
    let mut all: Vec<_> = all.into_iter().filter_map(written).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, one)| one).collect()
}

impl Archives {
    /// Reads what was kept.
    pub(in crate::client) fn open(records: &dyn Records, damage: &mut Damage) -> Result<Self, Fault> {
        let mut archives = Self::default();
        for (order, _) in records.scan(Table::Own, b"archive", None, Direction::Up, WAITING_MAX)? {
            archives.due.extend(order.try_into().ok().map(|group| (GroupId(group), 0)));
        }
        for (order, value) in records.scan(Table::Own, b"restore", None, Direction::Up, WAITING_MAX)? {
            let known = if value.is_empty() { None } else { damage.read(&value, UNITED_BYTES_MAX) };
            archives.wanted.extend(numbered(&order).map(|place| (place, known.unwrap_or_default())));
        }
        for (order, value) in records.scan(Table::Own, b"aside", None, Direction::Up, ASIDES_MAX)? {
            if let Some(place) = damaged::aside_at(&order) {
                archives.asides.extend(damage.read(&value, UNITED_BYTES_MAX).map(|found| (place, found)));
            }
        }
        for (order, value) in records.scan(Table::Own, b"united", None, Direction::Up, UNITED_MAX)? {
            if let Some(place) = numbered(&order) {
                archives.united.extend(damage.read(&value, UNITED_BYTES_MAX).map(|found| (place, found)));
            }
        }
        Ok(archives)
    }

    pub(in crate::client) fn next_due(&self) -> Option<Time> {
        if self.writing.is_some() || self.reading.is_some() {
            return self.wait;
        }
        let wanted = self.wanted.values().map(|wanted| wanted.next);
        self.due.values().copied().chain(wanted).chain(self.asides.values().map(|aside| aside.next)).min()
    }

    /// Whether archives are being written, or are to be now.
    pub(in crate::client) fn busy(&self, now: Time) -> bool {
        self.writing.is_some() || self.due.values().any(|at| *at <= now)
    }
}

impl Client {
    fn archive_at(&mut self, turn: &mut Turn<'_>, group: &GroupId, at: Time) {
        let there = self.book.get(&Name::History(*group, 0)).is_some();
        if self.settings().history == KeepHistory::Nothing && !there {
            return;
        }
        if !self.archives.due.contains_key(group) && self.archives.due.len() < WAITING_MAX {
            turn.batch.put(due_place(group), Vec::new());
        }
        let due = self.archives.due.entry(*group).or_insert(at);
        *due = (*due).min(at);
    }

    /// A conversation has new messages.
    pub(in crate::client) fn archive_soon(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let others = self.own.as_ref().is_some_and(super::state::Own::has_others);
        let apart = if others { u64::from(turn.random.next_u32()) % APART } else { 0 };
        let at = turn.now.saturating_add(SOON + apart);
        self.archive_at(turn, group, at);
    }

    /// Something of a conversation is gone or changed, and must not stay in the archive.
    pub(in crate::client) fn archive_again(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let at = turn.now.saturating_add(AGAIN);
        self.archive_at(turn, group, at);
    }

    /// All conversations are archived now.
    pub(in crate::client) fn archive_all(&mut self, turn: &mut Turn<'_>) {
        let groups: Vec<_> = self.conversations.keys().copied().collect();
        groups.iter().for_each(|group| self.archive_at(turn, group, turn.now));
    }

    /// Archives of a conversation that is forgotten.
    pub(in crate::client) fn forget_archives(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.stop_archives(turn, group);
        self.drop_archives(turn, group, 0);
        self.drop_asides(turn, group);
    }

    /// No archive of a conversation is written or fetched any more; those that there are stay.
    pub(in crate::client) fn stop_archives(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.archives.due.remove(group);
        turn.remove(due_place(group));
        if self.archives.writing.as_ref().is_some_and(|writing| writing.group == *group) {
            self.archives.writing = None;
        }
        let wanted: Vec<_> = self.archives.wanted.keys().filter(|(of, _)| of == group).copied().collect();
        wanted.into_iter().for_each(|(group, number)| self.not_wanted(turn, &group, number));
    }

    /// This device is new in a conversation: what was archived of it is fetched.
    pub(in crate::client) fn restore_history(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        for number in self.archive_numbers(group) {
            self.want_archive(turn, group, number);
        }
    }

    fn archive_numbers(&self, group: &GroupId) -> Vec<u64> {
        let names = self.book.names(&format!("history/{group}/")).into_iter();
        let numbers = names.filter_map(|name| if let Name::History(_, number) = name { Some(number) } else { None });
        numbers.collect()
    }

    /// Deletes the archives from this number on.
    fn drop_archives(&mut self, turn: &mut Turn<'_>, group: &GroupId, from: u64) {
        for number in self.archive_numbers(group).into_iter().filter(|number| *number >= from) {
            self.replace_archive(turn, group, number, None);
        }
    }

    fn replace_archive(&mut self, turn: &mut Turn<'_>, group: &GroupId, number: u64, record: Option<HistoryRecord>) {
        let name = Name::History(*group, number);
        if let Some(old) = self.book.get_as::<HistoryRecord>(&name) {
            self.drop_blob(turn, group, number, old);
        }
        match &record {
            Some(record) => self.wrote(turn, group, number, record),
            None => self.forget_united(turn, group, number),
        }
        if self.book.set(turn, &name, record.map(|record| cbor::encode(&record))) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
    }

    pub(in crate::client) fn tick_archives(&mut self, turn: &mut Turn<'_>) {
        if !self.is_ready() {
            return;
        }
        if self.archives.wait.is_some_and(|at| at <= turn.now) {
            self.archives.wait = None;
            let steps = match (&mut self.archives.writing, &mut self.archives.reading) {
                (Some(Writing { upload: Some((.., upload)), .. }), _) => upload.tick(),
                (_, Some(reading)) => reading.download.tick(),
                _ => Vec::new(),
            };
            self.archive_steps(turn, steps);
        }
        if self.archives.writing.is_some() || self.archives.reading.is_some() {
            return;
        }
        let wanted = self.archives.wanted.iter().find(|(_, wanted)| wanted.next <= turn.now).map(|(place, _)| *place);
        if let Some((group, number)) = wanted {
            return self.begin_reading(turn, group, number);
        }
        if self.begin_aside(turn) {
            return;
        }
        let due = self.archives.due.iter().find(|(_, at)| **at <= turn.now).map(|(group, _)| *group);
        if let Some(group) = due {
            self.begin_writing(turn, group);
        }
    }

    fn begin_writing(&mut self, turn: &mut Turn<'_>, group: GroupId) {
        let since = match self.settings().history {
            KeepHistory::Nothing => Time::MAX,
            KeepHistory::Days(days) => turn.now.saturating_sub(Time::from(days) * DAY),
            KeepHistory::All => 0,
        };
        // Archives begin with a day, so that they don't all change with each new one.
        let since = since / DAY * DAY;
        let parts = self.archive_parts(turn, &group, since).unwrap_or_default();
        if self.settings().history == KeepHistory::Nothing {
            self.drop_asides(turn, &group);
        } else if self.conversations.contains_key(&group) {
            if self.waits_for_damaged(turn, &group) {
                return;
            }
            let strange = self.strange_archives(&group, &parts);
            if !strange.is_empty() {
                // First what others have written is taken up; then it goes on here.
                strange.into_iter().for_each(|number| self.want_archive(turn, &group, number));
                return;
            }
        }
        let count = parts.len() as u64;
        let parts = (0..).zip(parts).collect();
        self.archives.due.remove(&group);
        self.archives.writing = Some(Writing { group, parts, count, upload: None });
        self.next_part(turn);
    }

    fn archive_parts(&self, turn: &Turn<'_>, group: &GroupId, since: Time) -> Result<Vec<Part>, Fault> {
        let Some(conversation) = self.conversations.get(group).filter(|_| since < Time::MAX / DAY * DAY) else {
            return Ok(Vec::new());
        };
        let mut parts: Vec<Part> = Vec::new();
        let (mut open, mut size): (Vec<Archived>, usize) = (Vec::new(), 0);
        let mut close = |open: &mut Vec<Archived>| {
            let messages = std::mem::take(open);
            let hash = Fixed(archive_hash(&messages));
            parts.extend(write_archive(&messages).ok().map(|content| Part { content, hash }));
        };
        let (mut all, mut from): (Vec<Archived>, Option<Vec<u8>>) = (Vec::new(), None);
        loop {
            let (page, next) = conversation.archive(turn.records, since.saturating_sub(DAY), from.as_deref(), PAGE)?;
            all.extend(page);
            from = next;
            if from.is_none() {
                break;
            }
        }
        for one in as_written(all, since) {
            if size + one.message.len() > ARCHIVE_FILL && !open.is_empty() {
                close(&mut open);
                size = 0;
            }
            size += one.message.len() + 128;
            open.push(one);
        }
        if !open.is_empty() {
            close(&mut open);
        }
        parts.truncate(ARCHIVES_MAX);
        Ok(parts)
    }

    /// Compares the next archive with what is there, and brings it to the node if it is another.
    fn next_part(&mut self, turn: &mut Turn<'_>) {
        let Some(node) = self.own.as_ref().map(|own| own.node.clone()) else { return };
        while let Some(writing) = &mut self.archives.writing {
            let group = writing.group;
            let Some((number, part)) = writing.parts.pop_front() else { break };
            let known: Option<HistoryRecord> = self.book.get_as(&Name::History(group, number));
            let hash = part.hash;
            if known.is_some_and(|known| known.hash == hash && known.at.saturating_add(WRITTEN_ANEW) > turn.now) {
                if self.archives.united.get(&(group, number)).is_none_or(|united| united.hash != hash) {
                    self.unite(turn, &group, number, hash, None);
                }
                continue;
            }
            if self.archives.united.get(&(group, number)).is_some_and(|united| united.leaves_theirs(turn.now, hash)) {
                continue;
            }
            let expires = Some(turn.now.saturating_add(KEPT));
            let Ok(mut upload) = Upload::new(node.clone(), part.content.len() as u64, expires, turn.random) else {
                continue;
            };
            let steps = upload.start();
            writing.upload = Some((number, part, Box::new(upload)));
            return self.archive_steps(turn, steps);
        }
        if let Some(writing) = self.archives.writing.take() {
            self.drop_archives(turn, &writing.group, writing.count);
            self.warn_no_more(turn, NOT_WRITTEN);
            self.written_archive(turn, &writing.group);
        }
    }

    fn written_archive(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        if !self.archives.due.contains_key(group) {
            turn.remove(due_place(group));
        }
        if !self.upkeep.backups.is_empty() {
            self.owe_profile(turn.now, 0);
        }
    }

    fn begin_reading(&mut self, turn: &mut Turn<'_>, group: GroupId, number: u64) {
        let record: Option<HistoryRecord> = self.book.get_as(&Name::History(group, number));
        let hash = record.as_ref().map_or(Fixed([0; 32]), |record| record.hash);
        let download = record.and_then(|record| Download::new(record.blob).ok());
        let Some(mut download) = download.filter(|_| self.conversations.contains_key(&group)) else {
            return self.read_archive(turn, group, number, hash, &[]);
        };
        let steps = download.start();
        self.archives.reading = Some(Reading { group, number: Some(number), hash, download, content: Vec::new() });
        self.archive_steps(turn, steps);
    }

    /// An archive was read, as far as there was anything.
    fn read_archive(&mut self, turn: &mut Turn<'_>, group: GroupId, number: u64, hash: Fixed<32>, content: &[u8]) {
        self.not_wanted(turn, &group, number);
        let mine = self.archives.united.get(&(group, number)).and_then(|united| united.mine.clone());
        self.unite(turn, &group, number, hash, mine);
        self.take_up(turn, group, content);
    }

    fn take_up(&mut self, turn: &mut Turn<'_>, group: GroupId, content: &[u8]) {
        if let Ok(messages) = read_archive(content) {
            let _ = self.with(turn, &group, |conversation, scene| conversation.restore(scene, &messages));
            turn.show(crate::view::Event::Conversation(group));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Text};
    use crate::view::{Identity, MessageId};

    #[test]
    fn in_whatever_order_messages_came_the_archives_are_the_same() {
        let archived = |at: Time, id: u8| {
            let content = Content::Text(Text { text: id.to_string(), reply: None });
            let message =
                Message { id: MessageId([id; 16]), seq: 1, prev: [0; 16], seen: Vec::new(), at, expire: None, content };
            let message = message.encode().unwrap();
            Archived { message, device: [1; 32], identity: Identity([2; 32]), received: 9 }
        };
        let came = vec![archived(5, 1), archived(3, 2), archived(5, 0), archived(2, 3)];
        let written = [archived(3, 2), archived(5, 0), archived(5, 1)];
        assert!(as_written(came.iter().rev().cloned().collect(), 3) == written && as_written(came, 3) == written);
    }
}
