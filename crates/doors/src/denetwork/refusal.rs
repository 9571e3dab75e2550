//! What is not done, and why, in words a person understands (wire/denetwork.md, section 2).

use super::json::JsonError;
use tidings_core::Refusal;
use tidings_engine::Error;

/// The statuses of replies, which are those of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 400: the request is wrong, and the same again will be, too.
    BadRequest,
    /// 413: it is too large.
    TooLarge,
    /// 429: too much at once; later it may do.
    TooMany,
    /// 500: something of ours is broken.
    Broken,
    /// 503: we can't now.
    Unavailable,
}

impl Status {
    /// The number.
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::TooLarge => 413,
            Self::TooMany => 429,
            Self::Broken => 500,
            Self::Unavailable => 503,
        }
    }
}

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its status.
    pub status: Status,
    /// Its reason. Always one of ours, never words of the request, so that it can be logged.
    pub reason: &'static str,
}

impl Refused {
    /// A refusal.
    pub(super) const fn new(status: Status, reason: &'static str) -> Self {
        Self { status, reason }
    }

    /// A wrong request.
    pub(super) const fn bad(reason: &'static str) -> Self {
        Self::new(Status::BadRequest, reason)
    }

    /// Too much at once.
    pub(super) const fn too_many(reason: &'static str) -> Self {
        Self::new(Status::TooMany, reason)
    }
}

impl From<JsonError> for Refused {
    fn from(error: JsonError) -> Self {
        Self::bad(match error {
            JsonError::Malformed => "the request is not JSON",
            JsonError::DuplicateName => "the request has the same key twice",
            JsonError::Prototype => "the request has the key __proto__",
            JsonError::TooDeep => "the request is nested too deeply",
        })
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::DiskFull => Self::new(Status::Unavailable, "this server's disk is full"),
            Error::Busy => Self::new(Status::Unavailable, "this server is busy, try again in a moment"),
            Error::TooLarge => Refusal::TooLarge.into(),
            Error::Failed(reason) => {
                tracing::error!(%reason, "a request of a room's client failed");
                Self::new(Status::Broken, "this server failed, its owner can find out why")
            }
            Error::Exchange(_) | Error::NoAccount | Error::NotFound => Self::bad("not found"),
            // Said to Tidings' own clients only.
            Error::Exists | Error::Conflict | Error::Malformed(_) => Self::bad("not possible"),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge => Self::new(Status::TooLarge, "the message is too large"),
            Refusal::StreamFull => Self::new(Status::Unavailable, "the room is full"),
            Refusal::SenderFull => Self::new(Status::Unavailable, "the sender has too much waiting"),
            // The door answers these two with success; that they come here would be a mistake of ours.
            Refusal::Duplicate | Refusal::TooOld => Self::new(Status::Broken, "already known"),
            Refusal::NotAccepted => Self::bad("the room does not take messages"),
        }
    }
}
