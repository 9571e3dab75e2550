//! A land: nodes of different owners, and devices of people, each of them a profile of the real program.

use crate::http::get;
use crate::people::{first_with, lines, said};
use crate::process::{Node, Process, all_said, run, run_with, tidings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take that needs several people's devices.
const PATIENCE: Duration = Duration::from_secs(90);

/// Limits that people who all have the same address don't meet.
const LIMITS: [&str; 6] = [
    "--rate-address-burst=1000000",
    "--rate-address-per-second=1000000",
    "--rate-key-burst=1000000",
    "--rate-key-per-second=1000000",
    "--rate-guesses-burst=1000000",
    "--rate-guesses-per-second=1000000",
];

/// Somebody's node.
struct Home {
    node: Option<Node>,
    address: SocketAddr,
    /// The folder with its data.
    data: String,
}

/// Where a device reads a conversation: its profile, and what the conversation is called there.
pub(crate) type Reader<'a> = (&'a str, &'a str);

/// Nodes and devices.
pub(crate) struct Land {
    folder: TempDir,
    homes: BTreeMap<String, Home>,
    /// What `receive` has shown on each device: no message twice.
    shown: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Land {
    pub(crate) fn with(nodes: &[&str]) -> Self {
        let mut land = Self { folder: tempfile::tempdir().unwrap(), homes: BTreeMap::new(), shown: Mutex::default() };
        for name in nodes {
            let node = land.serve(name, "127.0.0.1:0", &[]);
            let home = Home { address: node.address, node: Some(node), data: (*name).to_owned() };
            land.homes.insert((*name).to_owned(), home);
        }
        land
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn serve(&self, data: &str, address: &str, environment: &[(&str, &str)]) -> Node {
        let mut command = tidings(self.path());
        command.args(["serve", "--create-invitation=false", "--data-dir", data, "--listen", address]).args(LIMITS);
        Node::start_with(command.envs(environment.iter().copied()))
    }

    pub(crate) fn url(&self, node: &str) -> String {
        format!("http://{}", self.homes[node].address)
    }

    /// What a node has counted since it was started.
    pub(crate) fn metrics(&self, node: &str) -> String {
        get(self.homes[node].address, "/metrics", "").1
    }

    /// Where a node keeps its data.
    pub(crate) fn data(&self, node: &str) -> PathBuf {
        self.path().join(&self.homes[node].data)
    }

    /// Ends a node in good order.
    pub(crate) fn stop(&mut self, node: &str) {
        self.homes.get_mut(node).unwrap().node.take().unwrap().stop();
    }

    /// Ends a node as a power cut would.
    pub(crate) fn kill(&mut self, node: &str) {
        drop(self.homes.get_mut(node).unwrap().node.take());
    }

    /// Starts a node again, where everybody looks for it, with other variables in its environment.
    pub(crate) fn start(&mut self, node: &str, environment: &[(&str, &str)]) {
        let (address, data) = (self.homes[node].address.to_string(), self.homes[node].data.clone());
        let started = self.serve(&data, &address, environment);
        self.homes.get_mut(node).unwrap().node = Some(started);
    }

    /// Backs a running node up.
    pub(crate) fn back_up(&self, node: &str, name: &str) {
        let output = run(self.path(), ["backup", name, "--data-dir", &self.homes[node].data]);
        assert!(output.status.success(), "{}", all_said(&output));
    }

    /// Ends a node, and starts it again as it was when it was backed up.
    pub(crate) fn put_back(&mut self, node: &str, backup: &str) {
        self.stop(node);
        let data = format!("{node} from {backup}");
        let output = run(self.path(), ["restore", backup, "--data-dir", &data]);
        assert!(output.status.success(), "{}", all_said(&output));
        self.homes.get_mut(node).unwrap().data = data;
        self.start(node, &[]);
    }

    /// The invitation of a node's owner to a newcomer.
    pub(crate) fn invitation(&self, node: &str) -> String {
        let output = run(self.path(), ["node", "invite", "--data-dir", &self.homes[node].data, "--json"]);
        assert!(output.status.success(), "{}", all_said(&output));
        said(&serde_json::from_slice(&output.stdout).unwrap(), "tidings")
    }

    /// A command on a device.
    pub(crate) fn command(&self, device: &str, arguments: &[&str]) -> Command {
        let mut command = tidings(self.path());
        command.args(arguments).args(["--client-dir", "devices", "--profile", device]);
        command
    }

    pub(crate) fn run(&self, device: &str, arguments: &[&str]) -> Output {
        run_with(&mut self.command(device, arguments), "")
    }

    /// The objects that a command answers; it must work.
    pub(crate) fn ask(&self, device: &str, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(device, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{device}: {arguments:?}: {}", all_said(&output));
        lines(&output)
    }

    /// The first of them.
    pub(crate) fn answer(&self, device: &str, arguments: &[&str]) -> Value {
        let answers = self.ask(device, arguments);
        answers.into_iter().next().unwrap_or_else(|| panic!("{device}: {arguments:?}: nothing was said"))
    }

    /// What is written line by line into the chat.
    pub(crate) fn chat(&self, device: &str, script: &str) -> String {
        let output = run_with(&mut self.command(device, &["chat", "--plain"]), script);
        let told = all_said(&output);
        assert!(output.status.success() && !told.contains("Not done"), "{device}: {told}");
        told
    }

    /// Makes an account on a device. Gives what is said of it.
    pub(crate) fn login(&self, device: &str, name: &str, link: &str) -> Value {
        self.answer(device, &["login", link, "--name", name, "--device", device, "--yes"])
    }

    /// Makes `new` a further device of whom `old` belongs to.
    pub(crate) fn link(&self, old: &str, new: &str) {
        let shows = Process::start(&mut self.command(old, &["devices", "link", "--yes", "--json"]));
        let code = shows.wait_for("the code", |said| first_with(said, "code"));
        self.ask(new, &["login", "--link-code", &code, "--device", new]);
        let (code, told) = shows.end();
        assert_eq!(code, Some(0), "{told}");
    }

    /// Copies the folder of a device, as somebody could who had it in their hands.
    pub(crate) fn copy(&self, device: &str, copy: &str) {
        let (from, to) = (self.path().join("devices").join(device), self.path().join("devices").join(copy));
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }

    pub(crate) fn send(&self, device: &str, whom: &str, text: &str) -> String {
        said(&self.answer(device, &["send", whom, "--text", text]), "message")
    }

    /// The same where the hub is not yet what it should be: what it can't take now is kept, and goes out with a later command.
    pub(crate) fn send_sometime(&self, device: &str, whom: &str, text: &str) {
        let output = self.run(device, &["send", whom, "--text", text, "--timeout", "10", "--json"]);
        let told = all_said(&output);
        let kept = output.status.code() == Some(3) && told.contains("\"state\":\"waiting\"");
        assert!(kept || output.status.success(), "{device}: {told}");
    }

    /// What a device shows as new. Nothing may be shown twice.
    pub(crate) fn receive(&self, device: &str) -> Vec<Value> {
        let news = self.ask(device, &["receive"]);
        let mut shown = self.shown.lock().unwrap();
        let known = shown.entry(device.to_owned()).or_default();
        for message in news.iter().filter(|message| message["kind"] != "notice") {
            assert!(known.insert(said(message, "message")), "{device} shows it again: {message}");
        }
        news
    }

    /// The same on several devices at once.
    pub(crate) fn all_receive(&self, devices: &BTreeSet<&str>) {
        std::thread::scope(|scope| {
            for device in devices {
                scope.spawn(|| self.receive(device));
            }
        });
    }

    pub(crate) fn history(&self, (device, whom): Reader<'_>) -> Vec<Value> {
        self.ask(device, &["history", whom, "--limit", "1000"])
    }

    /// The texts of a conversation on a device.
    pub(crate) fn texts(&self, reader: Reader<'_>) -> Vec<String> {
        let history = self.history(reader);
        history.iter().filter(|message| message["kind"] == "text").map(|message| said(message, "text")).collect()
    }

    /// Devices receive until each of them has these texts of the conversation and no others, each once, in this order.
    pub(crate) fn all_have(&self, readers: &[Reader<'_>], expected: &[String]) {
        self.meet(readers, expected, <[String]>::to_vec);
    }

    /// The same in any order.
    pub(crate) fn all_have_somehow(&self, readers: &[Reader<'_>], expected: &[String]) {
        self.meet(readers, expected, |texts| {
            let mut sorted = texts.to_vec();
            sorted.sort();
            sorted
        });
    }

    fn meet(&self, readers: &[Reader<'_>], expected: &[String], view: impl Fn(&[String]) -> Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        let missing = |reader: &&Reader<'_>| self.texts(**reader).len() < expected.len();
        let mut behind: Vec<Reader<'_>> = readers.to_vec();
        while !behind.is_empty() && Instant::now() < deadline {
            self.all_receive(&behind.iter().map(|(device, _)| *device).collect());
            behind = behind.iter().filter(missing).copied().collect();
        }
        for reader in readers {
            assert_eq!(view(&self.texts(*reader)), view(expected), "{reader:?}");
        }
    }

    /// Devices receive until something is so.
    pub(crate) fn until(&self, what: &str, devices: &[&str], so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !so() {
            assert!(Instant::now() < deadline, "in vain: {what}");
            self.all_receive(&devices.iter().copied().collect());
        }
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// All files below a folder, as far as they are text.
pub(crate) fn everything_in(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(everything_in(&path));
        } else {
            let content = std::fs::read(&path).unwrap();
            found.push((path, String::from_utf8_lossy(&content).into_owned()));
        }
    }
    found
}
