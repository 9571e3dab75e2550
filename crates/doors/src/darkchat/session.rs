//! What a connection has shown of itself, and what each of its requests leads to: rules without sockets, clock or
//! randomness of their own (wire/darkchat.md, sections 5, 6 and 11).

use super::login::{CHALLENGE_BYTES, Challenge, parse_key};
use super::request::{Member, Request, Unreadable};
use super::words;
use bytes::Bytes;
use tidings_core::{Caller, Key, Secp256k1Key, StreamKind, StreamName, Timestamp};

/// Bytes of a request at most before its sender has logged in (wire/darkchat.md, section 3).
pub const STRANGER_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a request at most afterwards.
pub const MEMBER_BYTES_MAX: usize = 1024 * 1024;

/// Which clients speak like this (wire/darkchat.md, section 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Until 0.1.0: no keys.
    Guest,
    /// 0.2.0 to about 0.2.3: `pk` and `private`.
    Early,
    /// 0.2.5 and 0.2.6.
    Second,
    /// 0.3.
    Third,
}

impl Generation {
    /// As the request shows it: 0.2 sends every member as a text, empty when unused; 0.3 sends null, or nothing.
    fn of(request: &Request<'_>) -> Self {
        if request.is_early() {
            Self::Early
        } else if request.to.is_empty_text() {
            Self::Second
        } else {
            Self::Third
        }
    }

    /// Whether it waits for acknowledgements.
    fn is_acknowledged(self) -> bool {
        self == Self::Third
    }

    /// Whether its clients bear any object. Older ones crash on some.
    pub fn bears_everything(self) -> bool {
        self == Self::Third
    }
}

/// What a session can't know by itself.
pub struct Surroundings<'a> {
    /// The time.
    pub now: Timestamp,
    /// Fresh random bytes.
    pub random: &'a dyn Fn() -> [u8; CHALLENGE_BYTES],
    /// Whether a channel is joined.
    pub joined: &'a dyn Fn(&StreamName) -> bool,
    /// How many more channels may be joined.
    pub places: usize,
}

/// What a request leads to.
pub enum Outcome {
    /// Nothing at all.
    Silence,
    /// An answer.
    Answer(Bytes),
    /// An error. Too many of them slow the connection down, then end it.
    Error(Bytes),
    /// An error, and the end of the connection.
    Fatal(Bytes),
    /// The key has logged in: from now on it gets private messages; then the answer.
    Entered(Secp256k1Key, Bytes),
    /// The channel is joined; then the answer.
    Joined(StreamName, Bytes),
    /// A message: first the answer, if any, then deliver what was received.
    Message {
        /// Where it goes; `None` if the recipient is nobody that could exist.
        stream: Option<StreamName>,
        /// What the sender is told first.
        answer: Option<Bytes>,
    },
}

enum Identity {
    Stranger,
    Challenged(Challenge),
    Key(Secp256k1Key),
    /// Without a key, in the one channel it may speak in.
    Guest(StreamName),
}

/// One connection.
pub struct Session {
    identity: Identity,
    generation: Option<Generation>,
    guests_allowed: bool,
}

impl Session {
    /// A connection of which nothing is known. `guests_allowed`: whether it may join a channel without a key.
    pub fn new(guests_allowed: bool) -> Self {
        Self { identity: Identity::Stranger, generation: None, guests_allowed }
    }

    /// The most bytes that its next request may have.
    pub fn bytes_max(&self) -> usize {
        match self.identity {
            Identity::Key(_) | Identity::Guest(_) => MEMBER_BYTES_MAX,
            _ => STRANGER_BYTES_MAX,
        }
    }

    /// Whether it has logged in, or is a guest.
    pub fn is_member(&self) -> bool {
        matches!(self.identity, Identity::Key(_) | Identity::Guest(_))
    }

    /// Who posts.
    pub fn caller(&self) -> Caller {
        match self.identity {
            Identity::Key(key) => Caller::Key(Key::Secp256k1(key)),
            _ => Caller::Anonymous,
        }
    }

    /// What kind of client it is; the newest until it has shown otherwise.
    pub fn generation(&self) -> Generation {
        self.generation.unwrap_or(Generation::Third)
    }

    /// Takes what is no object: the rest of a TCP read, or a frame.
    pub fn receive_garbage(&self, bytes: &[u8]) -> Outcome {
        let generation = self.generation();
        Outcome::Error(match Request::read(bytes) {
            Err(Unreadable::Null) => words::null(generation),
            Err(Unreadable::NoObject) => words::nobody(generation),
            _ => words::no_json(generation),
        })
    }

    /// Takes the news that a request is too large, or does not end.
    pub fn receive_endless(&self) -> Outcome {
        Outcome::Fatal(words::too_large(self.generation()))
    }

    /// Takes one request.
    pub fn receive(&mut self, bytes: &[u8], around: &Surroundings<'_>) -> Outcome {
        if bytes.len() > self.bytes_max() {
            return self.receive_endless();
        }
        let Ok(request) = Request::read(bytes) else { return self.receive_garbage(bytes) };
        if let Identity::Guest(channel) = &self.identity {
            return Self::guest(channel, &request);
        }
        let generation = self.generation.unwrap_or_else(|| Generation::of(&request));
        let from = if generation == Generation::Early { request.pk } else { request.from };
        let kind = request.kind.text();
        if !from.is_set() {
            let is_guest = self.guests_allowed && self.generation.is_none() && kind.as_deref() == Some("join");
            return if is_guest { self.enter_guest(&request) } else { Outcome::Error(words::nobody(generation)) };
        }
        match (&mut self.identity, kind.as_deref()) {
            (Identity::Key(_), Some("connect" | "verify")) => Outcome::Silence,
            (Identity::Key(key), kind) => {
                // An early client must not speak under another key to newer ones either.
                let is_own = |name: Member<'_>| parse_key(&name.text().unwrap_or_default()) == Some(*key);
                if !is_own(from) || (request.from.is_set() && !is_own(request.from)) {
                    return Outcome::Error(words::stranger(generation, &request));
                }
                member(generation, kind, &request, around)
            }
            (_, Some("connect")) => self.challenge(generation, from, &request, around),
            (Identity::Challenged(challenge), Some("verify")) => {
                let (key, signature) = (from.text().unwrap_or_default(), request.msg.text().unwrap_or_default());
                let Some(key) = challenge.is_met(&key, &signature, around.now) else {
                    return Outcome::Error(words::stranger(generation, &request));
                };
                self.identity = Identity::Key(key);
                Outcome::Entered(key, words::welcome())
            }
            _ => Outcome::Error(words::stranger(generation, &request)),
        }
    }

    fn challenge(
        &mut self,
        generation: Generation,
        from: Member<'_>,
        request: &Request<'_>,
        around: &Surroundings<'_>,
    ) -> Outcome {
        self.generation = Some(generation);
        let Some(key) = from.text().and_then(|text| parse_key(&text)) else {
            return Outcome::Error(words::stranger(generation, request));
        };
        let challenge = Challenge::new(key, (around.random)(), around.now);
        let answer = words::challenge(challenge.text());
        self.identity = Identity::Challenged(challenge);
        Outcome::Answer(answer)
    }

    /// The keyless protocol: the first join says everything.
    fn enter_guest(&mut self, request: &Request<'_>) -> Outcome {
        let (name, stream) = match channel(request.channel) {
            Ok(found) => found,
            Err(refusal) => return Outcome::Error(refusal),
        };
        self.generation = Some(Generation::Guest);
        self.identity = Identity::Guest(stream.clone());
        Outcome::Joined(stream, words::joined(&name))
    }

    fn guest(channel: &StreamName, request: &Request<'_>) -> Outcome {
        match request.kind.text().as_deref() {
            // Neither under somebody's key, nor to somebody alone.
            Some("msg") if request.from.is_set() || request.pk.is_set() || request.recipient().is_set() => {
                Outcome::Error(words::stranger(Generation::Guest, request))
            }
            Some("msg") => Outcome::Message { stream: Some(channel.clone()), answer: None },
            Some("join") => match request.channel.text() {
                Some(name) if name.as_bytes() == channel.bytes() => Outcome::Answer(words::joined(&name)),
                _ => Outcome::Silence,
            },
            _ => Outcome::Silence,
        }
    }
}

/// A request of who has logged in.
fn member(generation: Generation, kind: Option<&str>, request: &Request<'_>, around: &Surroundings<'_>) -> Outcome {
    match kind {
        Some("join") => join(request, around),
        Some("msg") => message(generation, request, around),
        _ => Outcome::Silence,
    }
}

fn join(request: &Request<'_>, around: &Surroundings<'_>) -> Outcome {
    match channel(request.channel) {
        Err(refusal) => Outcome::Error(refusal),
        Ok((name, stream)) if (around.joined)(&stream) => Outcome::Answer(words::joined(&name)),
        Ok(_) if around.places == 0 => Outcome::Error(words::too_many_channels()),
        Ok((name, stream)) => Outcome::Joined(stream, words::joined(&name)),
    }
}

/// The name of a channel and its stream, or a refusal.
fn channel(name: Member<'_>) -> Result<(String, StreamName), Bytes> {
    let name = name.text().ok_or_else(words::bad_channel)?.into_owned();
    let stream = StreamName::named(StreamKind::Channel, name.as_bytes()).ok_or_else(words::bad_channel)?;
    Ok((name, stream))
}

fn message(generation: Generation, request: &Request<'_>, around: &Surroundings<'_>) -> Outcome {
    let answer = generation.is_acknowledged().then(words::sent);
    // A message to somebody is never one to a channel, and the channel that it names decides nothing.
    let recipient = request.recipient();
    if recipient.is_set() {
        let stream = recipient.text().and_then(|key| direct(&key));
        return Outcome::Message { stream, answer };
    }
    if !request.channel.is_set() {
        return match generation {
            Generation::Third => Outcome::Error(words::no_destination()),
            _ => Outcome::Silence,
        };
    }
    match channel(request.channel) {
        Ok((_, stream)) if (around.joined)(&stream) => Outcome::Message { stream: Some(stream), answer },
        _ => Outcome::Error(words::join_first()),
    }
}

/// What is said to the holder of a key; `None` if the text is no key.
pub(super) fn direct(key: &str) -> Option<StreamName> {
    parse_key(key).map(|key| StreamName::direct(&Key::Secp256k1(key)))
}

#[cfg(test)]
mod tests;
