//! What every command of a person begins with: the profile, its store, the running client.

use super::asking;
use super::desk::{Desk, Seat};
use super::outcome::{Failure, no_account, removed};
use super::output::Output;
use super::waiting::Patience;
use crate::driver::{Events, Opening, Session, Trust};
use crate::names::{self, Miss};
use crate::place::{Place, Wanted};
use crate::store::Store;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidings_client::io::CommandId;
use tidings_client::view::{GroupId, Identity, MeView, Stage};
use zeroize::Zeroizing;

/// Variables of the environment that commands of a person heed, beside `HOME`, `XDG_DATA_HOME`, `NO_COLOR` and what the screen looks up.
pub const VARIABLES: &[&str] =
    &["TIDINGS_PROFILE", "TIDINGS_CLIENT_DIR", "TIDINGS_CLIENT_CA", "TIDINGS_CLIENT_PASSPHRASE"];

/// How long to wait for another process that has the profile, before it is looked at again what that process does for others.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whose profile a command is for, and how it answers.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize)]
pub struct Common {
    /// Which of your profiles on this machine; the default one is called default. Also in TIDINGS_PROFILE.
    #[arg(long, value_name = "NAME", global = true, help_heading = "Profile")]
    pub profile: Option<String>,
    /// The folder of all profiles; without it tidings/profiles in your data folder. Also in TIDINGS_CLIENT_DIR.
    #[arg(long, value_name = "FOLDER", global = true, hide_short_help = true, help_heading = "Profile")]
    pub client_dir: Option<PathBuf>,
    /// A file with the passphrase that unlocks the profile, or - for standard input. Also, as it is, in TIDINGS_CLIENT_PASSPHRASE.
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true, help_heading = "Profile")]
    pub passphrase_file: Option<PathBuf>,
    /// Certificates (PEM) to trust beside those of this machine, for nodes with a private authority. Also in TIDINGS_CLIENT_CA.
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true, help_heading = "Profile")]
    pub ca: Option<PathBuf>,
    /// How long to wait for nodes.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, global = true)]
    pub timeout: u64,
}

/// The process that runs a command.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Its environment.
    pub environment: Vec<(String, String)>,
}

impl Caller {
    /// A variable, unless it is empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Where the profile is.
    pub fn place(&self, common: &Common) -> Result<Place, crate::place::PlaceError> {
        let folder = common.client_dir.clone().or_else(|| self.variable("TIDINGS_CLIENT_DIR").map(PathBuf::from));
        Place::find(&Wanted {
            folder: folder.as_deref(),
            profile: common.profile.as_deref().or_else(|| self.variable("TIDINGS_PROFILE")),
            data_home: self.variable("XDG_DATA_HOME"),
            home: self.variable("HOME"),
        })
    }

    /// The passphrase, if it was given with the command.
    pub(crate) fn passphrase(&self, common: &Common) -> Result<Option<Zeroizing<String>>, Failure> {
        match &common.passphrase_file {
            Some(path) => asking::secret_from(path, &self.desk()).map(Some),
            None => Ok(self.variable("TIDINGS_CLIENT_PASSPHRASE").map(|text| Zeroizing::new(text.to_owned()))),
        }
    }

    pub(crate) fn trust(&self, common: &Common) -> Result<Trust, Failure> {
        let file = common.ca.clone().or_else(|| self.variable("TIDINGS_CLIENT_CA").map(PathBuf::from));
        file.map_or_else(|| Ok(Trust::default()), |file| Ok(Trust::with_file(&file)?))
    }

    pub(crate) fn output(&self, json: bool) -> Output {
        Output::new(json, self.desk())
    }

    /// What is known of the streams of this process.
    pub(super) fn seat(&self) -> Seat {
        Seat::here(self.variable("NO_COLOR").is_some())
    }

    /// Where whoever called sits.
    pub(super) fn desk(&self) -> Desk {
        Desk::Here(self.seat())
    }
}

/// How far the account of a profile has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// There is none.
    Absent,
    /// The node has not yet said that it has it.
    Begun,
    /// It works.
    Ready,
    /// Another device took this one out of it.
    Removed,
}

/// A running client, and how to answer.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) session: Session,
    pub(crate) output: Output,
    pub(crate) place: Place,
    pub(super) patience: Patience,
    pub(super) trust: Trust,
    /// Whether it was said that a node can't be reached.
    pub(super) refusal_told: Arc<AtomicBool>,
    /// Commands whose effects were not waited for yet.
    pub(super) given: Arc<Mutex<Vec<CommandId>>>,
}

impl Context {
    /// Opens the profile; `new` is the passphrase of one that may be made.
    pub(crate) async fn open(
        common: &Common,
        caller: &Caller,
        output: Output,
        new: Option<Option<Zeroizing<String>>>,
    ) -> Result<Self, Failure> {
        let place = caller.place(common)?;
        let passphrase = if place.is_used() { unlock(&place, common, caller)? } else { new.clone().flatten() };
        let (new, trust) = (new.is_some(), caller.trust(common)?);
        let opening = Opening { place: place.clone(), passphrase, new, trust: trust.clone(), patience: PATIENCE };
        let session = Session::open(opening).await?;
        let patience = Patience::new(Duration::from_secs(common.timeout));
        Ok(Self { session, output, place, patience, trust, refusal_told: Arc::default(), given: Arc::default() })
    }

    /// Opens the profile of somebody who has an account. `reads`: whether what is to be done only looks at what is here, which a
    /// device that was removed may do, too.
    pub(crate) async fn of_account(
        common: &Common,
        caller: &Caller,
        output: Output,
        reads: bool,
    ) -> Result<Self, Failure> {
        let context = Self::open(common, caller, output, None).await?;
        match context.admit(reads).await {
            Ok(()) => Ok(context),
            Err(failure) => {
                context.session.close().await;
                Err(failure)
            }
        }
    }

    /// The same client for another process that asked, with a time of its own.
    pub(super) fn for_another(&self, output: Output, common: &Common) -> Self {
        let patience = Patience::new(Duration::from_secs(common.timeout));
        Self { output, patience, refusal_told: Arc::default(), given: Arc::default(), ..self.clone() }
    }

    /// Fails unless the account works, or `reads` and the device was removed.
    pub(super) async fn admit(&self, reads: bool) -> Result<(), Failure> {
        Err(match self.begun().await {
            Account::Ready => return Ok(()),
            Account::Removed if reads => {
                self.output.note("This device was removed from your account: you see what it knew.");
                return Ok(());
            }
            Account::Removed => removed(),
            Account::Absent => no_account(),
            Account::Begun => self.unfinished().await,
        })
    }

    /// How far the account has come.
    pub(crate) async fn account(&self) -> Account {
        match self.session.me().await.map(|me| me.stage) {
            None => Account::Absent,
            Some(Stage::Registering | Stage::Enrolling) => Account::Begun,
            Some(Stage::Ready) => Account::Ready,
            Some(Stage::Removed) => Account::Removed,
        }
    }

    /// The same, once a beginning has come to its end, or the time is over: the client goes on with it by itself.
    pub(crate) async fn begun(&self) -> Account {
        let ended = async || Some(self.account().await).filter(|account| *account != Account::Begun);
        self.until(self.left(), ended).await.unwrap_or(Account::Begun)
    }

    /// What to say of an account that was begun, and that the node does not answer about.
    pub(crate) async fn unfinished(&self) -> Failure {
        let node = self.session.me().await.map(|me| me.node).unwrap_or_default();
        Failure::Offline(format!(
            "the account that was begun here is not made yet, since {node} can't be reached. Every command tries again; with \
             another link `tidings login LINK` begins anew"
        ))
    }

    /// Oneself.
    pub(crate) async fn me(&self) -> Result<MeView, Failure> {
        self.session.me().await.ok_or_else(no_account)
    }

    /// The contact that the text means. Who is not known may have come meanwhile.
    pub(crate) async fn contact(&self, text: &str) -> Result<(Identity, String), Failure> {
        match names::resolve_contact(text, &self.session.contacts().await) {
            Err(Miss::Unknown(..)) => self.freshen().await,
            found => return Ok(found?),
        }
        match names::resolve_contact(text, &self.session.contacts().await) {
            Err(miss) => Err(self.missed(text, miss).await),
            found => Ok(found?),
        }
    }

    /// Why nobody is found; who was only suggested is told apart.
    async fn missed(&self, text: &str, miss: Miss) -> Failure {
        let suggested = self.session.introductions().await;
        match (&miss, names::resolve_introduction(text, &suggested)) {
            (Miss::Unknown(..), Ok(one)) => Failure::Usage(names::only_suggested(one)),
            _ => miss.into(),
        }
    }

    /// The conversation that the text means. What is not known may have come meanwhile.
    pub(crate) async fn conversation(&self, text: &str) -> Result<(GroupId, String), Failure> {
        let (contacts, conversations) = (self.session.contacts().await, self.session.conversations().await);
        match names::resolve_conversation(text, &contacts, &conversations) {
            Err(Miss::Unknown(..)) => self.freshen().await,
            found => return Ok(found?),
        }
        let (contacts, conversations) = (self.session.contacts().await, self.session.conversations().await);
        match names::resolve_conversation(text, &contacts, &conversations) {
            Err(miss) => Err(self.missed(text, miss).await),
            found => Ok(found?),
        }
    }

    pub(crate) fn events(&self) -> Events {
        self.session.events()
    }

    /// The short answer of commands that have nothing to tell.
    pub(crate) fn done(&self, text: &str) -> Result<(), Failure> {
        self.output.say(&json!({ "done": true }), text)
    }
}

fn unlock(place: &Place, common: &Common, caller: &Caller) -> Result<Option<Zeroizing<String>>, Failure> {
    if !Store::is_locked(place)? {
        return Ok(None);
    }
    match caller.passphrase(common)? {
        Some(passphrase) => Ok(Some(passphrase)),
        None if caller.desk().can_ask() => caller.desk().secret("Passphrase of this profile: ").map(Some),
        None => Ok(None),
    }
}
