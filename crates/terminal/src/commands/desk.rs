//! Where whoever asked sits: at the standard streams of this process, or of another one that handed its command over.

use super::asking;
use super::frames::{self, Kind, PIECE};
use super::outcome::Failure;
use serde::{Deserialize, Serialize};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// What is known of the streams of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// Where relative paths begin; empty for this process's own.
    pub(super) folder: PathBuf,
    /// Whether standard input is a terminal.
    pub(super) typed: bool,
    /// Whether standard error is one.
    pub(super) watched: bool,
    /// Whether colours are wanted.
    pub(super) colours: bool,
}

impl Seat {
    /// That of this process. `plain`: whether `NO_COLOR` is set (no-color.org).
    pub(super) fn here(plain: bool) -> Self {
        let watched = io::stderr().is_terminal();
        Self { folder: PathBuf::new(), typed: io::stdin().is_terminal(), watched, colours: watched && !plain }
    }
}

/// Cancelled when the person pressed Ctrl-C.
static INTERRUPTED: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

/// From now on Ctrl-C does not end the process, but is told to who waits for it. It is heard from the beginning of a command on, so
/// that none is lost between two waits.
pub(super) fn mind_interrupts() {
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            INTERRUPTED.cancel();
        }
    });
}

/// Streams, and whom to ask.
#[derive(Clone)]
pub(crate) enum Desk {
    /// Those of this process.
    Here(Seat),
    /// Those of another one.
    There(Arc<Distant>),
}

/// The streams of a process that handed its command over.
pub(crate) struct Distant {
    pub(super) seat: Seat,
    pub(super) way: Mutex<UnixStream>,
    /// What comes from there; closed when that process is gone.
    pub(super) heard: Mutex<Receiver<(Kind, Vec<u8>)>>,
}

impl Desk {
    pub(super) fn seat(&self) -> &Seat {
        match self {
            Self::Here(seat) => seat,
            Self::There(distant) => &distant.seat,
        }
    }

    /// Whether there is somebody to ask.
    pub(crate) fn can_ask(&self) -> bool {
        self.seat().typed && self.seat().watched
    }

    /// A path as it was meant there.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.seat().folder.join(path)
    }

    /// Writes to standard output.
    pub(super) fn out(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Here(_) => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            }
            Self::There(distant) => distant.say(Kind::Out, text),
        }
    }

    /// Writes to standard error.
    pub(super) fn error(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Here(_) => {
                let mut stderr = io::stderr().lock();
                stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush())
            }
            Self::There(distant) => distant.say(Kind::Error, text),
        }
    }

    /// Asks for a line.
    pub(super) fn line(&self, question: &str) -> Result<String, Failure> {
        match self {
            Self::Here(_) => asking::line_here(question),
            Self::There(distant) => distant.ask(Kind::Line, question).map(|answer| answer.to_string()),
        }
    }

    /// Asks for something that is not shown while it is typed.
    pub(super) fn secret(&self, question: &str) -> Result<Zeroizing<String>, Failure> {
        match self {
            Self::Here(_) => asking::secret_here(question),
            Self::There(distant) => distant.ask(Kind::Secret, question),
        }
    }

    /// What comes on standard input, so many bytes at most.
    pub(crate) fn input(&self, limit: u64) -> io::Result<Vec<u8>> {
        match self {
            Self::Here(_) => {
                let mut bytes = Vec::new();
                io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Self::There(distant) => distant.read(limit),
        }
    }

    /// Waits until the person at this process wants it to end, as [`mind_interrupts`] hears; for ever if another process asked, which
    /// then just goes.
    pub(super) async fn interrupted(&self) {
        match self {
            Self::Here(_) => INTERRUPTED.cancelled().await,
            Self::There(_) => std::future::pending().await,
        }
    }
}

impl Distant {
    pub(super) fn way(&self) -> MutexGuard<'_, UnixStream> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, kind: Kind, text: &str) -> io::Result<()> {
        let mut way = self.way();
        text.as_bytes().chunks(PIECE).try_for_each(|piece| frames::write(&mut *way, kind, piece))
    }

    fn hear(&self) -> io::Result<(Kind, Vec<u8>)> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.recv().map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn ask(&self, kind: Kind, question: &str) -> Result<Zeroizing<String>, Failure> {
        frames::write(&mut *self.way(), kind, question.as_bytes())?;
        let (kind, body) = self.hear()?;
        let text = Zeroizing::new(String::from_utf8_lossy(&body).into_owned());
        if kind == Kind::Answer { Ok(text) } else { Err(Failure::Failed(text.to_string())) }
    }

    fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        frames::write(&mut *self.way(), Kind::Read, &limit.to_be_bytes())?;
        let mut bytes = Vec::new();
        loop {
            match self.hear()? {
                (Kind::Input, piece) if piece.is_empty() => return Ok(bytes),
                (Kind::Input, piece) => bytes.extend(piece),
                _ => return Err(io::Error::other("standard input can't be read")),
            }
            if bytes.len() as u64 > limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
    }
}
