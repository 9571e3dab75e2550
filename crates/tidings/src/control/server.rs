//! The running node's end of the socket.

use super::{LINE_BYTES_MAX, Line, Progress, Request, handle, socket_path};
use crate::failure::Failure;
use crate::node::Node;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Commands that are served at the same time; further ones wait.
const COMMANDS_MAX: usize = 8;

/// Consoles at terminals that may be open at the same time; further ones are refused.
const CONSOLES_MAX: usize = 32;

/// How long a command may take to say what it wants.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// An open socket; its file goes with it.
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    _folder: Option<fs::File>,
}

impl Server {
    /// Opens the socket. One that a crash left is replaced: whoever calls this holds the folder's lock.
    pub fn open(data_dir: &Path) -> Result<Self, Failure> {
        let (path, folder) = socket_path(data_dir)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::of(&format!("replacing {}", path.display()), error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path, _folder: folder })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What stays behind is replaced at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// Serves commands until `shutdown`.
pub async fn serve(server: Server, node: Node, shutdown: CancellationToken) {
    let (places, consoles) = (Arc::new(Semaphore::new(COMMANDS_MAX)), Arc::new(Semaphore::new(CONSOLES_MAX)));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = accept(&server.listener, &places) => accepted,
        };
        let Ok((stream, place)) = accepted else { continue };
        let (node, shutdown, consoles) = (node.clone(), shutdown.clone(), Arc::clone(&consoles));
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                served = command(stream, &node, place, &consoles) => {
                    if let Err(error) = served {
                        tracing::debug!(%error, "a command went away");
                    }
                }
            }
        });
    }
}

async fn accept(listener: &UnixListener, places: &Arc<Semaphore>) -> io::Result<(UnixStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn command(stream: UnixStream, node: &Node, place: OwnedSemaphorePermit, consoles: &Semaphore) -> io::Result<()> {
    let (mut input, mut output) = stream.into_split();
    let request = timeout(REQUEST_MAX, read_request(&mut input)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let line = match request {
        Ok(Request::Attend) => {
            drop(place);
            return attend(input, output, consoles).await;
        }
        Ok(request) => run(node, request, &mut output).await?,
        Err(failure) => Line::Failed(failure),
    };
    write(&mut output, &line).await
}

/// Keeps a console's connection open until the console goes; the end of the node closes it.
async fn attend(mut input: OwnedReadHalf, mut output: OwnedWriteHalf, consoles: &Semaphore) -> io::Result<()> {
    let Ok(_place) = consoles.try_acquire() else {
        let line = Line::Failed(Failure::Failed("too many consoles are open on this node; leave one".to_owned()));
        return write(&mut output, &line).await;
    };
    write(&mut output, &Line::Done(serde_json::Value::Null)).await?;
    input.read(&mut [0]).await.map(drop)
}

async fn read_request(input: &mut OwnedReadHalf) -> io::Result<Result<Request, Failure>> {
    let mut line = String::new();
    BufReader::new(input.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    Ok(serde_json::from_str(&line).map_err(|error| {
        Failure::Usage(format!("the node does not understand this command; are both of one version? ({error})"))
    }))
}

/// Does the work and passes its steps on as they come.
async fn run(node: &Node, request: Request, output: &mut OwnedWriteHalf) -> io::Result<Line> {
    let (sender, mut steps) = mpsc::unbounded_channel();
    let progress = Progress(sender);
    let mut work = std::pin::pin!(handle(node, request, &progress));
    loop {
        tokio::select! {
            done = work.as_mut() => return Ok(done.map_or_else(Line::Failed, Line::Done)),
            Some(step) = steps.recv() => write(output, &Line::Step(step)).await?,
        }
    }
}

async fn write(output: &mut OwnedWriteHalf, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    output.write_all(&text).await
}
