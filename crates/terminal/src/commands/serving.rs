//! Doing for other processes of the same person what they want of a profile that this one has open.
//!
//! A socket in the profile's folder, for the same user only. Each command that comes runs on a thread of its own, as its words and
//! questions go to another process, which may be slow.

use super::context::Context;
use super::desk::{Desk, Distant};
use super::errand::Errand;
use super::frames::{self, Kind};
use super::handing::{Handed, VERSION};
use super::outcome::Failure;
use super::output::Output;
use crate::place::Place;
use std::fs::{self, File, Permissions};
use std::io;
use std::net::Shutdown;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Commands of others that are done at once; further ones wait for a place.
const AT_ONCE: usize = 16;

/// Commands of others that go on until the person ends them, beside those. Further ones are refused.
const FOLLOWERS: usize = 16;

/// Answers of one process that wait to be read; then it waits.
const WAITING: usize = 4;

/// How long a process may take to say what it wants.
const ERRAND_TIME: Duration = Duration::from_secs(5);

/// How long commands of others may go on when this process is to end.
const GRACE: Duration = Duration::from_secs(2);

/// Bytes of a socket's path at most, with the zero at its end: what the smallest system takes.
const PATH_MAX: usize = 104;

/// A socket at which commands of others are taken. They end with it.
pub(super) struct Serving {
    place: Place,
    places: Places,
    /// No more commands; those that follow something end.
    closing: CancellationToken,
    /// All end.
    over: CancellationToken,
}

impl Serving {
    /// Begins, where the system has such sockets.
    pub(super) fn start(context: &Context) -> io::Result<Self> {
        let place = context.place.clone();
        let listener = listener_at(&place.socket())?;
        let (closing, over) = (CancellationToken::new(), CancellationToken::new());
        let places = Places::new();
        let room =
            Room { context: context.clone(), places: places.clone(), closing: closing.clone(), over: over.clone() };
        tokio::spawn(closing.clone().run_until_cancelled_owned(listen(listener, room)));
        Ok(Self { place, places, closing, over })
    }

    /// Ends: what is under way has a moment to come to its end.
    pub(super) async fn end(self) {
        self.closing.cancel();
        // Whoever finds no socket opens the profile, as soon as it is free.
        let _ = fs::remove_file(self.place.socket());
        let _ = timeout(GRACE, self.places.all_free()).await;
        self.over.cancel();
        let _ = timeout(GRACE, self.places.all_free()).await;
    }
}

/// Listens at a path where nobody but this user may write at any moment. Whoever has the profile's lock is the only one who may listen
/// there, so what lies there was left by a crash.
fn listener_at(path: &Path) -> io::Result<UnixListener> {
    let unready = path.with_extension("new");
    if let Err(error) = fs::remove_file(&unready)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = UnixListener::bind(short(&unready)?.path())?;
    fs::set_permissions(&unready, Permissions::from_mode(0o600))?;
    fs::rename(&unready, path)?;
    Ok(listener)
}

/// Bounds how many commands are done at once.
#[derive(Clone)]
struct Places {
    soon: Arc<Semaphore>,
    followers: Arc<Semaphore>,
}

impl Places {
    fn new() -> Self {
        Self { soon: Arc::new(Semaphore::new(AT_ONCE)), followers: Arc::new(Semaphore::new(FOLLOWERS)) }
    }

    /// A place for a command of which nothing is known yet, as soon as there is one.
    async fn any(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.soon).acquire_owned().await.ok()
    }

    /// Gives one that follows something a place for that in exchange, so that it keeps none from those that end soon. False if all of
    /// these are taken.
    fn exchange(&self, place: &mut OwnedSemaphorePermit) -> bool {
        let Ok(follower) = Arc::clone(&self.followers).try_acquire_owned() else { return false };
        *place = follower;
        true
    }

    /// Waits until nothing is under way.
    async fn all_free(&self) {
        let all = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        // They are never closed.
        let _ = self.soon.acquire_many(all(AT_ONCE)).await;
        let _ = self.followers.acquire_many(all(FOLLOWERS)).await;
    }
}

/// What each command needs.
#[derive(Clone)]
struct Room {
    context: Context,
    places: Places,
    closing: CancellationToken,
    over: CancellationToken,
}

async fn listen(listener: UnixListener, room: Room) {
    while let Some(place) = room.places.any().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Such as too many open files: that passes.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let own = rustix::process::geteuid().as_raw();
        if stream.peer_cred().is_ok_and(|peer| peer.uid() == own)
            && let Ok(stream) = stream.into_std()
        {
            let room = room.clone();
            // Without a thread the asker hears of an end at once, and opens the profile itself when it is free.
            let _ = thread::Builder::new().name("tidings-errand".to_owned()).spawn(move || serve(stream, room, place));
        }
    }
}

/// Does one command.
fn serve(stream: UnixStream, room: Room, mut place: OwnedSemaphorePermit) {
    // Whoever asked may go at any time; there is nobody to tell then.
    let _ = attempt(&stream, room, &mut place);
    let _ = stream.shutdown(Shutdown::Both);
    drop(place);
}

fn attempt(stream: &UnixStream, room: Room, place: &mut OwnedSemaphorePermit) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(ERRAND_TIME))?;
    let mut way = stream.try_clone()?;
    // What is not taken up now is not sent: whoever has sent it must not do it again.
    frames::write(&mut way, Kind::Ready, &[])?;
    let Some((Kind::Errand, text)) = frames::read(&mut way)? else { return Ok(()) };
    stream.set_read_timeout(None)?;
    let handed: Handed<Errand> = match serde_json::from_slice(&text) {
        Ok(handed) => handed,
        Err(_) => return refuse(&mut way),
    };
    if handed.version != VERSION {
        return refuse(&mut way);
    }
    let (answers, heard) = sync_channel(WAITING);
    let gone = CancellationToken::new();
    listen_to(stream.try_clone()?, answers, gone.clone())?;
    let distant = Distant { seat: handed.seat, way: Mutex::new(stream.try_clone()?), heard: Mutex::new(heard) };
    let desk = Desk::There(Arc::new(distant));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(work(&handed.errand, desk, &room, place, gone)) {
        Some(code) => frames::write(&mut way, Kind::End, &[code]),
        None => frames::write(&mut way, Kind::Left, &[]),
    }
}

/// The exit code; `None` if it can't go on here.
async fn work(
    errand: &Errand,
    desk: Desk,
    room: &Room,
    place: &mut OwnedSemaphorePermit,
    gone: CancellationToken,
) -> Option<u8> {
    let output = Output::new(errand.json(), desk);
    let context = room.context.for_another(output.clone(), errand.common());
    let perform = async {
        if !errand.can_be_handed_over() {
            return Err(Failure::Usage("this needs the profile for itself".to_owned()));
        }
        if errand.follows() && !room.places.exchange(place) {
            return Err(Failure::Held(TOO_MANY.to_owned()));
        }
        context.admit(errand.reads()).await?;
        errand.perform(&context).await
    };
    let closing = if errand.follows() { &room.closing } else { &room.over };
    tokio::select! {
        biased;
        () = gone.cancelled() => Some(1),
        done = perform => Some(done.map_or_else(|failure| super::told(&failure, &output), |()| 0)),
        () = closing.cancelled() => None,
    }
}

fn refuse(way: &mut UnixStream) -> io::Result<()> {
    frames::write(way, Kind::Error, OTHER_VERSION.as_bytes())?;
    frames::write(way, Kind::End, &[3])
}

const OTHER_VERSION: &str = "error: a tidings of another version has this profile open: end it, and try again\n";

const TOO_MANY: &str = "too many commands follow something on this profile already: end one of them";

/// Takes what the other process answers, until it is gone.
fn listen_to(mut stream: UnixStream, answers: SyncSender<(Kind, Vec<u8>)>, gone: CancellationToken) -> io::Result<()> {
    let listen = move || {
        while let Ok(Some(frame)) = frames::read(&mut stream) {
            if answers.send(frame).is_err() {
                break;
            }
        }
        gone.cancel();
    };
    thread::Builder::new().name("tidings-answers".to_owned()).spawn(listen).map(drop)
}

/// A path to a socket that is short enough for the system.
pub(super) struct Short {
    path: PathBuf,
    /// Open as long as the path is used.
    _folder: Option<File>,
}

impl Short {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The path itself, or a way through the folder opened here, which Linux has.
pub(super) fn short(path: &Path) -> io::Result<Short> {
    if path.as_os_str().len() < PATH_MAX {
        return Ok(Short { path: path.to_owned(), _folder: None });
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = File::open(folder)?;
    let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok(Short { path, _folder: Some(folder) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn sockets_lie_in_deep_folders_too() {
        let base = tempfile::tempdir().unwrap();
        for folder in [base.path().to_owned(), base.path().join("a-long-name".repeat(9)).join("profile")] {
            fs::create_dir_all(&folder).unwrap();
            let path = folder.join("socket");
            let listener = UnixListener::bind(short(&path).unwrap().path()).unwrap();
            assert!(path.exists());
            UnixStream::connect(short(&path).unwrap().path()).unwrap();
            listener.accept().unwrap();
        }
    }

    #[tokio::test]
    async fn who_follows_something_keeps_no_place_from_others() {
        let places = Places::new();
        let mut following = Vec::new();
        for _ in 0..FOLLOWERS {
            let mut place = places.any().await.unwrap();
            assert!(places.exchange(&mut place));
            following.push(place);
        }
        let mut others = Vec::new();
        for _ in 0..AT_ONCE {
            others.push(timeout(GRACE, places.any()).await.unwrap().unwrap());
        }
        assert!(!places.exchange(&mut others[0]));
        following.pop();
        assert!(places.exchange(&mut others[0]));
        drop(timeout(GRACE, places.any()).await.unwrap().unwrap());
    }
}
