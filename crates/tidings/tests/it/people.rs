//! People who talk through a node, each with the commands of the real program.

mod commands;
mod hubs;

use crate::process::{Node, Process, all_said, run_with, tidings};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A picture of one red point.
pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\
    \x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// A node, and people at one machine.
struct Town {
    folder: TempDir,
    node: Option<Node>,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Some(Node::start(folder.path(), &["--create-invitation=false"]));
        Self { folder, node }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command of somebody.
    fn command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = tidings(self.path());
        command.args(arguments).args(["--client-dir", "people", "--profile", who]);
        command
    }

    fn run(&self, who: &str, arguments: &[&str]) -> Output {
        run_with(&mut self.command(who, arguments), "")
    }

    /// The objects that a command answers; it must work.
    fn ask(&self, who: &str, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(who, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{who}: {arguments:?}: {}", all_said(&output));
        lines(&output)
    }

    fn code(&self, who: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(who, arguments);
        (output.status.code(), all_said(&output))
    }

    /// The owner's invitation to a newcomer.
    fn invitation(&self) -> String {
        let output = crate::process::run(self.path(), ["node", "invite", "--data-dir", "data", "--json"]);
        assert!(output.status.success(), "{}", all_said(&output));
        let invitation: Value = serde_json::from_slice(&output.stdout).unwrap();
        invitation["tidings"].as_str().unwrap().to_owned()
    }

    /// Makes an account with a link. Gives what is said of it.
    fn login(&self, who: &str, link: &str) -> Value {
        self.ask(who, &["login", link, "--name", who, "--yes"]).remove(0)
    }

    /// Alice and Bob, who know each other. Gives what both were told.
    fn with_two() -> (Self, Value, Value) {
        let town = Self::new();
        let alice = town.login("Alice", &town.invitation());
        let link = town.ask("Alice", &["invite"]).remove(0)["link"].as_str().unwrap().to_owned();
        let bob = town.login("Bob", &link);
        assert_eq!(bob["contact"], "Alice");
        town.ask("Alice", &["receive"]);
        (town, alice, bob)
    }

    /// What somebody has not read, in words.
    fn news(&self, who: &str) -> Vec<String> {
        let messages = self.ask(who, &["receive"]);
        let texts = messages.iter().filter(|message| message["kind"] == "text");
        texts.map(|message| format!("{}: {}", said(message, "name"), said(message, "text"))).collect()
    }

    /// The same, of those who have heard something lately.
    fn eventually(&self, who: &str, expected: &[&str]) {
        let deadline = std::time::Instant::now() + crate::process::DEADLINE;
        let mut found = Vec::new();
        while found.len() < expected.len() && std::time::Instant::now() < deadline {
            found.extend(self.news(who));
        }
        assert_eq!(found, expected, "{who}");
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

pub(crate) fn said(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_else(|| panic!("no {member} in {object}")).to_owned()
}

pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

pub(crate) fn first_with(said: &str, member: &str) -> Option<String> {
    let objects = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects.filter_map(|object| object[member].as_str().map(str::to_owned)).next()
}

#[test]
fn two_people_talk() {
    let (town, alice, bob) = Town::with_two();
    assert_eq!(said(&alice, "phrase").split(' ').count(), 12);
    let sent = town.ask("Alice", &["send", "bob", "hello", "Bob"]).remove(0);
    assert_ne!(sent["state"], "waiting");
    let message = town.ask("Bob", &["receive"]).remove(0);
    assert_eq!((said(&message, "name"), said(&message, "text")), ("Alice".to_owned(), "hello Bob".to_owned()));
    assert_eq!((&message["sender"], &message["message"]), (&alice["identity"], &sent["message"]));
    assert!(town.ask("Bob", &["receive"]).is_empty());
    let piped =
        run_with(&mut town.command("Bob", &["send", "Ali", "--reply", &said(&message, "message")]), "two\nlines\n");
    assert!(piped.status.success() && piped.stdout.is_empty(), "{}", all_said(&piped));
    let answer = town.ask("Alice", &["receive", "--from", "Bob"]).remove(0);
    assert_eq!((said(&answer, "text"), &answer["sender"]), ("two\nlines".to_owned(), &bob["identity"]));
    assert_eq!(answer["reply"]["message"], sent["message"]);
    assert_eq!((&answer["reply"]["name"], &answer["reply"]["line"]), (&"You".into(), &"hello Bob".into()));
    let lines = town.code("Bob", &["history", "Alice"]).1;
    assert!(lines.contains("Z You, answering Alice \"hello Bob\": two"), "{lines}");
    let history = town.ask("Alice", &["history", "bob"]);
    assert_eq!(history.iter().filter(|message| message["kind"] == "text").count(), 2);
    assert_eq!(town.ask("Alice", &["history", "--search", "lines"]).len(), 1);
}

#[test]
fn files_arrive_and_what_may_be_seen_once_is_not_saved() {
    let (town, ..) = Town::with_two();
    let content: Vec<u8> = (0..300_000_u32).map(|number| (number / 7) as u8).collect();
    let (photo, data) = (town.file("photo.png", PNG), town.file("data.bin", &content));
    town.ask("Alice", &["send", "Bob", &data, "look", "here"]);
    town.ask("Alice", &["send", "Bob", &photo, "--once"]);
    let got = town.ask("Bob", &["receive", "--save", "saved"]);
    let files: Vec<&Value> = got.iter().filter(|message| message["kind"] == "file").collect();
    assert_eq!(files.len(), 2, "{got:?}");
    assert_eq!((&files[0]["file"]["caption"], &files[0]["file"]["size"]), (&"look here".into(), &300_000.into()));
    let saved: PathBuf = town.path().join(said(files[0], "saved"));
    assert_eq!(std::fs::read(saved).unwrap(), content);
    assert_eq!((&files[1]["file"]["view"], &files[1]["file"]["width"]), (&"once".into(), &1.into()));
    assert!(files[1]["saved"].is_null());
    assert_eq!(std::fs::read_dir(town.path().join("saved")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(town.path().join("people/Alice/outgoing")).unwrap().count(), 0);
}

#[test]
fn a_second_device_reads_and_writes_as_well() {
    let (town, alice, _) = Town::with_two();
    let old = Process::start(&mut town.command("Alice", &["devices", "link", "--yes", "--json"]));
    let code = old.wait_for("the code", |said| first_with(said, "code"));
    let new = town.ask("laptop", &["login", "--link-code", &code, "--device", "laptop"]);
    let (code, told) = old.end();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(first_with(&told, "check"), new[0]["check"].as_str().map(str::to_owned));
    assert_eq!((&new[1]["identity"], &new[1]["contacts"]), (&alice["identity"], &1.into()));
    assert_eq!(town.ask("laptop", &["devices"]).len(), 2);
    town.ask("Bob", &["send", "Alice", "to both"]);
    for device in ["laptop", "Alice"] {
        // What was read on one device is no news on the other, but is there.
        town.ask(device, &["receive"]);
        assert!(all_said(&town.run(device, &["history", "Bob"])).contains("Bob: to both"), "{device}");
    }
    town.ask("laptop", &["send", "Bob", "from the laptop"]);
    town.eventually("Bob", &["Alice: from the laptop"]);
}

#[test]
fn the_phrase_alone_brings_everything_back() {
    let (town, alice, _) = Town::with_two();
    town.ask("Alice", &["backup"]);
    let phrase = town.file("phrase", said(&alice, "phrase").as_bytes());
    let node = said(&alice, "node");
    let back = town.ask("again", &["restore", "--node", &node, "--phrase-file", &phrase]).remove(0);
    assert_eq!((&back["identity"], &back["name"], &back["contacts"]), (&alice["identity"], &"Alice".into(), &1.into()));
    town.ask("again", &["receive"]);
    town.ask("again", &["send", "Bob", "I am back"]);
    town.eventually("Bob", &["Alice: I am back"]);
    town.ask("Bob", &["send", "Alice", "so you are"]);
    town.eventually("again", &["Bob: so you are"]);
}

#[test]
fn groups_are_made_joined_and_left() {
    let (town, ..) = Town::with_two();
    let link = said(&town.ask("Alice", &["invite"]).remove(0), "link");
    town.login("Carol", &town.invitation());
    assert_eq!(town.ask("Carol", &["accept", &link]).remove(0)["title"], "Alice");
    town.ask("Alice", &["receive"]);
    town.ask("Alice", &["rooms", "create", "Family", "Bob", "Carol"]);
    town.ask("Alice", &["send", "Family", "hello all"]);
    town.eventually("Bob", &["Alice: hello all"]);
    town.eventually("Carol", &["Alice: hello all"]);
    assert_eq!(town.ask("Bob", &["rooms", "members", "Family"]).len(), 3);
    town.ask("Bob", &["send", "family", "hi"]);
    town.eventually("Carol", &["Bob: hi"]);
    town.ask("Alice", &["rooms", "remove", "Family", "Carol", "--yes"]);
    town.ask("Bob", &["receive"]);
    town.ask("Bob", &["send", "Family", "among us"]);
    town.eventually("Alice", &["Bob: hi", "Bob: among us"]);
    assert!(town.run("Carol", &["receive"]).status.code().is_some());
    assert!(!all_said(&town.run("Carol", &["history", "Family"])).contains("among us"));
}

#[test]
fn following_shows_what_comes_and_ends_well() {
    let (town, ..) = Town::with_two();
    let follow = Process::start(&mut town.command("Bob", &["receive", "--follow", "--json"]));
    for text in ["one", "two"] {
        town.ask("Alice", &["send", "Bob", text]);
        follow.wait_for(text, |said| {
            said.lines().any(|line| line.contains(&format!("\"text\":\"{text}\""))).then_some(())
        });
    }
    follow.signal(Signal::INT);
    let (code, told) = follow.end();
    assert_eq!(code, Some(0), "{told}");
    assert!(town.news("Bob").is_empty());
}

#[test]
fn safety_numbers_are_the_same_for_both() {
    let (town, ..) = Town::with_two();
    let of_alice = town.ask("Alice", &["verify", "Bob"]).remove(0);
    let of_bob = town.ask("Bob", &["verify", "Alice", "--scanned", &said(&of_alice, "code")]).remove(0);
    assert_eq!(of_alice["safety_number"], of_bob["safety_number"]);
    assert_eq!((&of_alice["verified"], &of_bob["verified"]), (&false.into(), &true.into()));
    assert_eq!(town.code("Bob", &["verify", "Alice", "--scanned", &"0".repeat(60)]).0, Some(4));
    assert_eq!(town.code("Bob", &["verify", "Alice", "--scanned", "tidings:safety:1:x"]).0, Some(2));
    assert_eq!(town.ask("Alice", &["verify", "Bob", "--yes"]).remove(0)["verified"], true);
    assert_eq!(town.ask("Alice", &["contacts"]).remove(0)["verified"], true);
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let (mut town, alice, _) = Town::with_two();
    assert_eq!(town.code("nobody", &["send", "Bob", "x"]).0, Some(5));
    let (code, told) = town.code("Alice", &["send", "Bop", "x"]);
    assert!(code == Some(2) && told.contains("did you mean Bob"), "{told}");
    let (code, told) = town.code("Alice", &["send", "Bob", "missing.jpg"]);
    assert!(code == Some(2) && told.contains("there is no file"), "{told}");
    let (code, told) = town.code("Alice", &["login", "https://node.example", "--name", "x"]);
    assert!(code == Some(4) && told.contains("Alice at http://") && told.contains("--profile"), "{told}");
    assert_eq!(town.code("x", &["login", "ftp://node.example", "--name", "x"]).0, Some(2));
    let used = town.ask("Alice", &["invite", "--no-account"]).remove(0)["link"].as_str().unwrap().to_owned();
    town.login("Carol", &town.invitation());
    town.ask("Carol", &["accept", &used]);
    town.login("Dave", &town.invitation());
    assert_eq!(town.code("Dave", &["accept", &used]).0, Some(4));
    let held = Process::start(&mut town.command("Bob", &["receive", "--follow"]));
    let lock = town.path().join("people/Bob/lock");
    assert!(lock.exists());
    let message = town.run("Alice", &["send", "Bob", "x", "--json"]);
    assert!(message.status.success(), "{}", all_said(&message));
    held.wait_for("the message", |said| said.contains("Alice: x").then_some(()));
    let (code, told) = town.code("Bob", &["profile", "unlock"]);
    assert!(code == Some(3) && told.contains("has this profile open"), "{told}");
    drop(held);
    let (_, secret) = used.split_once("/i#").unwrap();
    let away = format!("https://localhost:1/i#{secret}");
    let (code, told) = town.code("Dave", &["accept", &away, "--timeout", "5"]);
    assert!(code == Some(3) && told.contains("leads to https://localhost:1, which does not answer"), "{told}");
    town.node.take().unwrap().stop();
    let output = town.run("Alice", &["send", "Bob", "later", "--timeout", "1", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{}", all_said(&output));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"], "offline");
    assert_eq!(town.code("Bob", &["receive", "--timeout", "1"]).0, Some(3));
    assert!(!all_said(&town.run("Alice", &["profile"])).contains(&said(&alice, "phrase")));
}

#[test]
fn a_login_that_cannot_work_strands_nobody() {
    let town = Town::new();
    let folder = town.path().join("people/Alice");
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let (found, told) = town.code("Alice", &[&["login", "--name", "Alice", "--yes"], arguments].concat());
        assert!(found == Some(code) && told.contains(words), "{arguments:?}: {found:?} {told}");
        assert!(!told.contains("recovery phrase"), "{told}");
        assert!(!folder.exists(), "{arguments:?}");
    };
    refused(&["garbage"], 3, "can't be reached");
    refused(&["http://127.0.0.1:1"], 3, "can't be reached");
    refused(&["http://node.example/i#1..AAAA"], 2, "http:// only for a node on this machine");
    let link = town.invitation();
    let node = link.split("/i#").next().unwrap().to_owned();
    refused(&[&node], 4, "ask for a link");
    refused(&[link.rsplit_once('.').unwrap().0], 2, "not whole");
    // A token shows to be none only when it is used: then the words were for nothing, but nothing stays.
    let (code, told) = town.code("Alice", &["login", &node, "--token", "AAAA", "--name", "Alice", "--yes"]);
    assert!(code == Some(4) && !folder.exists(), "{code:?} {told}");
    town.login("Alice", &link);
    let cancelled = town.ask("Alice", &["invite"]).remove(0)["link"].as_str().unwrap().to_owned();
    let id = said(&town.ask("Alice", &["invite", "list"]).remove(0), "id");
    town.ask("Alice", &["invite", "cancel", &id]);
    let (code, told) = town.code("Bob", &["login", &cancelled, "--name", "Bob", "--yes"]);
    assert!(code == Some(4) && told.contains("ask for a new one") && !told.contains("recovery"), "{told}");
    assert!(!town.path().join("people/Bob").exists());
}

/// A node that answers once what it is, and is gone then. Gives its address.
fn vanishing_node() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        drop(listener);
        let about =
            r#"{"name":"n","version":"1","protocol":1,"incarnation":1,"time":1,"registration":"open","blob_bytes":1}"#;
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            asked.extend(byte);
        }
        let length = about.len();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{about}");
    });
    format!("http://{address}")
}

#[test]
fn an_account_that_was_begun_can_be_begun_anew() {
    let town = Town::new();
    let node = vanishing_node();
    let login = ["login", &node, "--name", "Alice", "--yes", "--timeout", "2"];
    let (code, told) = town.code("Alice", &login);
    assert!(code == Some(3) && told.contains("Keep the recovery phrase"), "{code:?} {told}");
    let (code, told) = town.code("Alice", &["profile", "--timeout", "1"]);
    assert!(code == Some(3) && told.contains("not made yet") && told.contains(&node), "{code:?} {told}");
    let (code, told) = town.code("Alice", &login);
    assert!(code == Some(3) && told.contains("going on with it") && !told.contains(" 1. "), "{code:?} {told}");
    town.login("Alice", &town.invitation());
    assert_eq!(town.ask("Alice", &["profile"]).remove(0)["name"], "Alice");
}

#[test]
fn one_receive_shows_what_somebody_new_wrote() {
    let town = Town::new();
    town.login("Alice", &town.invitation());
    let link = said(&town.ask("Alice", &["invite"]).remove(0), "link");
    town.login("Bob", &link);
    town.ask("Bob", &["send", "Alice", "hello Alice"]);
    assert_eq!(town.news("Alice"), ["Bob: hello Alice"]);
    town.ask("Alice", &["rooms", "create", "fam", "Bob"]);
    town.ask("Alice", &["send", "fam", "hello all"]);
    assert_eq!(town.news("Bob"), ["Alice: hello all"]);
    let (code, told) = town.code("Alice", &["rooms", "add", "fam", "Bob"]);
    assert!(code == Some(2) && told.contains("in fam already: Bob"), "{told}");
    town.ask("Alice", &["rooms", "role", "fam", "bo", "moderator"]);
    let left = town.run("Alice", &["rooms", "leave", "fam", "--yes"]);
    assert!(left.status.success() && all_said(&left).contains("only owner"), "{}", all_said(&left));
}

#[test]
fn who_is_removed_hears_of_it() {
    let (town, ..) = Town::with_two();
    town.ask("Alice", &["rooms", "create", "fam", "Bob"]);
    town.ask("Bob", &["receive"]);
    let (code, told) = town.code("Alice", &["rooms", "remove", "fam", "alice", "--yes"]);
    assert!(code == Some(2) && told.contains("this is you"), "{told}");
    town.ask("Alice", &["rooms", "remove", "fam", "bob", "--yes"]);
    let (code, told) = town.code("Bob", &["receive"]);
    assert!(code == Some(0) && told.contains("no longer in fam"), "{told}");
}

#[test]
fn who_is_removed_while_following_hears_of_it() {
    let (town, ..) = Town::with_two();
    town.ask("Alice", &["rooms", "create", "fam", "Bob"]);
    town.ask("Bob", &["receive"]);
    let (lines, objects) = (["receive", "--follow"], ["receive", "--follow", "--json"]);
    let lines = Process::start(&mut town.command("Bob", &lines));
    town.ask("Alice", &["send", "fam", "hello"]);
    lines.wait_for("the message", |said| said.contains("hello").then_some(()));
    let objects = Process::start(&mut town.command("Bob", &objects));
    town.ask("Alice", &["send", "fam", "hello again"]);
    objects.wait_for("the next message", |said| said.contains("hello again").then_some(()));
    town.ask("Alice", &["rooms", "remove", "fam", "bob", "--yes"]);
    lines.wait_for("that one is out", |said| said.contains("no longer in fam: somebody removed you").then_some(()));
    let notice = objects.wait_for("the same as an object", |said| {
        said.lines().find(|line| line.contains("no longer in") && line.ends_with('}')).map(str::to_owned)
    });
    let notice: Value = serde_json::from_str(&notice).unwrap();
    assert_eq!(
        (&notice["kind"], &notice["standing"], &notice["title"]),
        (&"notice".into(), &"out".into(), &"fam".into())
    );
    objects.signal(Signal::INT);
    assert_eq!(objects.end().0, Some(0));
    lines.signal(Signal::INT);
    assert_eq!(lines.end().0, Some(0));
}

#[test]
fn whose_account_was_deleted_at_the_node_hears_of_it_soon() {
    let (town, _, bob) = Town::with_two();
    let remove = ["accounts", "remove", &said(&bob, "identity"), "--yes", "--data-dir", "data"];
    let removed = crate::process::run(town.path(), remove);
    assert!(removed.status.success(), "{}", all_said(&removed));
    let begun = std::time::Instant::now();
    let (code, told) = town.code("Bob", &["receive"]);
    assert!(code == Some(5) && told.contains("does not know this account"), "{told}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "it took {:?}", begun.elapsed());
}

#[test]
fn what_can_not_be_meant_is_refused_in_words() {
    let (town, ..) = Town::with_two();
    let refused = |arguments: &[&str], words: &str| {
        let (code, told) = town.code("Alice", arguments);
        assert!(code == Some(2) && told.contains(words), "{arguments:?}: {told}");
    };
    refused(&["profile", "set", "--name", " "], "a name can't be empty");
    refused(&["rooms", "create", "", "bob"], "a name can't be empty");
    refused(&["verify", "bob", "--scanned", "tidings:safety:xyz"], "no safety code");
    refused(&["contacts", "introduce", "bob", "bob"], "the same person: name two");
    refused(&["channels", "join", "#"], "which channel?");
    refused(&["rooms", "link", "bob"], "has no link");
    refused(&["rooms", "leave", "bob", "--yes"], "`tidings contacts remove Bob` ends the conversation");
    refused(&["send", "bob", town.path().to_str().unwrap()], "is not a file");
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "nonsense", "-"] {
        refused(&["send", "bob", "yes", "--reply", id], "`tidings history Bob --json` shows each message with its id");
    }
    assert!(town.ask("Alice", &["history", "bob"]).is_empty(), "an answer to nothing was sent");
    let link = said(&town.ask("Alice", &["invite"]).remove(0), "link");
    refused(&["accept", &link], "error: this is an invitation of your own");
    let (code, told) = town.code("Carol", &["login", &town.invitation(), "--name", "", "--yes"]);
    assert!(code == Some(2) && told.contains("a name can't be empty"), "{told}");
}

#[test]
fn a_locked_room_opens_with_its_passphrase_only() {
    let (town, ..) = Town::with_two();
    let (right, wrong) = (town.file("right", b"correct horse"), town.file("wrong", b"battery staple"));
    town.ask("Alice", &["rooms", "create", "Den", "--anonymous", "--room-passphrase-file", &right]);
    let link = said(&town.ask("Alice", &["rooms", "link", "Den"]).remove(0), "link");
    let (code, told) = town.code("Bob", &["accept", &link]);
    assert!(code == Some(4) && told.contains("--room-passphrase-file"), "{told}");
    let (code, told) = town.code("Bob", &["accept", &link, "--room-passphrase-file", &wrong]);
    assert!(code == Some(4) && told.contains("does not open"), "{told}");
    assert_eq!(town.ask("Bob", &["rooms"]).len(), 1);
    assert!(town.ask("Bob", &["receive"]).is_empty());
    assert_eq!(town.ask("Bob", &["accept", &link, "--room-passphrase-file", &right]).remove(0)["title"], "Den");
    assert_eq!(town.code("Bob", &["rooms", "unlock", "Den", "--room-passphrase-file", &wrong]).0, Some(2));
    town.ask("Alice", &["send", "Den", "psst"]);
    let heard = town.ask("Bob", &["receive"]);
    assert!(heard.iter().any(|message| message["text"] == "psst"), "{heard:?}");
}

#[test]
fn a_profile_can_be_locked() {
    let town = Town::new();
    let passphrase = town.file("passphrase", b"correct horse\n");
    let link = town.invitation();
    town.ask("Alice", &["login", &link, "--name", "Alice", "--yes", "--passphrase-file", &passphrase]);
    let (code, told) = town.code("Alice", &["profile"]);
    assert!(code == Some(2) && told.contains("TIDINGS_CLIENT_PASSPHRASE"), "{told}");
    let with = |passphrase: &str, arguments: &[&str]| {
        run_with(town.command("Alice", arguments).env("TIDINGS_CLIENT_PASSPHRASE", passphrase), "")
    };
    assert_eq!(with("wrong", &["profile"]).status.code(), Some(4));
    assert!(with("correct horse", &["profile"]).status.success());
    assert!(with("correct horse", &["profile", "unlock"]).status.success());
    assert!(town.run("Alice", &["profile"]).status.success());
}

#[test]
fn owners_and_people_share_words() {
    let town = Town::new();
    let folder = town.path();
    town.login("Alice", &town.invitation());
    let invite = |arguments: &[&str], set: &[(&str, &str)]| {
        let mut command = tidings(folder);
        command.args(["invite", "--json"]).args(arguments).envs(set.iter().copied());
        run_with(&mut command, "")
    };
    let of_node = |output: &Output| String::from_utf8_lossy(&output.stdout).contains("piqchat");
    let people = ("TIDINGS_CLIENT_DIR", "people");
    assert!(of_node(&invite(&["--data-dir", "data"], &[people])));
    assert!(of_node(&invite(&[], &[people, ("TIDINGS_PROFILE", "Alice"), ("TIDINGS_DATA_DIR", "data")])));
    let hers = invite(&[], &[people, ("TIDINGS_PROFILE", "Alice")]);
    assert!(hers.status.success() && !of_node(&hers), "{}", all_said(&hers));
    assert_eq!(town.ask("Alice", &["invite", "list"]).len(), 1);
}
