//! The handle on a running client.

use super::engine::{Engine, Parts, Refused};
use super::files::{Files, Opened, SaveTo};
use super::network::Trust;
use super::{Inbox, Incoming};
use crate::edge;
use crate::media::{self, MediaError, Prepared, Source};
use crate::place::Place;
use crate::store::{Store, StoreError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tidings_client::client::Client;
use tidings_client::command::{Attachment, Command, Done, Fault, Look};
use tidings_client::io::{CommandId, Time};
use tidings_client::records::Records;
use tidings_client::view::{
    ContactView, ConversationView, DeviceRequest, DeviceView, Event, GroupId, IntroductionView, InvitationView, MeView,
    MessageId, MessageView,
};
use tokio::sync::{Semaphore, broadcast, oneshot};
use zeroize::Zeroizing;

/// Events that wait for a slow reader; then it is told to ask for everything anew.
const EVENTS: usize = 4096;

/// Commands that are under way at once; others wait.
const COMMANDS: usize = 64;

/// How often a profile that another process has is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// What a session is opened with.
pub struct Opening {
    /// Where the profile is.
    pub place: Place,
    /// Unlocks it, or locks a new one.
    pub passphrase: Option<Zeroizing<String>>,
    /// Whether a new profile may be made.
    pub new: bool,
    /// Which certificates are trusted beside those of the machine.
    pub trust: Trust,
    /// How long to wait for another process that has the profile.
    pub patience: Duration,
}

/// Why a session could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is in the store can't be used.
    #[error(transparent)]
    Client(#[from] Fault),
    /// The machine has no thread for it.
    #[error("the client can't be started: {0}")]
    Start(String),
}

/// Why a file can't be sent.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It can't be read, is too large, or can't be rid of its metadata.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The sealed copy of it can't be written.
    #[error("{0}: it can't be copied to the profile: {1}")]
    Copy(String, std::io::Error),
}

/// A running client. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    inbox: Inbox,
    files: Arc<Files>,
    /// Held by the client's thread, so that listeners hear of its end, however it comes about.
    events: broadcast::WeakSender<Event>,
    ended: Arc<OnceLock<String>>,
    unreachable: Refused,
    places: Semaphore,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.inbox.send(Incoming::End);
    }
}

impl Session {
    /// Opens the store and starts the client. Must be called within a tokio run time.
    pub async fn open(opening: Opening) -> Result<Self, OpenError> {
        let (place, trust) = (opening.place.clone(), opening.trust.clone());
        let store = unlock(opening).await?;
        let files = Arc::new(Files::new(&place, store.keys()));
        let (way_in, inbox) = mpsc::channel();
        let (events, ended) = (broadcast::Sender::new(EVENTS), Arc::new(OnceLock::new()));
        let heard = events.downgrade();
        let unreachable = Refused::default();
        let parts = Parts {
            store,
            trust,
            files: Arc::clone(&files),
            events,
            ended: Arc::clone(&ended),
            unreachable: Arc::clone(&unreachable),
            inbox,
            way_back: way_in.clone(),
            runtime: tokio::runtime::Handle::current(),
        };
        let (started, outcome) = oneshot::channel();
        let work = move || match Engine::open(parts) {
            Ok(engine) => {
                // Whoever waits for it may have given up; then the end is on its way.
                let _ = started.send(Ok(()));
                engine.run();
            }
            Err(fault) => drop(started.send(Err(fault))),
        };
        let thread = std::thread::Builder::new().name("tidings-client".to_owned()).spawn(work);
        let thread = thread.map_err(|error| OpenError::Start(error.to_string()))?;
        outcome.await.map_err(|_| OpenError::Start("it ended at once".to_owned()))??;
        let places = Semaphore::new(COMMANDS);
        Ok(Self(Arc::new(Inner {
            inbox: way_in,
            files,
            events: heard,
            ended,
            unreachable,
            places,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Does what the person wants, and waits for its end.
    pub async fn command(&self, command: Command) -> Done {
        self.named_command(command).await.map_or_else(|| self.over(), |(_, done)| done)
    }

    /// The same, with the name under which [`Session::ended`] knows it. `None` if the session has ended.
    pub async fn named_command(&self, command: Command) -> Option<(CommandId, Done)> {
        let _place = self.0.places.acquire().await.ok()?;
        let (answer, outcome) = oneshot::channel();
        self.0.inbox.send(Incoming::Command(command, answer)).ok()?;
        outcome.await.ok()
    }

    /// Whether all that these commands led to is at the nodes, as far as this device can bring it there by itself.
    pub async fn ended(&self, commands: Vec<CommandId>) -> bool {
        self.ask(move |client, _| commands.iter().all(|id| client.ended(*id))).await.unwrap_or(false)
    }

    /// What a command ends with when the session has ended.
    pub(crate) fn over(&self) -> Done {
        Done::Failed(Fault::Store(self.failure().unwrap_or_else(|| "this session has ended".to_owned())))
    }

    /// Why the session has ended, if it has.
    pub fn failure(&self) -> Option<String> {
        self.0.ended.get().cloned()
    }

    /// Nodes to which the last attempt to connect failed, in the order of their URLs. The client goes on trying.
    pub fn unreachable(&self) -> Vec<String> {
        self.0.unreachable.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Everything shown from now on.
    pub fn events(&self) -> Events {
        let heard = self.0.events.upgrade().map(|events| events.subscribe());
        Events(heard.unwrap_or_else(|| broadcast::channel(1).1))
    }

    /// The time, in milliseconds since 1970.
    pub fn now(&self) -> Time {
        edge::now()
    }

    /// Asks the client something. `None` if the session has ended.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Client, &dyn Records) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, outcome) = oneshot::channel();
        let asked = Incoming::View(Box::new(move |client, records| {
            // Whoever asked may have gone.
            let _ = answer.send(question(client, records));
        }));
        self.0.inbox.send(asked).ok()?;
        outcome.await.ok()
    }

    /// Oneself, if there is an account.
    pub async fn me(&self) -> Option<MeView> {
        self.ask(|client, _| client.me()).await.flatten()
    }

    /// All conversations, newest first.
    pub async fn conversations(&self) -> Vec<ConversationView> {
        self.ask(|client, _| client.conversations()).await.unwrap_or_default()
    }

    /// One conversation.
    pub async fn conversation(&self, group: GroupId) -> Option<ConversationView> {
        self.ask(move |client, _| client.conversation(&group)).await.flatten()
    }

    /// A page of messages, oldest first: the newest, or those before `before` (a message's `order`).
    pub async fn messages(&self, group: GroupId, before: Option<Vec<u8>>, limit: usize) -> Vec<MessageView> {
        let found = self.ask(move |client, records| client.messages(records, &group, before.as_deref(), limit));
        found.await.and_then(Result::ok).unwrap_or_default()
    }

    /// One message.
    pub async fn message(&self, group: GroupId, message: MessageId) -> Option<MessageView> {
        self.ask(move |client, records| client.message(records, &group, &message)).await?.ok().flatten()
    }

    /// All contacts, by name.
    pub async fn contacts(&self) -> Vec<ContactView> {
        self.ask(|client, _| client.contacts()).await.unwrap_or_default()
    }

    /// One's own devices, by serial.
    pub async fn devices(&self) -> Vec<DeviceView> {
        self.ask(|client, _| client.devices()).await.unwrap_or_default()
    }

    /// Devices that ask to be linked now: which, what they call themselves, and four digits to compare.
    pub async fn device_requests(&self) -> Vec<(DeviceRequest, String, String)> {
        self.ask(|client, _| client.device_requests()).await.unwrap_or_default()
    }

    /// Invitations that are open.
    pub async fn invitations(&self) -> Vec<InvitationView> {
        self.ask(|client, _| client.invitations()).await.unwrap_or_default()
    }

    /// Suggestions of contacts that can still be followed.
    pub async fn introductions(&self) -> Vec<IntroductionView> {
        self.ask(|client, _| client.introductions()).await.unwrap_or_default()
    }

    /// Public channels that were joined.
    pub async fn channels(&self) -> Vec<String> {
        self.ask(|client, _| client.channels()).await.unwrap_or_default()
    }

    /// Messages with this text, newest first.
    pub async fn search(&self, text: String, limit: usize) -> Vec<(GroupId, MessageView)> {
        let found = self.ask(move |client, records| client.search(records, &text, limit));
        found.await.and_then(Result::ok).unwrap_or_default()
    }

    /// Whether anything is still to be brought to a node.
    pub async fn busy(&self) -> bool {
        self.ask(|client, _| client.busy()).await.unwrap_or(false)
    }

    /// Whether all that waited at the nodes has been read.
    pub async fn caught_up(&self) -> bool {
        self.ask(|client, _| client.caught_up()).await.unwrap_or(true)
    }

    /// Prepares a file for [`Command::SendFile`]: images are turned upright, made smaller, and written anew without metadata; others
    /// stay as they are. A sealed copy is kept until it is sent.
    pub async fn attach(&self, path: PathBuf, look: Look, caption: String) -> Result<Attachment, AttachError> {
        self.attach_source(Source::Path(path), look, caption).await
    }

    /// The same with a file from memory; `name` has no path.
    pub async fn attach_bytes(
        &self,
        bytes: Vec<u8>,
        name: String,
        look: Look,
        caption: String,
    ) -> Result<Attachment, AttachError> {
        self.attach_source(Source::Bytes(name, bytes), look, caption).await
    }

    /// The same; [`Source::AsIs`] leaves metadata where they are.
    pub async fn attach_source(&self, source: Source, look: Look, caption: String) -> Result<Attachment, AttachError> {
        let files = Arc::clone(&self.0.files);
        let work = tokio::task::spawn_blocking(move || -> Result<Attachment, AttachError> {
            let Prepared { content, name, kind, voice, pixels, thumbnail } = media::prepare(source)?;
            let copied = files.copy(content, media::SIZE_MAX);
            let (file, size) = copied.map_err(|error| AttachError::Copy(name.clone(), error))?;
            let thumbnail = thumbnail.filter(|_| look == Look::Keep);
            Ok(Attachment { file, size, name, kind, look, caption, voice, pixels, thumbnail })
        });
        work.await.map_err(|error| AttachError::Copy(String::new(), std::io::Error::other(error)))?
    }

    /// Forgets a prepared file that won't be sent.
    pub fn discard(&self, attachment: &Attachment) {
        self.0.files.forget(attachment.file);
    }

    /// Opens the file of a message. What may be seen once is gone everywhere else from then on; let it go to [`SaveTo::Memory`].
    pub async fn open_file(&self, group: GroupId, message: MessageId, to: SaveTo) -> Result<Opened, Fault> {
        let file = self.0.files.target(&to).map_err(|_| Fault::File)?;
        match self.command(Command::Open { group, message, file }).await {
            Done::File(name, kind) => {
                let (bytes, path) = self.0.files.finish(file).map_err(|_| Fault::File)?;
                Ok(Opened { name, kind, bytes, path })
            }
            done => {
                self.0.files.give_up(file);
                Err(match done {
                    Done::Failed(fault) => fault,
                    _ => Fault::File,
                })
            }
        }
    }

    /// Ends the client: saves are finished, and what was deleted is wiped from the disk. Other clones of the session end with it.
    pub async fn close(self) {
        // It may have ended by itself.
        let _ = self.0.inbox.send(Incoming::End);
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread was told already.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

async fn unlock(opening: Opening) -> Result<Store, OpenError> {
    let deadline = tokio::time::Instant::now() + opening.patience;
    let opening = Arc::new(opening);
    loop {
        let asked = Arc::clone(&opening);
        let open = move || Store::open(&asked.place, asked.passphrase.as_deref().map(String::as_str), asked.new);
        let opened = tokio::task::spawn_blocking(open).await;
        match opened.map_err(|error| OpenError::Start(error.to_string()))? {
            Err(StoreError::Held(_)) if tokio::time::Instant::now() < deadline => tokio::time::sleep(RETRY).await,
            opened => return Ok(opened?),
        }
    }
}

/// What the client shows, as it comes.
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next. `None` when the session has ended. Whoever was too slow gets [`Event::Changed`] in place of what was missed.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Changed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn copies_that_nobody_sends_any_more_go_at_opening() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path().join("profile"));
        drop(Store::open(&place, None, true).unwrap());
        let copy = place.outgoing().join("00000000000000aa");
        std::fs::write(&copy, b"left by a process that was killed").unwrap();
        let trust = Trust::default();
        let opening = Opening { place, passphrase: None, new: false, trust, patience: Duration::ZERO };
        let session = Session::open(opening).await.unwrap();
        assert!(!copy.exists());
        session.close().await;
    }
}
