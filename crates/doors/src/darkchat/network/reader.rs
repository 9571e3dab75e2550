//! Finds messages in what another server writes: merged, split or malformed, since the protocol has no framing
//! (wire/darkchat.md, section 8).

use super::super::delivery::RELAY_ID_MAX;
use super::super::scanner::{Brackets, Step, is_blank};
use super::super::session::MEMBER_BYTES_MAX;
use super::form::{ERROR, OK, SEPARATOR};
use super::name::{HOST_MAX, PeerName, is_host_byte};
use std::fmt;

/// Bytes of the first part of a message at most. Longer than any channel that is followed here, so that of longer ones only
/// the message is lost and not what follows it.
const FIRST_PART_MAX: usize = 4096;

/// Bytes of a relayed JSON text at most: what a client may say, with every separator in it escaped.
const JSON_MAX: usize = MEMBER_BYTES_MAX * 2;

/// What another server says.
#[derive(PartialEq, Eq)]
pub enum Said {
    /// It greets, and this is its peer port.
    Greeting(u16),
    /// It accepts the greeting.
    Ok,
    /// It does not understand, and will close the link.
    Error,
    /// What no greeting is; the link is of no use.
    Nonsense,
    /// It tells of another server.
    Advert(PeerName),
    /// It passes on a message.
    Relay {
        /// The channel; empty for private messages.
        channel: String,
        /// What the message is known by.
        id: String,
        /// An object from brace to brace, and blanks around it. Not yet known to be JSON.
        json: Vec<u8>,
    },
}

impl fmt::Debug for Said {
    /// Nothing of what a message says, nor where.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting(port) => write!(f, "Greeting({port})"),
            Self::Ok => f.write_str("Ok"),
            Self::Error => f.write_str("Error"),
            Self::Nonsense => f.write_str("Nonsense"),
            Self::Advert(name) => write!(f, "Advert({name})"),
            Self::Relay { json, .. } => write!(f, "Relay({} bytes)", json.len()),
        }
    }
}

/// What a link waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The greeting of a caller.
    Called,
    /// The answer to one's own.
    Calling,
    /// Anything.
    Open,
}

/// The part of a relay that was read already, while its JSON is under way.
struct Relay {
    channel: String,
    id: String,
    brackets: Brackets,
    /// Bytes of the buffer that the brackets have seen.
    scanned: usize,
}

/// What a look at the buffer came to.
enum Look {
    /// A message of so many bytes.
    Found(usize, Said),
    /// It may become one.
    More,
    /// It never will.
    Garbage,
}

/// Reads a link. It holds no more than one unfinished message.
pub struct LinkReader {
    stage: Stage,
    buffer: Vec<u8>,
    relay: Option<Relay>,
}

impl LinkReader {
    /// A link at its beginning.
    pub fn new(stage: Stage) -> Self {
        Self { stage, buffer: Vec::new(), relay: None }
    }

    /// Whether anything waits for more bytes.
    pub fn is_unfinished(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Takes what was read.
    pub fn read(&mut self, bytes: &[u8], said: &mut Vec<Said>) {
        self.buffer.extend_from_slice(bytes);
        self.take(false, said);
    }

    /// Takes the news that nothing has come for a while: what could have gone on is over.
    pub fn quiet(&mut self, said: &mut Vec<Said>) {
        self.take(true, said);
    }

    /// Drops what is unfinished, after it was so for too long.
    pub fn give_up(&mut self) {
        self.buffer = Vec::new();
        self.relay = None;
    }

    fn take(&mut self, quiet: bool, said: &mut Vec<Said>) {
        loop {
            if self.buffer.is_empty() {
                return;
            }
            let look = match self.stage {
                Stage::Called => called(&self.buffer, quiet),
                Stage::Calling => calling(&self.buffer),
                Stage::Open => self.open(quiet),
            };
            match look {
                Look::More => return,
                Look::Garbage if self.stage == Stage::Open => return self.give_up(),
                Look::Garbage => {
                    self.give_up();
                    return said.push(Said::Nonsense);
                }
                Look::Found(length, found) => {
                    self.buffer.drain(..length);
                    if matches!(found, Said::Greeting(_) | Said::Ok) {
                        self.stage = Stage::Open;
                    }
                    said.push(found);
                }
            }
        }
    }

    fn open(&mut self, quiet: bool) -> Look {
        if self.relay.is_none() {
            match head(&self.buffer, quiet) {
                Head::Relay { channel, id, json, blanks } => {
                    self.relay = Some(Relay { channel, id, brackets: Brackets::default(), scanned: blanks });
                    self.buffer.drain(..json);
                }
                Head::Advert(length, name) => return Look::Found(length, Said::Advert(name)),
                Head::Error(length) => return Look::Found(length, Said::Error),
                Head::More => return Look::More,
                Head::Garbage => return Look::Garbage,
            }
        }
        self.json()
    }

    /// Goes on with the JSON of a relay; the buffer begins with it.
    fn json(&mut self) -> Look {
        let Some(mut relay) = self.relay.take() else { return Look::Garbage };
        let unseen = self.buffer.get(relay.scanned..).unwrap_or_default();
        match relay.brackets.scan(unseen) {
            Step::Broken => Look::Garbage,
            Step::Open if self.buffer.len() > JSON_MAX => Look::Garbage,
            Step::Open => {
                relay.scanned = self.buffer.len();
                self.relay = Some(relay);
                Look::More
            }
            Step::End(length) => {
                let end = relay.scanned + length;
                // Blanks behind an object are part of what its sender wrote, as far as can be told.
                let blanks = self.buffer.iter().skip(end).take_while(|byte| is_blank(**byte)).count();
                let end = end + blanks;
                let json = self.buffer.get(..end).unwrap_or_default().to_vec();
                Look::Found(end, Said::Relay { channel: relay.channel, id: relay.id, json })
            }
        }
    }
}

/// `connect**@#@` and a port, and nothing behind it, since a caller must wait for the answer.
fn called(buffer: &[u8], quiet: bool) -> Look {
    let Some(rest) = after(buffer, "connect**@#@") else {
        return if is_begun(buffer, "connect**@#@") { Look::More } else { Look::Garbage };
    };
    match std::str::from_utf8(rest) {
        Ok("") if !quiet => Look::More,
        Ok(port) if port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) => match port.parse() {
            // More digits may follow.
            Ok(_) if port.len() < 5 && !quiet => Look::More,
            Ok(port) if port > 0 => Look::Found(buffer.len(), Said::Greeting(port)),
            _ => Look::Garbage,
        },
        _ => Look::Garbage,
    }
}

/// `ok`, with whatever behind it: the first advert of real servers often comes in the same read.
fn calling(buffer: &[u8]) -> Look {
    if after(buffer, OK).is_some() {
        Look::Found(OK.len(), Said::Ok)
    } else if is_begun(buffer, OK) {
        Look::More
    } else {
        Look::Garbage
    }
}

/// The beginning of a message on an open link.
enum Head {
    /// A relay of which the JSON stands at this place: so many blanks, then a brace.
    Relay {
        channel: String,
        id: String,
        json: usize,
        blanks: usize,
    },
    /// An advert of so many bytes.
    Advert(usize, PeerName),
    /// `error`, of so many bytes.
    Error(usize),
    More,
    Garbage,
}

fn head(buffer: &[u8], quiet: bool) -> Head {
    let Some((first, rest)) = split(buffer) else {
        return match buffer {
            // Only where nothing follows: a channel may begin like this.
            _ if quiet && buffer == ERROR.as_bytes() => Head::Error(buffer.len()),
            // The tail of a doubled greeting, or blanks behind an object.
            _ if quiet && (buffer == OK.as_bytes() || buffer.iter().all(|byte| is_blank(*byte))) => Head::Garbage,
            _ if buffer.len() > FIRST_PART_MAX => Head::Garbage,
            _ => Head::More,
        };
    };
    if first == b"peer" {
        match advert(rest, quiet) {
            Advert::Is(length, name) => return Head::Advert(first.len() + SEPARATOR.len() + length, name),
            Advert::MayBe => return Head::More,
            Advert::IsNot => {}
        }
    }
    let Some((id, json)) = split(rest) else {
        return if rest.len() > RELAY_ID_MAX + SEPARATOR.len() { Head::Garbage } else { Head::More };
    };
    let blanks = json.iter().take_while(|byte| is_blank(**byte)).count();
    match (json.get(blanks), std::str::from_utf8(first), std::str::from_utf8(id)) {
        (None, ..) if blanks < FIRST_PART_MAX => Head::More,
        (Some(b'{'), Ok(channel), Ok(id)) if id.len() <= RELAY_ID_MAX && first.len() <= FIRST_PART_MAX => {
            let json = buffer.len().saturating_sub(json.len());
            Head::Relay { channel: channel.to_owned(), id: id.to_owned(), json, blanks }
        }
        _ => Head::Garbage,
    }
}

enum Advert {
    Is(usize, PeerName),
    MayBe,
    IsNot,
}

/// `HOST:PORT` at the beginning of what follows `peer`. A channel may be called so, too: then this is an id, a separator
/// follows, and an object.
fn advert(rest: &[u8], quiet: bool) -> Advert {
    let host = rest.iter().take_while(|byte| is_host_byte(**byte)).count();
    let digits = rest.iter().skip(host + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let undecided = if quiet { Advert::IsNot } else { Advert::MayBe };
    match rest.get(host) {
        None if host <= HOST_MAX => return undecided,
        Some(b':') => {}
        _ => return Advert::IsNot,
    }
    let length = host + 1 + digits;
    let Some(name) = rest.get(..length).and_then(|name| std::str::from_utf8(name).ok()).and_then(PeerName::parse)
    else {
        let may_grow = digits == 0 && rest.len() == length;
        return if may_grow { undecided } else { Advert::IsNot };
    };
    let behind = rest.get(length..).unwrap_or_default();
    match after(behind, SEPARATOR) {
        // An advert and, merged with it, a relay without channel; or one relay.
        Some(behind) => match behind.iter().find(|byte| !is_blank(**byte)) {
            None => undecided,
            Some(b'{') => Advert::IsNot,
            Some(_) => Advert::Is(length, name),
        },
        None if quiet || !is_begun(behind, SEPARATOR) => Advert::Is(length, name),
        None => Advert::MayBe,
    }
}

/// What stands before and after the first separator.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR.as_bytes())?;
    let (first, rest) = bytes.split_at_checked(at)?;
    Some((first, rest.get(SEPARATOR.len()..)?))
}

/// What follows `text` at the beginning of `bytes`.
fn after<'a>(bytes: &'a [u8], text: &str) -> Option<&'a [u8]> {
    bytes.strip_prefix(text.as_bytes())
}

/// Whether `bytes` is a beginning of `text`, perhaps an empty one.
fn is_begun(bytes: &[u8], text: &str) -> bool {
    text.as_bytes().starts_with(bytes)
}

#[cfg(test)]
mod tests;
