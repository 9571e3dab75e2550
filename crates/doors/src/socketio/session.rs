//! A client's session, driven by one task, whatever it is transported on.

use super::Settings;
use super::mailbox::{Arrived, Mailbox};
use super::packet::{Event, Packet};
use super::payload::Piece;
use super::server::{SocketIo, session_id};
use crate::http::ClientAddress;
use crate::http::crowd::Guest;
use crate::websocket::{self, CloseCode, Frame, Socket};
use bytes::Bytes;
use std::future::poll_fn;
use std::iter::once;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tidings_engine::Entropy;
use tokio::time::{Instant, Sleep, sleep};

/// What a session hears of its client.
pub enum Incoming {
    /// An event.
    Event(Event),
    /// The end; nothing follows.
    Closed,
}

/// A client. It is let into the namespace `/` without being asked for anything; its events come after that.
pub struct Session {
    line: Line,
    address: ClientAddress,
    entropy: Entropy,
    heart: Heart,
    joined: bool,
    incomplete: Option<Incomplete>,
    ended: bool,
}

/// What the client is reached through.
#[allow(clippy::large_enum_variant, reason = "nearly all clients are the large one; a box would cost each of them")]
enum Line {
    Web(Socket),
    Poll(Polled),
}

/// A polling client's place in the server, which it gives back when it goes.
pub(super) struct Polled {
    pub mailbox: Arc<Mailbox>,
    pub io: Arc<SocketIo>,
    pub sid: String,
    pub _guest: Guest,
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.io.forget(&self.sid);
        self.mailbox.close();
    }
}

/// An event, or an acknowledgement, whose attachments have not all come.
struct Incomplete {
    event: Option<Event>,
    missing: usize,
}

/// Pings, and whether they are answered.
struct Heart {
    alarm: Pin<Box<Sleep>>,
    asked: bool,
    heard: bool,
    interval: std::time::Duration,
    timeout: std::time::Duration,
}

impl Session {
    pub(super) fn over_socket(socket: Socket, address: ClientAddress, entropy: Entropy, settings: &Settings) -> Self {
        Self::new(Line::Web(socket), address, entropy, settings)
    }

    pub(super) fn over_polling(polled: Polled, address: ClientAddress, entropy: Entropy, settings: &Settings) -> Self {
        Self::new(Line::Poll(polled), address, entropy, settings)
    }

    fn new(line: Line, address: ClientAddress, entropy: Entropy, settings: &Settings) -> Self {
        let heart = Heart {
            alarm: Box::pin(sleep(settings.ping_interval)),
            asked: false,
            heard: false,
            interval: settings.ping_interval,
            timeout: settings.ping_timeout,
        };
        Self { line, address, entropy, heart, joined: false, incomplete: None, ended: false }
    }

    /// Who the client is, as far as addresses tell.
    pub fn address(&self) -> ClientAddress {
        self.address
    }

    /// The next event, in order. While it waits, what was sent goes out, pings are exchanged, and the client may change its
    /// transport. May be dropped and asked again without loss. If much waits for the client, nothing is read of it.
    pub async fn event(&mut self) -> Incoming {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// An event that was read together with the one before it. Waits for nothing.
    pub fn event_at_hand(&mut self) -> Option<Event> {
        while !self.ended {
            let piece = match &mut self.line {
                Line::Web(socket) => socket.event_at_hand().map(piece),
                Line::Poll(polled) => polled.mailbox.piece_at_hand(),
            };
            if let Some(event) = self.read(piece?) {
                return Some(event);
            }
        }
        None
    }

    /// Answers an event with one argument, given as JSON text.
    pub fn reply(&mut self, ack: u64, json: &[u8]) {
        self.send(Frame::text_of(&[b"43", ack.to_string().as_bytes(), b"[", json, b"]"]));
    }

    /// Like [`Session::reply`], with a text in parts, which a socket sends without copying them.
    pub fn reply_parts(&mut self, ack: u64, json: &[Bytes]) {
        match &mut self.line {
            Line::Web(socket) => {
                let head = Bytes::from(format!("43{ack}["));
                socket.send_text_parts(once(head).chain(json.iter().cloned()).chain(once(Bytes::from_static(b"]"))));
            }
            Line::Poll(_) => self.reply(ack, &json.concat()),
        }
    }

    /// Sends what [`super::event_frame`] made.
    pub fn send(&mut self, frame: Frame) {
        match &mut self.line {
            Line::Web(socket) => socket.send(frame),
            Line::Poll(polled) => polled.mailbox.send(frame.payload()),
        }
    }

    /// Bytes of memory that what waits for the client takes, about; 0 if nothing waits.
    pub fn queued(&self) -> usize {
        match &self.line {
            Line::Web(socket) => socket.queued(),
            Line::Poll(polled) => polled.mailbox.queued(),
        }
    }

    /// Writes what the client takes at once; for a session that is about to wait for something else.
    pub async fn push(&mut self) {
        if let Line::Web(socket) = &mut self.line {
            socket.push().await;
        }
    }

    /// Ends the session, behind all that was sent. [`Session::event`] then brings it to the end.
    pub fn close(&mut self) {
        self.ended = true;
        match &mut self.line {
            Line::Web(socket) => socket.close(CloseCode::NORMAL, ""),
            Line::Poll(polled) => polled.mailbox.close(),
        }
    }

    /// Like [`Session::event`], for a session that waits for other things, too. What waits for the client goes out meanwhile:
    /// look at [`Session::queued`] after each poll, not once before.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            if self.ended {
                return self.poll_end(cx);
            }
            // First, so that a client that says much is asked, too.
            if self.heart.alarm.as_mut().poll(cx).is_ready() {
                self.beat();
                continue;
            }
            match ready!(self.line.poll_arrived(cx)) {
                Arrived::Piece(piece) => {
                    if let Some(event) = self.read(piece) {
                        return Poll::Ready(Incoming::Event(event));
                    }
                }
                Arrived::Moved(mut socket, waiting) => {
                    waiting.iter().for_each(|packet| socket.send(Frame::text(packet)));
                    self.line = Line::Web(*socket);
                }
                Arrived::Closed => {
                    self.ended = true;
                    return Poll::Ready(Incoming::Closed);
                }
            }
        }
    }

    /// What is still said is not listened to.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if let Line::Web(socket) = &mut self.line {
            while ready!(socket.poll_event(cx)).is_ok() {}
        }
        Poll::Ready(Incoming::Closed)
    }

    /// Asks the client whether it is there, or draws the conclusion from its silence. Who has not asked to be let in by the
    /// first conclusion never will.
    fn beat(&mut self) {
        let heart = &mut self.heart;
        let (away, busy) = match &self.line {
            Line::Poll(polled) => {
                (polled.mailbox.away_since().is_some_and(|since| since.elapsed() > heart.timeout), false)
            }
            // The ping may stand behind what a slow client still takes; whether it takes anything is the connection's concern.
            Line::Web(socket) => (false, socket.queued() > 0),
        };
        let alive = self.joined && (heart.heard || busy);
        if away || heart.asked && !alive {
            return self.close();
        }
        let pause = if heart.asked { heart.interval.saturating_sub(heart.timeout) } else { heart.timeout };
        heart.alarm.as_mut().reset(Instant::now() + pause);
        heart.asked = !heart.asked;
        heart.heard = false;
        if heart.asked {
            self.send(Frame::text(b"2"));
        }
    }

    /// Takes a packet of Engine.IO; what breaks the rules ends the session, as in the reference server.
    fn read(&mut self, piece: Piece) -> Option<Event> {
        self.heart.heard = true;
        let event = match piece {
            Piece::Binary => self.attach(),
            Piece::Text(text) => match text.as_bytes().first() {
                Some(b'4') => self.take(text),
                Some(b'0' | b'3' | b'5' | b'6') => Some(None),
                _ => None,
            },
        };
        if event.is_none() {
            self.close();
        }
        event.flatten()
    }

    /// Takes a packet of Socket.IO. `None` ends the session.
    fn take(&mut self, text: String) -> Option<Option<Event>> {
        if self.incomplete.is_some() {
            return None;
        }
        match Packet::parse(text, 1).ok()? {
            Packet::Connect(namespace) if namespace == "/" => self.let_in(),
            Packet::Connect(namespace) => {
                let refusal = b",{\"message\":\"Invalid namespace\"}";
                self.send(Frame::text_of(&[b"44", namespace.as_bytes(), refusal]));
            }
            Packet::Event(event, missing) if self.joined => return Some(self.complete(Some(event), missing)),
            Packet::Acknowledged(missing) if self.joined => return Some(self.complete(None, missing)),
            Packet::Disconnect | Packet::Event(..) | Packet::Acknowledged(_) => return None,
        }
        Some(None)
    }

    fn let_in(&mut self) {
        self.joined = true;
        let sid = session_id(&self.entropy);
        self.send(Frame::text_of(&[b"40{\"sid\":\"", sid.as_bytes(), b"\"}"]));
    }

    /// Holds back what has attachments to come.
    fn complete(&mut self, event: Option<Event>, missing: usize) -> Option<Event> {
        if missing == 0 {
            return event;
        }
        self.incomplete = Some(Incomplete { event, missing });
        None
    }

    /// An attachment has come. `None`: nobody waits for one.
    fn attach(&mut self) -> Option<Option<Event>> {
        let incomplete = self.incomplete.as_mut()?;
        incomplete.missing -= 1;
        if incomplete.missing > 0 {
            return Some(None);
        }
        self.incomplete.take().map(|complete| complete.event)
    }
}

impl Line {
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Arrived> {
        match self {
            Self::Web(socket) => Poll::Ready(match ready!(socket.poll_event(cx)) {
                Ok(event) => Arrived::Piece(piece(event)),
                Err(_) => Arrived::Closed,
            }),
            Self::Poll(polled) => polled.mailbox.poll_arrived(cx),
        }
    }
}

fn piece(event: websocket::Event) -> Piece {
    match event {
        websocket::Event::Text(text) => Piece::Text(text),
        websocket::Event::Binary(_) => Piece::Binary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_session_is_small() {
        assert!(size_of::<Session>() <= 768, "{} bytes", size_of::<Session>());
    }
}
