//! `tidings console`, in a pipe and at a terminal.

use crate::chat::place;
use crate::http::get;
use crate::process::{DEADLINE, Node, run_with, tidings};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// A console at a terminal of its own.
struct Terminal {
    keys: File,
    shown: Receiver<Vec<u8>>,
    seen: String,
    console: Child,
}

impl Terminal {
    fn open(folder: &Path) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap().into_string().unwrap();
        let side = || File::options().read(true).write(true).open(&name).unwrap();
        let mut command = tidings(folder);
        command.args(["console", "--data-dir", "data"]).env("TERM", "xterm").env("NO_COLOR", "1");
        let console = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let (sender, shown) = channel();
        let mut screen = File::from(keys.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Reading fails when the other side is closed (Linux: EIO).
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keys: keys.into(), shown, seen: String::new(), console }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until something is shown, behind all that was waited for.
    fn wait_for(&mut self, part: &str) {
        let begun = Instant::now();
        while !self.seen.contains(part) {
            let left = DEADLINE.saturating_sub(begun.elapsed());
            let more = self.shown.recv_timeout(left).unwrap_or_else(|_| panic!("no {part:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
        let end = self.seen.find(part).unwrap() + part.len();
        self.seen.drain(..end);
    }

    fn code(&mut self) -> Option<i32> {
        self.console.wait().unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.console.kill();
        let _ = self.console.wait();
    }
}

#[test]
fn at_a_terminal_lines_are_edited_completed_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let mut terminal = Terminal::open(folder.path());
    terminal.wait_for("`exit` leaves, the node goes on.");
    terminal.wait_for("> ");
    // Tab completes; the cursor moves.
    terminal.press("ee\x02\x7fp\x05\t\r");
    terminal.wait_for("No other server is linked.");
    terminal.wait_for("> ");
    terminal.press("secret pasted by mistake\r");
    terminal.wait_for("there is no verb secret");
    terminal.wait_for("> ");
    terminal.press("forget\x03");
    terminal.wait_for("forget");
    terminal.wait_for("> ");
    terminal.press("\x04");
    terminal.wait_for("Left the console; the node goes on.");
    assert_eq!(terminal.code(), Some(0));
    let history = folder.path().join("data/console-history");
    assert_eq!(std::fs::read_to_string(history).unwrap(), "peers\n", "only what was understood");

    let mut terminal = Terminal::open(folder.path());
    terminal.wait_for("> ");
    terminal.press("\x1b[A");
    terminal.wait_for("peers");
    terminal.press("\r");
    terminal.wait_for("No other server is linked.");
    terminal.wait_for("> ");
    node.stop();
    terminal.wait_for("the node has ended");
    assert_eq!(terminal.code(), Some(3));
}

#[test]
fn the_console_answers_each_line_of_a_pipe_with_one() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let other = Node::start(there.path(), &["--darkchat-peer-listen", "127.0.0.1:0"]);
    let far = place(&other, "darkchat peers").to_string();
    let node = Node::start(here.path(), &[]);
    let console = |input: &str| {
        let output = run_with(tidings(here.path()).args(["console", "--data-dir", "data"]), input);
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), said(&output.stdout), said(&output.stderr))
    };
    let lines = format!("peers\n\n  connect   {}\npeers\nchannels\nforget {far}\n", far.replace(':', " \t"));
    let expected = format!("0 peers\nConnected to {far}.\n1 peer: {far} (called)\n0 channels\nForgot {far}.\n");
    assert_eq!(console(&lines), (Some(0), expected, String::new()));
    let (code, said, wrong) = console("bogus\nforget a:1\npeers");
    assert_eq!((code, said.lines().count(), wrong.lines().count()), (Some(1), 1, 2), "{said}{wrong}");
    assert!(wrong.contains("line 1: there is no verb bogus") && wrong.contains("line 2: there is no link with a:1"));
    let (code, said, _) = console("exit\npeers\n");
    assert_eq!((code, said.as_str()), (Some(0), "Left the console; the node goes on.\n"));
    assert_eq!(console("").0, Some(0), "the end of the input ends the console");
    assert_eq!(get(node.address, "/healthz", "").0, 200, "and never the node");
    node.stop();
    other.stop();
}

#[test]
fn the_console_notices_that_the_node_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let mut command = tidings(folder.path());
    let piped = std::process::Stdio::piped;
    command.args(["console", "--data-dir", "data"]).stdin(piped()).stdout(piped()).stderr(piped());
    let mut console = command.spawn().unwrap();
    let mut input = console.stdin.take().unwrap();
    let mut output = console.stdout.take().unwrap();
    input.write_all(b"peers\n").unwrap();
    let mut answer = [0; 8];
    output.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"0 peers\n");
    node.stop();
    input.write_all(b"peers\n").unwrap();
    let ended = console.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("the node has ended"));
}
