//! Where a polling client's requests and its session meet.

use super::MAX_PAYLOAD;
use super::payload::{Payload, Piece, SEPARATOR_BYTES};
use super::query::Refused;
use crate::websocket::Socket;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Bytes of memory that what waits for the client may take, about, above which nothing more of it is read.
const HOLD: usize = 256 * 1024;

/// Bytes reckoned for a packet beside what it says: many small ones take more memory than what they say.
const PACKET_OVERHEAD: usize = 64;

/// How long a poll may wait while the client goes over to WebSocket: it can't go on before its poll is answered.
const UPGRADE_PAUSE: Duration = Duration::from_millis(100);

/// The packets that end a session, and that say nothing.
const CLOSE: &[u8] = b"1";
const NOOP: &[u8] = b"6";

/// What a session gets from its client.
pub(super) enum Arrived {
    /// A packet.
    Piece(Piece),
    /// The client has gone over to WebSocket; so much waited for it.
    Moved(Box<Socket>, VecDeque<Bytes>),
    /// The end.
    Closed,
}

/// Both directions of a polling client.
pub(super) struct Mailbox {
    state: Mutex<State>,
    session: AtomicWaker,
    poll: Notify,
    post: Notify,
}

struct State {
    incoming: Option<Payload>,
    outgoing: VecDeque<Bytes>,
    outgoing_bytes: usize,
    polling: bool,
    posting: bool,
    away_since: Instant,
    upgrade: Upgrade,
    closed: bool,
}

enum Upgrade {
    None,
    /// The probe was answered; `noop` is owed to the poll that waited then.
    Probed {
        noop: bool,
    },
    Ready(Box<Socket>),
    Done,
}

/// A request that is being answered; it counts until it is dropped.
pub(super) struct Busy<'a> {
    mailbox: &'a Mailbox,
    poll: bool,
}

impl Mailbox {
    pub(super) fn new(away_since: Instant) -> Self {
        let state = State {
            incoming: None,
            outgoing: VecDeque::new(),
            outgoing_bytes: 0,
            polling: false,
            posting: false,
            away_since,
            upgrade: Upgrade::None,
            closed: false,
        };
        Self { state: Mutex::new(state), session: AtomicWaker::new(), poll: Notify::new(), post: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session's side: the next thing that the client did. Nothing is read of a client for which too much waits.
    pub(super) fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<Arrived> {
        self.session.register(cx.waker());
        let mut state = self.lock();
        let moving = matches!(state.upgrade, Upgrade::Ready(_));
        if (moving || state.outgoing_bytes < HOLD)
            && let Some(piece) = self.next_piece(&mut state)
        {
            return Poll::Ready(Arrived::Piece(piece));
        }
        if moving && let Upgrade::Ready(socket) = std::mem::replace(&mut state.upgrade, Upgrade::Done) {
            state.outgoing_bytes = 0;
            return Poll::Ready(Arrived::Moved(socket, std::mem::take(&mut state.outgoing)));
        }
        if state.closed { Poll::Ready(Arrived::Closed) } else { Poll::Pending }
    }

    /// A packet that came together with others, without waiting.
    pub(super) fn piece_at_hand(&self) -> Option<Piece> {
        let mut state = self.lock();
        if state.outgoing_bytes < HOLD { self.next_piece(&mut state) } else { None }
    }

    /// A post is answered as soon as its last packet was taken.
    fn next_piece(&self, state: &mut State) -> Option<Piece> {
        let piece = state.incoming.as_mut()?.next();
        if piece.is_none() {
            state.incoming = None;
            self.post.notify_one();
        }
        piece
    }

    /// The session's side: a packet for the client.
    pub(super) fn send(&self, packet: Bytes) {
        let mut state = self.lock();
        if !state.closed {
            state.outgoing_bytes += packet.len() + PACKET_OVERHEAD;
            state.outgoing.push_back(packet);
            self.poll.notify_one();
        }
    }

    /// Bytes of memory that what waits for the client takes, about.
    pub(super) fn queued(&self) -> usize {
        self.lock().outgoing_bytes
    }

    /// Since when no poll waits.
    pub(super) fn away_since(&self) -> Option<Instant> {
        let state = self.lock();
        (!state.polling).then_some(state.away_since)
    }

    /// Either side's end.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.poll.notify_one();
        self.post.notify_one();
        self.session.wake();
    }

    /// The client's side: it is polling, or posting. Two at once end the session, as in the reference server.
    pub(super) fn enter(&self, poll: bool) -> Result<Busy<'_>, Refused> {
        let mut state = self.lock();
        let busy = if poll { state.polling } else { state.posting || state.incoming.is_some() };
        if busy {
            drop(state);
            self.close();
            return Err(Refused::BadRequest);
        }
        if state.closed && !poll {
            return Err(Refused::UnknownSession);
        }
        *(if poll { &mut state.polling } else { &mut state.posting }) = true;
        Ok(Busy { mailbox: self, poll })
    }

    /// An upgrade has got this far: polls are answered at once from now on. False if another one has.
    pub(super) fn probed(&self) -> bool {
        let mut state = self.lock();
        let first = matches!(state.upgrade, Upgrade::None) && !state.closed;
        if first {
            state.upgrade = Upgrade::Probed { noop: true };
            self.poll.notify_one();
        }
        first
    }

    /// The upgrade is done, or (`None`) came to nothing.
    pub(super) fn upgraded(&self, socket: Option<Socket>) {
        self.lock().upgrade = socket.map_or(Upgrade::None, |socket| Upgrade::Ready(Box::new(socket)));
        self.poll.notify_one();
        self.session.wake();
    }
}

impl Busy<'_> {
    /// Waits for packets, and takes them.
    pub(super) async fn packets(&self) -> Vec<u8> {
        loop {
            let pause = match self.packets_now() {
                Ok(packets) => return packets,
                Err(pause) => pause,
            };
            let told = self.mailbox.poll.notified();
            if !pause {
                told.await;
            } else if timeout(UPGRADE_PAUSE, told).await.is_err() {
                return NOOP.to_vec();
            }
        }
    }

    /// Packets, if there are any to give; else whether to wait for a moment only.
    fn packets_now(&self) -> Result<Vec<u8>, bool> {
        let mut state = self.mailbox.lock();
        if matches!(state.upgrade, Upgrade::Ready(_) | Upgrade::Done) {
            // What waits goes over the socket.
            return Ok(NOOP.to_vec());
        }
        let mut packets = take(&mut state);
        if state.closed && state.outgoing.is_empty() {
            separate(&mut packets);
            packets.extend_from_slice(CLOSE);
        }
        if !packets.is_empty() {
            self.mailbox.session.wake();
            return Ok(packets);
        }
        match &mut state.upgrade {
            Upgrade::Probed { noop } => {
                if std::mem::take(noop) {
                    Ok(NOOP.to_vec())
                } else {
                    Err(true)
                }
            }
            _ => Err(false),
        }
    }

    /// Hands a body to the session and waits until it has been read.
    pub(super) async fn deliver(&self, body: String) {
        self.mailbox.lock().incoming = Some(Payload::new(body));
        self.mailbox.session.wake();
        while self.is_under_way() {
            self.mailbox.post.notified().await;
        }
    }

    fn is_under_way(&self) -> bool {
        let state = self.mailbox.lock();
        state.incoming.is_some() && !state.closed
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.mailbox.lock();
        if self.poll {
            state.polling = false;
            state.away_since = Instant::now();
        } else {
            state.posting = false;
        }
    }
}

/// Takes as many packets as one answer holds, at least one if there is any.
fn take(state: &mut State) -> Vec<u8> {
    let mut packets = Vec::new();
    while let Some(packet) = state.outgoing.pop_front() {
        if !packets.is_empty() && packets.len() + packet.len() >= MAX_PAYLOAD {
            state.outgoing.push_front(packet);
            break;
        }
        state.outgoing_bytes = state.outgoing_bytes.saturating_sub(packet.len() + PACKET_OVERHEAD);
        separate(&mut packets);
        packets.extend_from_slice(&packet);
    }
    packets
}

fn separate(packets: &mut Vec<u8>) {
    if !packets.is_empty() {
        packets.extend_from_slice(SEPARATOR_BYTES);
    }
}
