//! One client's session: a task that takes its texts and hands it what it follows.
//!
//! It holds a cursor for each stream that is followed and no message: what is new is asked for when all that went before has left, so a
//! client that stops reading costs nothing but its place, and misses nothing (decision 0012).

use super::super::Native;
use super::follow::{Follows, Wish, code};
use super::frames::{Around, say};
use super::pace::Pace;
use super::text::read_text;
use super::{Client, channel};
use crate::websocket::{CloseCode, Event, Frame, Happening, Socket, SocketError};
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tidings_core::{Caller, Key, Seq, StreamKind, StreamName};
use tidings_engine::{Batch, Error, News, Post, Subscriber};
use tidings_wire::live::{Changed, Followed, FromClient, FromNode, True};
use tidings_wire::{Code, Fixed};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Texts that are taken at a time before others get their turn.
const TURN_MAX: usize = 32;

/// Heartbeats without anything from the client, or with nothing followed, after which it is let go.
const SILENT_MAX: u32 = 2;

/// Why a connection ends from which nothing came any more.
const SILENT: &str = "silent for too long";

/// How long to wait after what is followed could not be read.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Talks with one client until it leaves or has to.
pub(super) async fn run(door: Arc<Native>, socket: Socket, client: Client) {
    let now = Instant::now();
    let heartbeat = door.settings.load().heartbeat;
    let mut session = Session {
        subscriber: door.engine.subscriber(),
        challenge: Fixed(door.engine.entropy().bytes()),
        follows: Follows::default(),
        channels: Vec::new(),
        pace: Pace::new(now),
        alarm: Box::pin(sleep_until(now + heartbeat)),
        heartbeat,
        silent: 0,
        idle: 0,
        late: false,
        listen_first: false,
        door,
        socket,
        client,
    };
    session.run().await;
}

impl Drop for Session {
    /// However it ends, nobody counts it as a listener any more.
    fn drop(&mut self) {
        self.leave_all();
    }
}

struct Session {
    door: Arc<Native>,
    socket: Socket,
    client: Client,
    subscriber: Subscriber,
    challenge: Fixed<32>,
    follows: Follows,
    channels: Vec<StreamName>,
    pace: Pace,
    alarm: Pin<Box<Sleep>>,
    heartbeat: Duration,
    /// Heartbeats since anything came.
    silent: u32,
    /// Heartbeats since anything was followed.
    idle: u32,
    /// Whether a text had begun and not ended at the last heartbeat.
    late: bool,
    /// Whether news have waited for texts and are looked at first now.
    listen_first: bool,
}

impl Session {
    async fn run(&mut self) {
        let Ok(incarnation) = self.door.engine.incarnation().await else { return };
        let (challenge, heartbeat) = (self.challenge, self.heartbeat.as_secs());
        say(&FromNode::Hello { challenge, incarnation, heartbeat }, &mut self.socket);
        loop {
            let goes_on = match self.next().await {
                Happening::Event(Ok(event)) => self.hear(event).await,
                Happening::Event(Err(error)) => {
                    // Who ends in peace, be it without a word, has what was sent.
                    let torn = matches!(error, SocketError::Connection(kind) if kind != ErrorKind::UnexpectedEof);
                    return if torn {
                        self.follows.lost(&self.door).await
                    };
                }
                Happening::News(Ok(news)) => self.deliver(news).await,
                Happening::News(Err(error)) => {
                    tracing::error!(%error, "what a device follows can't be read");
                    sleep(AFTER_ERROR).await;
                    Ok(())
                }
                Happening::Alarm => self.beat(),
            };
            if let Err(why) = goes_on {
                if why == SILENT {
                    self.follows.lost(&self.door).await;
                }
                self.socket.close(CloseCode::POLICY, why);
                while self.socket.event().await.is_ok() {}
                return;
            }
        }
    }

    /// Waits for whatever comes. News are only asked for when all that waited has left.
    async fn next(&mut self) -> Happening<Result<News, Error>> {
        let Self { subscriber, socket, alarm, listen_first, .. } = self;
        socket.turn(subscriber.next(), alarm.as_mut(), listen_first).await
    }

    /// Takes a text, and those that came with it. Fails with why the connection must end.
    async fn hear(&mut self, event: Event) -> Result<(), &'static str> {
        let mut next = Some(event);
        for _ in 0..TURN_MAX {
            let Some(event) = next.take().or_else(|| self.socket.event_at_hand()) else { break };
            let pause = self.pace.text(Instant::now());
            self.late = false;
            match event {
                Event::Text(text) => match read_text(&text) {
                    Ok(text) => self.answer(text).await?,
                    Err(message) => self.mistake(Code::Malformed, message)?,
                },
                Event::Binary(_) => self.mistake(Code::Malformed, "only texts are understood here".to_owned())?,
            }
            if !pause.is_zero() {
                self.socket.push().await;
                sleep(pause).await;
                break;
            }
        }
        self.socket.push().await;
        self.listen_first = true;
        Ok(())
    }

    async fn answer(&mut self, text: FromClient) -> Result<(), &'static str> {
        match text {
            FromClient::Follow { stream, after, key, signature, device } => {
                let wish = Wish { stream, after, key, signature, device };
                let Self { door, subscriber, client, challenge, follows, .. } = self;
                let answer = follows.follow(door, subscriber, client, challenge, wish).await;
                let refused = matches!(answer, FromNode::Refused { .. });
                say(&answer, &mut self.socket);
                if refused && self.pace.mistake() { Err("too many mistakes") } else { Ok(()) }
            }
            FromClient::Unfollow(stream) => {
                self.follows.unfollow(&mut self.subscriber, stream);
                if self.follows.inbox.is_none() {
                    self.leave_all();
                }
                Ok(())
            }
            FromClient::Join { channel } => self.join(channel).await,
            FromClient::Leave { channel } => {
                self.leave(&channel);
                say(&FromNode::Channel { channel, joined: false }, &mut self.socket);
                Ok(())
            }
            FromClient::Say { channel, text } => self.speak(&channel, &text).await,
        }
    }

    /// Says that something was not understood or can't be done.
    fn mistake(&mut self, error: Code, message: String) -> Result<(), &'static str> {
        say(&FromNode::Error { error, message }, &mut self.socket);
        if self.pace.mistake() { Err("too many mistakes") } else { Ok(()) }
    }

    /// Hands on what came.
    async fn deliver(&mut self, News { stream, batch }: News) -> Result<(), &'static str> {
        match stream.kind() {
            StreamKind::Group => self.entries(stream, &batch).await,
            StreamKind::Inbox => self.parcels(stream, &batch).await,
            StreamKind::Channel => self.said(&stream, &batch),
            _ => self.changes(&batch).await,
        }
        Ok(())
    }

    /// Entries, if whoever follows is a member still.
    async fn entries(&mut self, stream: StreamName, batch: &Batch) {
        let Ok(id) = <[u8; 16]>::try_from(stream.bytes()) else { return };
        let Some(key) = self.follows.member(&id) else { return };
        match self.door.engine.member(&id, &key).await {
            Ok(Some(_)) => {
                if !batch.items.is_empty() {
                    Around::Entries(Fixed(id)).send(&batch.items, &mut self.socket);
                    self.follows.sent(Followed::Group(Fixed(id)));
                }
            }
            Ok(None) => self.refuse(Followed::Group(Fixed(id)), Code::NotAccepted),
            Err(error) => self.again(stream, batch, &error).await,
        }
    }

    /// Parcels, if the device is one still.
    async fn parcels(&mut self, stream: StreamName, batch: &Batch) {
        match self.is_device().await {
            Ok(true) => {
                Around::Parcels.send(&batch.items, &mut self.socket);
                self.follows.sent(Followed::Inbox(True));
            }
            Ok(false) => self.refuse(Followed::Inbox(True), Code::NotAccepted),
            Err(error) => self.again(stream, batch, &error).await,
        }
    }

    async fn is_device(&self) -> Result<bool, Error> {
        let Some(inbox) = &self.follows.inbox else { return Ok(false) };
        Ok(self.door.engine.device_owner(inbox.device).await? == Some(inbox.identity))
    }

    /// The store failed: what was read and not sent is read once more, a little later.
    async fn again(&mut self, stream: StreamName, batch: &Batch, error: &Error) {
        tracing::error!(%error, "it could not be found out who may read; it is tried again");
        if let Some(first) = batch.items.first() {
            let before = Seq::from_number(first.envelope.seq.number().saturating_sub(1));
            self.subscriber.leave(&stream);
            self.subscriber.resume(stream, before);
        }
        sleep(AFTER_ERROR).await;
    }

    fn refuse(&mut self, stream: Followed, error: Code) {
        self.follows.unfollow(&mut self.subscriber, stream);
        if self.follows.inbox.is_none() {
            self.leave_all();
        }
        say(&FromNode::Refused { stream, error }, &mut self.socket);
    }

    /// What changed in the account. If some was missed, all may have.
    async fn changes(&mut self, batch: &Batch) {
        if matches!(self.is_device().await, Ok(false)) {
            if self.follows.inbox.is_some() {
                self.refuse(Followed::Inbox(True), Code::NotAccepted);
            }
            return;
        }
        let all = [(Changed::Profile, "profile"), (Changed::Devices, "devices"), (Changed::Exchange, "exchange")];
        for (changed, word) in all {
            if batch.missed > 0 || batch.items.iter().any(|item| item.envelope.label.as_str() == word) {
                say(&FromNode::Changed(changed), &mut self.socket);
            }
        }
    }

    async fn join(&mut self, channel: String) -> Result<(), &'static str> {
        let most = self.door.settings.load().channels;
        let Some(stream) = channel::stream(&channel).filter(|_| most > 0 && self.follows.inbox.is_some()) else {
            let message = "channels are for devices that follow their inbox, at nodes that have channels";
            return self.mistake(Code::NotAccepted, message.to_owned());
        };
        if !self.channels.contains(&stream) {
            if self.channels.len() >= most {
                return self.mistake(Code::Full, format!("{most} channels at most"));
            }
            if let Err(error) = self.subscriber.join(stream.clone()).await {
                return self.mistake(code(error), "the channel can't be joined now".to_owned());
            }
            self.door.census.enter(&stream);
            self.channels.push(stream);
        }
        say(&FromNode::Channel { channel, joined: true }, &mut self.socket);
        Ok(())
    }

    fn leave(&mut self, channel: &str) {
        if let Some(stream) = channel::stream(channel) {
            self.subscriber.leave(&stream);
            if self.channels.contains(&stream) {
                self.door.census.leave(&stream);
            }
            self.channels.retain(|joined| *joined != stream);
        }
    }

    fn leave_all(&mut self) {
        for stream in self.channels.drain(..) {
            self.subscriber.leave(&stream);
            self.door.census.leave(&stream);
        }
    }

    /// Says something in a channel. Nobody hears themselves.
    async fn speak(&mut self, channel: &str, text: &str) -> Result<(), &'static str> {
        let joined = channel::stream(channel).and_then(|stream| self.subscriber.membership(&stream));
        let speaker = self.follows.inbox.as_ref().map(|inbox| inbox.identity);
        let (Some(joined), Some(speaker)) = (joined, speaker) else {
            return self.mistake(Code::NotAccepted, "join the channel first".to_owned());
        };
        let now = self.door.engine.now();
        let Some(draft) = channel::draft(&self.door, &speaker, channel, text, now) else { return Ok(()) };
        let id = draft.id;
        self.subscriber.sent(id);
        let caller = Caller::Key(Key::Ed25519(speaker));
        let post = Post { caller, drafts: vec![draft], joined: Some(joined), blob: None };
        let accepted = self.door.engine.accept(post, now).await;
        if accepted.is_ok_and(|outcomes| outcomes.iter().all(Result::is_ok)) {
            return Ok(());
        }
        self.subscriber.unsent(id);
        self.mistake(Code::NotAccepted, "the channel does not take this".to_owned())
    }

    fn said(&mut self, stream: &StreamName, batch: &Batch) {
        let Some(name) = channel::name(stream) else { return };
        if batch.missed > 0 {
            say(&FromNode::Missed { channel: name.to_owned(), count: batch.missed }, &mut self.socket);
        }
        for item in &batch.items {
            let frame = item.encoded(channel::SAID, |envelope| channel::said(name, envelope));
            if !frame.is_empty() {
                self.socket.send(Frame::ready(frame));
            }
        }
    }

    /// Pings; fails if the client is silent, does not end its text, or follows nothing.
    fn beat(&mut self) -> Result<(), &'static str> {
        if self.socket.take_heard() {
            self.silent = 0;
            self.follows.heard();
        } else {
            self.silent += 1;
        }
        self.idle = if self.follows.is_empty() { self.idle + 1 } else { 0 };
        let late = std::mem::replace(&mut self.late, self.socket.is_unfinished()) && self.late;
        if self.silent >= SILENT_MAX || late {
            return Err(SILENT);
        }
        if self.idle >= SILENT_MAX {
            return Err("nothing is followed");
        }
        self.socket.send(Frame::ping(b""));
        self.alarm.as_mut().reset(Instant::now() + self.heartbeat);
        Ok(())
    }
}
