//! Files on their way: sent before the message that names them, fetched when somebody wants to see them.

use super::Client;
use super::jobs::Job;
use super::layout::Damage;
use super::purpose::Purpose;
use super::requests::{Ask, Patience, Reply};
use super::turn::Turn;
use crate::command::{Attachment, Done, Fault, Look};
use crate::content::{Content, Media, THUMB_BYTES_MAX};
use crate::io::{Action, CommandId, FileId, Time};
use crate::records::{RecordKey, Records, Table};
use crate::transfer::{Download, TransferFault, TransferStep, Upload};
use crate::view::{Event, GroupId, MessageId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Files under way at once.
const FILES_MAX: usize = 100;
/// Most bytes of a record.
const FILE_BYTES_MAX: usize = 64 * 1024;
/// How long a file that may be seen once stays at the node at most, in milliseconds.
const ONCE_LASTS: Time = 7 * 24 * 3600 * 1000;

/// What goes with a file that is being sent.
#[derive(Clone, Serialize, Deserialize)]
struct Sending {
    file: u64,
    group: GroupId,
    reply: Option<MessageId>,
    name: String,
    kind: String,
    look: Look,
    caption: String,
    voice: Option<u64>,
    pixels: Option<(u32, u32)>,
    #[serde(with = "serde_bytes")]
    thumbnail: Option<Vec<u8>>,
    upload: Upload,
}

/// What goes with a file that is being fetched.
#[derive(Clone, Serialize, Deserialize)]
struct Fetching {
    file: u64,
    group: GroupId,
    message: MessageId,
    download: Download,
}

/// A file under way.
#[derive(Clone, Serialize, Deserialize)]
enum Way {
    Out(Box<Sending>),
    In(Box<Fetching>),
}

struct Moving {
    way: Way,
    command: Option<CommandId>,
    wait: Option<Time>,
}

/// All files under way.
pub(crate) struct Files {
    moving: BTreeMap<u64, Moving>,
    next: u64,
}

fn place(number: u64) -> RecordKey {
    RecordKey::new(Table::Transfer, [], number.to_be_bytes())
}

fn fault(fault: TransferFault) -> Fault {
    match fault {
        TransferFault::File | TransferFault::Changed => Fault::File,
        TransferFault::TooLarge => Fault::TooLarge("files have 100 MiB at most".to_owned()),
        TransferFault::Gone => Fault::Gone("the file".to_owned()),
        TransferFault::Damaged => Fault::Distrust("the file is not the one that was sent".to_owned()),
        TransferFault::Full | TransferFault::Refused(_) => Fault::Refused(fault.to_string()),
    }
}

impl Way {
    fn file(&self) -> FileId {
        FileId(match self {
            Self::Out(sending) => sending.file,
            Self::In(fetching) => fetching.file,
        })
    }

    fn node(&self) -> &str {
        match self {
            Self::Out(sending) => sending.upload.node(),
            Self::In(fetching) => fetching.download.node(),
        }
    }

    fn start(&mut self) -> Vec<TransferStep> {
        match self {
            Self::Out(sending) => sending.upload.start(),
            Self::In(fetching) => fetching.download.start(),
        }
    }

    /// That nothing of it is under way any more.
    fn over(&self) -> Event {
        match self.progress() {
            Event::Progress { group, message, file, all, .. } => {
                Event::Progress { group, message, file, done: all, all }
            }
            other => other,
        }
    }

    /// Where it belongs, and how far it is.
    fn progress(&self) -> Event {
        let (group, message, (done, all)) = match self {
            Self::Out(sending) => (sending.group, None, sending.upload.progress()),
            Self::In(fetching) => (fetching.group, Some(fetching.message), fetching.download.progress()),
        };
        Event::Progress { group, message, file: self.file(), done, all }
    }
}

impl Files {
    /// Reads what was kept.
    pub(super) fn open(records: &dyn Records, damage: &mut Damage) -> Result<Self, Fault> {
        let mut moving = BTreeMap::new();
        for (key, value) in records.all(Table::Transfer, FILES_MAX)? {
            let Ok(number) = key.order.try_into().map(u64::from_be_bytes) else { continue };
            let Some(way) = damage.read(&value, FILE_BYTES_MAX) else { continue };
            moving.insert(number, Moving { way, command: None, wait: None });
        }
        let next = moving.keys().next_back().map_or(1, |last| last + 1);
        Ok(Self { moving, next })
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.moving.values().filter_map(|moving| moving.wait).min()
    }

    /// Whether a file is being sent into a conversation.
    pub(super) fn busy_in(&self, group: &GroupId) -> bool {
        self.moving.values().any(|moving| matches!(&moving.way, Way::Out(sending) if sending.group == *group))
    }

    /// Copies from which is still to be read.
    pub(super) fn sending(&self) -> Vec<FileId> {
        let out = self.moving.values().filter(|moving| matches!(moving.way, Way::Out(_)));
        out.map(|moving| moving.way.file()).collect()
    }

    /// Whether a file is being sent.
    pub(super) fn busy(&self) -> bool {
        self.moving.values().any(|moving| matches!(moving.way, Way::Out(_)))
    }
}

impl Client {
    /// Goes on with what was under way.
    pub(super) fn start_files(&mut self, turn: &mut Turn<'_>) {
        let numbers: Vec<_> = self.files.moving.keys().copied().collect();
        for number in numbers {
            self.move_file(turn, number, Way::start);
        }
    }

    fn add_file(&mut self, turn: &mut Turn<'_>, way: Way, command: CommandId) -> Result<(), Fault> {
        if self.files.moving.len() >= FILES_MAX {
            return Err(Fault::TooLarge("a hundred files are under way already".to_owned()));
        }
        let number = self.files.next;
        self.files.next += 1;
        self.files.moving.insert(number, Moving { way, command: Some(command), wait: None });
        self.move_file(turn, number, Way::start);
        Ok(())
    }

    /// [`Command::SendFile`](crate::command::Command::SendFile).
    pub(super) fn send_file(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        group: &GroupId,
        attachment: Attachment,
        reply: Option<MessageId>,
    ) -> Result<Option<Done>, Fault> {
        let node = self.account()?.node.clone();
        if !self.conversations.contains_key(group) {
            return Err(Fault::Unknown("this conversation".to_owned()));
        }
        let Attachment { file, size, name, kind, look, caption, voice, pixels, thumbnail } = attachment;
        if thumbnail.as_ref().is_some_and(|thumbnail| thumbnail.len() > THUMB_BYTES_MAX) {
            return Err(Fault::TooLarge("the thumbnail".to_owned()));
        }
        let expires = (look == Look::Once).then(|| turn.now.saturating_add(ONCE_LASTS));
        let upload = Upload::new(node, size, expires, turn.random).map_err(fault)?;
        let thumbnail = thumbnail.filter(|_| look == Look::Keep);
        let sending =
            Sending { file: file.0, group: *group, reply, name, kind, look, caption, voice, pixels, thumbnail, upload };
        self.add_file(turn, Way::Out(Box::new(sending)), command)?;
        Ok(None)
    }

    /// [`Command::StopFile`](crate::command::Command::StopFile).
    pub(super) fn stop_file(&mut self, turn: &mut Turn<'_>, file: FileId) -> Result<Option<Done>, Fault> {
        let found = self.of_file(file, true).and_then(|number| self.drop_file(turn, number));
        let stopped = found.ok_or_else(|| Fault::Unknown("this file".to_owned()))?;
        if let Way::Out(sending) = &stopped.way
            && let Some((url, secret)) = sending.upload.destroying()
        {
            self.add_job(turn, Job::DestroyBlob { url, secret });
        }
        turn.failed(stopped.command, Fault::Gone("the file".to_owned()));
        Ok(Some(Done::Well))
    }

    /// [`Command::Open`](crate::command::Command::Open).
    pub(super) fn open_file(
        &mut self,
        turn: &mut Turn<'_>,
        command: CommandId,
        group: &GroupId,
        message: &MessageId,
        file: FileId,
    ) -> Result<Option<Done>, Fault> {
        self.account()?;
        let conversation =
            self.conversations.get(group).ok_or_else(|| Fault::Unknown("this conversation".to_owned()))?;
        let (pointer, _) = conversation.media(turn.records, message)?;
        let download = Download::new(pointer).map_err(fault)?;
        let fetching = Fetching { file: file.0, group: *group, message: *message, download };
        self.add_file(turn, Way::In(Box::new(fetching)), command)?;
        Ok(None)
    }

    /// Lets a transfer make its next step, and keeps how far it is.
    fn move_file(&mut self, turn: &mut Turn<'_>, number: u64, step: impl FnOnce(&mut Way) -> Vec<TransferStep>) {
        let Some(moving) = self.files.moving.get_mut(&number) else { return };
        moving.wait = None;
        let steps = step(&mut moving.way);
        turn.put(place(number), &moving.way);
        for step in steps {
            self.transfer_step(turn, number, step);
        }
    }

    fn transfer_step(&mut self, turn: &mut Turn<'_>, number: u64, step: TransferStep) {
        let Some(moving) = self.files.moving.get_mut(&number) else { return };
        let file = moving.way.file();
        match step {
            TransferStep::Read { offset, length } => turn.act(Action::ReadFile { file, offset, length }),
            TransferStep::Write { offset, bytes } => turn.act(Action::WriteFile { file, offset, bytes }),
            TransferStep::WaitUntil(at) => moving.wait = Some(at),
            TransferStep::Ask(asked) => {
                let mut ask = Ask::new(moving.way.node(), asked.method, asked.path, Purpose::Transfer(number));
                (ask.headers, ask.body) = (asked.headers, asked.body);
                if let Some(own) = self.own.as_ref().filter(|_| asked.signed) {
                    ask = ask.signed(&own.device_key());
                }
                turn.show(moving.way.progress());
                // The transfer itself knows when to try again.
                self.requests.ask(ask.patience(Patience::Once));
            }
            TransferStep::Finished => self.file_there(turn, number),
            TransferStep::Failed(why) => self.file_failed(turn, number, fault(why)),
        }
    }

    pub(super) fn transfer_answered(&mut self, turn: &mut Turn<'_>, number: u64, reply: Reply) {
        let now = turn.now;
        let Some(moving) = self.files.moving.get_mut(&number) else { return };
        let steps = match (&mut moving.way, reply) {
            (Way::Out(sending), Reply::Answer(answer)) => sending.upload.answered(now, &answer, turn.random),
            (Way::Out(sending), Reply::Later) => sending.upload.unanswered(now),
            (Way::In(fetching), Reply::Answer(answer)) => fetching.download.answered(now, &answer),
            (Way::In(fetching), Reply::Later) => fetching.download.unanswered(now),
        };
        self.move_file(turn, number, |_| steps);
    }

    fn of_file(&self, file: FileId, out: bool) -> Option<u64> {
        let fits = |moving: &Moving| moving.way.file() == file && matches!(moving.way, Way::Out(_)) == out;
        self.files.moving.iter().find(|(_, moving)| fits(moving)).map(|(number, _)| *number)
    }

    /// A piece of a file was read.
    pub(super) fn file_read(&mut self, turn: &mut Turn<'_>, file: FileId, offset: u64, bytes: Option<Vec<u8>>) {
        let Some(number) = self.of_file(file, true) else { return };
        self.move_file(turn, number, |way| match way {
            Way::Out(sending) => sending.upload.read(offset, bytes.as_deref()),
            Way::In(_) => Vec::new(),
        });
    }

    /// A piece of a file was written.
    pub(super) fn file_written(&mut self, turn: &mut Turn<'_>, file: FileId, worked: bool) {
        let Some(number) = self.of_file(file, false) else { return };
        self.move_file(turn, number, |way| match way {
            Way::In(fetching) => fetching.download.written(worked),
            Way::Out(_) => Vec::new(),
        });
    }

    pub(super) fn tick_files(&mut self, turn: &mut Turn<'_>) {
        let due = self.files.moving.iter().filter(|(_, moving)| moving.wait.is_some_and(|at| at <= turn.now));
        let due: Vec<_> = due.map(|(number, _)| *number).collect();
        for number in due {
            self.move_file(turn, number, |way| match way {
                Way::Out(sending) => sending.upload.tick(),
                Way::In(fetching) => fetching.download.tick(),
            });
        }
    }

    fn drop_file(&mut self, turn: &mut Turn<'_>, number: u64) -> Option<Moving> {
        turn.remove(place(number));
        let moving = self.files.moving.remove(&number);
        moving.iter().for_each(|moving| turn.show(moving.way.over()));
        moving
    }

    fn file_failed(&mut self, turn: &mut Turn<'_>, number: u64, fault: Fault) {
        let Some(moving) = self.drop_file(turn, number) else { return };
        if moving.command.is_none() {
            turn.show(Event::Warning(format!("a file that was under way could not be finished: {fault}")));
        }
        turn.failed(moving.command, fault);
    }

    fn file_there(&mut self, turn: &mut Turn<'_>, number: u64) {
        let Some(moving) = self.drop_file(turn, number) else { return };
        let done = match moving.way {
            Way::Out(sending) => self.file_sent(turn, *sending),
            Way::In(fetching) => self.file_fetched(turn, &fetching),
        };
        match done {
            Ok(done) => turn.done(moving.command, done),
            Err(fault) => turn.failed(moving.command, fault),
        }
    }

    /// The node has the file: now the message can go.
    fn file_sent(&mut self, turn: &mut Turn<'_>, sending: Sending) -> Result<Done, Fault> {
        let Sending { group, reply, name, kind, look, caption, voice, pixels, thumbnail, upload, .. } = sending;
        let blob = upload.pointer(&name, &kind).ok_or(Fault::File)?;
        let (width, height) = pixels.unzip();
        let media = Media { blob, view: look, caption, reply, voice, width, height, thumb: thumbnail };
        let content = Content::Media(Box::new(media));
        let id = self.inside(turn, &group, |conversation, scene| conversation.send(scene, content, None))?;
        self.archive_soon(turn, &group);
        Ok(Done::Message(id))
    }

    /// The file was written: what may be seen once is gone from now on.
    fn file_fetched(&mut self, turn: &mut Turn<'_>, fetching: &Fetching) -> Result<Done, Fault> {
        let pointer = fetching.download.pointer();
        self.inside(turn, &fetching.group, |conversation, scene| conversation.opened(scene, &fetching.message))?;
        Ok(Done::File(pointer.name.clone(), pointer.kind.clone()))
    }

    /// A message is gone: so is what was being fetched for it.
    pub(super) fn forget_file(&mut self, turn: &mut Turn<'_>, group: &GroupId, message: &MessageId) {
        let of = |moving: &Moving| matches!(&moving.way, Way::In(fetching) if fetching.group == *group && fetching.message == *message);
        let gone: Vec<_> =
            self.files.moving.iter().filter(|(_, moving)| of(moving)).map(|(number, _)| *number).collect();
        for number in gone {
            self.file_failed(turn, number, Fault::Gone("the file".to_owned()));
        }
    }
}
