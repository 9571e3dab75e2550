//! Clients over WebSocket: one object a message (wire/darkchat.md, section 4).

use super::conversation::{Conversation, Heard, Next};
use super::session::{MEMBER_BYTES_MAX, STRANGER_BYTES_MAX};
use super::{Darkchat, ENCODING};
use crate::websocket::{CloseCode, Event, Frame, Happening, Socket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tidings_engine::{Item, News};
use tokio::time::{Instant, Sleep, sleep_until};

/// After how much silence a client is pinged, so that what stands between keeps the connection, and the kernel notices when
/// nobody is there any more.
const PING_AFTER: Duration = Duration::from_secs(45);

/// Requests that are taken at a time before others get their turn.
const TURN_MAX: usize = 32;

/// Bytes by which a request may be too large to be refused in words; beyond, the socket refuses it.
const WORDS_MAX: usize = 64 * 1024;

/// Bytes that one message of the socket may have before the login.
pub(super) const FIRST_MESSAGE_MAX: usize = STRANGER_BYTES_MAX + WORDS_MAX;

/// Bytes that it may have afterwards.
const MESSAGE_MAX: usize = MEMBER_BYTES_MAX + WORDS_MAX;

/// Talks with one client until it leaves or has to.
pub(super) async fn serve(door: Arc<Darkchat>, socket: Socket) {
    let now = Instant::now();
    let conversation = Conversation::new(Arc::clone(&door), now);
    let login = now + door.settings.load().login_timeout;
    let alarm = Box::pin(sleep_until(login.min(now + PING_AFTER)));
    let mut talk = Talk { conversation, socket, alarm, heard: now, login, late: false, listen_first: false };
    talk.run().await;
}

struct Talk {
    conversation: Conversation,
    socket: Socket,
    alarm: Pin<Box<Sleep>>,
    /// When something was heard last.
    heard: Instant,
    /// When the client must have logged in.
    login: Instant,
    /// Whether a message had begun and not ended when the clock was looked at last.
    late: bool,
    /// Whether messages have waited for requests and are looked at first now.
    listen_first: bool,
}

impl Talk {
    async fn run(&mut self) {
        loop {
            let goes_on = match self.next().await {
                Happening::Event(Ok(event)) => self.hear(event).await,
                Happening::Event(Err(_)) => return,
                Happening::News(Some(news)) => {
                    self.deliver(news);
                    true
                }
                Happening::News(None) => false,
                Happening::Alarm => self.look_at_the_clock(),
            };
            if !goes_on {
                self.socket.close(CloseCode::POLICY, "");
                while self.socket.event().await.is_ok() {}
                return;
            }
        }
    }

    /// Waits for whatever comes. Messages are only asked for when all that waited has left: so they wait where they cost
    /// nothing, an acknowledgement has at most one batch before it, and a client that does not read misses the oldest.
    async fn next(&mut self) -> Happening<Option<News>> {
        let Self { conversation, socket, alarm, listen_first, .. } = self;
        socket.turn(conversation.news(), alarm.as_mut(), listen_first).await
    }

    /// Takes a message, and those that came with it. False if the connection must end.
    async fn hear(&mut self, event: Event) -> bool {
        let mut next = Some(event);
        for _ in 0..TURN_MAX {
            let at_hand = || (self.socket.queued() < MESSAGE_MAX).then(|| self.socket.event_at_hand()).flatten();
            let Some(event) = next.take().or_else(at_hand) else { break };
            let (bytes, now) = (Vec::from(event), Instant::now());
            (self.heard, self.late) = (now, false);
            let socket = &mut self.socket;
            let mut answer = |text: bytes::Bytes| socket.send(Frame::text(&text));
            let heard = self.conversation.hear(Heard::Request(&bytes), now, &mut answer).await;
            if self.conversation.is_member() {
                self.socket.set_limit(MESSAGE_MAX);
            }
            match heard {
                Next::Close => return false,
                Next::Read(pause) if pause.is_zero() => {}
                Next::Read(pause) => {
                    self.socket.push().await;
                    sleep_until(now + pause).await;
                    break;
                }
            }
        }
        self.socket.push().await;
        self.listen_first = true;
        true
    }

    fn deliver(&mut self, news: News) {
        let batch = news.batch;
        batch.items.iter().filter(|item| self.conversation.bears(item)).for_each(|item| self.socket.send(frame(item)));
        if batch.missed > 0 {
            metrics::counter!("tidings_darkchat_dropped_total", "reason" => "slow").increment(batch.missed);
        }
    }

    /// Pings who is silent; false if the login, or a message, took too long.
    fn look_at_the_clock(&mut self) -> bool {
        let now = Instant::now();
        if std::mem::replace(&mut self.late, self.socket.is_unfinished()) && self.late {
            return false;
        }
        if self.heard + PING_AFTER <= now {
            self.socket.send(Frame::ping(b""));
            self.heard = now;
        }
        let wait =
            if self.conversation.is_member() { self.heard + PING_AFTER } else { self.login.min(now + PING_AFTER) };
        self.alarm.as_mut().reset(wait);
        self.conversation.is_member() || now < self.login
    }
}

/// A message as a text frame, whatever it came in; made once for all who get it.
fn frame(item: &Item) -> Frame {
    Frame::ready(
        item.encoded(ENCODING, |envelope| Frame::text(envelope.body.as_deref().unwrap_or_default()).into_bytes()),
    )
}
