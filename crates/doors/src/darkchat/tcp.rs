//! Clients over plain TCP: objects without framing in, paced messages out (wire/darkchat.md, section 3).

use super::Darkchat;
use super::conversation::{Conversation, Heard, Next};
use super::outbox::{Out, Outbox};
use super::pace::{Pace, write_all};
use super::scanner::{Found, Scanner};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tidings_engine::News;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

/// Bytes that one read takes: as much as the real server's.
const READ_MAX: usize = 64 * 1024;

/// How long the last answers may take to go out.
const FAREWELL_MAX: Duration = Duration::from_secs(5);

/// Talks with one client until it leaves or has to.
pub(super) async fn serve(door: Arc<Darkchat>, stream: TcpStream) {
    let settings = door.settings.load();
    let pace = Pace { gap: settings.pace, stall: settings.stall_timeout, whole_only: false };
    let outbox = Outbox::new(settings.queue);
    drop(settings);
    let mut writing = std::pin::pin!(write_all(&stream, &outbox, pace));
    tokio::select! {
        // It took nothing for too long, or is gone.
        _ = &mut writing => {}
        politely = Talk::new(door, &stream, &outbox).run() => {
            outbox.close();
            if politely {
                let _ = timeout(FAREWELL_MAX, writing).await;
            }
        }
    }
}

/// The reading half, with what it has read and not yet looked at.
struct Talk<'a> {
    door: Arc<Darkchat>,
    stream: &'a TcpStream,
    outbox: &'a Outbox,
    conversation: Conversation,
    scanner: Scanner,
    read: Vec<u8>,
    /// How much of what was read is done.
    done: usize,
    /// Until when nothing is read.
    pause: Instant,
    /// When the client must have logged in.
    login: Instant,
    /// When the object under way must have ended.
    object: Option<Instant>,
}

/// What a client waits for.
enum Event {
    Read,
    News(Option<News>),
    Resume,
    Late,
}

impl<'a> Talk<'a> {
    fn new(door: Arc<Darkchat>, stream: &'a TcpStream, outbox: &'a Outbox) -> Self {
        let now = Instant::now();
        let login = now + door.settings.load().login_timeout;
        let conversation = Conversation::new(Arc::clone(&door), now);
        let (scanner, read) = (Scanner::default(), Vec::new());
        Self { door, stream, outbox, conversation, scanner, read, done: 0, pause: now, login, object: None }
    }

    /// Runs until the client leaves. True if it is still there to be told the last answers.
    async fn run(mut self) -> bool {
        loop {
            if self.pause <= Instant::now() && self.done < self.read.len() && self.outbox.has_room() {
                if !self.look().await {
                    return true;
                }
                continue;
            }
            match self.event().await {
                Event::Read => match self.fill() {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return false,
                },
                Event::News(Some(news)) => self.deliver(news),
                Event::News(None) => return false,
                Event::Resume => {}
                Event::Late => {
                    self.say(Heard::Endless).await;
                    return true;
                }
            }
        }
    }

    async fn event(&mut self) -> Event {
        let deadline = if self.conversation.is_member() { None } else { Some(self.login) };
        let deadline = self.object.into_iter().chain(deadline).min();
        let unread = self.done < self.read.len();
        let paused = self.pause > Instant::now();
        // Answers that have no room are waited for by looking again.
        let resume = if paused { self.pause } else { Instant::now() + Duration::from_millis(20) };
        tokio::select! {
            news = self.conversation.news() => Event::News(news),
            _ = self.stream.readable(), if !unread && !paused => Event::Read,
            () = sleep_until(resume), if paused || unread => Event::Resume,
            () = sleep_until(deadline.unwrap_or(resume)), if deadline.is_some() => Event::Late,
        }
    }

    /// Reads what is there; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut read = Vec::with_capacity(READ_MAX);
        match self.stream.try_read_buf(&mut read) {
            Ok(0) => Ok(false),
            Ok(_) => {
                (self.read, self.done) = (read, 0);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes the next object out of what was read. False if the connection must end.
    async fn look(&mut self) -> bool {
        let read = std::mem::take(&mut self.read);
        let mut rest = read.get(self.done..).unwrap_or_default();
        let found = self.scanner.next(&mut rest, self.conversation.bytes_max());
        let left = rest.len();
        let goes_on = match found {
            None => true,
            Some(Found::Object(object)) => self.say(Heard::Request(&object)).await,
            Some(Found::Garbage(bytes)) => self.say(Heard::Garbage(bytes)).await,
            Some(Found::TooLarge) => self.say(Heard::Endless).await,
        };
        self.done = read.len().saturating_sub(left);
        // Nothing is kept of a read that is done, so that idle connections stay small.
        self.read = if left == 0 { Vec::new() } else { read };
        if left == 0 {
            self.done = 0;
        }
        self.object = match self.object {
            _ if !self.scanner.is_unfinished() => None,
            None => Some(Instant::now() + self.door.settings.load().object_timeout),
            begun => begun,
        };
        goes_on
    }

    async fn say(&mut self, heard: Heard<'_>) -> bool {
        let (now, outbox) = (Instant::now(), self.outbox);
        match self.conversation.hear(heard, now, &mut |answer| outbox.answer(answer)).await {
            Next::Read(pause) => {
                self.pause = now + pause;
                true
            }
            Next::Close => false,
        }
    }

    fn deliver(&self, news: News) {
        let mut lost = news.batch.missed;
        for item in news.batch.items {
            if self.conversation.bears(&item) {
                lost += self.outbox.push(Out::Body(item));
            }
        }
        if lost > 0 {
            metrics::counter!("tidings_darkchat_dropped_total", "reason" => "slow").increment(lost);
        }
    }
}
