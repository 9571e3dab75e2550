//! Waiting for nodes: until they have what a command did, and until what waited there is read.

use super::context::{Account, Context};
use super::hubs;
use super::outcome::{Failure, removed, unknown_at_home};
use crate::driver::{Reach, ReachError};
use crate::show;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidings_client::command::{Command, Done, Fault};
use tidings_client::io::{CommandId, Time};
use tidings_client::view::{ConversationView, GroupId, Standing};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How long to wait for what others wrote and changed meanwhile, before something is done that does not need it.
const FRESHEN: Duration = Duration::from_secs(2);

/// How long to wait before it is looked at what keeps something from its end: the node, or somebody else's device.
const OTHERS: Duration = Duration::from_secs(6);

/// How long is read on once the home node has refused this device again: what it has lost is given to it after the first time, and nodes of
/// conversations may know this person still.
const REFUSED_AT_HOME: Duration = Duration::from_secs(2);

/// How long what earlier commands left, and what came out of what was read, has to go out.
const LINGER: Duration = Duration::from_secs(6);

/// Nodes of conversations that are looked at, one after the other.
const HUBS_MAX: usize = 4;

/// How often the client is asked again while nothing is heard of it.
const LOOK: Duration = Duration::from_millis(500);

/// How long a node may leave a connection refused before that is said.
const REFUSED: Duration = Duration::from_millis(400);

/// How long a command may take in all.
#[derive(Clone)]
pub(crate) struct Patience {
    limit: Duration,
    end: Arc<Mutex<Instant>>,
}

impl Patience {
    /// So long from now on.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, end: Arc::new(Mutex::new(Instant::now() + limit)) }
    }

    /// What is left.
    fn left(&self) -> Duration {
        let end = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.saturating_duration_since(Instant::now())
    }

    fn restart(&self) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + self.limit;
    }
}

impl Context {
    /// How long may still be waited.
    pub(crate) fn left(&self) -> Duration {
        self.patience.left()
    }

    /// Gives what comes now the whole time again: something has just gone on.
    pub(crate) fn restart(&self) {
        self.patience.restart();
    }

    /// Does what the person wants.
    pub(crate) async fn command(&self, command: Command) -> Result<Done, Failure> {
        let work = self.watching(timeout(self.left(), self.session.named_command(command)));
        let Ok(done) = work.await else {
            return Err(Failure::Offline(format!(
                "the node did not answer within {} seconds; what was begun goes on with the next command (--timeout waits longer)",
                self.patience.limit.as_secs()
            )));
        };
        let done = match done {
            Some((id, done)) => {
                self.given().push(id);
                done
            }
            None => self.session.over(),
        };
        match done {
            Done::Failed(Fault::NoAccount) if self.account().await == Account::Removed => Err(removed()),
            Done::Failed(fault) => Err(fault.into()),
            done => Ok(done),
        }
    }

    fn given(&self) -> MutexGuard<'_, Vec<CommandId>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the person wants, waits until nodes have it, and says so.
    pub(crate) async fn command_and_tell(&self, command: Command, object: &Value, text: &str) -> Result<(), Failure> {
        self.command(command).await?;
        self.settled().await;
        self.output.say(object, text)
    }

    /// Waits until all that the commands given so far led to is at the nodes. That it takes too long is told, and no failure: it is
    /// kept and goes on later. False if it did.
    pub(crate) async fn settled(&self) -> bool {
        if self.have_settled(self.left()).await {
            return true;
        }
        let unreached = self.unreached(None).await;
        let why = match self.home_answers().await {
            true if unreached.is_empty() => "not all nodes that it is for have answered".to_owned(),
            true => hubs::words(&unreached),
            false => "your node could not be reached".to_owned(),
        };
        self.output.note(format_args!("It is kept here, and goes on with the next command: {why}."));
        false
    }

    /// Waits so long at most for the same, and says nothing. False if it took longer.
    pub(super) async fn have_settled(&self, limit: Duration) -> bool {
        let given = std::mem::take(&mut *self.given());
        if given.is_empty() || self.session.ended(given.clone()).await {
            return true;
        }
        // Nobody gathers changes for a moment when a person waits.
        self.session.command(Command::Flush).await;
        let ended = async || self.session.ended(given.clone()).await.then_some(());
        self.until(limit, ended).await.is_some()
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
        match Reach::new(node, &self.trust, OTHERS.min(self.left())) {
            // One that has no time for this question now is there all the same.
            Ok(reach) => matches!(reach.about().await, Ok(_) | Err(ReachError::Unwell(_, 429))),
            Err(_) => false,
        }
    }

    /// Waits until what waited at the nodes has been read. Fails if the node of a conversation can't be reached; only of this one, if
    /// one is named.
    pub(crate) async fn caught_up(&self, only: Option<GroupId>) -> Result<(), Failure> {
        let read = async || self.session.caught_up().await.then_some(());
        let read_or_refused = async || match self.session.caught_up().await {
            true => Some(true),
            false => self.is_unknown_at_home().await.then_some(false),
        };
        if self.until(self.left().min(OTHERS), read_or_refused).await != Some(true) {
            if self.is_unknown_at_home().await && !self.read_though_refused().await {
                return Err(unknown_at_home());
            }
            if self.account().await == Account::Removed {
                return Err(removed());
            }
            let home = self.home_answers().await;
            if home && self.is_joining().await {
                self.output.note("Some conversations are still being joined; that goes on with the next command.");
            } else if home && self.hubs_answer().await {
                self.read_on().await;
            } else if self.until(self.left(), read).await.is_none() {
                return Err(self.behind(home));
            }
        }
        self.all_reached(only).await
    }

    /// Gives what earlier commands left, and what came out of what was read, a moment to go out, as far as nodes can be reached.
    pub(crate) async fn let_out(&self) {
        let out = async || {
            // A conversation that was just joined is to be in the profile before this ends: other devices know of it by that only.
            self.session.command(Command::Flush).await;
            self.session.ask(|client, _| !client.busy_where_reached()).await?.then_some(())
        };
        let _ = self.look_until(LINGER.min(self.left()), out).await;
    }

    /// All nodes answer: reads as long as something comes. What does not come then needs others, as after a node was restored.
    async fn read_on(&self) {
        loop {
            let before = self.fingerprint().await;
            let read = async || self.session.caught_up().await.then_some(());
            if self.until(self.left().min(OTHERS), read).await.is_some() {
                return;
            }
            if self.left().is_zero() || self.fingerprint().await == before {
                self.output.note("Not all that waits could be read yet; the rest comes with the next commands.");
                return;
            }
        }
    }

    async fn is_unknown_at_home(&self) -> bool {
        self.session.ask(|client, _| client.is_unknown_at_home()).await.unwrap_or_default()
    }

    /// Reads as long as something comes though the home node refuses this device. False if it goes on refusing it and does not say that
    /// another device has removed it.
    async fn read_though_refused(&self) -> bool {
        loop {
            let before = self.fingerprint().await;
            let known = async || {
                let known = !self.is_unknown_at_home().await || self.account().await == Account::Removed;
                known.then_some(())
            };
            if self.until(self.left().min(REFUSED_AT_HOME), known).await.is_some() {
                return true;
            }
            if self.left().is_zero() || self.fingerprint().await == before {
                return false;
            }
        }
    }

    /// Whether the nodes of all conversations can be reached at this moment, as far as they are looked at; but for those of which it is
    /// known already that they can't.
    async fn hubs_answer(&self) -> bool {
        let known = self.session.ask(|client, _| client.unreachable()).await.unwrap_or_default();
        let conversations = self.session.conversations().await;
        let inside = conversations.into_iter().filter(|one| one.standing != Standing::Out);
        let hubs: BTreeSet<String> = inside.map(|one| one.hub).filter(|hub| !known.contains(hub)).collect();
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

    async fn fingerprint(&self) -> Fingerprint {
        let conversations = self.session.conversations().await;
        let one = |one: ConversationView| (one.id, (one.unread, one.last_at, one.standing == Standing::Joining));
        conversations.into_iter().map(one).collect()
    }

    /// Asks again and again, at each event, until there is an answer or the time is over.
    pub(crate) async fn until<T>(&self, limit: Duration, look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
        self.watching(self.look_until(limit, look)).await
    }

    async fn look_until<T>(&self, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
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

    /// Reads what waits at the nodes, for a moment: offline, things stay as they are known here.
    pub(crate) async fn freshen(&self) {
        let known = async || (self.session.caught_up().await || self.home_refuses().await).then_some(());
        let _ = self.look_until(FRESHEN.min(self.left()), known).await;
    }

    /// Waits for something, and says once if a node can't be reached meanwhile; that is tried on.
    pub(crate) async fn watching<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            () = self.tell_refusals() => std::future::pending().await,
        }
    }

    async fn tell_refusals(&self) {
        let mut pause = REFUSED;
        loop {
            sleep(pause).await;
            pause = LOOK;
            if let Some(node) = self.session.unreachable().first()
                && !self.refusal_told.swap(true, std::sync::atomic::Ordering::Relaxed)
            {
                let left = show::span(self.left().as_secs().max(1));
                self.output.note(format_args!("{node} can't be reached. Trying on for {left} (Ctrl-C ends it)."));
            }
        }
    }

    /// Whether one's own node refused the last connection.
    async fn home_refuses(&self) -> bool {
        let refused = self.session.unreachable();
        !refused.is_empty() && self.session.me().await.is_some_and(|me| refused.contains(&me.node))
    }
}

/// What shows that something came: of each conversation how much is unread, when the last came, and whether it is being joined.
type Fingerprint = HashMap<GroupId, (u64, Time, bool)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_time_is_given_again() {
        let patience = Patience::new(Duration::from_secs(3600));
        *patience.end.lock().unwrap() = Instant::now();
        assert!(patience.left().is_zero());
        patience.restart();
        assert!(patience.left() > Duration::from_secs(3500));
    }
}
