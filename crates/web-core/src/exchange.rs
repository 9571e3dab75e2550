//! Inputs and actions as JavaScript sees them.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tidings_client::command::{Command, Done};
use tidings_client::io::{self, CommandId, FileId, HttpAnswer, RequestId};
use tidings_client::records::{Change, RecordKey, Table};
use tidings_client::view::Event;

/// What happened: for `handle` ([`io::Input`]).
#[derive(Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Input {
    Started,
    Tick,
    Command {
        id: CommandId,
        command: Command,
    },
    Answer {
        id: RequestId,
        status: u16,
        headers: Vec<(String, String)>,
        #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
        body: ByteBuf,
    },
    NoAnswer {
        id: RequestId,
    },
    Connected {
        node: String,
    },
    Heard {
        node: String,
        text: String,
    },
    Disconnected {
        node: String,
    },
    FileRead {
        file: FileId,
        offset: u64,
        #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
        bytes: Option<ByteBuf>,
    },
    FileWritten {
        file: FileId,
        worked: bool,
    },
}

impl From<Input> for io::Input {
    fn from(input: Input) -> Self {
        match input {
            Input::Started => Self::Started,
            Input::Tick => Self::Tick,
            Input::Command { id, command } => Self::Command(id, command),
            Input::Answer { id, status, headers, body } => {
                Self::Answer(id, HttpAnswer { status, headers, body: body.into_vec() })
            }
            Input::NoAnswer { id } => Self::NoAnswer(id),
            Input::Connected { node } => Self::Connected { node },
            Input::Heard { node, text } => Self::Heard { node, text },
            Input::Disconnected { node } => Self::Disconnected { node },
            Input::FileRead { file, offset, bytes } => {
                Self::FileRead { file, offset, bytes: bytes.map(ByteBuf::into_vec) }
            }
            Input::FileWritten { file, worked } => Self::FileWritten { file, worked },
        }
    }
}

/// One record, or that there is none any more (`value` is `null`).
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(crate) struct Record {
    table: u8,
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    owner: Vec<u8>,
    #[serde(with = "serde_bytes")]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    order: Vec<u8>,
    #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
    value: Option<ByteBuf>,
}

impl From<&Change> for Record {
    fn from(change: &Change) -> Self {
        Self {
            table: change.key.table as u8,
            owner: change.key.owner.clone(),
            order: change.key.order.clone(),
            value: change.value.clone().map(ByteBuf::from),
        }
    }
}

impl TryFrom<Record> for Change {
    type Error = &'static str;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let table = table(record.table).ok_or("a record is of a table that this version does not know")?;
        let key = RecordKey { table, owner: record.owner, order: record.order };
        Ok(Self { key, value: record.value.map(ByteBuf::into_vec) })
    }
}

fn table(number: u8) -> Option<Table> {
    let all = [
        Table::Own,
        Table::Contact,
        Table::Conversation,
        Table::Mls,
        Table::Message,
        Table::MessageIndex,
        Table::Written,
        Table::Entry,
        Table::Transfer,
        Table::Expiry,
        Table::Part,
    ];
    all.into_iter().find(|table| *table as u8 == number)
}

/// What is to be done, in this order ([`io::Action`]).
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Save(Vec<Record>),
    Request {
        id: RequestId,
        node: String,
        method: String,
        target: String,
        headers: Vec<(String, String)>,
        #[cfg_attr(feature = "types", ts(type = "Uint8Array | null"))]
        body: Option<ByteBuf>,
    },
    Connect {
        node: String,
    },
    Say {
        node: String,
        text: String,
    },
    Disconnect {
        node: String,
    },
    WakeAt(io::Time),
    ReadFile {
        file: FileId,
        offset: u64,
        length: u32,
    },
    WriteFile {
        file: FileId,
        offset: u64,
        #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
    Done {
        id: CommandId,
        outcome: Done,
    },
    Show(Event),
}

impl From<io::Action> for Action {
    fn from(action: io::Action) -> Self {
        match action {
            io::Action::Save(changes) => Self::Save(changes.iter().map(Record::from).collect()),
            io::Action::Request(id, request) => Self::Request {
                id,
                node: request.node,
                method: request.method.to_owned(),
                target: request.target,
                headers: request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                body: request.body.map(ByteBuf::from),
            },
            io::Action::Connect { node } => Self::Connect { node },
            io::Action::Say { node, text } => Self::Say { node, text },
            io::Action::Disconnect { node } => Self::Disconnect { node },
            io::Action::WakeAt(at) => Self::WakeAt(at),
            io::Action::ReadFile { file, offset, length } => Self::ReadFile { file, offset, length },
            io::Action::WriteFile { file, offset, bytes } => {
                Self::WriteFile { file, offset, bytes: ByteBuf::from(bytes) }
            }
            io::Action::Done(id, outcome) => Self::Done { id, outcome },
            io::Action::Show(event) => Self::Show(event),
        }
    }
}
