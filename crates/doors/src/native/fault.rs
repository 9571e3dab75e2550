//! The one mapping of the engine's errors to this door's codes.

use super::answer::Refused;
use std::time::Duration;
use tidings_core::Refusal;
use tidings_core::exchange::ExchangeRefusal;
use tidings_engine::Error;
use tidings_wire::Code;

/// When to try again after the node was too busy.
const BUSY: Duration = Duration::from_secs(1);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refused(refusal),
            Error::Exchange(refusal) => exchange(refusal),
            Error::NoAccount => Self::new(Code::NotAccepted, "there is no such account on this node"),
            Error::NotFound => Self::not_found(),
            Error::Exists => Self::new(Code::Exists, "this is there already, with other content"),
            Error::Malformed(why) => Self::malformed(why),
            Error::Conflict => Self::new(Code::Precondition, "it is not in the state that this needs"),
            Error::TooLarge => Self::new(Code::TooLarge, "larger than this node allows"),
            Error::DiskFull => Self::new(Code::Full, "this node's disk is full; tell its owner"),
            Error::Busy => Self::busy("too much waits already; try again in a moment", BUSY),
            Error::Failed(reason) => Self::failed(&reason),
        }
    }
}

fn refused(refusal: Refusal) -> Refused {
    match refusal {
        Refusal::NotAccepted | Refusal::TooOld => Refused::new(Code::NotAccepted, "this key may not do that here"),
        Refusal::TooLarge => Refused::new(Code::TooLarge, "larger than this node allows"),
        Refusal::StreamFull => Refused::new(Code::Full, "there is no more room here until something is taken"),
        Refusal::SenderFull => Refused::new(Code::Full, "all that this node gives one account or sender is used up"),
        Refusal::Duplicate => Refused::new(Code::Exists, "this id is used already"),
    }
}

fn exchange(refusal: ExchangeRefusal) -> Refused {
    match refusal {
        ExchangeRefusal::TooMany => {
            Refused::new(Code::Full, "too many are open already; wait until some have ended, or delete some")
        }
        ExchangeRefusal::NoAccount => Refused::new(Code::NotAccepted, "there is no such account on this node"),
        ExchangeRefusal::Expired => {
            Refused::new(Code::NotAccepted, "the token of this invitation has expired; ask for a new one")
        }
        _ => Refused::new(
            Code::NotAccepted,
            "the token of this invitation is not known here, or was used; ask for a new one",
        ),
    }
}
