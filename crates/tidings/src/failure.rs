//! What a command fails with, and the exit code for it.

use crate::settings::Problems;
use serde::{Deserialize, Serialize};
use std::process::ExitCode;
use tidings_core::StoreError;
use tidings_doors::piqchat::KeyError;

/// Why a command did not do what it was asked. Also what a running node answers over its control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "code", content = "text")]
pub enum Failure {
    /// Something did not work out: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// The arguments or the settings are wrong: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Another process has the data folder or the address, or the node that is needed does not answer: exit code 3.
    #[error("{0}")]
    InUse(String),
    /// What is stored is damaged: exit code 4.
    #[error("{0}")]
    Damaged(String),
}

/// What the owner is told of a full disk; `tidings doctor` has the figures.
const DISK_FULL: &str = "the disk with the data folder is full, but for the room that is kept back (disk-reserve); \
     make room, or see `tidings doctor`";

impl Failure {
    /// The exit code, as `tidings --help` lists them.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::InUse(_) => 3,
            Self::Damaged(_) => 4,
        })
    }

    /// Anything that failed, with what was attempted.
    pub fn of(attempt: &str, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{attempt}: {error}"))
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Usage(problems.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<tidings_engine::Error> for Failure {
    fn from(error: tidings_engine::Error) -> Self {
        match error {
            tidings_engine::Error::DiskFull => Self::Failed(DISK_FULL.to_owned()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(_) => Self::Damaged(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Engine(error) => error.into(),
            other => Self::Usage(other.to_string()),
        }
    }
}
