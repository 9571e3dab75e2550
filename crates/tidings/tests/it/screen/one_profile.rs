//! Several commands on one profile: whoever has it open does what the others want.

use super::Pair;
use crate::process::{Process, all_said, run_with};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

impl Pair {
    /// Something that has the profile of somebody open.
    fn follow(&self, who: &str) -> Process {
        let follow = Process::start(&mut self.command(who, &["receive", "--follow", "--json"]));
        let socket = self.socket(who);
        let open = || socket.exists().then_some(());
        let begun = std::time::Instant::now();
        while open().is_none() {
            assert!(begun.elapsed() < crate::process::DEADLINE, "no socket, but: {}", follow.said());
            std::thread::yield_now();
        }
        follow
    }

    fn socket(&self, who: &str) -> std::path::PathBuf {
        self.path().join("people").join(who).join("socket")
    }
}

#[test]
fn commands_work_while_another_one_has_the_profile() {
    let pair = Pair::new();
    let mut alice = pair.screen("Alice");
    alice.wait_for("Bob");
    let sent = pair.run("Alice", &["send", "Bob", "beside", "the", "screen", "--json"]);
    let object: Value = serde_json::from_slice(&sent.stdout).unwrap();
    assert_ne!(object["state"], "waiting");
    alice.press("\r").wait_for("beside the screen");
    // Standard input, files by relative paths, exit codes and errors come and go as if it were done there.
    let piped = run_with(&mut pair.command("Alice", &["send", "Bob"]), "from a pipe\n");
    assert!(piped.status.success(), "{}", all_said(&piped));
    std::fs::create_dir(pair.path().join("deep")).unwrap();
    std::fs::write(pair.path().join("deep/notes.txt"), "content").unwrap();
    let mut file = crate::process::tidings(pair.path());
    let people = pair.path().join("people");
    file.args(["send", "Bob", "notes.txt", "--profile", "Alice", "--client-dir"]).arg(people);
    let file = run_with(file.current_dir(pair.path().join("deep")), "");
    assert!(file.status.success(), "{}", all_said(&file));
    let unknown = run_with(&mut pair.command("Alice", &["send", "nobody", "x", "--json"]), "");
    let failed: Value = serde_json::from_slice(&unknown.stderr).unwrap();
    assert_eq!((unknown.status.code(), &failed["error"]), (Some(2), &"usage".into()));
    assert!(all_said(&pair.run("Alice", &["history", "Bob"])).contains("from a pipe"));
    assert!(all_said(&pair.run("Alice", &["contacts"])).contains("Bob"));
    let received = all_said(&pair.run("Bob", &["receive"]));
    assert!(["beside the screen", "from a pipe", "notes.txt"].iter().all(|part| received.contains(part)), "{received}");
    let second = run_with(&mut pair.command("Alice", &["chat", "--plain"]), "");
    assert!(second.status.code() == Some(3) && all_said(&second).contains("open"), "{}", all_said(&second));
    alice.press("\u{11}");
    assert_eq!(alice.end(), Some(0), "{}", alice.seen());
    assert!(!pair.socket("Alice").exists());
}

#[test]
fn who_follows_goes_on_when_the_other_process_ends() {
    let pair = Pair::new();
    let first = pair.follow("Bob");
    let mode = std::fs::metadata(pair.socket("Bob")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = Process::start(&mut pair.command("Bob", &["receive", "--follow"]));
    pair.run("Alice", &["send", "Bob", "to both"]);
    for process in [&first, &second] {
        process.wait_for("the message", |said| said.contains("to both").then_some(()));
    }
    first.signal(Signal::INT);
    assert_eq!(first.end().0, Some(0));
    pair.run("Alice", &["send", "Bob", "to the other"]);
    second.wait_for("what came later", |said| said.contains("to the other").then_some(()));
    second.signal(Signal::INT);
    let (code, told) = second.end();
    assert_eq!((code, told.matches("to both").count()), (Some(0), 1), "{told}");
}

#[test]
fn what_a_crash_left_is_in_nobodys_way() {
    let pair = Pair::new();
    let killed = pair.follow("Bob");
    killed.signal(Signal::KILL);
    killed.end();
    assert!(pair.socket("Bob").exists());
    pair.run("Bob", &["contacts"]);
    let again = pair.follow("Bob");
    pair.run("Bob", &["send", "Alice", "hello"]);
    again.signal(Signal::INT);
    assert_eq!(again.end().0, Some(0));
}

#[test]
fn who_goes_in_the_midst_of_a_command_takes_it_along() {
    let pair = Pair::new();
    let follow = pair.follow("Bob");
    // It waits for a device that never comes.
    let waiting = Process::start(&mut pair.command("Bob", &["devices", "link", "--yes", "--json"]));
    waiting.wait_for("the code", |said| said.contains("\"code\"").then_some(()));
    waiting.signal(Signal::KILL);
    waiting.end();
    pair.run("Bob", &["send", "Alice", "still here"]);
    let waiting = Process::start(&mut pair.command("Bob", &["devices", "link", "--yes", "--json"]));
    waiting.wait_for("the code", |said| said.contains("\"code\"").then_some(()));
    follow.signal(Signal::INT);
    assert_eq!(follow.end().0, Some(0));
    let (code, told) = waiting.end();
    assert!(code == Some(3) && told.contains("ended before this was done"), "{code:?} {told}");
}
