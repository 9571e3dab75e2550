//! Running processes: what they say, waiting for it, ending them.

use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What a process said so far, and whether it may say more.
#[derive(Default)]
struct Said {
    text: String,
    open_streams: usize,
}

/// A process that is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    said: Arc<(Mutex<Said>, Condvar)>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new((Mutex::new(Said { open_streams: 2, ..Said::default() }), Condvar::new()));
        listen(child.stdout.take().unwrap(), Arc::clone(&said));
        listen(child.stderr.take().unwrap(), Arc::clone(&said));
        Self { child, said }
    }

    /// Waits until `find` finds something in all that was said. Fails if the process ends before.
    pub(crate) fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let (said, changed) = &*self.said;
        let waiting = |said: &mut Said| find(&said.text).is_none() && said.open_streams > 0;
        let (said, _) = changed.wait_timeout_while(said.lock().unwrap(), DEADLINE, waiting).unwrap();
        find(&said.text).unwrap_or_else(|| panic!("{what} was not said, but:\n{}", said.text))
    }

    pub(crate) fn said(&self) -> String {
        self.said.0.lock().unwrap().text.clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end. Gives the exit code and all that was said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.wait_until_silent();
        (self.child.wait().unwrap().code(), self.said())
    }

    fn wait_until_silent(&self) {
        let (said, changed) = &*self.said;
        let (said, _) =
            changed.wait_timeout_while(said.lock().unwrap(), DEADLINE, |said| said.open_streams > 0).unwrap();
        assert!(said.open_streams == 0, "the process does not end, but said:\n{}", said.text);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(stream: impl Read + Send + 'static, said: Arc<(Mutex<Said>, Condvar)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let mut now = said.0.lock().unwrap();
            now.text.push_str(&String::from_utf8_lossy(&line));
            now.text.push('\n');
            said.1.notify_all();
        }
        said.0.lock().unwrap().open_streams -= 1;
        said.1.notify_all();
    });
}

/// The program in a folder, with nothing of this process's environment.
pub(crate) fn tidings(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.current_dir(folder).env_clear().env("HOME", folder);
    command
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Output {
    tidings(folder).args(arguments).output().unwrap()
}

/// Runs a program to its end with this input.
pub(crate) fn run_with(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // One that ends before it has read all may do so.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a program said on both streams.
pub(crate) fn all_said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running node.
pub(crate) struct Node {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Node {
    /// Starts a node with its data in `folder`/data on any port.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(
            tidings(folder).args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]).args(arguments),
        )
    }

    pub(crate) fn start_with(command: &mut Command) -> Self {
        let process = Process::start(command);
        let address = process.wait_for("where it listens", |said| {
            let line = said.lines().find_map(|line| line.strip_prefix("listening on "))?;
            line.split_once("://")?.1.parse().ok()
        });
        Self { process, address }
    }

    /// Ends the node as a service manager would. It must end with 0.
    pub(crate) fn stop(self) -> String {
        self.process.signal(Signal::TERM);
        let (code, said) = self.process.end();
        assert_eq!(code, Some(0), "{said}");
        said
    }
}

/// The invitations in a text.
pub(crate) fn invitations(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.starts_with("https://piqchat.net/#?exchange-url=")).collect()
}
