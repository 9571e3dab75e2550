//! What every command of a person begins with: the profile, its store, the running client.

use super::asking;
use super::outcome::{Failure, no_account, removed};
use super::output::Output;
use crate::driver::{Events, Opening, Reach, Session, Trust};
use crate::names::{self, Miss};
use crate::place::{Place, Wanted};
use crate::store::Store;
use clap::Args;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;
use tidings_client::command::{Command, Done, Fault};
use tidings_client::io::Time;
use tidings_client::view::{ConversationView, GroupId, Identity, MeView, Standing};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// Variables of the environment that commands of a person heed, beside `HOME`, `XDG_DATA_HOME`, `NO_COLOR` and what the screen looks up.
pub const VARIABLES: &[&str] =
    &["TIDINGS_PROFILE", "TIDINGS_CLIENT_DIR", "TIDINGS_CLIENT_CA", "TIDINGS_CLIENT_PASSPHRASE"];

/// How long to wait for another process that has the profile: two commands in a script may overlap a little.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for what others wrote and changed meanwhile, before something is done that does not need it.
const FRESHEN: Duration = Duration::from_secs(2);

/// How long to wait before it is looked at what keeps something from its end: the node, or somebody else's device.
const OTHERS: Duration = Duration::from_secs(6);

/// How long to wait for what somebody else has to end.
const BRIEFLY: Duration = Duration::from_secs(3);

/// Nodes of conversations that are looked at, one after the other.
const HUBS_MAX: usize = 4;

/// How long nothing may change until all counts as read.
const QUIET: Duration = Duration::from_millis(300);

/// The same while a conversation is new and nothing of it was read: it has to be asked for at its node first.
const NEWCOMER: Duration = Duration::from_secs(2);

/// How long to wait for that at most: in a busy conversation something changes all the time.
const REST_MAX: Duration = Duration::from_secs(8);

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
    trust: Trust,
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
        Ok(Self { session, output, limit: Duration::from_secs(common.timeout), place, trust })
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
            Done::Failed(Fault::NoAccount) if self.account().await == Account::Removed => Err(removed()),
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
        let idle = async || (!self.session.busy().await).then_some(());
        if self.until(self.limit.min(OTHERS), idle).await.is_some() {
            return true;
        }
        let rest = self.limit.saturating_sub(OTHERS);
        if self.home_answers().await {
            // What is left is not up to this device: somebody else's must take part, or a further node.
            self.output
                .note("It is under way; the rest needs a device of somebody else, and goes on with the next command.");
            return false;
        }
        let settled = self.until(rest, idle).await.is_some();
        if !settled {
            self.output
                .note("It is kept here; the node could not be reached yet, so it goes on with the next command.");
        }
        settled
    }

    /// The same for what may need others: a moment only, and without a word.
    pub(crate) async fn briefly(&self) {
        let idle = async || (!self.session.busy().await).then_some(());
        let _ = self.until(self.limit.min(BRIEFLY), idle).await;
    }

    /// Whether one's own node can be reached at this moment.
    async fn home_answers(&self) -> bool {
        match self.session.me().await {
            Some(me) => self.answers(&me.node).await,
            None => false,
        }
    }

    /// Whether a node can be reached at this moment.
    pub(crate) async fn answers(&self, node: &str) -> bool {
        match Reach::new(node, &self.trust, OTHERS.min(self.limit)) {
            Ok(reach) => reach.about().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Waits until what waited at the nodes has been read, and what came out of that.
    pub(crate) async fn caught_up(&self) -> Result<(), Failure> {
        let known = self.fingerprint().await;
        let begun = Instant::now();
        let read = async || self.session.caught_up().await.then_some(());
        if self.until(self.limit.min(OTHERS), read).await.is_none() {
            if self.account().await == Account::Removed {
                return Err(removed());
            }
            let home = self.home_answers().await;
            if home && self.is_joining().await {
                self.output.note("Some conversations are still being joined; that goes on with the next command.");
                return Ok(());
            }
            let left = || self.limit.saturating_sub(begun.elapsed());
            if home && self.hubs_answer().await {
                return self.read_on(left(), &known).await;
            }
            if self.until(left(), read).await.is_none() {
                return Err(self.behind(home));
            }
        }
        self.come_to_rest(&known).await;
        Ok(())
    }

    /// All nodes answer: reads as long as something comes. What does not come then needs others, as after a node was restored.
    async fn read_on(&self, limit: Duration, known: &Fingerprint) -> Result<(), Failure> {
        let end = Instant::now() + limit;
        loop {
            let before = self.fingerprint().await;
            let read = async || self.session.caught_up().await.then_some(());
            let left = end.saturating_duration_since(Instant::now());
            if self.until(left.min(OTHERS), read).await.is_some() {
                self.come_to_rest(known).await;
                return Ok(());
            }
            if Instant::now() >= end || self.fingerprint().await == before {
                self.output.note("Not all that waits could be read yet; the rest comes with the next commands.");
                return Ok(());
            }
        }
    }

    /// Whether the nodes of all conversations can be reached at this moment, as far as they are looked at.
    async fn hubs_answer(&self) -> bool {
        let conversations = self.session.conversations().await;
        let inside = conversations.into_iter().filter(|one| one.standing != Standing::Out);
        let hubs: BTreeSet<String> = inside.map(|one| one.hub).collect();
        for hub in hubs.iter().take(HUBS_MAX) {
            if !self.answers(hub).await {
                return false;
            }
        }
        true
    }

    fn behind(&self, home: bool) -> Failure {
        let text = match home {
            true => "not all that waits could be read: the node of one of your conversations does not answer",
            false => "the node can't be reached",
        };
        Failure::Offline(format!("{text}; what is here already can be read with `tidings history`"))
    }

    async fn is_joining(&self) -> bool {
        let conversations = self.session.conversations().await;
        conversations.iter().any(|one| one.standing == Standing::Joining)
    }

    /// Waits until nothing changes any more for a moment: a conversation is known before the first of what was said in it is read, and
    /// its node may be another one than one's own.
    async fn come_to_rest(&self, known: &Fingerprint) {
        let end = Instant::now() + REST_MAX.min(self.limit);
        let left = || end.saturating_duration_since(Instant::now());
        loop {
            let read = async || self.session.caught_up().await.then_some(());
            if self.until(left(), read).await.is_none() {
                return;
            }
            let before = self.fingerprint().await;
            let quiet = if before.has_empty_newcomer(known) { NEWCOMER } else { QUIET };
            let changed = async || (self.fingerprint().await != before).then_some(());
            if self.until(quiet.min(left()), changed).await.is_none() || left().is_zero() {
                return;
            }
        }
    }

    async fn fingerprint(&self) -> Fingerprint {
        let conversations = self.session.conversations().await;
        let one = |one: ConversationView| (one.id, (one.unread, one.last_at, one.standing == Standing::Joining));
        Fingerprint(conversations.into_iter().map(one).collect())
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

/// What shows that something came: of each conversation how much is unread, when the last came, and whether it is being joined.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fingerprint(HashMap<GroupId, (u64, Time, bool)>);

impl Fingerprint {
    /// Whether there is a conversation that was not `known`, and of which nothing was read yet.
    fn has_empty_newcomer(&self, known: &Self) -> bool {
        self.0.iter().any(|(group, (unread, _, joining))| !known.0.contains_key(group) && (*unread == 0 || *joining))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_that_has_just_come_is_waited_for() {
        let of = |all: &[(u8, u64, bool)]| {
            Fingerprint(all.iter().map(|(id, unread, joining)| (GroupId([*id; 16]), (*unread, 1, *joining))).collect())
        };
        let known = of(&[(1, 0, false)]);
        assert!(!known.has_empty_newcomer(&known));
        assert!(of(&[(1, 0, false), (2, 0, false)]).has_empty_newcomer(&known));
        assert!(of(&[(1, 0, false), (2, 1, true)]).has_empty_newcomer(&known));
        assert!(!of(&[(1, 0, false), (2, 1, false)]).has_empty_newcomer(&known));
    }
}
