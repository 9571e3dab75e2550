//! What can go wrong while measuring.

use std::io;

/// Why a measurement could not be made. Requests that fail while a workload runs are not errors: they are counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A socket or a file failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The server's bytes are no HTTP/1.1 answer that this client understands.
    #[error("the answer is not HTTP as expected: {0}")]
    Http(&'static str),
    /// The server said no to something the measurement needs.
    #[error("{what}: the server answered {status} {text:?}")]
    Refused {
        /// What was asked of it.
        what: String,
        /// The status code.
        status: u16,
        /// The beginning of the body.
        text: String,
    },
    /// An argument, or something the server sent, makes no sense.
    #[error("{0}")]
    Unusable(String),
}

impl Error {
    /// Names what was being done when the operating system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}

/// A result with this crate's error.
pub(crate) type Result<T> = std::result::Result<T, Error>;
