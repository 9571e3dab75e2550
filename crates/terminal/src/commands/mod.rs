//! The commands of a person: for scripts and for those who like it plain.
//!
//! Each answers in words, or with `--json` in objects, one a line. What was asked for goes to standard output, everything else to
//! standard error. docs/terminal.md describes them.

mod account;
mod adding;
mod asking;
mod bar;
mod channels;
mod chat;
mod context;
mod desk;
mod devices;
mod ending;
mod errand;
mod frames;
mod handing;
mod hubs;
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
mod serving;
mod site;
mod waiting;

pub use account::{BackupPerson, Profile, ProfileAction, SetProfile, Switch};
pub use channels::{Channel, ChannelAction};
pub use chat::Chat;
pub use context::{Caller, Common, VARIABLES};
pub use devices::{DeviceAction, Devices};
pub use ending::{Account, AccountAction};
pub use login::{Login, RestorePerson};
pub use people::{Accept, ContactAction, Contacts, Invitations, InvitePerson, Verify};
pub use receive::{History, Receive};
pub use rooms::{Role, RoomAction, Rooms};
pub use send::Send;

use crate::place::Place;
use crate::store::{Store, StoreError};
use clap::Subcommand;
use context::Context;
use errand::Errand;
use handing::Outcome;
use outcome::Failure;
use output::Output;
use serde::{Deserialize, Serialize};
use serving::Serving;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

/// Commands that are a person's alone.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum Personal {
    /// Talk: a screen with your conversations, or lines for pipes and screen readers.
    #[serde(skip)]
    Chat(Chat),
    /// Begin: make an account with an invitation, or join your other devices with a code.
    #[command(after_help = LOGIN)]
    #[serde(skip)]
    Login(Login),
    /// Accept an invitation, or join a room, by its link.
    Accept(Accept),
    /// List, block, rename, remove and introduce contacts.
    #[command(after_help = CONTACTS)]
    Contacts(Contacts),
    /// Send words and files to a contact, a group or a room.
    #[command(after_help = SEND)]
    Send(Send),
    /// Show what came, or go on showing what comes.
    #[command(after_help = RECEIVE)]
    Receive(Receive),
    /// Show what was said, as far as it is kept here.
    #[command(after_help = HISTORY)]
    History(History),
    /// List conversations; make, join, change and leave groups and rooms.
    #[command(after_help = ROOMS)]
    Rooms(Rooms),
    /// List, add and remove your devices.
    #[command(after_help = DEVICES)]
    Devices(Devices),
    /// Compare the safety number of a contact, or the web app that a node serves.
    #[command(after_help = VERIFY)]
    Verify(Verify),
    /// Show and change who you are, and lock the profile on this machine.
    Profile(Profile),
    /// Delete your account.
    Account(Account),
}

/// Commands that a person and the owner of a node share.
#[derive(Debug, Serialize, Deserialize)]
pub enum Shared {
    /// `tidings invite`, with whether a QR code is wanted.
    Invite(InvitePerson, Option<Invitations>, bool),
    /// `tidings restore`.
    #[serde(skip)]
    Restore(RestorePerson),
    /// `tidings backup`.
    Backup(BackupPerson),
    /// `tidings channels`.
    Channel(ChannelAction),
}

/// Examples below the help of `login`.
const LOGIN: &str = "\
Examples:
  tidings login 'https://node.example/i#1.SECRET.TOKEN'  with an invitation
  tidings login https://node.example --token TOKEN       with an owner's token
  tidings login --link-code node.example/ABCD-…          as a further device

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

The object of a message has at least: message, conversation, title, sender, name, mine, at, kind, edited.";

/// How often is looked whether another process has let go of the profile.
const LOOK: Duration = Duration::from_millis(50);

/// Examples below the help of `history`.
const HISTORY: &str = "\
Examples:
  tidings history bob -n 50           the last fifty messages with Bob
  tidings history --search 'the key'  in all conversations: has all the words

What is not on this device can't be shown; no node is asked.";

/// Examples below the help of `contacts`.
const CONTACTS: &str = "\
Examples:
  tidings contacts                      who they are
  tidings contacts rename bob Robert    for you alone
  tidings contacts introduce bob carol  suggest them to each other

Somebody becomes a contact with `tidings invite` or `tidings accept`. Who was suggested becomes one once both followed the \
suggestion.";

/// Examples below the help of `rooms`.
const ROOMS: &str = "\
Examples:
  tidings rooms create Family bob carol     a group of people who know each other
  tidings rooms create Square --anonymous   a room: whoever has its link may join
  tidings rooms link Square                 that link
  tidings rooms join 'https://…'            join with it

Public channels of darkchat's clients are joined with `tidings channels join`.";

/// Examples below the help of `devices`.
const DEVICES: &str = "\
Examples:
  tidings devices link            here: shows a code, and asks before it lets in
  tidings login --link-code CODE  on the new device
  tidings devices remove laptop   such as one that was lost";

/// Examples below the help of `verify`.
const VERIFY: &str = "\
Examples:
  tidings verify bob             shows the digits, and asks whether they fit
  tidings verify bob --yes       you have compared them
  tidings verify bob --scanned 'tidings:safety:…'
  tidings verify https://node.example

A node is asked for its web app, which must be the one in this very program: 0 if all its files are the same, 4 if not. That needs no \
account, and says what the node serves here and now.";

/// Runs a person's command to its end.
pub fn run(command: Personal, caller: &Caller) -> ExitCode {
    finish(Errand::Personal(command), caller)
}

/// Runs a shared command for a person.
pub fn run_shared(command: Shared, json: bool, caller: &Caller) -> ExitCode {
    finish(Errand::Shared(command, json), caller)
}

fn finish(errand: Errand, caller: &Caller) -> ExitCode {
    let output = caller.output(errand.json());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(go(errand, caller)),
        Err(error) => Err(error.into()),
    };
    ExitCode::from(ended.unwrap_or_else(|failure| told(&failure, &output)))
}

/// Says why it did not work. Gives the exit code.
fn told(failure: &Failure, output: &Output) -> u8 {
    if failure.code() != 0 {
        output.complain(failure);
    }
    failure.code()
}

async fn go(errand: Errand, caller: &Caller) -> Result<u8, Failure> {
    match &errand {
        Errand::Personal(Personal::Login(asked)) => return login::login(asked, caller).await.map(|()| 0),
        Errand::Shared(Shared::Restore(asked), json) => {
            return login::restore(asked, *json, caller).await.map(|()| 0);
        }
        Errand::Personal(Personal::Verify(asked)) if site::is_url(&asked.whom) => {
            return site::verify(asked, caller).await.map(|()| 0);
        }
        _ => {}
    }
    if errand.follows() {
        desk::mind_interrupts();
    }
    let errand = Arc::new(errand);
    let end = Instant::now() + Duration::from_secs(errand.common().timeout);
    loop {
        if let Some(code) = elsewhere(&errand, caller, end).await? {
            return Ok(code);
        }
        match here(&errand, caller).await {
            // Another one was faster, and may do it.
            Err(Failure::Held(_)) if Instant::now() < end => {}
            done => return done.map(|()| 0),
        }
    }
}

/// Has it done by the process that has the profile, if there is one. Waits for one that does nothing for others to end.
async fn elsewhere(errand: &Arc<Errand>, caller: &Caller, end: Instant) -> Result<Option<u8>, Failure> {
    let place = caller.place(errand.common())?;
    loop {
        if errand.can_be_handed_over() {
            match hand_over(errand, &place, caller).await? {
                Outcome::Done(code) => return Ok(Some(code)),
                Outcome::Left if !errand.follows() => return Err(left()),
                Outcome::Left | Outcome::Nobody => {}
            }
        }
        let Some(holder) = Store::holder(&place) else { return Ok(None) };
        let for_long = place.socket().exists() && !errand.can_be_handed_over();
        if for_long || Instant::now() >= end {
            return Err(StoreError::Held(holder).into());
        }
        sleep(LOOK).await;
    }
}

fn left() -> Failure {
    Failure::Offline(
        "the tidings that had this profile open ended before this was done; what was begun is kept and goes on with the next \
         command"
            .to_owned(),
    )
}

/// On a thread of its own, as it blocks. Whoever follows something ends it with Ctrl-C, which is no failure.
async fn hand_over(errand: &Arc<Errand>, place: &Place, caller: &Caller) -> Result<Outcome, Failure> {
    let own = rustix::process::geteuid().as_raw();
    let Some(way) = handing::reach(place, own).await? else { return Ok(Outcome::Nobody) };
    let (answer, outcome) = oneshot::channel();
    let (asked, desk) = (Arc::clone(errand), caller.desk());
    let seat = desk.seat().clone();
    let work = move || drop(answer.send(handing::hand_over(way, &asked, seat)));
    std::thread::Builder::new().name("tidings-handing".to_owned()).spawn(work)?;
    let lost = || Failure::Failed("it could not be handed over".to_owned());
    tokio::select! {
        outcome = outcome => outcome.map_err(|_| lost())?,
        () = desk.interrupted(), if errand.follows() => Ok(Outcome::Done(0)),
    }
}

/// Does it in this process.
async fn here(errand: &Errand, caller: &Caller) -> Result<(), Failure> {
    let output = caller.output(errand.json());
    let context = Context::of_account(errand.common(), caller, output, errand.reads()).await?;
    // Where there are no such sockets, others hear that the profile is taken.
    let serving = if errand.stays() { Serving::start(&context).ok() } else { None };
    let done = match errand {
        Errand::Personal(Personal::Chat(asked)) => chat::show(asked, caller, &context).await,
        Errand::Personal(Personal::Profile(asked)) if !errand.can_be_handed_over() => {
            account::lock(asked, caller, &context).await
        }
        Errand::Personal(Personal::Account(asked)) => ending::run(asked, &context).await,
        _ => errand.perform(&context).await,
    };
    if let Some(serving) = serving {
        serving.end().await;
    }
    context.session.close().await;
    done
}
