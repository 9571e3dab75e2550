//! A bar for a transfer, at this process's terminal or at that of the one that asked.

use super::desk::{Desk, Distant};
use super::frames::{self, Kind};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io;
use std::sync::Arc;

/// How a bar looks.
const LOOK: &str = "{msg:24!} {bar:32} {bytes:>10} of {total_bytes} {eta:>5}";

/// Times a second that it is drawn at most.
const OFTEN: u8 = 8;

/// How far something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes.
    done: u64,
    /// Of so many.
    all: u64,
    /// What it is.
    what: String,
}

impl Progress {
    fn frame(&self) -> Vec<u8> {
        [&self.done.to_be_bytes()[..], &self.all.to_be_bytes(), self.what.as_bytes()].concat()
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (done, rest) = body.split_first_chunk()?;
        let (all, what) = rest.split_first_chunk()?;
        let what = String::from_utf8_lossy(what).into_owned();
        Some(Self { done: u64::from_be_bytes(*done), all: u64::from_be_bytes(*all), what })
    }
}

/// A bar, wherever it is seen. It goes away with its end.
pub(crate) enum Bar {
    /// At this process's terminal.
    Here(Drawn),
    /// At another one's.
    There(Arc<Distant>, String),
}

impl Bar {
    pub(super) fn new(what: &str, desk: &Desk) -> Self {
        match desk {
            Desk::Here(_) => Self::Here(Drawn::new(what)),
            Desk::There(distant) => Self::There(Arc::clone(distant), what.to_owned()),
        }
    }

    /// So many bytes of so many.
    pub(crate) fn show(&self, done: u64, all: u64) {
        match self {
            Self::Here(drawn) => drawn.show(done, all),
            Self::There(distant, what) => {
                // Whoever asked may be gone; that is told otherwise.
                let _ = distant.progress(&Progress { done, all, what: what.clone() }.frame());
            }
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Self::There(distant, _) = self {
            let _ = distant.progress(&[]);
        }
    }
}

impl Distant {
    fn progress(&self, body: &[u8]) -> io::Result<()> {
        frames::write(&mut *self.way(), Kind::Progress, body)
    }
}

/// A bar at this process's terminal.
pub(crate) struct Drawn(ProgressBar);

impl Drawn {
    fn new(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(OFTEN));
        bar.set_style(ProgressStyle::with_template(LOOK).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what.to_owned());
        Self(bar)
    }

    fn show(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The bar of what another process does for this one.
#[derive(Default)]
pub(super) struct Shown(Option<(String, Drawn)>);

impl Shown {
    /// Takes what the other process says of it; nothing ends it.
    pub(super) fn take(&mut self, body: &[u8]) {
        let Some(progress) = Progress::read(body) else { return self.0 = None };
        let known = self.0.take().filter(|(what, _)| *what == progress.what);
        let (what, drawn) = known.unwrap_or_else(|| (progress.what.clone(), Drawn::new(&progress.what)));
        drawn.show(progress.done, progress.all);
        self.0 = Some((what, drawn));
    }

    /// Does something with the terminal while no bar is on it.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some((_, drawn)) => drawn.0.suspend(work),
            None => work(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::desk::Seat;
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::sync::Mutex;

    #[test]
    fn who_asked_sees_how_far_it_is() {
        let (way, mut asker) = UnixStream::pair().unwrap();
        let (_, heard) = std::sync::mpsc::sync_channel(1);
        let distant = Distant { seat: Seat::here(true), way: Mutex::new(way), heard: Mutex::new(heard) };
        let bar = Bar::new("photo.jpg", &Desk::There(Arc::new(distant)));
        bar.show(5, 10);
        drop(bar);
        let mut shown = Shown::default();
        for expected in [Some((5, 10)), None] {
            let Ok(Some((Kind::Progress, body))) = frames::read(&mut asker) else { panic!("no progress") };
            shown.take(&body);
            let position = shown.0.as_ref().map(|(_, drawn)| (drawn.0.position(), drawn.0.length().unwrap()));
            assert_eq!(position, expected);
        }
        shown.take(b"short");
        assert!(shown.0.is_none());
    }
}
