//! Rooms that a passphrase locks. A link does not say that its room is locked, and whether a passphrase fits shows only when one is
//! in, so nothing is said to have worked before that.

use super::asking;
use super::context::Context;
use super::outcome::Failure;
use std::path::Path;
use std::time::Duration;
use tidings_client::command::{Command, Secret};
use tidings_client::view::{GroupId, Standing};
use zeroize::Zeroizing;

/// How often a passphrase may be typed.
const ATTEMPTS: usize = 3;

/// How long coming into a room may take at a node that answers; then the passphrase is what is missing.
const COMING: Duration = Duration::from_secs(8);

/// How coming into a room ended.
enum Ended {
    /// One is in.
    In,
    /// A passphrase is needed, or another one.
    Locked,
    /// The room or one's place in it is gone.
    Out,
    /// The node does not answer.
    Silent,
}

/// The passphrase in a file, if one is given.
pub(super) fn given(file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
    file.map(asking::secret_from).transpose()
}

/// Opens a locked room on this device. Does nothing to one that is open.
pub(super) async fn unlock(group: GroupId, file: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let view = context.session.conversation(group).await;
    if view.is_some_and(|view| ended(&view.standing).is_some_and(|ended| matches!(ended, Ended::In))) {
        return Err(Failure::Usage("this room is open here already".to_owned()));
    }
    let passphrase = match given(file)? {
        Some(given) => given,
        None if asking::can_ask() => asking::secret("Passphrase of this room: ")?,
        None => return Err(Failure::Usage("give the passphrase with --room-passphrase-file FILE".to_owned())),
    };
    try_passphrase(group, &passphrase, context).await?;
    enter(group, true, context).await
}

/// Tries a passphrase; whether it fits is seen by [`enter`].
pub(super) async fn try_passphrase(group: GroupId, passphrase: &str, context: &Context) -> Result<(), Failure> {
    let passphrase = Secret(passphrase.to_owned());
    context.command(Command::Unlock { group, passphrase }).await.map(drop)
}

/// Waits until one is in, and asks for the passphrase where somebody can be asked. `tried`: whether one was given already.
pub(super) async fn enter(group: GroupId, tried: bool, context: &Context) -> Result<(), Failure> {
    let mut tried = tried;
    for _ in 0..=ATTEMPTS {
        match come(group, context).await {
            Ended::In => return Ok(()),
            Ended::Out => return Err(Failure::Refused("this room is gone, or you are not in it any more".to_owned())),
            Ended::Silent => {
                let text = "the room's node can't be reached; coming in goes on with the next command";
                return Err(Failure::Offline(text.to_owned()));
            }
            Ended::Locked if !asking::can_ask() => break,
            Ended::Locked => {
                asking::tell(if tried { DOES_NOT_FIT } else { IS_LOCKED })?;
                let typed = asking::secret("Passphrase of this room: ")?;
                try_passphrase(group, &typed, context).await?;
                tried = true;
            }
        }
    }
    Err(Failure::Refused(if tried { DOES_NOT_FIT } else { NEEDS_FILE }.to_owned()))
}

const IS_LOCKED: &str = "This room is locked by a passphrase.";
const DOES_NOT_FIT: &str = "the passphrase does not open this room";
const NEEDS_FILE: &str = "this room is locked by a passphrase: give it with --room-passphrase-file FILE";

async fn come(group: GroupId, context: &Context) -> Ended {
    let look = async || match context.session.conversation(group).await {
        Some(view) => ended(&view.standing),
        None => Some(Ended::Out),
    };
    if let Some(ended) = context.until(COMING.min(context.limit), look).await {
        return ended;
    }
    let hub = context.session.conversation(group).await.map(|view| view.hub).unwrap_or_default();
    if context.answers(&hub).await { Ended::Locked } else { Ended::Silent }
}

/// What a standing means for coming in; `None` while it is under way.
fn ended(standing: &Standing) -> Option<Ended> {
    match standing {
        Standing::Joining => None,
        Standing::Locked => Some(Ended::Locked),
        Standing::Out => Some(Ended::Out),
        Standing::Ready | Standing::Behind | Standing::KeyChanged(_) => Some(Ended::In),
    }
}
