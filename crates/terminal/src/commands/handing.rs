//! Handing a command over to the process that has the profile open, and bringing back what it says.

use super::bar::Shown;
use super::desk::{Desk, Seat};
use super::errand::Errand;
use super::frames::{self, Kind, PIECE};
use super::outcome::Failure;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What is handed over.
#[derive(Serialize, Deserialize)]
pub(super) struct Handed<E> {
    /// Of which version the asking program is: only the same one reads what follows.
    pub(super) version: String,
    pub(super) seat: Seat,
    pub(super) errand: E,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nobody has the profile open for long.
    Nobody,
    /// It was done, with this exit code; all has been said.
    Done(u8),
    /// The other process ended before it was done.
    Left,
}

/// The version that both sides must be of.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A way to the process that has the profile open, if there is one that does things for others. Fails if it is not of the user `own`:
/// what was typed, and what comes on standard input, is for nobody else.
pub(super) async fn reach(place: &Place, own: u32) -> Result<Option<UnixStream>, Failure> {
    let Ok(path) = super::serving::short(&place.socket()) else { return Ok(None) };
    let Ok(stream) = tokio::net::UnixStream::connect(path.path()).await else { return Ok(None) };
    if stream.peer_cred()?.uid() != own {
        return Err(Failure::Refused(format!(
            "another user has {} open: nothing is handed over to them",
            place.folder().display()
        )));
    }
    let way = stream.into_std()?;
    way.set_nonblocking(false)?;
    Ok(Some(way))
}

/// Has it done by the process at the other end. Blocks until it is done.
pub(super) fn hand_over(mut way: UnixStream, errand: &Errand, seat: Seat) -> Result<Outcome, Failure> {
    if !is_ready(&mut way, Duration::from_secs(errand.common().timeout.max(1)))? {
        return Ok(Outcome::Nobody);
    }
    let seat = Seat { folder: std::env::current_dir()?, ..seat };
    let handed = Handed { version: VERSION.to_owned(), seat: seat.clone(), errand };
    let text = serde_json::to_vec(&handed).map_err(|error| {
        Failure::Usage(format!("another tidings has this profile open, and can't be asked to do this: {error}"))
    })?;
    let desk = Desk::Here(Seat { folder: std::path::PathBuf::new(), ..seat });
    // One that has just ended has done nothing of what did not reach it whole.
    if let Err(error) = frames::write(&mut way, Kind::Errand, &text) {
        return if error.kind() == io::ErrorKind::InvalidInput { Err(error.into()) } else { Ok(Outcome::Nobody) };
    }
    let mut bar = Shown::default();
    loop {
        match frames::read(&mut way) {
            Ok(Some((Kind::End, body))) => return Ok(Outcome::Done(body.first().copied().unwrap_or(1))),
            Ok(Some((Kind::Progress, body))) => bar.take(&body),
            Ok(Some((kind, body))) if kind != Kind::Left => bar.aside(|| answer(&mut way, kind, &body, &desk))?,
            // It may have been begun, though nothing was said: done here again, a message would be sent twice.
            _ => return Ok(Outcome::Left),
        }
    }
}

/// Waits until the other process can take what is to be done. False if it ends instead. Fails if it has too much to do for others.
fn is_ready(way: &mut UnixStream, limit: Duration) -> Result<bool, Failure> {
    way.set_read_timeout(Some(limit))?;
    let greeting = frames::read(way);
    way.set_read_timeout(None)?;
    match greeting {
        Ok(Some((Kind::Ready, _))) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            let busy = "the tidings that has this profile open does too much for other commands already";
            Err(Failure::Offline(busy.to_owned()))
        }
        _ => Ok(false),
    }
}

/// Does what the other process wants of this one's streams.
fn answer(way: &mut UnixStream, kind: Kind, body: &[u8], desk: &Desk) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(body);
    let answered = match kind {
        Kind::Out => {
            let mut stdout = io::stdout().lock();
            return Ok(stdout.write_all(body).and_then(|()| stdout.flush())?);
        }
        Kind::Error => {
            // That nobody reads it is no reason to stop.
            let _ = io::stderr().lock().write_all(body);
            return Ok(());
        }
        Kind::Read => return feed(way, body.try_into().map_or(0, u64::from_be_bytes)),
        Kind::Line => desk.line(&text).map(zeroize::Zeroizing::new),
        Kind::Secret => desk.secret(&text),
        _ => {
            return Err(Failure::Failed(
                "the tidings that has this profile open says what is not known here".to_owned(),
            ));
        }
    };
    let (kind, text) = match answered {
        Ok(text) => (Kind::Answer, text),
        Err(failure) => (Kind::Refusal, zeroize::Zeroizing::new(failure.to_string())),
    };
    Ok(frames::write(way, kind, text.as_bytes())?)
}

/// Brings so much of standard input.
fn feed(way: &mut UnixStream, limit: u64) -> Result<(), Failure> {
    let mut input = io::stdin().lock().take(limit);
    let mut piece = vec![0; PIECE];
    loop {
        let read = input.read(&mut piece)?;
        let bytes = piece.get(..read).unwrap_or_default();
        // An empty one says that this is all.
        frames::write(way, Kind::Input, bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shared;
    use super::*;
    use std::os::unix::net::UnixListener;

    /// How it goes with a process that takes so much of what is to be done, and ends.
    fn with_one_that_ends(ready: bool, takes: bool) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path());
        let listener = UnixListener::bind(place.socket()).unwrap();
        let other = std::thread::spawn(move || {
            let (mut way, _) = listener.accept().unwrap();
            if ready {
                frames::write(&mut way, Kind::Ready, &[]).unwrap();
            }
            if takes {
                assert!(matches!(frames::read(&mut way), Ok(Some((Kind::Errand, _)))));
            }
        });
        let way = UnixStream::connect(place.socket()).unwrap();
        let outcome = hand_over(way, &Errand::Shared(Shared::Backup(Default::default()), false), Seat::here(true));
        other.join().unwrap();
        outcome.map_err(|failure| failure.to_string()).unwrap()
    }

    #[test]
    fn what_another_process_may_have_begun_is_not_done_again() {
        assert_eq!(with_one_that_ends(false, false), Outcome::Nobody);
        assert_eq!(with_one_that_ends(true, true), Outcome::Left);
    }

    #[tokio::test]
    async fn nothing_is_handed_over_to_another_user() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path());
        let own = rustix::process::geteuid().as_raw();
        assert!(reach(&place, own).await.is_ok_and(|way| way.is_none()));
        let _listener = UnixListener::bind(place.socket()).unwrap();
        assert!(reach(&place, own).await.is_ok_and(|way| way.is_some()));
        assert!(matches!(reach(&place, own + 1).await, Err(Failure::Refused(_))));
    }
}
