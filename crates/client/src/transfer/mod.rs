//! Bringing blobs to a node and fetching them (docs/protocol/messages.md, Blobs; docs/protocol/node.md), piece by piece, so that neither a
//! lost connection nor a restart loses more than a few pieces.
//!
//! [`Upload`] and [`Download`] do nothing by themselves: they are told what happened and say what is to be done next. Keep them after each
//! call, before what they ask for is done; after a restart, read them and call `start`.

mod download;
mod pace;
#[cfg(test)]
mod tests;
mod upload;

pub use download::Download;
pub use upload::Upload;

use crate::io::Time;
use thiserror::Error;

/// Pieces that are read, sealed and sent, or fetched, at once.
pub const PIECES_AT_ONCE: u32 = 4;

/// A request to the node, not signed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Ask {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// From `/` on.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body, if it has one.
    pub body: Option<Vec<u8>>,
    /// Whether it is to be signed with the device key.
    pub signed: bool,
}

/// What is to be done next.
#[derive(Clone, PartialEq, Eq)]
pub enum TransferStep {
    /// Read a piece of the file, and say so with `Upload::read`.
    Read {
        /// From where.
        offset: u64,
        /// So many bytes.
        length: u32,
    },
    /// Write a piece of the file, and say so with `Download::written`. An offset of zero begins it anew.
    Write {
        /// Where.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Ask the transfer's node, and say so with `answered` or `unanswered`.
    Ask(Ask),
    /// Call `tick` at this time.
    WaitUntil(Time),
    /// All is there.
    Finished,
    /// It can't be done.
    Failed(TransferFault),
}

/// Why a transfer can't be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TransferFault {
    /// The file can't be read or written, or has not the length that it had.
    #[error("the file can't be read or written")]
    File,
    /// The file has changed since a part of it was sent: sending the rest would give away what changed.
    #[error("the file was changed while it was sent")]
    Changed,
    /// More than a blob or the node takes.
    #[error("the file is too large")]
    TooLarge,
    /// The account's or the node's space is used up.
    #[error("there is no room at the node")]
    Full,
    /// It was deleted, seen or has expired.
    #[error("it is not there any more")]
    Gone,
    /// What came is not what was sent.
    #[error("what the node gave is damaged")]
    Damaged,
    /// The node refuses, with this status.
    #[error("the node refused ({0})")]
    Refused(u16),
}
