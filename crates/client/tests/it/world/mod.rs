//! Clients and nodes in one memory, with a clock of their own: what clients ask for is done, in an order that a seed decides.

use crate::model_node::ModelNode;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::{BTreeMap, VecDeque};
use tidings_client::client::Client;
use tidings_client::command::{Attachment, Command, Done, Look, Secret};
use tidings_client::io::{Action, CommandId, FileId, HttpRequest, Input, RequestId, Surroundings};
use tidings_client::phrase::{Phrase, Words};
use tidings_client::records::MemoryRecords;
use tidings_client::view::{ContactView, Event, GroupId, Identity, MessageView, Shown};

mod people;

/// Steps after which a world counts as restless.
const STEPS_MAX: usize = 200_000;

/// Something that is to be done for a client.
enum Task {
    Request(RequestId, HttpRequest),
    Connect(String),
    Say(String, String),
    Disconnect(String),
    Input(Input),
}

/// One device with its client.
pub(crate) struct Device {
    pub name: String,
    pub client: Client,
    pub records: MemoryRecords,
    random: StdRng,
    tasks: VecDeque<Task>,
    lines: BTreeMap<String, u64>,
    pub files: BTreeMap<u64, Vec<u8>>,
    wake: Option<u64>,
    next: u64,
    pub done: BTreeMap<u64, Done>,
    pub events: Vec<Event>,
    /// Reaches no node.
    pub offline: bool,
    pub saves: usize,
    /// Loses everything at this save: true if the save itself is still done.
    pub crash_at: Option<(usize, bool)>,
    pub crashes: usize,
}

/// Everything.
pub(crate) struct World {
    pub now: u64,
    pub nodes: BTreeMap<String, ModelNode>,
    pub devices: Vec<Device>,
    seed: u64,
    random: StdRng,
    /// One of so many requests is lost: half of them before the node saw it. Zero for none.
    pub loss: u32,
}

impl World {
    pub(crate) fn new(seed: u64, nodes: &[&str]) -> Self {
        let nodes = nodes.iter().map(|url| ((*url).to_owned(), ModelNode::new(url))).collect();
        let random = StdRng::seed_from_u64(seed);
        Self { now: 1_800_000_000_000, nodes, devices: Vec::new(), seed, random, loss: 0 }
    }

    /// A new device without an account.
    pub(crate) fn device(&mut self, name: &str) -> usize {
        let records = MemoryRecords::default();
        let number = self.devices.len();
        let device = Device {
            name: name.to_owned(),
            client: Client::open(&records, self.now).unwrap_or_else(|fault| panic!("{fault}")),
            records,
            random: StdRng::seed_from_u64(self.seed ^ (number as u64 + 1) << 32),
            tasks: VecDeque::from([Task::Input(Input::Started)]),
            lines: BTreeMap::new(),
            files: BTreeMap::new(),
            wake: None,
            next: 1,
            done: BTreeMap::new(),
            events: Vec::new(),
            offline: false,
            saves: 0,
            crash_at: None,
            crashes: 0,
        };
        self.devices.push(device);
        number
    }

    /// Gives a command, without waiting for its end.
    pub(crate) fn order(&mut self, device: usize, command: Command) -> u64 {
        let device = &mut self.devices[device];
        let id = device.next;
        device.next += 1;
        device.tasks.push_back(Task::Input(Input::Command(CommandId(id), command)));
        id
    }

    /// Gives a command and runs the world until it has ended.
    pub(crate) fn command(&mut self, device: usize, command: Command) -> Done {
        let id = self.order(device, command);
        self.until(|world| world.devices[device].done.contains_key(&id), "a command ends");
        self.devices[device].done[&id].clone()
    }

    /// The same, for one that must end well.
    pub(crate) fn good(&mut self, device: usize, command: Command) -> Done {
        match self.command(device, command) {
            Done::Failed(fault) => panic!("{}: {fault}", self.devices[device].name),
            done => done,
        }
    }

    /// Runs until something holds. Time goes on when nothing else is to be done.
    pub(crate) fn until(&mut self, holds: impl Fn(&Self) -> bool, what: &str) {
        let limit = self.now + 3_600_000;
        for _ in 0..STEPS_MAX {
            if holds(self) {
                return;
            }
            if !self.step() && !self.wait(limit) {
                break;
            }
        }
        self.report();
        panic!("seed {}: it never came about that {what}", self.seed);
    }

    fn report(&self) {
        for device in &self.devices {
            eprintln!("{}: busy {}, caught up {}", device.name, device.client.busy(), device.client.caught_up());
            for event in &device.events {
                if let Event::Warning(warning) = event {
                    eprintln!("  warned: {warning}");
                }
            }
            for view in device.client.conversations() {
                let texts: Vec<_> =
                    self.shown(device, &view.id).iter().map(|view| format!("{:?}", view.shown)).collect();
                eprintln!(
                    "  {} {:?} {:?} {} members: {texts:?}",
                    view.title,
                    view.kind,
                    view.standing,
                    view.members.len()
                );
            }
        }
    }

    fn shown(&self, device: &Device, group: &GroupId) -> Vec<MessageView> {
        device.client.messages(&device.records, group, None, 1000).unwrap()
    }

    /// Runs for some time.
    pub(crate) fn run(&mut self, milliseconds: u64) {
        let limit = self.now + milliseconds;
        for _ in 0..STEPS_MAX {
            if !self.step() && !self.wait(limit) {
                self.now = limit;
                return;
            }
        }
        self.report();
        panic!("seed {}: the world does not come to rest", self.seed);
    }

    /// The next time somebody waits for, if it is not after `limit`.
    fn wait(&mut self, limit: u64) -> bool {
        let next = self.devices.iter().filter_map(|device| device.wake).min();
        let Some(next) = next.filter(|next| *next <= limit) else { return false };
        self.now = self.now.max(next);
        for device in &mut self.devices {
            if device.wake.is_some_and(|at| at <= self.now) {
                device.wake = None;
                device.tasks.push_back(Task::Input(Input::Tick));
            }
        }
        true
    }

    /// Does one thing for somebody.
    fn step(&mut self) -> bool {
        let ready: Vec<_> = (0..self.devices.len()).filter(|number| !self.devices[*number].tasks.is_empty()).collect();
        if ready.is_empty() {
            return false;
        }
        let number = ready[self.random.next_u32() as usize % ready.len()];
        let task = self.devices[number].tasks.pop_front().unwrap();
        match task {
            Task::Input(input) => self.give(number, input),
            Task::Request(id, request) => self.request(number, id, request),
            Task::Connect(node) => self.connect(number, node),
            Task::Say(node, text) => {
                if let (Some(line), Some(there)) = (self.devices[number].lines.get(&node), self.nodes.get_mut(&node)) {
                    let said = there.hear(*line, &text, self.now);
                    self.tell(&node, said);
                    self.poll(&node);
                }
            }
            Task::Disconnect(node) => self.hang_up(number, &node),
        }
        true
    }

    fn request(&mut self, number: usize, id: RequestId, request: HttpRequest) {
        let offline = self.devices[number].offline || !self.nodes.contains_key(&request.node);
        let lost = self.loss > 0 && self.random.next_u32().is_multiple_of(self.loss);
        let before = self.random.next_u32().is_multiple_of(2);
        let input = if offline || (lost && before) {
            Input::NoAnswer(id)
        } else {
            let node = request.node.clone();
            let answer = self.nodes.get_mut(&node).unwrap().answer(&request, self.now);
            self.poll(&node);
            if lost { Input::NoAnswer(id) } else { Input::Answer(id, answer) }
        };
        self.devices[number].tasks.push_back(Task::Input(input));
    }

    fn connect(&mut self, number: usize, node: String) {
        let reached = !self.devices[number].offline;
        let Some(there) = self.nodes.get_mut(&node).filter(|_| reached) else {
            return self.devices[number].tasks.push_back(Task::Input(Input::Disconnected { node }));
        };
        let (line, hello) = there.connect();
        let device = &mut self.devices[number];
        device.lines.insert(node.clone(), line);
        device.tasks.push_back(Task::Input(Input::Connected { node: node.clone() }));
        device.tasks.push_back(Task::Input(Input::Heard { node, text: hello }));
    }

    /// A connection ends.
    pub(crate) fn hang_up(&mut self, number: usize, node: &str) {
        if let Some(line) = self.devices[number].lines.remove(node) {
            self.nodes.get_mut(node).unwrap().disconnect(line);
            self.devices[number].tasks.push_back(Task::Input(Input::Disconnected { node: node.to_owned() }));
        }
    }

    /// All connections to a node that is away have ended.
    pub(crate) fn hang_up_gone(&mut self, node: &str) {
        for device in &mut self.devices {
            if device.lines.remove(node).is_some() {
                device.tasks.push_back(Task::Input(Input::Disconnected { node: node.to_owned() }));
            }
        }
    }

    /// A node says something on a connection that it should not say.
    pub(crate) fn whisper(&mut self, number: usize, node: &str, text: &str) {
        let input = Input::Heard { node: node.to_owned(), text: text.to_owned() };
        self.devices[number].tasks.push_back(Task::Input(input));
    }

    /// A device loses or finds its network.
    pub(crate) fn set_offline(&mut self, number: usize, offline: bool) {
        self.devices[number].offline = offline;
        let nodes: Vec<_> = self.devices[number].lines.keys().cloned().collect();
        nodes.iter().filter(|_| offline).for_each(|node| self.hang_up(number, node));
    }

    /// A node is another one from now on; all connections to it end.
    pub(crate) fn replace_node(&mut self, node: ModelNode) {
        let url = node.url.clone();
        for number in 0..self.devices.len() {
            self.hang_up(number, &url);
        }
        self.nodes.insert(url, node);
    }

    fn poll(&mut self, node: &str) {
        let said = self.nodes.get_mut(node).unwrap().poll();
        self.tell(node, said);
    }

    fn tell(&mut self, node: &str, said: Vec<(u64, String)>) {
        for (line, text) in said {
            let device = self.devices.iter_mut().find(|device| device.lines.get(node) == Some(&line));
            if let Some(device) = device {
                device.tasks.push_back(Task::Input(Input::Heard { node: node.to_owned(), text }));
            }
        }
    }

    fn give(&mut self, number: usize, input: Input) {
        let now = self.now;
        let device = &mut self.devices[number];
        let mut surroundings = Surroundings { now, random: &mut device.random, records: &device.records };
        let actions = device.client.handle(input, &mut surroundings);
        for (place, action) in actions.into_iter().enumerate() {
            assert!(place == 0 || !matches!(action, Action::Save(_)), "one save, and it comes first");
            if self.act(number, action) {
                return self.restart(number);
            }
        }
    }

    /// Does one action. Whether the device crashed meanwhile.
    fn act(&mut self, number: usize, action: Action) -> bool {
        let device = &mut self.devices[number];
        let task = match action {
            Action::Save(changes) => {
                device.saves += 1;
                let crash = device.crash_at.filter(|(at, _)| *at == device.saves).map(|(_, kept)| kept);
                if crash != Some(false) {
                    device.records.apply(changes);
                }
                return crash.is_some();
            }
            Action::Request(id, request) => Task::Request(id, request),
            Action::Connect { node } => Task::Connect(node),
            Action::Say { node, text } => Task::Say(node, text),
            Action::Disconnect { node } => Task::Disconnect(node),
            Action::WakeAt(at) => {
                device.wake = Some(at);
                return false;
            }
            Action::ReadFile { file, offset, length } => {
                let bytes = device.files.get(&file.0).map(|content| {
                    let from = (offset as usize).min(content.len());
                    content[from..(from + length as usize).min(content.len())].to_vec()
                });
                Task::Input(Input::FileRead { file, offset, bytes })
            }
            Action::WriteFile { file, offset, bytes } => {
                let content = device.files.entry(file.0).or_default();
                content.truncate(offset as usize);
                content.extend_from_slice(&bytes);
                Task::Input(Input::FileWritten { file, worked: true })
            }
            Action::Done(id, done) => {
                device.done.insert(id.0, done);
                return false;
            }
            Action::Show(event) => {
                device.events.push(event);
                return false;
            }
        };
        device.tasks.push_back(task);
        false
    }

    /// The client is lost, and read again from what was kept. Requests that were made may have been seen by the node.
    pub(crate) fn restart(&mut self, number: usize) {
        let tasks = std::mem::take(&mut self.devices[number].tasks);
        for task in tasks {
            if let Task::Request(_, request) = task {
                let seen = !self.devices[number].offline && self.random.next_u32().is_multiple_of(2);
                if let Some(node) = self.nodes.get_mut(&request.node).filter(|_| seen) {
                    node.answer(&request, self.now);
                    self.poll(&request.node.clone());
                }
            }
        }
        let nodes: Vec<_> = self.devices[number].lines.keys().cloned().collect();
        nodes.iter().for_each(|node| self.hang_up(number, node));
        let device = &mut self.devices[number];
        device.crashes += 1;
        device.tasks.clear();
        device.wake = None;
        device.client = Client::open(&device.records, self.now).unwrap_or_else(|fault| panic!("{fault}"));
        device.tasks.push_back(Task::Input(Input::Started));
    }
}
