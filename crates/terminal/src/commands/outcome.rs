//! What commands fail with, and the exit code for it.

use super::hubs::Unreached;
use crate::driver::{AttachError, OpenError, ReachError, TrustError};
use crate::media::MediaError;
use crate::names::Miss;
use crate::place::PlaceError;
use crate::show;
use crate::store::StoreError;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use thiserror::Error;
use tidings_client::command::Fault;
use tidings_client::view::MeView;

/// Why a command did not do what it was asked. The text says what to do next.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// It did not work: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// The arguments are wrong, or a name is not known: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The node can't be reached: exit code 3.
    #[error("{0}")]
    Offline(String),
    /// Nodes of these conversations can't be reached: exit code 3.
    #[error("{0}")]
    Unreached(String, Vec<Unreached>),
    /// Another process has the profile: exit code 3.
    #[error("{0}")]
    Held(String),
    /// Refused: by the node, or here, since something can't be trusted: exit code 4.
    #[error("{0}")]
    Refused(String),
    /// A room's passphrase is missing or another one: exit code 4.
    #[error("{0}")]
    Locked(String),
    /// There is no account here: exit code 5.
    #[error("{0}")]
    NoAccount(String),
    /// Nobody reads what is written any more, as with `head`: no failure.
    #[error("the output was closed")]
    Closed,
}

impl Failure {
    /// The exit code, as the help lists them.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Offline(_) | Self::Unreached(..) | Self::Held(_) => 3,
            Self::Refused(_) | Self::Locked(_) => 4,
            Self::NoAccount(_) => 5,
        }
    }

    /// A name for scripts.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Failed(_) => "failed",
            Self::Usage(_) => "usage",
            Self::Offline(_) | Self::Unreached(..) | Self::Held(_) => "offline",
            Self::Refused(_) | Self::Locked(_) => "refused",
            Self::NoAccount(_) => "no_account",
        }
    }

    /// The same in other words.
    pub(crate) fn reworded(self, text: String) -> Self {
        match self {
            Self::Failed(_) => Self::Failed(text),
            Self::Usage(_) => Self::Usage(text),
            Self::Offline(_) => Self::Offline(text),
            Self::Unreached(_, nodes) => Self::Unreached(text, nodes),
            Self::Held(_) => Self::Held(text),
            Self::Refused(_) => Self::Refused(text),
            Self::Locked(_) => Self::Locked(text),
            Self::NoAccount(_) => Self::NoAccount(text),
            Self::Closed => Self::Closed,
        }
    }

    /// As an object, for scripts.
    pub(crate) fn object(&self) -> Value {
        let (error, message) = (self.name(), self.to_string());
        match self {
            Self::Unreached(_, all) => {
                let all: Vec<Value> = all.iter().map(Unreached::object).collect();
                json!({ "error": error, "message": message, "unreachable": all })
            }
            _ => json!({ "error": error, "message": message }),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let text = fault.to_string();
        match fault {
            Fault::NoAccount => no_account(),
            Fault::HasAccount => has_account(),
            Fault::Phrase(_) | Fault::Link(_) | Fault::Unknown(_) => Self::Usage(text),
            Fault::Offline => Self::Offline(text),
            Fault::KeyChanged(_) => Self::Refused(format!("{text} with `tidings verify`")),
            Fault::Passphrase => Self::Locked(text),
            Fault::Expired | Fault::Role | Fault::Distrust(_) | Fault::Cannot(_) | Fault::Refused(_) => {
                Self::Refused(text)
            }
            Fault::TooLarge(_) | Fault::Gone(_) | Fault::File | Fault::Newer(_) | Fault::Store(_) => Self::Failed(text),
        }
    }
}

/// Nobody has logged in.
pub(crate) fn no_account() -> Failure {
    Failure::NoAccount(
        "there is no account here yet: `tidings login LINK` begins with an invitation, `tidings login --link-code CODE` joins \
         your other devices, `tidings restore` comes back with your recovery phrase"
            .to_owned(),
    )
}

/// Somebody has logged in already.
fn has_account() -> Failure {
    Failure::Refused(format!("there is an account here already (`tidings profile` shows it): {BESIDE}"))
}

/// What can be done where there is an account already.
const BESIDE: &str = "`tidings accept LINK` takes an invitation with it, `tidings login LINK --profile NAME` makes another account beside it";

/// The same, where it is known who and where.
pub(crate) fn account_of(me: &MeView, folder: &Path) -> Failure {
    let (name, node) = (show::line(&me.name), show::line(&me.node));
    Failure::Refused(format!(
        "there is an account here already: {name} at {node}, in {}. {BESIDE}. To have none on this machine, delete this folder: \
         then only the recovery phrase or another device brings the account back. `tidings account delete` deletes it at the \
         node, too",
        folder.display()
    ))
}

/// The account is here no more.
pub(crate) fn removed() -> Failure {
    Failure::NoAccount(
        "this device was removed from your account by another of your devices. What is here can still be read: `tidings \
         history`, `tidings rooms`. To come back, take another profile: `tidings login --link-code CODE --profile NAME` with \
         your other device, or `tidings restore --profile NAME` with your recovery phrase"
            .to_owned(),
    )
}

/// The home node goes on refusing this device.
pub(crate) fn unknown_at_home() -> Failure {
    Failure::NoAccount(
        "your node does not know this account (any more): perhaps who runs it has deleted it. Ask them; with an invitation, \
         `tidings login LINK --profile NAME` makes another account. What is here can still be read: `tidings history`, `tidings rooms`"
            .to_owned(),
    )
}

impl From<ReachError> for Failure {
    fn from(error: ReachError) -> Self {
        let text = error.to_string();
        match error {
            ReachError::Foreign(_) => Self::Usage(text),
            ReachError::Silent(_) | ReachError::Unwell(..) => Self::Offline(text),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let text = error.to_string();
        match error {
            OpenError::Store(StoreError::Absent(_)) => no_account(),
            OpenError::Store(StoreError::Held(_)) => Self::Held(text),
            OpenError::Store(StoreError::NeedsPassphrase) => Self::Usage(format!(
                "{text}: give it in TIDINGS_CLIENT_PASSPHRASE or with --passphrase-file FILE, or run this in a terminal"
            )),
            OpenError::Store(StoreError::WrongPassphrase | StoreError::Damaged(_)) => Self::Refused(text),
            OpenError::Client(fault) => fault.into(),
            OpenError::Store(StoreError::File(_)) | OpenError::Start(_) => Self::Failed(text),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        OpenError::Store(error).into()
    }
}

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Media(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<MediaError> for Failure {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Read(..) | MediaError::NoFile(_) => Self::Usage(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<Miss> for Failure {
    fn from(miss: Miss) -> Self {
        Self::Usage(miss.to_string())
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        Self::Usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_an_account_already_is_told_which_and_where() {
        let failure = account_of(&crate::screen::fixture::me(), Path::new("/home/me/profiles/default"));
        let told = failure.to_string();
        assert!(told.starts_with(
            "there is an account here already: Me at https://one.example, in /home/me/profiles/default. "
        ));
        assert!(told.contains("--profile NAME") && told.contains("delete this folder"), "{told}");
        assert_eq!((failure.code(), has_account().code()), (4, 4));
    }
}
