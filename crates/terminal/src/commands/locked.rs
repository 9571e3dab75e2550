//! Rooms that a passphrase locks. A link does not say that its room is locked: it shows when one comes in.

use super::asking;
use super::context::Context;
use super::desk::Desk;
use super::outcome::Failure;
use crate::show;
use std::path::Path;
use tidings_client::command::{Command, Secret};
use tidings_client::view::{GroupId, Standing};
use zeroize::Zeroizing;

/// How often a passphrase may be typed.
const ATTEMPTS: usize = 3;

/// The passphrase in a file, if one is given.
pub(super) fn given(file: Option<&Path>, desk: &Desk) -> Result<Option<Zeroizing<String>>, Failure> {
    file.map(|file| asking::secret_from(file, desk)).transpose()
}

/// Opens a locked room on this device. Does nothing to one that is open.
pub(super) async fn unlock(group: GroupId, file: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let view = context.session.conversation(group).await;
    if view.is_some_and(|view| !matches!(view.standing, Standing::Joining | Standing::Locked | Standing::Out)) {
        return Err(Failure::Usage("this room is open here already".to_owned()));
    }
    let desk = context.output.desk();
    let passphrase = match given(file, desk)? {
        Some(given) => given,
        None if desk.can_ask() => desk.secret("Passphrase of this room: ")?,
        None => return Err(Failure::Usage("give the passphrase with --room-passphrase-file FILE".to_owned())),
    };
    let command = |passphrase: Option<Secret>| Command::Unlock {
        group,
        passphrase: passphrase.unwrap_or_else(|| Secret(String::new())),
    };
    enter(group, Some(passphrase), command, context).await
}

/// Gives a command that leads into a room, and asks for the passphrase where it is missing or does not fit and somebody can be asked.
/// Fails with [`Failure::Locked`] if none fits.
pub(super) async fn enter(
    group: GroupId,
    passphrase: Option<Zeroizing<String>>,
    command: impl Fn(Option<Secret>) -> Command,
    context: &Context,
) -> Result<(), Failure> {
    let desk = context.output.desk();
    let mut next = passphrase;
    for attempt in 0..=ATTEMPTS {
        let tried = next.is_some();
        let secret = next.take().map(|given| Secret(given.to_string()));
        match context.command(command(secret)).await {
            Ok(_) => break,
            Err(Failure::Locked(_)) if desk.can_ask() && attempt < ATTEMPTS => {
                asking::tell(if tried { DOES_NOT_FIT } else { IS_LOCKED }, desk)?;
                next = Some(desk.secret("Passphrase of this room: ")?);
                // The person took their time.
                context.restart();
            }
            Err(Failure::Locked(_)) => {
                return Err(Failure::Locked(if tried { DOES_NOT_FIT } else { NEEDS_FILE }.to_owned()));
            }
            Err(other) => return Err(other),
        }
    }
    let view = context.session.conversation(group).await;
    let hub = view.as_ref().map(|view| show::line(&view.hub)).unwrap_or_default();
    match view.map(|view| view.standing) {
        None | Some(Standing::Out) => {
            Err(Failure::Refused("this room is gone, or you are not in it any more".to_owned()))
        }
        Some(Standing::Joining) => {
            let text = format!("{hub}, the room's node, can't be reached; coming in goes on with the next command");
            Err(Failure::Offline(text))
        }
        Some(_) => Ok(()),
    }
}

const IS_LOCKED: &str = "This room is locked by a passphrase.";
const DOES_NOT_FIT: &str = "the passphrase does not open this room";
const NEEDS_FILE: &str = "this room is locked by a passphrase: give it with --room-passphrase-file FILE";
