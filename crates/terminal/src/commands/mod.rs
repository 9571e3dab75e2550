//! The commands of a person: for scripts and for those who like it plain.
//!
//! Each answers in words, or with `--json` in objects, one a line. What was asked for goes to standard output, everything else to
//! standard error. docs/terminal.md describes them.

mod account;
mod asking;
mod channels;
mod chat;
mod context;
mod devices;
mod json;
mod links;
mod locked;
mod login;
mod outcome;
mod output;
mod people;
mod receive;
mod rooms;
mod send;

pub use account::{BackupPerson, Profile, ProfileAction, SetProfile, Switch};
pub use channels::{Channel, ChannelAction};
pub use chat::Chat;
pub use context::{Caller, Common, VARIABLES};
pub use devices::{DeviceAction, Devices};
pub use login::{Login, RestorePerson};
pub use people::{Accept, ContactAction, Contacts, Invitations, InvitePerson, Verify};
pub use receive::{History, Receive};
pub use rooms::{Role, RoomAction, Rooms};
pub use send::Send;

use clap::Subcommand;
use context::Context;
use outcome::Failure;
use std::process::ExitCode;

/// Commands that are a person's alone.
#[derive(Debug, Subcommand)]
pub enum Personal {
    /// Talk: a screen with your conversations, or lines for pipes and screen readers.
    Chat(Chat),
    /// Begin: make an account with an invitation, or join your other devices with a code.
    #[command(after_help = LOGIN)]
    Login(Login),
    /// Accept an invitation, or join a room, by its link.
    Accept(Accept),
    /// List, block, rename, remove and introduce contacts.
    Contacts(Contacts),
    /// Send words and files to a contact, a group or a room.
    #[command(after_help = SEND)]
    Send(Send),
    /// Show what came, or go on showing what comes.
    #[command(after_help = RECEIVE)]
    Receive(Receive),
    /// Show what was said, as far as it is kept here.
    History(History),
    /// List conversations; make, join, change and leave groups and rooms.
    Rooms(Rooms),
    /// List, add and remove your devices.
    Devices(Devices),
    /// Compare the safety number of a contact.
    Verify(Verify),
    /// Show and change who you are, and lock the profile on this machine.
    Profile(Profile),
}

/// Commands that a person and the owner of a node share.
#[derive(Debug)]
pub enum Shared {
    /// `tidings invite`, with whether a QR code is wanted.
    Invite(InvitePerson, Option<Invitations>, bool),
    /// `tidings restore`.
    Restore(RestorePerson),
    /// `tidings backup`.
    Backup(BackupPerson),
    /// `tidings channels`.
    Channel(ChannelAction),
}

/// Examples below the help of `login`.
const LOGIN: &str = "\
Examples:
  tidings login 'https://node.example/i#1.SECRET.TOKEN'    with an invitation
  tidings login https://node.example --token TOKEN         with a token from the node's owner
  tidings login --link-code node.example/ABCD-…            as a further device of yours

Quote links, so that no shell reads anything into them.";

/// Examples below the help of `send`.
const SEND: &str = "\
Examples:
  tidings send bob hello              words
  echo hello | tidings send bob       the same from a pipe
  tidings send bob photo.jpg --once   an image that can be seen once
  tidings send bob notes.txt here they are

Images are turned upright, made smaller and rid of their metadata; other files are sent as they are. It ends when the node has \
what was sent: 0, or 3 if it could not be reached; then it goes out with the next command.";

/// Examples below the help of `receive`.
const RECEIVE: &str = "\
Examples:
  tidings receive                              what was not read yet
  tidings receive --follow --from bob          what comes from Bob
  tidings receive --follow --json | jq -r .text

A JSON object has at least: message, conversation, title, sender, name, mine, at, kind, edited.";

/// Runs a person's command to its end.
pub fn run(command: &Personal, caller: &Caller) -> ExitCode {
    finish(caller, is_json(command), perform(command, caller))
}

/// Runs a shared command for a person.
pub fn run_shared(command: &Shared, json: bool, caller: &Caller) -> ExitCode {
    finish(caller, json, perform_shared(command, json, caller))
}

fn finish(caller: &Caller, json: bool, work: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.code() != 0 {
                caller.output(json).complain(&failure);
            }
            ExitCode::from(failure.code())
        }
    }
}

fn is_json(command: &Personal) -> bool {
    match command {
        Personal::Chat(_) => false,
        Personal::Login(asked) => asked.json,
        Personal::Accept(asked) => asked.json,
        Personal::Contacts(asked) => asked.json,
        Personal::Send(asked) => asked.json,
        Personal::Receive(asked) => asked.json,
        Personal::History(asked) => asked.json,
        Personal::Rooms(asked) => asked.json,
        Personal::Devices(asked) => asked.json,
        Personal::Verify(asked) => asked.json,
        Personal::Profile(asked) => asked.json,
    }
}

fn common(command: &Personal) -> &Common {
    match command {
        Personal::Chat(asked) => &asked.common,
        Personal::Login(asked) => &asked.common,
        Personal::Accept(asked) => &asked.common,
        Personal::Contacts(asked) => &asked.common,
        Personal::Send(asked) => &asked.common,
        Personal::Receive(asked) => &asked.common,
        Personal::History(asked) => &asked.common,
        Personal::Rooms(asked) => &asked.common,
        Personal::Devices(asked) => &asked.common,
        Personal::Verify(asked) => &asked.common,
        Personal::Profile(asked) => &asked.common,
    }
}

/// Whether a command only looks at what is here.
fn reads(command: &Personal) -> bool {
    match command {
        Personal::Chat(_) | Personal::History(_) => true,
        Personal::Contacts(asked) => matches!(asked.action, None | Some(ContactAction::List)),
        Personal::Rooms(asked) => {
            matches!(asked.action, None | Some(RoomAction::List | RoomAction::Members { .. }))
        }
        Personal::Profile(asked) => {
            use ProfileAction as Do;
            matches!(asked.action, None | Some(Do::Show | Do::Lock { .. } | Do::Unlock))
        }
        _ => false,
    }
}

async fn perform(command: &Personal, caller: &Caller) -> Result<(), Failure> {
    match command {
        Personal::Login(asked) => return login::login(asked, caller).await,
        Personal::Chat(asked) => return chat::run(asked, caller).await,
        _ => {}
    }
    let output = caller.output(is_json(command));
    let context = Context::of_account(common(command), caller, output, reads(command)).await?;
    let done = match command {
        Personal::Accept(asked) => people::accept(asked, &context).await,
        Personal::Contacts(asked) => people::contacts(asked.action.as_ref(), &context).await,
        Personal::Send(asked) => send::run(asked, &context).await,
        Personal::Receive(asked) => receive::run(asked, &context).await,
        Personal::History(asked) => receive::history(asked, &context).await,
        Personal::Rooms(asked) => rooms::run(asked.action.as_ref(), &context).await,
        Personal::Devices(asked) => devices::run(asked.action.as_ref(), &context).await,
        Personal::Verify(asked) => people::verify(asked, &context).await,
        Personal::Profile(asked) => account::profile(asked, caller, &context).await,
        // Done above.
        Personal::Chat(_) | Personal::Login(_) => Ok(()),
    };
    context.session.close().await;
    done
}

async fn perform_shared(command: &Shared, json: bool, caller: &Caller) -> Result<(), Failure> {
    let common = match command {
        Shared::Restore(asked) => return login::restore(asked, json, caller).await,
        Shared::Invite(asked, ..) => &asked.common,
        Shared::Backup(asked) => &asked.common,
        Shared::Channel(action) => action.common(),
    };
    let context = Context::of_account(common, caller, caller.output(json), false).await?;
    let done = match command {
        Shared::Invite(_, Some(action), _) => people::invitations(action, &context).await,
        Shared::Invite(asked, None, qr) => people::invite(asked, *qr, &context).await,
        Shared::Backup(asked) => account::backup(asked, &context).await,
        Shared::Channel(action) => channels::run(action, &context).await,
        // Done above.
        Shared::Restore(_) => Ok(()),
    };
    context.session.close().await;
    done
}
