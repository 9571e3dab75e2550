//! The client's thread: takes what comes, keeps what changed, and does what is to be done after that.

use super::files::Files;
use super::network::{Network, Trust, is_loopback};
use super::{Inbox, Incoming, tell};
use crate::edge;
use crate::store::Store;
use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tidings_client::client::Client;
use tidings_client::command::{Command, Done, Fault};
use tidings_client::io::{Action, CommandId, FileId, Input, Surroundings, Time};
use tidings_client::view::Event;
use tokio::sync::{broadcast, oneshot};

/// Inputs that are handled before their changes are made durable together: one sync of the disk for all.
const ROUND: usize = 64;

/// How long the thread sleeps at most; the machine may have slept meanwhile, so that the clock is looked at again.
const NAP: Duration = Duration::from_secs(30);

/// After so much quiet, what was deleted is wiped from the disk for good.
const QUIET: Duration = Duration::from_secs(2);

/// Nodes to which the last attempt to connect failed.
pub(super) type Refused = Arc<Mutex<BTreeSet<String>>>;

/// A command that has not ended.
struct Waiting {
    answer: oneshot::Sender<(CommandId, Done)>,
    /// The copy of the file that it sends; needed until it has ended.
    file: Option<FileId>,
}

/// Everything of the thread.
pub(super) struct Engine {
    client: Client,
    store: Store,
    network: Network,
    files: Arc<Files>,
    events: broadcast::Sender<Event>,
    ended: Arc<OnceLock<String>>,
    unreachable: Refused,
    inbox: Receiver<Incoming>,
    way_back: Inbox,
    waiting: HashMap<CommandId, Waiting>,
    commands: u64,
    wake: Option<Time>,
    /// What may begin once the changes of this round are durable.
    deferred: Vec<Action>,
    /// Copies of files that an earlier process made and that are being sent still.
    copies: Vec<FileId>,
    /// Nodes whose connection the client ends by itself.
    left: BTreeSet<String>,
    busy: bool,
}

/// What a thread is started with.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) trust: Trust,
    pub(super) files: Arc<Files>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) ended: Arc<OnceLock<String>>,
    pub(super) unreachable: Refused,
    pub(super) inbox: Receiver<Incoming>,
    pub(super) way_back: Inbox,
    pub(super) runtime: tokio::runtime::Handle,
}

impl Engine {
    /// Opens the client on its store.
    pub(super) fn open(parts: Parts) -> Result<Self, Fault> {
        let client = Client::open(&parts.store, edge::now())?;
        let network = Network::new(parts.runtime, parts.trust, parts.way_back.clone());
        let copies = parts.files.left();
        let mut engine = Self {
            client,
            store: parts.store,
            network,
            files: parts.files,
            events: parts.events,
            ended: parts.ended,
            unreachable: parts.unreachable,
            inbox: parts.inbox,
            way_back: parts.way_back,
            waiting: HashMap::new(),
            commands: 0,
            wake: None,
            deferred: Vec::new(),
            copies,
            left: BTreeSet::new(),
            busy: true,
        };
        engine.forget_copies();
        Ok(engine)
    }

    /// Removes the copies of earlier processes that are not needed any more. Those of this process go when their command ends.
    fn forget_copies(&mut self) {
        if self.copies.is_empty() {
            return;
        }
        let sending = self.client.files_sending();
        let (needed, done) = self.copies.drain(..).partition(|file| sending.contains(file));
        self.copies = needed;
        done.into_iter().for_each(|file| self.files.forget(file));
    }

    /// Works until the session ends or the store fails.
    pub(super) fn run(mut self) {
        let failed = self.work().err();
        self.network.end();
        if let Some(why) = failed {
            let _ = self.ended.set(why);
        } else {
            // What could not be wiped now is wiped at the next start.
            let _ = self.store.wipe();
            let _ = self.ended.set("this session has ended".to_owned());
        }
    }

    fn work(&mut self) -> Result<(), String> {
        self.take(Incoming::Input(Input::Started, None))?;
        self.settle()?;
        let mut going_on = true;
        while going_on {
            let first = match self.inbox.recv_timeout(self.patience()) {
                Ok(incoming) => incoming,
                Err(RecvTimeoutError::Disconnected) => Incoming::End,
                Err(RecvTimeoutError::Timeout) if self.is_due() => Incoming::Input(Input::Tick, None),
                Err(RecvTimeoutError::Timeout) => {
                    self.rest();
                    continue;
                }
            };
            going_on = self.take(first)?;
            for _ in 1..ROUND {
                let Some(next) = Some(()).filter(|()| going_on).and_then(|()| self.inbox.try_recv().ok()) else {
                    break;
                };
                going_on = self.take(next)?;
            }
            if going_on && self.is_due() {
                self.take(Incoming::Input(Input::Tick, None))?;
            }
            self.settle()?;
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        let until = self.wake.map(|wake| Duration::from_millis(wake.saturating_sub(edge::now())));
        let nap = if self.busy { QUIET } else { NAP };
        until.map_or(nap, |until| until.min(nap))
    }

    fn is_due(&self) -> bool {
        self.wake.is_some_and(|wake| wake <= edge::now())
    }

    /// Uses a quiet moment.
    fn rest(&mut self) {
        // Tried again in the next quiet moment.
        let _ = self.store.wipe();
        self.busy = self.client.busy();
    }

    /// Takes one thing that came. Gives whether to go on.
    fn take(&mut self, incoming: Incoming) -> Result<bool, String> {
        match incoming {
            Incoming::End => return Ok(false),
            Incoming::View(question) => question(&self.client, &self.store),
            Incoming::Command(command, answer) => {
                self.commands = self.commands.wrapping_add(1);
                let id = CommandId(self.commands);
                let file = match &command {
                    Command::SendFile { attachment, .. } => Some(attachment.file),
                    _ => None,
                };
                self.waiting.insert(id, Waiting { answer, file });
                self.handle(Input::Command(id, command))?;
            }
            Incoming::Input(input, permit) => {
                self.handle(input)?;
                drop(permit);
            }
        }
        Ok(true)
    }

    /// Notes which nodes can be reached. Gives whether one can't be reached from now on.
    fn note(&mut self, input: &Input) -> bool {
        let mut unreachable = self.unreachable.lock().unwrap_or_else(PoisonError::into_inner);
        match input {
            Input::Connected { node } => drop(unreachable.remove(node)),
            Input::Disconnected { node } if self.left.remove(node) => {}
            Input::Disconnected { node } => return unreachable.insert(node.clone()),
            _ => {}
        }
        false
    }

    fn handle(&mut self, input: Input) -> Result<(), String> {
        let lost = self.note(&input);
        if matches!(input, Input::Tick) {
            self.wake = None;
        }
        let mut random = edge::random();
        let mut surroundings = Surroundings { now: edge::now(), random: &mut random, records: &self.store };
        let actions = self.client.handle(input, &mut surroundings);
        self.busy = true;
        for action in actions {
            match action {
                Action::Save(changes) => self.store.apply(&changes).map_err(|error| error.to_string())?,
                other => self.deferred.push(other),
            }
        }
        if lost {
            // The client tells of connections that were of use; that a first one did not come about is shown, too.
            self.deferred.push(Action::Show(Event::Changed));
        }
        Ok(())
    }

    /// Makes the round's changes durable, then does what waited for that.
    fn settle(&mut self) -> Result<(), String> {
        if self.client.left_out_seen() {
            // The person has taken note of what was damaged.
            self.store.drop_left_out().map_err(|error| error.to_string())?;
        }
        self.store.commit().map_err(|error| error.to_string())?;
        self.forget_copies();
        for action in std::mem::take(&mut self.deferred) {
            self.act(action);
        }
        Ok(())
    }

    fn act(&mut self, action: Action) {
        match action {
            // Taken out before.
            Action::Save(_) => {}
            Action::WakeAt(time) => self.wake = Some(time),
            Action::Request(id, request) => {
                let local = self.is_local(&request.node);
                self.network.request(id, request, local);
            }
            Action::Connect { node } => {
                self.left.remove(&node);
                let local = self.is_local(&node);
                self.network.connect(node, local);
            }
            Action::Say { node, text } => self.network.say(&node, text),
            Action::Disconnect { node } => {
                self.network.disconnect(&node);
                self.left.insert(node);
            }
            Action::ReadFile { file, offset, length } => {
                let bytes = self.files.read(file, offset, length);
                tell(&self.way_back, Input::FileRead { file, offset, bytes });
            }
            Action::WriteFile { file, offset, bytes } => {
                let worked = self.files.write(file, offset, &bytes);
                tell(&self.way_back, Input::FileWritten { file, worked });
            }
            Action::Done(id, done) => {
                if let Some(waiting) = self.waiting.remove(&id) {
                    waiting.file.into_iter().for_each(|file| self.files.forget(file));
                    // Whoever asked may have gone.
                    let _ = waiting.answer.send((id, done));
                }
            }
            Action::Show(event) => {
                // Nobody may look.
                let _ = self.events.send(event);
            }
        }
    }

    /// Whether unencrypted connections to this machine are fine: a card or link of somebody else must not lead us to our own
    /// services. They are, as long as the person's own node is reached so, or there is none yet.
    fn is_local(&self, node: &str) -> bool {
        is_loopback(node) && self.client.me().is_none_or(|me| is_loopback(&me.node))
    }
}
