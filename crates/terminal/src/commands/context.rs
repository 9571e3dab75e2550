//! What every command of a person begins with: the profile, its store, the running client.

use super::asking;
use super::outcome::{Failure, no_account, removed};
use super::output::Output;
use crate::driver::{Events, Opening, Session, Trust};
use crate::names::{self, Miss};
use crate::place::{Place, Wanted};
use crate::store::Store;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tidings_client::command::{Command, Done, Fault};
use tidings_client::view::{GroupId, Identity, MeView};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// Variables of the environment that commands of a person heed, beside `HOME`, `XDG_DATA_HOME`, `NO_COLOR` and what the screen looks up.
pub const VARIABLES: &[&str] =
    &["TIDINGS_PROFILE", "TIDINGS_CLIENT_DIR", "TIDINGS_CLIENT_CA", "TIDINGS_CLIENT_PASSPHRASE"];

/// How long to wait for another process that has the profile: two commands in a script may overlap a little.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for what others wrote and changed meanwhile, before something is done that does not need it.
const FRESHEN: Duration = Duration::from_secs(5);

/// How often the client is asked again while nothing is heard of it.
const LOOK: Duration = Duration::from_millis(500);

/// What the client warns of on a device that was taken out of its account.
const REMOVED: &str = "this device was removed";

/// Whose profile a command is for, and how it answers.
#[derive(Clone, Debug, Default, Args)]
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
            Some(path) => asking::secret_from(path).map(Some),
            None => Ok(self.variable("TIDINGS_CLIENT_PASSPHRASE").map(|text| Zeroizing::new(text.to_owned()))),
        }
    }

    pub(crate) fn trust(&self, common: &Common) -> Result<Trust, Failure> {
        let file = common.ca.clone().or_else(|| self.variable("TIDINGS_CLIENT_CA").map(PathBuf::from));
        file.map_or_else(|| Ok(Trust::default()), |file| Ok(Trust::with_file(&file)?))
    }

    pub(crate) fn output(&self, json: bool) -> Output {
        Output::new(json, self.variable("NO_COLOR").is_some())
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
pub(crate) struct Context {
    pub(crate) session: Session,
    pub(crate) output: Output,
    pub(crate) limit: Duration,
    pub(crate) place: Place,
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
        let opening = Opening { place: place.clone(), passphrase, new, trust, patience: PATIENCE };
        let session = Session::open(opening).await?;
        Ok(Self { session, output, limit: Duration::from_secs(common.timeout), place })
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
        let failure = match context.begun().await {
            Account::Ready => return Ok(context),
            Account::Removed if reads => {
                context.output.note("This device was removed from your account: you see what it knew.");
                return Ok(context);
            }
            Account::Removed => removed(),
            Account::Absent => no_account(),
            Account::Begun => context.unfinished().await,
        };
        context.session.close().await;
        Err(failure)
    }

    /// How far the account has come.
    pub(crate) async fn account(&self) -> Account {
        let known = self.session.ask(|client, _| (client.has_account(), client.me())).await;
        let Some((true, me)) = known else { return Account::Absent };
        // Nothing is asked of a node by this; that no such room is known is what is heard of an account that works.
        let asked = self.session.command(Command::RoomLink { group: GroupId([0; 16]) }).await;
        let gone = |me: &MeView| me.warnings.iter().any(|warning| warning.contains(REMOVED));
        match asked {
            Done::Failed(Fault::NoAccount) if me.as_ref().is_some_and(gone) => Account::Removed,
            Done::Failed(Fault::NoAccount) => Account::Begun,
            _ => Account::Ready,
        }
    }

    /// The same, once a beginning has come to its end, or the time is over: the client goes on with it by itself.
    pub(crate) async fn begun(&self) -> Account {
        let ended = async || Some(self.account().await).filter(|account| *account != Account::Begun);
        self.until(self.limit, ended).await.unwrap_or(Account::Begun)
    }

    /// What to say of an account that was begun, and that the node does not answer about.
    pub(crate) async fn unfinished(&self) -> Failure {
        let node = self.session.me().await.map(|me| me.node).unwrap_or_default();
        Failure::Offline(format!(
            "the account that was begun here is not made yet, since {node} can't be reached. Every command tries again; with \
             another link `tidings login LINK` begins anew"
        ))
    }

    /// Does what the person wants.
    pub(crate) async fn command(&self, command: Command) -> Result<Done, Failure> {
        let Ok(done) = tokio::time::timeout(self.limit, self.session.command(command)).await else {
            return Err(Failure::Offline(format!(
                "the node did not answer within {} seconds; what was begun goes on with the next command (--timeout waits longer)",
                self.limit.as_secs()
            )));
        };
        match done {
            Done::Failed(fault) => Err(fault.into()),
            done => Ok(done),
        }
    }

    /// Does what the person wants, waits until nodes have it, and says so.
    pub(crate) async fn command_and_tell(&self, command: Command, object: &Value, text: &str) -> Result<(), Failure> {
        self.command(command).await?;
        self.settled().await;
        self.output.say(object, text)
    }

    /// Waits until all is brought to the nodes. That it takes too long is told, and no failure: it is kept and goes on later.
    pub(crate) async fn settled(&self) -> bool {
        let settled = self.until(self.limit, async || (!self.session.busy().await).then_some(())).await.is_some();
        if !settled {
            self.output
                .note("It is kept here; the node could not be reached yet, so it goes on with the next command.");
        }
        settled
    }

    /// Waits until what waited at the nodes has been read.
    pub(crate) async fn caught_up(&self) -> Result<(), Failure> {
        let caught_up = self.until(self.limit, async || self.session.caught_up().await.then_some(())).await;
        caught_up.ok_or_else(|| {
            let node = "the node can't be reached; what is here already can be read with `tidings history`";
            Failure::Offline(node.to_owned())
        })
    }

    /// Asks again and again, at each event, until there is an answer or the time is over.
    pub(crate) async fn until<T>(&self, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
        let mut events = self.session.events();
        let deadline = Instant::now() + limit;
        loop {
            if let Some(found) = look().await {
                return Some(found);
            }
            let pause = deadline.min(Instant::now() + LOOK);
            match timeout_at(pause, events.next()).await {
                Ok(None) => return None,
                Err(_) if Instant::now() >= deadline => return look().await,
                _ => {}
            }
        }
    }

    /// Oneself.
    pub(crate) async fn me(&self) -> Result<MeView, Failure> {
        self.session.me().await.ok_or_else(no_account)
    }

    /// Reads what waits at the nodes, for a moment: offline, things stay as they are known here.
    pub(crate) async fn freshen(&self) {
        let limit = FRESHEN.min(self.limit);
        let _ = self.until(limit, async || self.session.caught_up().await.then_some(())).await;
    }

    /// The contact that the text means. Who is not known may have come meanwhile.
    pub(crate) async fn contact(&self, text: &str) -> Result<(Identity, String), Failure> {
        match names::resolve_contact(text, &self.session.contacts().await) {
            Err(Miss::Unknown(..)) => self.freshen().await,
            found => return Ok(found?),
        }
        Ok(names::resolve_contact(text, &self.session.contacts().await)?)
    }

    /// The conversation that the text means. What is not known may have come meanwhile.
    pub(crate) async fn conversation(&self, text: &str) -> Result<(GroupId, String), Failure> {
        let (contacts, conversations) = (self.session.contacts().await, self.session.conversations().await);
        match names::resolve_conversation(text, &contacts, &conversations) {
            Err(Miss::Unknown(..)) => self.freshen().await,
            found => return Ok(found?),
        }
        let (contacts, conversations) = (self.session.contacts().await, self.session.conversations().await);
        Ok(names::resolve_conversation(text, &contacts, &conversations)?)
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
        None if asking::can_ask() => asking::secret("Passphrase of this profile: ").map(Some),
        None => Ok(None),
    }
}
