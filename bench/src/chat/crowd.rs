//! Many connections behind one `epoll`, edge-triggered, on one thread.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::entrance::Step;
use super::line::Line;
use super::timer::Timer;
use crate::clock;
use crate::error::{Error, Result};

/// How many bytes are read at once: whatever a busy line has, in one piece if it may be.
const BUFFER: usize = 512 * 1024;
/// How many connections are on their way in at once.
const AT_ONCE: usize = 128;
/// How long nothing may happen while connections are on their way in.
const PATIENCE: Duration = Duration::from_secs(20);
/// The token of the timer; lines have the numbers below.
const TIMER: Token = Token(usize::MAX);
/// Sockets that are no lines have tokens from here on.
const OTHERS: usize = 1 << 32;
/// How many lines are served before the clock is looked at again.
const EVENTS: usize = 256;

/// What happens on the lines is told to one of these.
pub(crate) trait Listener {
    /// A line may send from now on.
    fn opened(&mut self, _place: usize, _line: &mut Line) {}
    /// A frame came, and the read that brought it ended at `now`.
    fn frame(&mut self, place: usize, payload: &[u8], now: Instant);
    /// All frames of one read were told.
    fn after(&mut self, _place: usize, _line: &mut Line, _now: Instant) {}
    /// The timer rang.
    fn tick(&mut self, _lines: &mut [Line], _now: Instant) {}
    /// Something happened at a socket that is no line, registered by [`Crowd::watch`] under this number.
    fn other(&mut self, _place: usize) {}
    /// A line is gone, and why.
    fn lost(&mut self, place: usize, why: String);
}

/// How one client comes in.
pub(crate) trait Enter {
    /// The path to upgrade.
    fn path(&self) -> &'static str;
    /// What the client says as soon as the connection is upgraded.
    fn opened(&self) -> Option<Vec<u8>> {
        None
    }
    /// Takes what the server says. `Err` with its words if they are none that let the client in.
    fn frame(&mut self, payload: &[u8]) -> std::result::Result<Step, String>;
}

/// Connections that are all ready to talk.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    lines: Vec<Line>,
    buffer: Vec<u8>,
    timer: Option<Timer>,
}

impl Crowd {
    /// An empty one.
    pub(crate) fn new() -> Result<Self> {
        let poll = Poll::new().map_err(Error::io("epoll"))?;
        let (events, buffer) = (Events::with_capacity(EVENTS), vec![0; BUFFER]);
        Ok(Self { poll, events, lines: Vec::new(), buffer, timer: None })
    }

    /// Connects further ones and lets them in, through handshake, login and join as their door asks.
    pub(crate) fn enter<E: Enter>(&mut self, target: SocketAddr, entrances: Vec<E>) -> Result<()> {
        let first = self.lines.len();
        let count = entrances.len();
        let mut entering = Entering { first, entrances, reply: Vec::new(), ready: 0, failed: None };
        let mut last_progress = (0, clock::now());
        while entering.ready < count {
            while self.lines.len() < first + count.min(entering.ready + AT_ONCE) {
                let path = entering.path(self.lines.len());
                self.open(target, path)?;
            }
            self.turn(Duration::from_millis(100), &mut entering)?;
            if let Some(why) = entering.failed {
                return Err(Error::Unusable(format!("client {} could not enter: {why}", entering.ready)));
            }
            if entering.ready > last_progress.0 {
                last_progress = (entering.ready, clock::now());
            } else if last_progress.1 + PATIENCE < clock::now() {
                return Err(Error::Unusable(format!("only {} of {count} clients could enter", entering.ready)));
            }
        }
        Ok(())
    }

    /// Connects one more, without leading it in.
    pub(crate) fn open(&mut self, target: SocketAddr, path: &str) -> Result<()> {
        let mut line = Line::open(target, path)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(self.lines.len());
        self.poll.registry().register(&mut line.socket, token, interest).map_err(Error::io("epoll"))?;
        self.lines.push(line);
        Ok(())
    }

    /// Lets the timer ring so often from now on.
    pub(crate) fn ring_every(&mut self, time: Duration) -> Result<()> {
        let timer = Timer::every(time)?;
        timer.register(self.poll.registry(), TIMER)?;
        self.timer = Some(timer);
        Ok(())
    }

    /// Watches another kind of socket, told by [`Listener::other`] whenever there is something to read or room to write.
    pub(crate) fn watch(&self, socket: &mut impl mio::event::Source, place: usize) -> Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(socket, Token(OTHERS + place), interest).map_err(Error::io("epoll"))
    }

    /// All lines, in the order in which they entered.
    pub(crate) fn lines(&mut self) -> &mut [Line] {
        &mut self.lines
    }

    /// Waits for something to happen and tells it.
    pub(crate) fn turn(&mut self, wait: Duration, listener: &mut impl Listener) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            polled => polled.map_err(Error::io("epoll"))?,
        }
        for event in &self.events {
            let place = event.token();
            if place == TIMER {
                self.timer.as_ref().map_or(Ok(()), Timer::quiet)?;
                listener.tick(&mut self.lines, clock::now());
                continue;
            }
            if let Some(other) = place.0.checked_sub(OTHERS) {
                listener.other(other);
                continue;
            }
            let Some(line) = self.lines.get_mut(place.0).filter(|line| !line.is_lost) else { continue };
            if let Err(why) = line.serve(place.0, &mut self.buffer, listener) {
                line.is_lost = true;
                listener.lost(place.0, why);
            }
        }
        Ok(())
    }
}

/// Leads clients in.
struct Entering<E> {
    first: usize,
    entrances: Vec<E>,
    reply: Vec<u8>,
    ready: usize,
    failed: Option<String>,
}

impl<E: Enter> Entering<E> {
    fn path(&self, place: usize) -> &'static str {
        self.entrances.get(place - self.first).map_or("/", Enter::path)
    }

    fn entrance(&mut self, place: usize) -> Option<&mut E> {
        self.entrances.get_mut(place.checked_sub(self.first)?)
    }
}

impl<E: Enter> Listener for Entering<E> {
    fn opened(&mut self, place: usize, line: &mut Line) {
        if let Some(greeting) = self.entrance(place).and_then(|entrance| entrance.opened()) {
            line.send(&greeting);
        }
    }

    fn frame(&mut self, place: usize, payload: &[u8], _now: Instant) {
        let Some(entrance) = self.entrance(place) else { return };
        match entrance.frame(payload) {
            Ok(Step::Say(reply)) => self.reply.extend(reply),
            Ok(Step::Ready) => self.ready += 1,
            Ok(Step::Wait) => {}
            Err(why) => self.failed = Some(why),
        }
    }

    fn after(&mut self, _place: usize, line: &mut Line, _now: Instant) {
        if !self.reply.is_empty() {
            line.send(&self.reply);
            self.reply.clear();
        }
    }

    fn lost(&mut self, _place: usize, why: String) {
        self.failed = Some(why);
    }
}
