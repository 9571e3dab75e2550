//! A command's end of the socket.

use super::{LINE_BYTES_MAX, Line, Progress, Request, Step, handle, socket_path};
use crate::failure::Failure;
use crate::node::Node;
use crate::settings::InForce;
use serde_json::Value;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a running node may be silent: it tells its progress in long work.
const SILENCE_MAX: Duration = Duration::from_secs(600);

/// Asks the node on the folder of these settings, or does the work here if none runs. `on_step` hears of progress.
pub fn ask(found: InForce, request: Request, mut on_step: impl FnMut(Step)) -> Result<Value, Failure> {
    if let Some(stream) = connect(&found.settings.data_dir())? {
        return answer_of(&mut send(stream, &request)?, &mut on_step);
    }
    if request.needs_running() {
        return Err(not_running(&found.settings.data_dir()));
    }
    refuse_for_another(&found.settings.data_dir(), rustix::process::geteuid().as_raw())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work_here(found, request, &mut on_step))
}

/// Root may open everybody's folder, but would leave files there that the node can't read afterwards.
fn refuse_for_another(data_dir: &Path, user: u32) -> Result<(), Failure> {
    match data_dir.metadata() {
        Ok(found) if user == 0 && found.uid() != 0 => Err(Failure::Usage(format!(
            "no node runs on {}, and it belongs to another user (number {}): start the node, or run this as that user",
            data_dir.display(),
            found.uid()
        ))),
        _ => Ok(()),
    }
}

/// What is said where only a running node could answer: exit code 3.
pub(super) fn not_running(data_dir: &Path) -> Failure {
    Failure::InUse(format!(
        "no node runs on {}, and this is about its connections; start it with `tidings serve`, or name its --data-dir",
        data_dir.display()
    ))
}

/// Somebody who stays with a running node until it ends.
pub struct Attendance(BufReader<UnixStream>);

impl Attendance {
    /// Waits for the end of the node.
    pub fn wait(mut self) {
        // Nothing more is said; whatever ends this is an end.
        let _ = self.0.read(&mut [0]);
    }
}

/// Stays with the node on the folder of these settings. Fails with [`Failure::InUse`] if none runs.
pub fn attend(found: &InForce) -> Result<Attendance, Failure> {
    let data_dir = found.settings.data_dir();
    let stream = connect(&data_dir)?.ok_or_else(|| not_running(&data_dir))?;
    let mut lines = send(stream, &Request::Attend)?;
    answer_of(&mut lines, &mut |_| {})?;
    lines.get_ref().set_read_timeout(None)?;
    Ok(Attendance(lines))
}

/// Whether a node runs on the folder.
pub fn is_running(data_dir: &Path) -> Result<bool, Failure> {
    Ok(connect(data_dir)?.is_some())
}

/// Opens the socket; `None` if no node runs.
fn connect(data_dir: &Path) -> Result<Option<UnixStream>, Failure> {
    if !data_dir.is_dir() {
        return Ok(None);
    }
    let (path, _folder) = socket_path(data_dir)?;
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(Failure::InUse(format!("the running node can't be reached at {}: {error}", path.display()))),
    }
}

fn gone(error: io::Error) -> Failure {
    Failure::InUse(format!("the running node broke off: {error}"))
}

/// Sends the request; its answer comes line by line.
fn send(mut stream: UnixStream, request: &Request) -> Result<BufReader<UnixStream>, Failure> {
    let mut line = serde_json::to_vec(request).map_err(|error| Failure::of("writing the request", error))?;
    line.push(b'\n');
    stream.set_read_timeout(Some(SILENCE_MAX)).and_then(|()| stream.write_all(&line)).map_err(gone)?;
    Ok(BufReader::new(stream))
}

/// Reads the answer.
fn answer_of(lines: &mut BufReader<UnixStream>, on_step: &mut impl FnMut(Step)) -> Result<Value, Failure> {
    loop {
        let mut line = String::new();
        lines.by_ref().take(LINE_BYTES_MAX).read_line(&mut line).map_err(gone)?;
        match serde_json::from_str(&line) {
            Ok(Line::Step(step)) => on_step(step),
            Ok(Line::Done(value)) => return Ok(value),
            Ok(Line::Failed(failure)) => return Err(failure),
            Err(_) => return Err(gone(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

async fn work_here(found: InForce, request: Request, on_step: &mut impl FnMut(Step)) -> Result<Value, Failure> {
    let node = Node::open(found)?;
    let (sender, mut steps) = mpsc::unbounded_channel();
    let progress = Progress(sender);
    let answer = {
        let mut work = std::pin::pin!(handle(&node, request, &progress));
        loop {
            tokio::select! {
                answer = work.as_mut() => break answer,
                Some(step) = steps.recv() => on_step(step),
            }
        }
    };
    node.close().await?;
    answer
}
