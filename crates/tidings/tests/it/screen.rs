//! `tidings chat`, at a terminal and in a pipe: what a person sees, and what the terminal is left as.

mod one_profile;
mod panic;

use crate::process::{DEADLINE, Node, all_said, run_with, tidings};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use tempfile::TempDir;

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// The screen of somebody, in a terminal in memory.
struct Screen {
    keys: File,
    shown: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    program: Child,
}

impl Screen {
    fn open(chat: &mut Command) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        tcsetwinsize(&keys, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap().into_string().unwrap();
        let side = || File::options().read(true).write(true).open(&name).unwrap();
        let program = chat.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
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
        Self { keys: keys.into(), shown, terminal: vt100::Parser::new(ROWS, COLUMNS, 0), program }
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self
    }

    fn seen(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Waits until the screen shows this.
    fn wait_for(&mut self, part: &str) -> &mut Self {
        let begun = Instant::now();
        while !self.seen().contains(part) {
            let left = DEADLINE.saturating_sub(begun.elapsed());
            let more = self.shown.recv_timeout(left).unwrap_or_else(|_| panic!("no {part:?} in\n{}", self.seen()));
            self.terminal.process(&more);
        }
        self
    }

    /// Waits for the end, and looks at what the terminal is left as.
    fn end(&mut self) -> Option<i32> {
        let code = self.program.wait().unwrap().code();
        while let Ok(more) = self.shown.recv_timeout(std::time::Duration::from_millis(200)) {
            self.terminal.process(&more);
        }
        let screen = self.terminal.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let modes = tcgetattr(&self.keys).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "the terminal is still raw");
        code
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A node and two people who know each other.
struct Pair {
    folder: TempDir,
    _node: Node,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(folder.path(), &["--create-invitation=false"]);
        let pair = Self { folder, _node: node };
        let output = crate::process::run(pair.path(), ["node", "invite", "--data-dir", "data", "--json"]);
        let link = member(&output, "tidings");
        pair.run("Alice", &["login", &link, "--name", "Alice", "--yes"]);
        let link = member(&pair.run("Alice", &["invite", "--json"]), "link");
        pair.run("Bob", &["login", &link, "--name", "Bob", "--yes"]);
        pair.run("Alice", &["receive"]);
        pair
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = tidings(self.path());
        command.args(arguments).args(["--client-dir", "people", "--profile", who]);
        command
    }

    fn run(&self, who: &str, arguments: &[&str]) -> Output {
        let output = run_with(&mut self.command(who, arguments), "");
        assert!(output.status.success(), "{who}: {arguments:?}: {}", all_said(&output));
        output
    }

    /// The screen of somebody. The terminal must be the process's own, or it would be asked for the size of another.
    fn screen(&self, who: &str) -> Screen {
        let mut chat = Command::new("setsid");
        chat.args([
            "--wait",
            "--ctty",
            env!("CARGO_BIN_EXE_tidings"),
            "chat",
            "--client-dir",
            "people",
            "--profile",
            who,
        ]);
        chat.current_dir(self.path()).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path());
        Screen::open(chat.env("TERM", "xterm-256color"))
    }
}

fn member(output: &Output, name: &str) -> String {
    let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", all_said(output)));
    object[name].as_str().unwrap().to_owned()
}

#[test]
fn two_people_talk_on_a_screen() {
    let pair = Pair::new();
    pair.run("Bob", &["send", "Alice", "hello \u{1b}[2J\u{1b}]0;evil\u{7}there"]);
    let mut alice = pair.screen("Alice");
    alice.wait_for("● 1").wait_for("Bob").press("\r").wait_for("hello [2J]0;evilthere").wait_for("─ new ─");
    alice.press("Hi Bob, 日本 👋\r").wait_for("✓");
    let answer = pair.run("Bob", &["receive", "--json"]);
    assert!(all_said(&answer).contains("Hi Bob, 日本 👋"), "{}", all_said(&answer));
    alice.wait_for("✓✓");
    alice.press("/verify\r").wait_for("Safety number").press("\u{1b}").press("\u{11}");
    assert_eq!(alice.end(), Some(0), "{}", alice.seen());
}

#[test]
fn a_screen_that_is_ended_from_outside_gives_the_terminal_back() {
    let pair = Pair::new();
    let mut alice = pair.screen("Alice");
    alice.wait_for("Bob");
    // `setsid` waits for its child only if it had to fork, so this is the program itself.
    kill_process(Pid::from_child(&alice.program), Signal::TERM).unwrap();
    assert_eq!(alice.end(), Some(0), "{}", alice.seen());
}

#[test]
fn the_line_mode_works_in_a_pipe() {
    let pair = Pair::new();
    let output = run_with(&mut pair.command("Bob", &["chat"]), "/go alice\nhello from a pipe\n/nonsense\n/help\n");
    let said = all_said(&output);
    assert!(said.contains("In Alice: two people") && said.contains("You: hello from a pipe"), "{said}");
    assert!(said.contains("Not done: /nonsense is not a command") && output.status.code() == Some(2), "{said}");
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    let received = all_said(&pair.run("Alice", &["receive"]));
    assert!(received.contains("hello from a pipe"), "{received}");
    assert!(run_with(&mut pair.command("Bob", &["chat"]), "/go alice\nall is well\n").status.success());
}
