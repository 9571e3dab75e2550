//! Bringing archives to the node and fetching them, one blob at a time.

use super::super::Client;
use super::super::purpose::Purpose;
use super::super::requests::{Ask, Patience, Reply};
use super::super::turn::Turn;
use super::{HistoryRecord, NOT_WRITTEN, Part, Reading, TRY_AGAIN, Writing, due_place};
use crate::command::Fault;
use crate::transfer::{TransferFault, TransferStep};
use crate::view::GroupId;
use std::collections::VecDeque;

impl Client {
    pub(super) fn archive_steps(&mut self, turn: &mut Turn<'_>, steps: Vec<TransferStep>) {
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            match step {
                TransferStep::Read { offset, length } => steps.extend(self.feed_upload(offset, length)),
                TransferStep::Write { offset, bytes } => steps.extend(self.take_piece(offset, &bytes)),
                TransferStep::WaitUntil(at) => self.archives.wait = Some(at),
                TransferStep::Ask(asked) => self.ask_archive(asked),
                TransferStep::Finished => self.archive_there(turn),
                TransferStep::Failed(fault) => self.archive_failed(turn, fault),
            }
        }
    }

    fn feed_upload(&mut self, offset: u64, length: u32) -> Vec<TransferStep> {
        let Some(Writing { upload: Some((_, Part { content, .. }, upload)), .. }) = &mut self.archives.writing else {
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

    pub(in crate::client) fn archive_answered(&mut self, turn: &mut Turn<'_>, reply: Reply) {
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
            return self.archive_read(turn, &reading);
        }
        let Some(writing) = &mut self.archives.writing else { return };
        let group = writing.group;
        if let Some((number, part, upload)) = writing.upload.take() {
            let record = upload.pointer("history", "application/cbor").map(|blob| HistoryRecord {
                blob,
                hash: part.hash,
                at: turn.now,
            });
            self.replace_archive(turn, &group, number, record);
        }
        self.next_part(turn);
    }

    fn archive_failed(&mut self, turn: &mut Turn<'_>, fault: TransferFault) {
        if let Some(reading) = self.archives.reading.take() {
            return self.reading_failed(turn, &reading, fault);
        }
        if let Some(writing) = self.archives.writing.take() {
            self.archive_later(turn, &writing.group);
            let why = match fault {
                // The list says whether this device was removed.
                TransferFault::Refused(401 | 403) => return self.read_devices(),
                TransferFault::Full => {
                    "there is no room for it at your node. Keep less of it, or ask who runs the node".to_owned()
                }
                fault => format!("{fault}. It is tried again in an hour"),
            };
            self.warn_no_more(turn, NOT_WRITTEN);
            self.warn(turn, &format!("{NOT_WRITTEN}: {why}"));
            let commands = std::mem::take(&mut self.upkeep.backups);
            let refused = || Fault::Refused(fault.to_string());
            commands.into_iter().for_each(|command| turn.failed(Some(command), refused()));
        }
    }

    fn reading_failed(&mut self, turn: &mut Turn<'_>, reading: &Reading, fault: TransferFault) {
        let Reading { group, number: Some(number), hash, .. } = reading else {
            return self.aside_failed(turn, reading, fault);
        };
        let alone = !self.own.as_ref().is_some_and(crate::client::state::Own::has_others);
        if fault == TransferFault::Damaged {
            return self.came_damaged(turn, reading, *number);
        }
        if fault == TransferFault::Gone {
            self.read_archive(turn, *group, *number, *hash, &[]);
            // Another device may have put a newer one in its place: the profile tells.
            self.ask_account();
            if alone {
                self.warn(turn, "a part of the history is not at your node any more, and is lost if no other device of yours has it");
            }
            return;
        }
        self.not_wanted(turn, group, *number);
        self.archive_later(turn, group);
        self.warn(turn, &format!("a part of the history could not be fetched from the backup: {fault}"));
    }

    /// What could not be read or written is tried again later.
    fn archive_later(&mut self, turn: &mut Turn<'_>, group: &GroupId) {
        self.archives.due.insert(*group, turn.now.saturating_add(TRY_AGAIN));
        turn.batch.put(due_place(group), Vec::new());
    }
}
