//! What can go wrong inside the store, and what the engine is told of it.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use thiserror::Error;
use tidings_core::StoreError;

/// Why a piece of work failed.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// SQLite says no.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The operating system says no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// What was read can't have been written like this; says where.
    #[error("{0}")]
    Damaged(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => of_sql(&error),
            Fault::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            Fault::Io(error) => Self::Failed(error.to_string()),
            Fault::Damaged(place) => Self::Damaged(place),
            Fault::Failed(reason) => Self::Failed(reason),
        }
    }
}

/// The words of SQLite never hold content: it names tables and columns only.
fn of_sql(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error() {
        Some(inner) => match inner.code {
            ErrorCode::DiskFull => StoreError::Full,
            // The shared memory of the write-ahead log could not grow.
            ErrorCode::SystemIoFailure if inner.extended_code == SQLITE_IOERR_SHMSIZE => StoreError::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged(error.to_string()),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
            _ => StoreError::Failed(error.to_string()),
        },
        None => match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => StoreError::Damaged(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        },
    }
}
