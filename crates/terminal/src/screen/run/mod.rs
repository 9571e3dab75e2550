//! The loop: keys and news in, effects out, and the screen drawn when something has changed.

mod deeds;
mod escapes;
mod guard;
mod keyboard;

use super::app::App;
use super::clock::Clock;
use super::effect::{Arrival, Effect};
use super::options::Options;
use super::picture::Painter;
use crate::driver::Session;

use futures_util::FutureExt as _;
use guard::Guard;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::Event as Key;
use ratatui::crossterm::terminal::window_size;
use ratatui::layout::Rect;
use std::io::{self, Stdout, Write as _, stdout};
use std::time::Duration;
use tokio::time::{Instant, interval, sleep_until};

/// The time between two drawings, unless a key was pressed.
const FRAME: Duration = Duration::from_millis(33);
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(500);
/// News that are taken in before the screen is drawn.
const AT_ONCE: usize = 512;

pub(crate) use deeds::Deeds;

/// Shows the screen until the person or the session ends it.
pub(crate) async fn run(session: Session, options: Options) -> io::Result<()> {
    let guard = Guard::enter(&options)?;
    let mut screen = Screen::new(&session, options)?;
    // What is there is drawn before anything is loaded.
    screen.draw()?;
    let ended = screen.turn(&session, &guard).await;
    screen.end()?;
    drop(guard);
    ended
}

struct Screen {
    app: App,
    terminal: Terminal<CrosstermBackend<Stdout>>,
    painter: Painter,
    title: String,
    dirty: bool,
    next: Instant,
}

impl Screen {
    fn new(session: &Session, options: Options) -> io::Result<Self> {
        let mut painter = Painter::new(options.images);
        measure(&mut painter);
        Ok(Self {
            app: App::new(options, Clock::system(), session.now()),
            terminal: Terminal::new(CrosstermBackend::new(stdout()))?,
            painter,
            title: String::new(),
            dirty: true,
            next: Instant::now(),
        })
    }

    async fn turn(&mut self, session: &Session, guard: &Guard) -> io::Result<()> {
        let mut events = session.events();
        let (deeds, mut arrivals) = Deeds::start(session.clone());
        let mut keys = keyboard::listen()?;
        let mut ending = std::pin::pin!(guard::ended());
        let mut tick = interval(TICK);
        loop {
            for effect in self.app.take_effects() {
                if self.perform(effect, &deeds, guard)? {
                    return Ok(());
                }
            }
            if self.dirty && Instant::now() >= self.next {
                self.draw()?;
                // Drawing may ask for more, such as older messages.
                continue;
            }
            tokio::select! {
                biased;
                () = &mut ending => return Ok(()),
                key = keys.recv() => match key {
                    Some(key) => self.key(key),
                    // The terminal is gone.
                    None => return Ok(()),
                },
                arrival = arrivals.recv() => self.arrive(arrival.unwrap_or(Arrival::Ended)),
                event = events.next() => self.arrive(event.map_or(Arrival::Ended, Arrival::Event)),
                () = sleep_until(self.next), if self.dirty => {}
                _ = tick.tick() => self.dirty |= self.app.tick(session.now()),
            }
            // All that waits is taken in before the screen is drawn once.
            for _ in 0..AT_ONCE {
                let Some(event) = events.next().now_or_never() else { break };
                self.arrive(event.map_or(Arrival::Ended, Arrival::Event));
            }
            for _ in 0..AT_ONCE {
                let Ok(arrival) = arrivals.try_recv() else { break };
                self.arrive(arrival);
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        self.app.arrive(arrival);
        self.dirty = true;
    }

    fn key(&mut self, key: Key) {
        match key {
            Key::Key(key) => self.app.key(key),
            Key::Mouse(mouse) => self.app.mouse(mouse),
            Key::Paste(text) => self.app.paste(&text),
            Key::FocusGained => self.app.attend(true),
            Key::FocusLost => self.app.attend(false),
            Key::Resize(..) => {
                measure(&mut self.painter);
                self.painter.erased();
            }
        }
        self.dirty = true;
        self.next = Instant::now();
    }

    fn draw(&mut self) -> io::Result<()> {
        self.terminal.draw(|frame| self.app.draw(frame))?;
        let placements = self.app.placements();
        if self.painter.must_clear(&placements) {
            self.erase()?;
            self.terminal.draw(|frame| self.app.draw(frame))?;
            self.painter.erased();
        }
        let pictures = self.painter.paint(placements, self.app.pictures());
        let title = self.app.title();
        let mut out = stdout().lock();
        out.write_all(pictures.as_bytes())?;
        if self.app.options.title && title != self.title {
            out.write_all(escapes::title(&title).as_bytes())?;
            self.title = title;
        }
        out.flush()?;
        self.dirty = false;
        self.next = Instant::now() + FRAME;
        Ok(())
    }

    /// Does what the screen asks for. True at the end.
    fn perform(&mut self, effect: Effect, deeds: &Deeds, guard: &Guard) -> io::Result<bool> {
        match effect {
            Effect::Quit => return Ok(true),
            Effect::Suspend => {
                self.end()?;
                guard.suspend()?;
                self.repaint()?;
            }
            Effect::Repaint => self.repaint()?,
            Effect::Copy(text) => self.write(&escapes::copy(&text))?,
            Effect::Notify(text) => self.write(&escapes::notify(self.app.options.notify, &text))?,
            other => deeds.perform(other),
        }
        Ok(false)
    }

    fn repaint(&mut self) -> io::Result<()> {
        self.erase()?;
        self.painter.erased();
        self.title.clear();
        self.draw()
    }

    /// Erases the screen, so that all of it is written anew. `Terminal::clear` would first ask the terminal where its cursor is, and
    /// the answer would come to the thread that reads keys.
    fn erase(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Takes pictures away, before the terminal is given back.
    fn end(&mut self) -> io::Result<()> {
        let text = self.painter.end();
        self.write(&text)
    }
}

/// Asks how many points a cell has.
fn measure(painter: &mut Painter) {
    if let Ok(size) = window_size() {
        painter.set_cell(size.width / size.columns.max(1), size.height / size.rows.max(1));
    }
}
