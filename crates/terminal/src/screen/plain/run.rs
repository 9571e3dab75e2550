//! Reads lines, writes lines.

use super::{Plain, Undone};
use crate::driver::Session;
use crate::screen::clock::Clock;
use crate::screen::effect::{Arrival, Effect};
use crate::screen::options::Options;
use crate::screen::run::Deeds;
use crate::show;
use std::collections::VecDeque;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout_at};

/// Lines that wait to be done.
const WAITING: usize = 64;
/// Bytes of one line.
const MAX_LINE: u64 = 64 * 1024;
/// How often is looked whether all is sent.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the line mode until its input or the session ends, or the person ends it. Gives the first that was not done.
pub(crate) async fn run(session: Session, options: Options) -> io::Result<Option<Undone>> {
    let end = options.patience;
    let plain = Plain::new(options, Clock::system(), session.now());
    let mut lines = Lines { plain, under_way: 0, waiting: VecDeque::new(), asked: false };
    let finished = lines.turn(&session).await?;
    // Whoever asked for nothing waits for nothing.
    if finished && lines.asked {
        all_sent(&session, end).await?;
    }
    Ok(lines.plain.undone())
}

struct Lines {
    plain: Plain,
    /// Effects whose outcome is not here yet.
    under_way: usize,
    waiting: VecDeque<String>,
    /// Whether anything was asked of the client.
    asked: bool,
}

impl Lines {
    /// True if the input has ended, false if the person or the session ended it.
    async fn turn(&mut self, session: &Session) -> io::Result<bool> {
        let mut events = session.events();
        let (deeds, mut arrivals) = Deeds::start(session.clone());
        let mut input = listen()?;
        let mut open = true;
        loop {
            self.plain.tick(session.now());
            for effect in self.plain.take_effects() {
                if matches!(effect, Effect::Quit) {
                    self.write()?;
                    return Ok(false);
                }
                self.perform(effect, &deeds);
            }
            self.write()?;
            if self.plain.has_ended() {
                return Ok(false);
            }
            let idle = self.under_way == 0 && self.plain.is_ready();
            // A line is done when what the line before asked for has come to its end and is known here, so that scripts do what they
            // say.
            if idle && let Some(line) = self.waiting.pop_front() {
                self.plain.line(&line);
                continue;
            }
            if idle && !open {
                return Ok(true);
            }
            tokio::select! {
                line = input.recv(), if open && self.waiting.len() < WAITING => match line {
                    Some(line) => self.waiting.push_back(line),
                    None => open = false,
                },
                arrival = arrivals.recv() => {
                    self.under_way = self.under_way.saturating_sub(1);
                    self.plain.lines_wait(!self.waiting.is_empty());
                    self.plain.arrive(arrival.unwrap_or(Arrival::Ended));
                }
                event = events.next() => self.plain.arrive(event.map_or(Arrival::Ended, Arrival::Event)),
            }
        }
    }

    fn perform(&mut self, effect: Effect, deeds: &Deeds) {
        match effect {
            // These have no outcome; links are for the person to copy.
            Effect::Copy(_)
            | Effect::Browse(_)
            | Effect::Notify(_)
            | Effect::Suspend
            | Effect::Repaint
            | Effect::Quit => {}
            effect => {
                self.under_way += 1;
                self.asked |= matches!(effect, Effect::Command(..) | Effect::Attach { .. });
                deeds.perform(effect);
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for line in self.plain.take_lines() {
            writeln!(out, "{line}")?;
        }
        out.flush()
    }
}

/// What is said if it was not.
const UNSENT: &str = "not all has been sent; it is kept here and goes out with the next command";

/// Waits until all is sent that waits for it, and says so if a node can't be reached. Fails as timed out if that takes too long.
async fn all_sent(session: &Session, patience: Duration) -> io::Result<()> {
    let end = Instant::now() + patience;
    let mut look = interval(LOOK);
    let mut told = false;
    while session.busy().await {
        if timeout_at(end, look.tick()).await.is_err() || Instant::now() >= end {
            return Err(io::Error::new(io::ErrorKind::TimedOut, UNSENT));
        }
        if let (Some(node), false) = (session.unreachable().first(), told) {
            told = true;
            say(&format!("{node} can't be reached. Trying on for {}.", show::span(patience.as_secs().max(1))))?;
        }
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

/// Reads lines on a thread of its own: reading blocks.
fn listen() -> io::Result<mpsc::Receiver<String>> {
    let (way, lines) = mpsc::channel(WAITING);
    let read = move || {
        let mut input = io::stdin().lock();
        loop {
            let mut bytes = Vec::new();
            match input.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if way.blocking_send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("tidings-lines".to_owned()).spawn(read)?;
    Ok(lines)
}
