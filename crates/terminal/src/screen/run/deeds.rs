//! Does what the screen asks for, beside the screen, and brings back what comes of it.

use crate::driver::{Opened, SaveTo, Session};
use crate::screen::effect::{Arrival, Effect, Fetched, Purpose};
use crate::screen::world::World;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::path::PathBuf;
use std::process::Stdio;
use tidings_client::command::{Command, Done, Fault, Look};
use tidings_client::view::{GroupId, MessageId};
use tokio::sync::mpsc;

/// Things that wait to be done, or to be shown.
const WAITING: usize = 1_024;
/// Messages that a search gives.
const FOUND: usize = 300;

/// What comes back.
pub(crate) type Arrivals = mpsc::Receiver<Arrival>;

/// Does things.
pub(crate) struct Deeds {
    waiting: mpsc::Sender<Effect>,
    back: mpsc::Sender<Arrival>,
}

impl Deeds {
    /// Ready to do things.
    pub(crate) fn start(session: Session) -> (Self, Arrivals) {
        let (back, arrivals) = mpsc::channel(WAITING);
        let (waiting, effects) = mpsc::channel(WAITING);
        tokio::spawn(in_order(session, effects, back.clone()));
        (Self { waiting, back }, arrivals)
    }

    /// Does something. All is given to the client in the order in which it came here, and what it shows comes back in that order.
    pub(crate) fn perform(&self, effect: Effect) {
        let Err(refused) = self.waiting.try_send(effect) else { return };
        let back = self.back.clone();
        let why = "too much is under way; try again in a moment".to_owned();
        let arrival = match refused.into_inner() {
            Effect::Command(purpose, _) => Arrival::Done(purpose, Done::Failed(Fault::Store(why))),
            _ => Arrival::Failed(why),
        };
        // The screen may have been closed meanwhile.
        tokio::spawn(async move { drop(back.send(arrival).await) });
    }
}

/// Begins one thing after the other, and waits for their ends beside each other.
async fn in_order(session: Session, mut waiting: mpsc::Receiver<Effect>, back: mpsc::Sender<Arrival>) {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(arrival) = under_way.next() => {
                if let Some(arrival) = arrival
                    && back.send(arrival).await.is_err()
                {
                    return;
                }
            }
            effect = waiting.recv() => {
                let Some(effect) = effect else { break };
                under_way.push(outcome(session.clone(), effect));
            }
        }
    }
    while let Some(arrival) = under_way.next().await {
        if let Some(arrival) = arrival {
            // Nobody may want to know any more.
            let _ = back.send(arrival).await;
        }
    }
}

async fn outcome(session: Session, effect: Effect) -> Option<Arrival> {
    Some(match effect {
        Effect::Command(purpose, command) => Arrival::Done(purpose, session.command(command).await),
        Effect::Overview => Arrival::Overview(Box::new(overview(&session).await?)),
        Effect::Conversation(group) => Arrival::Conversation(group, session.conversation(group).await.map(Box::new)),
        Effect::Page { group, before, limit } => {
            let messages = session.messages(group, before.clone(), limit).await;
            Arrival::Page { group, before, limit, messages }
        }
        Effect::Message(group, id) => Arrival::Message(group, id, session.message(group, id).await.map(Box::new)),
        Effect::Search(number, text) => Arrival::Found(number, session.search(text, FOUND).await),
        Effect::Attach { group, path, look, caption, reply } => {
            attach(&session, group, path, look, caption, reply).await
        }
        Effect::Fetch { group, message, path } => fetch(&session, group, message, path).await,
        Effect::Browse(link) => return browse(&link).await,
        Effect::Copy(_) | Effect::Notify(_) | Effect::Suspend | Effect::Repaint | Effect::Quit => return None,
    })
}

/// Everything but messages, as of one moment. Nothing if the session has ended.
async fn overview(session: &Session) -> Option<World> {
    let world = session.ask(|client, _| World {
        me: client.me(),
        conversations: client.conversations(),
        contacts: client.contacts(),
        devices: client.devices(),
        invitations: client.invitations(),
        channels: client.channels(),
        unreachable: client.unreachable(),
    });
    world.await
}

async fn attach(
    session: &Session,
    group: GroupId,
    path: PathBuf,
    look: Look,
    caption: String,
    reply: Option<MessageId>,
) -> Arrival {
    match session.attach(path, look, caption).await {
        Ok(attachment) => {
            let done = session.command(Command::SendFile { group, attachment, reply }).await;
            Arrival::Done(Purpose::Sent(group, String::new()), done)
        }
        Err(why) => Arrival::Failed(why.to_string()),
    }
}

async fn fetch(session: &Session, group: GroupId, message: MessageId, path: Option<PathBuf>) -> Arrival {
    let to = path.map_or(SaveTo::Memory, SaveTo::Path);
    let opened = session.open_file(group, message, to).await;
    let fetched = |Opened { name, kind, bytes, path }| Fetched { name, kind, bytes, path };
    Arrival::Fetched(group, message, opened.map(fetched).map_err(|why| why.to_string()))
}

/// Opens a web page with what the system has for it. Nothing but web pages.
async fn browse(link: &str) -> Option<Arrival> {
    if !(link.starts_with("https://") || link.starts_with("http://")) {
        return None;
    }
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = tokio::process::Command::new(program);
    command.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status().await {
        Ok(status) if status.success() => None,
        Ok(_) => Some(Arrival::Failed("no browser could be opened; copy the link instead".to_owned())),
        Err(why) => Some(Arrival::Failed(format!("no browser could be opened: {why}"))),
    }
}
