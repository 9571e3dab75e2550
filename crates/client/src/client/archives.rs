//! History in the backup: archives of conversations as sealed blobs, named in the profile (docs/protocol/profile.md).

use super::Client;
use super::conversations::PROFILE_WAIT;
use super::jobs::Job;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::blob::BlobPointer;
use crate::command::{Fault, KeepHistory};
use crate::io::Time;
use crate::profile::{Archived, Name, read_archive, write_archive};
use crate::records::{Direction, RecordKey, Records, Table};
use crate::transfer::{Download, TransferStep, Upload};
use crate::view::GroupId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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

/// The record `history/…` of the profile.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct HistoryRecord {
    blob: BlobPointer,
    /// SHA-256 of the archive.
    hash: Fixed<32>,
    at: Time,
}

/// An archive of a conversation that is being written.
struct Writing {
    group: GroupId,
    /// What is still to be compared and written: number and content.
    parts: VecDeque<(u64, Vec<u8>)>,
    count: u64,
    upload: Option<(u64, Vec<u8>, Box<Upload>)>,
}

/// An archive that is being read.
struct Reading {
    group: GroupId,
    number: u64,
    download: Download,
    content: Vec<u8>,
}

/// What is under way with archives: one blob at a time.
#[derive(Default)]
pub(crate) struct Archives {
    due: BTreeMap<GroupId, Time>,
    wanted: BTreeSet<(GroupId, u64)>,
    writing: Option<Writing>,
    reading: Option<Reading>,
    wait: Option<Time>,
}

fn due_place(group: &GroupId) -> RecordKey {
    RecordKey::new(Table::Own, b"archive", group.0)
}

fn wanted_place(group: &GroupId, number: u64) -> RecordKey {
    RecordKey::new(Table::Own, b"restore", [group.0.as_slice(), &number.to_be_bytes()].concat())
}

impl Archives {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records) -> Result<Self, Fault> {
        let mut archives = Self::default();
        for (order, _) in records.scan(Table::Own, b"archive", None, Direction::Up, WAITING_MAX)? {
            archives.due.extend(order.try_into().ok().map(|group| (GroupId(group), 0)));
        }
        for (order, _) in records.scan(Table::Own, b"restore", None, Direction::Up, WAITING_MAX)? {
            let Some((group, number)) = order.split_first_chunk::<16>() else { continue };
            let number = number.try_into().map(u64::from_be_bytes);
            archives.wanted.extend(number.ok().map(|number| (GroupId(*group), number)));
        }
        Ok(archives)
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        if self.writing.is_some() || self.reading.is_some() {
            return self.wait;
        }
        self.due.values().copied().min().into_iter().chain(self.wanted.first().map(|_| 0)).min()
    }

    /// Whether archives are being written, or are to be now.
    pub(super) fn busy(&self, now: Time) -> bool {
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
    pub(super) fn archive_soon(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let at = turn.now.saturating_add(SOON);
        self.archive_at(turn, group, at);
    }

    /// Something of a conversation is gone or changed, and must not stay in the archive.
    pub(super) fn archive_again(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        let at = turn.now.saturating_add(AGAIN);
        self.archive_at(turn, group, at);
    }

    /// All conversations are archived now.
    pub(super) fn archive_all(&mut self, turn: &mut Turn<'_>) {
        let groups: Vec<_> = self.conversations.keys().copied().collect();
        groups.iter().for_each(|group| self.archive_at(turn, group, turn.now));
    }

    /// Archives of a conversation that is forgotten.
    pub(super) fn forget_archives(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.archives.due.remove(group);
        turn.remove(due_place(group));
        if self.archives.writing.as_ref().is_some_and(|writing| writing.group == *group) {
            self.archives.writing = None;
        }
        self.drop_archives(turn, group, 0);
    }

    /// This device is new in a conversation: what was archived of it is fetched.
    pub(super) fn restore_history(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        for number in self.archive_numbers(group) {
            turn.batch.put(wanted_place(group, number), Vec::new());
            self.archives.wanted.insert((*group, number));
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
            let (url, secret) = (old.blob.url, Fixed(old.blob.delete));
            self.add_job(turn, Job::DestroyBlob { url, secret });
        }
        if self.book.set(turn, &name, record.map(|record| cbor::encode(&record))) {
            self.owe_profile(turn.now, PROFILE_WAIT);
        }
    }

    pub(super) fn tick_archives(&mut self, turn: &mut Turn<'_>) {
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
        if let Some((group, number)) = self.archives.wanted.first().copied() {
            return self.begin_reading(turn, group, number);
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
        let count = parts.len() as u64;
        let parts = (0..).zip(parts).collect();
        self.archives.due.remove(&group);
        self.archives.writing = Some(Writing { group, parts, count, upload: None });
        self.next_part(turn);
    }

    fn archive_parts(&self, turn: &Turn<'_>, group: &GroupId, since: Time) -> Result<Vec<Vec<u8>>, Fault> {
        let Some(conversation) = self.conversations.get(group).filter(|_| since < Time::MAX / DAY * DAY) else {
            return Ok(Vec::new());
        };
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let (mut open, mut size): (Vec<Archived>, usize) = (Vec::new(), 0);
        let mut close = |open: &mut Vec<Archived>| parts.extend(write_archive(&std::mem::take(open)).ok());
        let mut from: Option<Vec<u8>> = None;
        loop {
            let (page, next) = conversation.archive(turn.records, since, from.as_deref(), PAGE)?;
            for one in page {
                if size + one.message.len() > ARCHIVE_FILL && !open.is_empty() {
                    close(&mut open);
                    size = 0;
                }
                size += one.message.len() + 128;
                open.push(one);
            }
            from = next;
            if from.is_none() {
                break;
            }
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
            let Some((number, content)) = writing.parts.pop_front() else { break };
            let known: Option<HistoryRecord> = self.book.get_as(&Name::History(group, number));
            let hash = Fixed(Sha256::digest(&content).into());
            if known.is_some_and(|known| known.hash == hash && known.at.saturating_add(WRITTEN_ANEW) > turn.now) {
                continue;
            }
            let expires = Some(turn.now.saturating_add(KEPT));
            let Ok(mut upload) = Upload::new(node.clone(), content.len() as u64, expires, turn.random) else {
                continue;
            };
            let steps = upload.start();
            writing.upload = Some((number, content, Box::new(upload)));
            return self.archive_steps(turn, steps);
        }
        if let Some(writing) = self.archives.writing.take() {
            self.drop_archives(turn, &writing.group, writing.count);
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
        let download = record.and_then(|record| Download::new(record.blob).ok());
        let Some(mut download) = download.filter(|_| self.conversations.contains_key(&group)) else {
            return self.read_archive(turn, group, number, &[]);
        };
        let steps = download.start();
        self.archives.reading = Some(Reading { group, number, download, content: Vec::new() });
        self.archive_steps(turn, steps);
    }

    fn read_archive(&mut self, turn: &mut Turn<'_>, group: GroupId, number: u64, content: &[u8]) {
        self.archives.wanted.remove(&(group, number));
        turn.remove(wanted_place(&group, number));
        if let Ok(messages) = read_archive(content) {
            let _ = self.with(turn, &group, |conversation, scene| conversation.restore(scene, &messages));
            turn.show(crate::view::Event::Conversation(group));
        }
    }

    fn archive_steps(&mut self, turn: &mut Turn<'_>, steps: Vec<TransferStep>) {
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            match step {
                TransferStep::Read { offset, length } => steps.extend(self.feed_upload(offset, length)),
                TransferStep::Write { offset, bytes } => steps.extend(self.take_piece(offset, &bytes)),
                TransferStep::WaitUntil(at) => self.archives.wait = Some(at),
                TransferStep::Ask(asked) => self.ask_archive(asked),
                TransferStep::Finished => self.archive_there(turn),
                TransferStep::Failed(_) => self.archive_failed(turn),
            }
        }
    }

    fn feed_upload(&mut self, offset: u64, length: u32) -> Vec<TransferStep> {
        let Some(Writing { upload: Some((_, content, upload)), .. }) = &mut self.archives.writing else {
            return Vec::new();
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let to = from.saturating_add(length as usize).min(content.len());
        upload.read(offset, content.get(from..to))
    }

    fn take_piece(&mut self, offset: u64, bytes: &[u8]) -> Vec<TransferStep> {
        let Some(reading) = &mut self.archives.reading else { return Vec::new() };
        reading.content.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        reading.content.extend_from_slice(bytes);
        reading.download.written(true)
    }

    fn ask_archive(&mut self, asked: crate::transfer::Ask) {
        let node = match (&self.archives.writing, &self.archives.reading) {
            (Some(Writing { upload: Some((.., upload)), .. }), _) => upload.node().to_owned(),
            (_, Some(reading)) => reading.download.node().to_owned(),
            _ => return,
        };
        let mut ask = Ask::new(&node, asked.method, asked.path, Purpose::Archive);
        (ask.headers, ask.body) = (asked.headers, asked.body);
        if let Some(own) = self.own.as_ref().filter(|_| asked.signed) {
            ask = ask.signed(&own.device_key());
        }
        self.requests.ask(ask.patience(Patience::Once));
    }

    pub(super) fn archive_answered(&mut self, turn: &mut Turn<'_>, reply: Reply) {
        let now = turn.now;
        let steps = match (&mut self.archives.writing, &mut self.archives.reading, reply) {
            (Some(Writing { upload: Some((.., upload)), .. }), _, Reply::Answer(answer)) => {
                upload.answered(now, &answer, turn.random)
            }
            (Some(Writing { upload: Some((.., upload)), .. }), _, Reply::Later) => upload.unanswered(now),
            (_, Some(reading), Reply::Answer(answer)) => reading.download.answered(now, &answer),
            (_, Some(reading), Reply::Later) => reading.download.unanswered(now),
            _ => Vec::new(),
        };
        self.archive_steps(turn, steps);
    }

    fn archive_there(&mut self, turn: &mut Turn<'_>) {
        if let Some(reading) = self.archives.reading.take() {
            return self.read_archive(turn, reading.group, reading.number, &reading.content);
        }
        let Some(writing) = &mut self.archives.writing else { return };
        let group = writing.group;
        if let Some((number, content, upload)) = writing.upload.take() {
            let record = upload.pointer("history", "application/cbor").map(|blob| HistoryRecord {
                blob,
                hash: Fixed(Sha256::digest(&content).into()),
                at: turn.now,
            });
            self.replace_archive(turn, &group, number, record);
        }
        self.next_part(turn);
    }

    fn archive_failed(&mut self, turn: &mut Turn<'_>) {
        if let Some(reading) = self.archives.reading.take() {
            self.read_archive(turn, reading.group, reading.number, &[]);
            return self.warn(turn, "a part of the history could not be fetched from the backup");
        }
        if let Some(writing) = self.archives.writing.take() {
            self.written_archive(turn, &writing.group);
            self.warn(turn, "the history could not be written to the backup: there may be no room at your node");
        }
    }
}
