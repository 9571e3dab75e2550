//! A socket, driven by the one task of its session.

use super::frame::{CloseCode, Frame};
use super::queue::Queue;
use super::reader::{Fault, Piece, Reader};
use crate::http::{Connection, Presence};
use bytes::{Buf, Bytes};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes that one read takes at most, onto the stack.
const READ_MAX: usize = 16 * 1024;

/// Bytes of memory that what waits may take, about, above which nothing more is read: a client that asks without reading answers is slowed.
const HOLD: usize = 256 * 1024;

/// How long the end may take that the node or a fault brings about, and how long to wait for the peer's side of it.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// How long what waits may take to leave when a session closes its socket.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// A message from the client.
#[derive(PartialEq, Eq)]
pub enum Event {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl From<Event> for Vec<u8> {
    fn from(event: Event) -> Self {
        match event {
            Event::Text(text) => text.into_bytes(),
            Event::Binary(bytes) => bytes,
        }
    }
}

/// Why a socket has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SocketError {
    /// One side closed it in the regular way; with the peer's code.
    #[error("closed")]
    Closed(Option<CloseCode>),
    /// The node ends.
    #[error("the node ends")]
    NodeEnds,
    /// The peer did something wrong and was told so.
    #[error("the peer {0}")]
    Fault(#[from] Fault),
    /// The connection broke, or the peer read nothing for too long (`TimedOut`).
    #[error("connection: {0}")]
    Connection(io::ErrorKind),
}

/// The server's side of a WebSocket. While nothing is under way it owns no buffer.
pub struct Socket<T = Connection> {
    io: T,
    reader: Reader,
    /// Bytes that were read together with the last message.
    rest: Bytes,
    queue: Queue,
    presence: Option<Presence>,
    ending: Option<Ending>,
    heard: bool,
}

/// A socket that is being closed.
struct Ending {
    outcome: SocketError,
    step: Step,
    alarm: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// What waits goes out.
    Flush,
    /// This side is closed.
    Shutdown,
    /// The peer's side is awaited; closing while its bytes are unread would tear the close frame away from it.
    Linger,
    Done,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket<T> {
    /// A socket over a stream on which the handshake is done, of which `ahead` was read already.
    pub fn new(io: T, ahead: &[u8], limit: usize, presence: Option<Presence>) -> Self {
        let rest = Bytes::copy_from_slice(ahead);
        Self { io, reader: Reader::new(limit), rest, queue: Queue::default(), presence, ending: None, heard: true }
    }

    /// The next message. While it waits, what was sent goes out; pings are answered, and the end of the node is heard. May be
    /// dropped and asked again without loss. An error is the end; by then the peer has been told. If much waits to be
    /// written, nothing is read until it has gone.
    pub async fn event(&mut self) -> Result<Event, SocketError> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// A message that was read together with the one before it. Waits for nothing and reads nothing.
    pub fn event_at_hand(&mut self) -> Option<Event> {
        if self.ending.is_some() { None } else { self.next_of_rest() }
    }

    /// Queues a frame; it goes out with the next [`Socket::event`].
    pub fn send(&mut self, frame: Frame) {
        if self.ending.is_none() {
            self.queue.push(frame);
        }
    }

    /// Queues a text message of many parts without copying them. All of them together must be UTF-8; that is the caller's
    /// word.
    pub fn send_text_parts(&mut self, parts: impl IntoIterator<Item = Bytes, IntoIter: Clone>) {
        let parts = parts.into_iter();
        if self.ending.is_none() {
            self.queue.push_part(Frame::text_head(parts.clone().map(|part| part.len()).sum()));
            parts.for_each(|part| self.queue.push_part(part));
        }
    }

    /// Bytes of memory that what waits to be written takes, about; 0 if nothing waits.
    pub fn queued(&self) -> usize {
        self.queue.taken()
    }

    /// Takes messages of up to `limit` bytes from the next frame on.
    pub fn set_limit(&mut self, limit: usize) {
        self.reader.set_limit(limit);
    }

    /// Whether anything came since this was asked last, be it only the answer to a ping.
    pub fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Whether the client has begun a message that has not ended.
    pub fn is_unfinished(&self) -> bool {
        self.reader.is_unfinished()
    }

    /// Writes what waits as far as the peer takes it at once; for a session that is about to wait for something else.
    pub async fn push(&mut self) {
        poll_fn(|cx| {
            // Whatever fails here fails again in `event`, which tells it.
            let _ = self.queue.poll_write(&mut self.io, cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Says that this side is done, behind all that waits. [`Socket::event`] then brings it to the end.
    pub fn close(&mut self, code: CloseCode, reason: &str) {
        self.end(Frame::close(code, reason), SocketError::Closed(None), CLOSE_MAX);
    }

    /// Like [`Socket::event`], for a session that waits for other things, too. What waits for the client goes out meanwhile:
    /// look at [`Socket::queued`] after each poll, not once before.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, SocketError>> {
        loop {
            if self.ending.is_some() {
                return self.poll_end(cx).map(Err);
            }
            if self.queue.taken() < HOLD
                && let Some(event) = self.next_of_rest()
            {
                return Poll::Ready(Ok(event));
            }
            if self.ending.is_some() {
                continue;
            }
            let written = self.queue.poll_write(&mut self.io, cx);
            if let Poll::Ready(Err(error)) = &written {
                return Poll::Ready(Err(self.broken(error)));
            }
            if self.presence.as_mut().is_some_and(|presence| presence.poll_ending(cx)) {
                self.end(Frame::close(CloseCode::GOING_AWAY, ""), SocketError::NodeEnds, FAREWELL_MAX);
                continue;
            }
            if self.queue.taken() >= HOLD {
                return Poll::Pending;
            }
            if self.rest.is_empty()
                && let Some(event) = ready!(self.poll_read(cx))?
            {
                return Poll::Ready(Ok(event));
            }
        }
    }

    /// Reads onto the stack and keeps what a first message leaves over.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, SocketError>> {
        let mut room = [const { MaybeUninit::<u8>::uninit() }; READ_MAX];
        let mut read = ReadBuf::uninit(&mut room);
        if let Err(error) = ready!(Pin::new(&mut self.io).poll_read(cx, &mut read)) {
            return Poll::Ready(Err(self.broken(&error)));
        }
        let mut input = read.filled();
        if input.is_empty() {
            return Poll::Ready(Err(self.broken(&io::ErrorKind::UnexpectedEof.into())));
        }
        self.heard = true;
        let event = self.digest(&mut input);
        if !input.is_empty() {
            self.rest = Bytes::copy_from_slice(input);
        }
        let held = self.reader.held();
        if self.presence.as_mut().is_some_and(|presence| !presence.holds(held)) {
            let fault = Fault::TooLarge;
            self.end(Frame::close(fault.code(), "too much is under way"), SocketError::Fault(fault), FAREWELL_MAX);
        }
        Poll::Ready(Ok(event))
    }

    fn next_of_rest(&mut self) -> Option<Event> {
        if self.rest.is_empty() {
            return None;
        }
        let mut rest = std::mem::take(&mut self.rest);
        let mut input = &rest[..];
        let event = self.digest(&mut input);
        let left = input.len();
        rest.advance(rest.len() - left);
        if left > 0 {
            self.rest = rest;
        }
        event
    }

    /// Takes messages from what was read; answers what needs no session. After a close or a fault, nothing is left.
    fn digest(&mut self, input: &mut &[u8]) -> Option<Event> {
        while self.ending.is_none() {
            match self.reader.next(input) {
                Ok(Some(Piece::Text(text))) => return Some(Event::Text(text)),
                Ok(Some(Piece::Binary(bytes))) => return Some(Event::Binary(bytes)),
                Ok(Some(Piece::Ping(payload))) => self.queue.push(Frame::pong(&payload)),
                Ok(Some(Piece::Pong)) => {}
                Ok(Some(Piece::Close(code))) => {
                    let answer = code.map_or_else(Frame::close_without_code, |code| Frame::close(code, ""));
                    self.end(answer, SocketError::Closed(code), FAREWELL_MAX);
                }
                Ok(None) => return None,
                Err(fault) => self.end(Frame::close(fault.code(), ""), SocketError::Fault(fault), FAREWELL_MAX),
            }
        }
        *input = &[];
        None
    }

    fn end(&mut self, farewell: Frame, outcome: SocketError, limit: Duration) {
        if self.ending.is_none() {
            self.queue.push(farewell);
            self.ending = Some(Ending { outcome, step: Step::Flush, alarm: Box::pin(sleep(limit)) });
        }
    }

    /// Nothing more can be done on this connection.
    fn broken(&mut self, error: &io::Error) -> SocketError {
        let outcome = SocketError::Connection(error.kind());
        self.ending = Some(Ending { outcome, step: Step::Done, alarm: Box::pin(sleep(Duration::ZERO)) });
        outcome
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<SocketError> {
        let Some(ending) = &mut self.ending else { return Poll::Pending };
        while ending.step != Step::Done {
            if ending.alarm.as_mut().poll(cx).is_ready() {
                ending.step = Step::Done;
                break;
            }
            let (outcome, next) = match ending.step {
                Step::Flush => (ready!(self.queue.poll_write(&mut self.io, cx)), Step::Shutdown),
                Step::Shutdown => (ready!(Pin::new(&mut self.io).poll_shutdown(cx)), Step::Linger),
                Step::Linger | Step::Done => (ready!(poll_discard(&mut self.io, cx)), Step::Done),
            };
            if ending.step == Step::Flush {
                ending.alarm.set(sleep(FAREWELL_MAX));
            }
            ending.step = if outcome.is_ok() { next } else { Step::Done };
        }
        Poll::Ready(ending.outcome)
    }
}

/// Reads and forgets until the peer's end.
fn poll_discard<T: AsyncRead + Unpin>(io: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    let mut room = [const { MaybeUninit::<u8>::uninit() }; READ_MAX];
    loop {
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *io).poll_read(cx, &mut read))?;
        if read.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
    }
}

#[cfg(test)]
mod tests;
