//! What a verb of the engine can fail with.

use thiserror::Error;
use tidings_core::exchange::ExchangeRefusal;
use tidings_core::{Refusal, StoreError};

/// Why a verb did nothing. Each door has one mapping of these to its own codes.
#[derive(Debug, Error)]
pub enum Error {
    /// A rule refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The contact exchange can't be made or accepted.
    #[error(transparent)]
    Exchange(#[from] ExchangeRefusal),
    /// The caller has no account here.
    #[error("no account on this node")]
    NoAccount,
    /// What was asked for is not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// There is something else of this name already.
    #[error("there is something else of this name")]
    Exists,
    /// What it depends on is not as it must be.
    #[error("the state is another one")]
    Conflict,
    /// It contradicts itself or is outside of all bounds.
    #[error("{0}")]
    Malformed(&'static str),
    /// An attachment is longer than allowed.
    #[error("too large")]
    TooLarge,
    /// The free space that the node keeps back would be touched.
    #[error("this node's disk is full")]
    DiskFull,
    /// Too much work is waiting already.
    #[error("too busy, try again in a moment")]
    Busy,
    /// The disk or the database failed; the text is for the log, not for the caller.
    #[error("{0}")]
    Failed(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::DiskFull,
            StoreError::Busy => Self::Busy,
            StoreError::Damaged(_) | StoreError::Failed(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            std::io::ErrorKind::NotFound => Self::NotFound,
            _ => Self::Failed(error.to_string()),
        }
    }
}
