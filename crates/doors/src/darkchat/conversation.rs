//! A connection of a client, whatever it travels on: requests in, answers and messages out.

use super::Darkchat;
use super::delivery::{draft, is_bearable, relay_id};
use super::login::CHALLENGE_BYTES;
use super::patience::{Allowance, Errors, Verdict};
use super::session::{Outcome, Session, Surroundings};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tidings_core::{Key, StreamKind, StreamName};
use tidings_engine::{Item, News, Post, Subscriber};
use tokio::time::Instant;

/// What was heard of a client.
pub(super) enum Heard<'a> {
    /// A request, or what should be one.
    Request(&'a [u8]),
    /// Something that is no object.
    Garbage(&'a [u8]),
    /// An object that is too large, or does not end.
    Endless,
}

/// How to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Read on after so long.
    Read(Duration),
    /// Close when the answers are out.
    Close,
}

/// One connection.
pub(super) struct Conversation {
    door: Arc<Darkchat>,
    session: Session,
    subscriber: Subscriber,
    errors: Errors,
    allowance: Allowance,
    channels: Vec<StreamName>,
}

impl Conversation {
    /// A connection that has said nothing yet.
    pub(super) fn new(door: Arc<Darkchat>, now: Instant) -> Self {
        let settings = door.settings.load();
        let (session, allowance) = (Session::new(settings.keyless), Allowance::new(settings.client_budget, now));
        drop(settings);
        let subscriber = door.engine.subscriber();
        Self { door, session, subscriber, errors: Errors::new(now), allowance, channels: Vec::new() }
    }

    /// The most bytes of its next request.
    pub(super) fn bytes_max(&self) -> usize {
        self.session.bytes_max()
    }

    /// Whether it has logged in, or is a guest.
    pub(super) fn is_member(&self) -> bool {
        self.session.is_member()
    }

    /// Takes one thing that was heard. `answer` gets what is said to the client, before anything is said to others.
    pub(super) async fn hear(&mut self, heard: Heard<'_>, now: Instant, answer: &mut impl FnMut(Bytes)) -> Next {
        let bytes = match heard {
            Heard::Request(bytes) | Heard::Garbage(bytes) => bytes.len(),
            Heard::Endless => 0,
        };
        let pause = self.allowance.take(self.door.settings.load().client_budget, 1, bytes, now);
        let outcome = match heard {
            Heard::Request(bytes) => self.request(bytes),
            Heard::Garbage(bytes) => self.session.receive_garbage(bytes),
            Heard::Endless => self.session.receive_endless(),
        };
        match outcome {
            Outcome::Silence => {}
            Outcome::Answer(text) => answer(text),
            Outcome::Error(text) => return self.error(text, now, answer),
            Outcome::Fatal(text) => {
                answer(text);
                return Next::Close;
            }
            Outcome::Entered(key, text) => {
                if self.subscriber.join(StreamName::direct(&Key::Secp256k1(key))).await.is_err() {
                    return Next::Close;
                }
                answer(text);
            }
            Outcome::Joined(stream, text) => {
                if self.join(stream).await.is_err() {
                    return Next::Close;
                }
                answer(text);
            }
            Outcome::Message { stream, answer: text } => {
                text.into_iter().for_each(answer);
                if let (Some(stream), Heard::Request(bytes)) = (stream, heard) {
                    self.post(stream, bytes).await;
                }
            }
        }
        Next::Read(pause)
    }

    fn request(&mut self, bytes: &[u8]) -> Outcome {
        let (engine, subscriber) = (&self.door.engine, &self.subscriber);
        let most = self.door.settings.load().channels_per_connection;
        let around = Surroundings {
            now: engine.now(),
            random: &|| engine.entropy().bytes::<CHALLENGE_BYTES>(),
            joined: &|stream| subscriber.joined(stream),
            places: most.saturating_sub(self.channels.len()),
        };
        self.session.receive(bytes, &around)
    }

    fn error(&mut self, text: Bytes, now: Instant, answer: &mut impl FnMut(Bytes)) -> Next {
        metrics::counter!("tidings_darkchat_errors_total").increment(1);
        match self.errors.count(now) {
            Verdict::Bear(delay) => {
                answer(text);
                Next::Read(delay)
            }
            Verdict::Close => Next::Close,
        }
    }

    async fn join(&mut self, stream: StreamName) -> Result<(), tidings_engine::Error> {
        if self.subscriber.join(stream.clone()).await? {
            super::gauge(self.door.census.enter(&stream));
            self.channels.push(stream);
        }
        Ok(())
    }

    /// Hands a message to the engine. Nothing is stored, so nothing can fail that its sender could be told.
    async fn post(&mut self, stream: StreamName, json: &[u8]) {
        let now = self.door.engine.now();
        let relay_id = relay_id(self.door.engine.entropy().bytes(), now);
        let is_channel = stream.kind() == StreamKind::Channel;
        let joined = if is_channel { self.subscriber.membership(&stream) } else { None };
        let draft = draft(stream, json, &relay_id);
        let id = draft.id;
        // On a channel nobody hears themselves; a private message to one's own key arrives.
        if is_channel {
            self.subscriber.sent(id);
        }
        let post = Post { caller: self.session.caller(), drafts: vec![draft], joined, blob: None };
        let accepted = self.door.engine.accept(post, now).await;
        let kind = if is_channel { "channel" } else { "private" };
        if accepted.is_ok_and(|outcomes| outcomes.iter().all(Result::is_ok)) {
            metrics::counter!("tidings_darkchat_messages_total", "kind" => kind).increment(1);
        } else {
            self.subscriber.unsent(id);
            metrics::counter!("tidings_darkchat_dropped_total", "reason" => "refused").increment(1);
        }
    }

    /// Waits for messages. Safe to abandon. `None` if no more will come.
    pub(super) async fn news(&mut self) -> Option<News> {
        self.subscriber.next().await.ok()
    }

    /// Whether its client bears a message.
    pub(super) fn bears(&self, item: &Item) -> bool {
        let generation = self.session.generation();
        generation.bears_everything() || is_bearable(item.envelope.body.as_deref().unwrap_or_default(), generation)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.channels.iter().for_each(|stream| super::gauge(self.door.census.leave(stream)));
    }
}
