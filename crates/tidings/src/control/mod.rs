//! How commands reach a running node: a socket in the data folder that only the owner may open.
//!
//! A command calls [`ask`]. If a node runs on the folder, the request goes to it as one line of JSON; steps of progress and
//! then the answer come back, a line each. If none runs, the folder is opened and the same [`handle`] does the work here.
//!
//! **To add a command**: add a variant to [`Request`] (its fields must survive JSON; paths as absolute texts, since the node has
//! another working directory), and an arm to [`handle`] that calls a function beside the command, of the form
//! `async fn(&Node, arguments, &Progress) -> Result<T, Failure>` with a `T` that serde can write. Long work calls
//! [`Progress::step`]; whoever asked went away if that gives false, and the work should end. What only a running node can
//! answer stands in [`Request::needs_running`].

mod client;
mod server;

pub use client::{Attendance, ask, attend, is_running};
pub use server::{Server, serve};

use crate::cmd::{accounts, backup, owner, peers};
use crate::failure::Failure;
use crate::node::Node;
use crate::welcome::Invitation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use tidings_core::ports::Housekeeping as _;
use tokio::sync::mpsc::UnboundedSender;

/// The socket's name in the data folder.
const FILE_NAME: &str = "control.sock";

/// Bytes that a socket's path may have on Linux, with its final zero (unix(7)).
const SOCKET_PATH_MAX: usize = 108;

/// Bytes that a line may have in either direction.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// What a command asks of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Request {
    /// Are you there? Answers [`Status`].
    Status,
    /// Make an invitation. Answers [`Invitation`].
    Invite,
    /// Check all that is stored. Answers what is wrong, in words.
    Verify,
    /// Wait for a visit through the public address. Answers its name.
    ExpectVisit,
    /// What arrived? Answers a [`Visit`](crate::visits::Visit), or null.
    Visited {
        /// Its name.
        visit: String,
    },
    /// Give a page of accounts after a number. Answers rows of accounts; none after the last.
    ListAccounts {
        /// The number of the last row of the page before, or 0.
        after: i64,
    },
    /// Find an account. Answers its row.
    FindAccount {
        /// Its key or its number.
        account: String,
    },
    /// Remove an account.
    RemoveAccount {
        /// Its key.
        key: String,
    },
    /// Whose node is it? Answers an [`Owner`](owner::Owner).
    Owner,
    /// Make somebody the owner. Answers an [`Owner`](owner::Owner).
    SetOwner {
        /// Their account, by key or number; null for nobody.
        account: Option<String>,
    },
    /// Make a backup. Answers its manifest.
    Backup {
        /// The folder to make, as an absolute path.
        to: String,
    },
    /// As [`Request::Status`], but only of a running node.
    Attached,
    /// Stay until the node ends: nothing is answered. See [`attend`].
    Attend,
    /// List the links to other servers. Answers [`Link`](peers::Link)s.
    Peers,
    /// Link with another server. Answers its name.
    ConnectPeer {
        /// `HOST:PORT`.
        name: String,
    },
    /// End the links with a server, and do not call it again. Answers null.
    ForgetPeer {
        /// `HOST:PORT`.
        name: String,
    },
    /// List the channels. Answers [`Channel`](peers::Channel)s.
    Channels,
}

impl Request {
    /// Whether only a running node can answer: it is about connections.
    pub fn needs_running(&self) -> bool {
        matches!(
            self,
            Self::Attached
                | Self::Attend
                | Self::Peers
                | Self::ConnectPeer { .. }
                | Self::ForgetPeer { .. }
                | Self::Channels
        )
    }
}

/// A running node, as it tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
}

/// How far some work is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is done now.
    pub what: String,
    /// How much of it is done.
    pub done: u64,
    /// How much it is in all.
    pub of: u64,
}

/// Tells whoever asked how far the work is.
#[derive(Clone)]
pub struct Progress(UnboundedSender<Step>);

impl Progress {
    /// One more step. False if nobody listens any more. Meant for a few steps a second: all are passed on.
    pub fn step(&self, what: &str, done: u64, of: u64) -> bool {
        self.0.send(Step { what: what.to_owned(), done, of }).is_ok()
    }
}

/// One line of an answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    /// More will come.
    Step(Step),
    /// The end: the answer.
    Done(Value),
    /// The end: why there is none.
    Failed(Failure),
}

/// Does what is asked, in whichever process has the folder open.
pub async fn handle(node: &Node, request: Request, progress: &Progress) -> Result<Value, Failure> {
    match request {
        Request::Status | Request::Attached => {
            answer(Status { version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() })
        }
        Request::Invite => answer(Invitation::make(node).await?),
        Request::Verify => answer(node.store.verify().await?),
        Request::ExpectVisit => {
            let name = node.engine.entropy().token().as_str().to_owned();
            node.visits.expect(name.clone());
            answer(name)
        }
        Request::Visited { visit } => answer(node.visits.arrived(&visit)),
        Request::ListAccounts { after } => answer(accounts::page(node, after).await?),
        Request::FindAccount { account } => answer(accounts::find(node, &account).await?),
        Request::Backup { to } => answer(backup::take(node, to.into(), progress).await?),
        Request::RemoveAccount { key } => answer(accounts::remove(node, &key).await?),
        Request::Owner => answer(owner::look(node).await?),
        Request::SetOwner { account } => answer(owner::set(node, account.as_deref()).await?),
        // The running node's end of the socket keeps these itself.
        Request::Attend => Err(client::not_running(&node.found.load().settings.data_dir())),
        Request::Peers => answer(peers::list_here(node)?),
        Request::ConnectPeer { name } => answer(peers::connect_here(node, &name).await?),
        Request::ForgetPeer { name } => answer(peers::forget_here(node, &name)?),
        Request::Channels => answer(peers::channels_here(node)?),
    }
}

fn answer(value: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::of("writing the answer", error))
}

/// Reads an answer as what it should be.
pub fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| Failure::of("the node answered something else than expected", error))
}

/// A path to the socket that fits into a socket address: through the opened folder, if the plain path is too long. The folder
/// must stay open as long as the path is used.
fn socket_path(data_dir: &Path) -> Result<(PathBuf, Option<std::fs::File>), Failure> {
    let path = data_dir.join(FILE_NAME);
    if path.as_os_str().len() < SOCKET_PATH_MAX {
        return Ok((path, None));
    }
    let folder = std::fs::File::open(data_dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(FILE_NAME);
    Ok((short, Some(folder)))
}
