//! What goes into the client and what comes out of it.

use crate::command::{Command, Done};
use crate::records::{Change, Records};
use crate::view::Event;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 in UTC.
pub type Time = u64;

/// What [`Client::handle`](crate::client::Client::handle) is given beside the input.
pub struct Surroundings<'a> {
    /// The time, in milliseconds.
    pub now: Time,
    /// Randomness for keys, ids and nonces.
    pub random: &'a mut dyn Rng,
    /// What was kept.
    pub records: &'a dyn Records,
}

/// Names a request until its answer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RequestId(pub u64);

/// Names a command, chosen by whoever gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CommandId(pub u64);

/// Names a file that the surroundings read from or write to, chosen by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct FileId(pub u64);

/// What happened.
pub enum Input {
    /// The client was started. Always the first.
    Started,
    /// The time asked for with [`Action::WakeAt`] has come, or any later time.
    Tick,
    /// The person wants something.
    Command(CommandId, Command),
    /// A request was answered, whatever the status.
    Answer(RequestId, HttpAnswer),
    /// A request got no answer: refused connection, time-out. Whether the node did it is not known.
    NoAnswer(RequestId),
    /// A live connection that was asked for is open. `node` as in [`Action::Connect`].
    Connected {
        /// Which.
        node: String,
    },
    /// A text came on a live connection.
    Heard {
        /// Which.
        node: String,
        /// What.
        text: String,
    },
    /// A live connection ended or could not be opened. The client asks again when it wants it.
    Disconnected {
        /// Which.
        node: String,
    },
    /// A piece of a file, as asked for by [`Action::ReadFile`]; `None` if it can't be read.
    FileRead {
        /// Which.
        file: FileId,
        /// From where.
        offset: u64,
        /// At most as many bytes as were asked for, fewer only at the end.
        bytes: Option<Vec<u8>>,
    },
    /// A piece was written, as asked for by [`Action::WriteFile`], or could not be.
    FileWritten {
        /// Which.
        file: FileId,
        /// Whether it worked.
        worked: bool,
    },
}

/// A request that is to be made, signed already.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `https://host[:port]` (or `http://` for a node on this machine).
    pub node: String,
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path and query, from `/` on.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body, if it has one.
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Names in lower case; those that the client looks at are `retry-after`, `upload-offset`, `content-range`, `etag`, `date`.
    pub headers: Vec<(String, String)>,
    /// The body, at most 17 MiB; a longer answer counts as none.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What is to be done. Actions are done in their order: nothing after a [`Action::Save`] may begin before it is durable.
/// Requests and connections go on beside each other; their outcomes come back as [`Input`]s in any order.
pub enum Action {
    /// Keep this, wholly or not at all.
    Save(Vec<Change>),
    /// Make this request. Each is answered by one [`Input::Answer`] or [`Input::NoAnswer`].
    Request(RequestId, HttpRequest),
    /// Open the live connection (`/v1/live`) to this node.
    Connect {
        /// As in [`HttpRequest::node`].
        node: String,
    },
    /// Send a text on it.
    Say {
        /// Which.
        node: String,
        /// What.
        text: String,
    },
    /// Close it.
    Disconnect {
        /// Which.
        node: String,
    },
    /// Give [`Input::Tick`] at this time at the latest; replaces what was asked before.
    WakeAt(Time),
    /// Read a piece of a file.
    ReadFile {
        /// Which.
        file: FileId,
        /// From where.
        offset: u64,
        /// At most so many bytes.
        length: u32,
    },
    /// Write a piece of a file. An offset of zero begins it anew.
    WriteFile {
        /// Which.
        file: FileId,
        /// Where.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// A command has ended.
    Done(CommandId, Done),
    /// Something that a screen may want to show.
    Show(Event),
}
