//! Clients, nodes and the network between them, with one clock.

use super::faults::{Faults, TIME_OUT};
use super::ledger::Ledger;
use super::outsiders::OldDevice;
use super::people::Person;
use super::queue::{Event, Queue};
use crate::model_node::ModelNode;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use tidings_client::client::Client;
use tidings_client::command::{Command, Done, Fault};
use tidings_client::io::{Action, CommandId, HttpAnswer, HttpRequest, Input, RequestId, Surroundings};
use tidings_client::records::MemoryRecords;

/// When the world begins (milliseconds).
pub const BEGINNING: u64 = 1_800_000_000_000;

/// Requests and wake-ups of one device in a minute that are still no busy loop: with three conversations, and in a large world, where one
/// device may have fifteen to put back.
const HASTE_MAX: u32 = 1_500;
const HASTE_LARGE_MAX: u32 = 4 * HASTE_MAX;

/// What has become of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// In use.
    There,
    /// Its owner has lost it: it never runs again.
    Lost,
    /// Taken off the list; it runs on.
    Removed,
}

/// A device.
pub struct Device {
    pub person: usize,
    pub client: Client,
    pub records: MemoryRecords,
    pub fate: Fate,
    pub life: u32,
    random: StdRng,
    /// Live connections: their number at the node, and when the last text will have come, so that texts stay in order.
    pub lines: BTreeMap<String, (u64, u64, u64)>,
    wake: Option<u64>,
    commands: u64,
    pub done: BTreeMap<u64, Done>,
    pub offline_until: u64,
    /// Off until it starts again.
    pub off: bool,
    pub requests: u64,
    /// The device that is being linked by this one.
    pub linking: Option<usize>,
}

/// A node, and what surrounds it.
pub struct Place {
    pub node: ModelNode,
    pub down_until: u64,
    pub backup: Option<ModelNode>,
    pub restored: u32,
}

/// Everything.
pub struct Sim {
    pub now: u64,
    pub seed: u64,
    random: StdRng,
    pub queue: Queue,
    pub places: BTreeMap<String, Place>,
    pub devices: Vec<Device>,
    pub people: Vec<Person>,
    pub faults: Faults,
    pub ledger: Ledger,
    pub acts_left: u32,
    pub events: u64,
    pub crashes: u64,
    pub restores: u64,
    pub tracing: bool,
    minute: u64,
    hurried: BTreeMap<usize, u32>,
    /// Whether more happens than in a small world.
    pub large: bool,
    pub copies: Vec<OldDevice>,
    /// Groups that were made after the beginning.
    pub founded: u32,
}

impl Sim {
    pub fn new(seed: u64, nodes: &[&str], tracing: bool) -> Self {
        let place = |url: &str| Place { node: ModelNode::new(url), down_until: 0, backup: None, restored: 0 };
        Self {
            now: BEGINNING,
            seed,
            random: StdRng::seed_from_u64(seed),
            queue: Queue::default(),
            places: nodes.iter().map(|url| ((*url).to_owned(), place(url))).collect(),
            devices: Vec::new(),
            people: Vec::new(),
            faults: Faults::default(),
            ledger: Ledger::default(),
            acts_left: 0,
            events: 0,
            crashes: 0,
            restores: 0,
            tracing,
            minute: 0,
            hurried: BTreeMap::new(),
            large: false,
            copies: Vec::new(),
            founded: 0,
        }
    }

    pub fn draw(&mut self, below: u32) -> u32 {
        self.random.next_u32() % below.max(1)
    }

    pub fn long_draw(&mut self, below: u64) -> u64 {
        self.random.next_u64() % below.max(1)
    }

    pub fn random(&mut self) -> &mut StdRng {
        &mut self.random
    }

    pub fn trace(&self, line: impl FnOnce() -> String) {
        if self.tracing {
            eprintln!("{:>9} {}", self.now - BEGINNING, line());
        }
    }

    pub fn plan(&mut self, wait: u64, event: Event) {
        let tie = self.random.next_u32();
        self.queue.put(self.now + wait, tie, event);
    }

    pub fn any_device(&mut self) -> usize {
        self.draw(self.devices.len() as u32) as usize
    }

    pub fn any_node(&mut self) -> String {
        let number = self.draw(self.places.len() as u32) as usize;
        self.places.keys().nth(number).cloned().unwrap_or_default()
    }

    /// A new device of somebody.
    pub fn device(&mut self, person: usize) -> usize {
        self.device_from(person, MemoryRecords::default())
    }

    /// A device that has kept something.
    pub fn device_from(&mut self, person: usize, records: MemoryRecords) -> usize {
        let number = self.devices.len();
        self.devices.push(Device {
            person,
            client: open(&records, self.now),
            records,
            fate: Fate::There,
            life: 0,
            random: StdRng::seed_from_u64(self.seed.wrapping_mul(1_000_003) ^ (number as u64 + 1) << 40),
            lines: BTreeMap::new(),
            wake: None,
            commands: 0,
            done: BTreeMap::new(),
            offline_until: 0,
            off: false,
            requests: 0,
            linking: None,
        });
        self.give(number, Input::Started);
        number
    }

    /// Gives a command: its number, if the device is on.
    pub fn order(&mut self, device: usize, command: Command) -> Option<u64> {
        if self.devices[device].off || self.devices[device].fate == Fate::Lost {
            return None;
        }
        self.devices[device].commands += 1;
        let id = self.devices[device].commands;
        self.give(device, Input::Command(CommandId(id), command));
        Some(id)
    }

    /// Lets happen what happens until something holds, for so many milliseconds at most. Whether it holds.
    pub fn until(&mut self, longest: u64, holds: impl Fn(&Self) -> bool) -> bool {
        let limit = self.now + longest;
        while !holds(self) {
            if self.queue.next_at().is_none_or(|at| at > limit) {
                self.now = limit;
                return holds(self);
            }
            self.step();
        }
        true
    }

    /// Lets time go on.
    pub fn run(&mut self, milliseconds: u64) {
        self.until(milliseconds, |_| false);
    }

    fn step(&mut self) {
        let Some((at, event)) = self.queue.take() else { return };
        self.now = self.now.max(at);
        self.events += 1;
        self.watch_for_haste(&event);
        match event {
            Event::Arrive { device, life, id, request, answer_in } => {
                self.arrive(device, life, id, &request, answer_in);
            }
            Event::Input { device, life, input } => {
                if self.alive(device, life) {
                    self.give(device, input);
                }
            }
            Event::Tick { device, life, wake } => {
                if self.alive(device, life) && self.devices[device].wake == Some(wake) {
                    self.devices[device].wake = None;
                    self.give(device, Input::Tick);
                }
            }
            Event::Connect { device, life, node } => self.connect(device, life, node),
            Event::Say { device, node, line, text } => self.said(device, &node, line, &text),
            Event::Hear { device, node, line, text } => {
                if self.devices[device].lines.get(&node).is_some_and(|known| known.0 == line) {
                    self.trace(|| format!("device {device} hears of {node}: {}", &text[..text.len().min(150)]));
                    self.give(device, Input::Heard { node, text });
                }
            }
            Event::Start { device, life } => self.start(device, life),
            Event::Return { node } => self.trace(|| format!("{node} is there again")),
            Event::Act => self.act(),
            Event::Trouble => self.trouble(),
        }
    }

    /// Nobody is busy without an end: a minute has a bounded number of events.
    fn watch_for_haste(&mut self, event: &Event) {
        if self.now >= self.minute + 60_000 {
            self.minute = self.now;
            self.hurried.clear();
        }
        if let Event::Tick { device, .. } | Event::Arrive { device, .. } = event {
            let count = self.hurried.entry(*device).or_default();
            *count += 1;
            let most = if self.large { HASTE_LARGE_MAX } else { HASTE_MAX };
            assert!(*count <= most, "seed {}: device {device} does {count} things in a minute", self.seed);
        }
    }

    fn alive(&self, device: usize, life: u32) -> bool {
        let device = &self.devices[device];
        device.life == life && !device.off
    }

    pub fn online(&self, device: usize) -> bool {
        self.devices[device].offline_until <= self.now
    }

    fn up(&self, node: &str) -> bool {
        self.places.get(node).is_some_and(|place| place.down_until <= self.now)
    }

    fn arrive(&mut self, device: usize, life: u32, id: RequestId, request: &HttpRequest, answer_in: Option<u64>) {
        if !self.up(&request.node) {
            return self.plan(100, Event::Input { device, life, input: Input::NoAnswer(id) });
        }
        let now = self.now;
        let Some(place) = self.places.get_mut(&request.node) else { return };
        let answer = place.node.answer(request, now);
        if self.tracing && answer.status < 300 && request.target.ends_with("/entries") {
            self.trace_entry(device, request, &answer);
        }
        if self.tracing && answer.status >= 400 && answer.status != 404 {
            self.trace(|| format!("device {device}: {} {} → {}", request.method, request.target, answer.status));
        }
        self.poll(&request.node);
        if let Some(wait) = answer_in {
            self.plan(wait, Event::Input { device, life, input: Input::Answer(id, answer) });
        }
    }

    fn trace_entry(&self, device: usize, request: &HttpRequest, answer: &HttpAnswer) {
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap_or_default();
        let (entry, placed) = (read(request.body.as_deref().unwrap_or_default()), read(&answer.body));
        let [kind, turn, id, number] = [&entry["kind"], &entry["turn"], &entry["id"], &placed["number"]];
        self.trace(|| format!("device {device}: {}: {kind} {id} of turn {turn} stands at {number}", request.target));
    }

    fn request(&mut self, device: usize, id: RequestId, request: HttpRequest) {
        let life = self.devices[device].life;
        self.devices[device].requests += 1;
        let gives_up = |wait| (wait, Event::Input { device, life, input: Input::NoAnswer(id) });
        if !self.online(device) {
            let (wait, event) = gives_up(50);
            return self.plan(wait, event);
        }
        if self.lost() {
            let (wait, event) = gives_up(TIME_OUT);
            return self.plan(wait, event);
        }
        let (there, back, lost) = (self.delay(), self.delay(), self.lost());
        let answer_in = (!lost && there + back < TIME_OUT).then_some(back);
        if answer_in.is_none() {
            let (wait, event) = gives_up(TIME_OUT);
            self.plan(wait, event);
        }
        self.trace(|| format!("device {device} asks {}: {} {}", request.node, request.method, request.target));
        self.plan(there, Event::Arrive { device, life, id, request, answer_in });
    }

    fn connect(&mut self, device: usize, life: u32, node: String) {
        if !self.alive(device, life) {
            return;
        }
        let reached = self.online(device) && self.up(&node) && !self.lost();
        let Some(place) = self.places.get_mut(&node).filter(|_| reached) else {
            return self.plan(50, Event::Input { device, life, input: Input::Disconnected { node } });
        };
        let (line, hello) = place.node.connect();
        self.devices[device].lines.insert(node.clone(), (line, self.now, self.now));
        self.give(device, Input::Connected { node: node.clone() });
        self.tell(&node, vec![(line, hello)]);
    }

    fn said(&mut self, device: usize, node: &str, line: u64, text: &str) {
        let open = self.devices[device].lines.get(node).is_some_and(|known| known.0 == line);
        let now = self.now;
        self.trace(|| format!("device {device} says to {node}, {open}: {}", &text[..text.len().min(110)]));
        let Some(place) = self.places.get_mut(node).filter(|_| open) else { return };
        let said = place.node.hear(line, text, now);
        self.tell(node, said);
        self.poll(node);
    }

    /// A connection ends.
    pub fn hang_up(&mut self, device: usize, node: &str) {
        if let Some((line, ..)) = self.devices[device].lines.remove(node) {
            if let Some(place) = self.places.get_mut(node) {
                place.node.disconnect(line);
            }
            let life = self.devices[device].life;
            self.plan(10, Event::Input { device, life, input: Input::Disconnected { node: node.to_owned() } });
        }
    }

    /// A node is away for a while.
    pub fn stop_node(&mut self, node: &str, long: u64) {
        if let Some(place) = self.places.get_mut(node) {
            place.down_until = self.now + long;
        }
        for device in 0..self.devices.len() {
            self.hang_up(device, node);
        }
        self.plan(long, Event::Return { node: node.to_owned() });
    }

    /// From now on a node lets everybody read and write in its groups.
    pub fn let_everybody_in(&mut self, node: &str) {
        if let Some(place) = self.places.get_mut(node) {
            place.node.lax = true;
        }
    }

    fn poll(&mut self, node: &str) {
        if let Some(place) = self.places.get_mut(node) {
            let said = place.node.poll();
            self.tell(node, said);
        }
    }

    fn tell(&mut self, node: &str, said: Vec<(u64, String)>) {
        for (line, text) in said {
            let found = self.devices.iter().position(|device| device.lines.get(node).is_some_and(|it| it.0 == line));
            let Some(device) = found else { continue };
            let at = self.now + self.delay();
            let Some(known) = self.devices[device].lines.get_mut(node) else { continue };
            known.1 = known.1.max(at) + 1;
            let wait = known.1 - self.now;
            self.plan(wait, Event::Hear { device, node: node.to_owned(), line, text });
        }
    }

    /// A client is given something, and what it wants is begun; it may crash on the way.
    pub fn give(&mut self, number: usize, input: Input) {
        let now = self.now;
        let device = &mut self.devices[number];
        if device.off {
            return;
        }
        let mut surroundings = Surroundings { now, random: &mut device.random, records: &device.records };
        let actions = device.client.handle(input, &mut surroundings);
        let crash = self.faults.crash;
        let crash = crash > 0 && self.draw(1000) < crash;
        let at = if crash { self.draw(actions.len() as u32 + 1) as usize } else { usize::MAX };
        for (place, action) in actions.into_iter().enumerate() {
            assert!(place == 0 || !matches!(action, Action::Save(_)), "one save, and it comes first");
            if place == at {
                return self.crash(number);
            }
            self.begin(number, action);
        }
        if crash {
            return self.crash(number);
        }
        self.look_after_linking(number);
    }

    fn begin(&mut self, number: usize, action: Action) {
        let life = self.devices[number].life;
        match action {
            Action::Save(changes) => self.devices[number].records.apply(changes),
            Action::Request(id, request) => self.request(number, id, request),
            Action::Connect { node } => {
                let wait = self.delay().min(TIME_OUT);
                self.plan(wait, Event::Connect { device: number, life, node });
            }
            Action::Say { node, text } => {
                let at = self.now + self.delay();
                let now = self.now;
                if let Some(known) = self.devices[number].lines.get_mut(&node) {
                    known.2 = known.2.max(at) + 1;
                    let (line, wait) = (known.0, known.2 - now);
                    self.plan(wait, Event::Say { device: number, node, line, text });
                }
            }
            Action::Disconnect { node } => self.hang_up(number, &node),
            Action::WakeAt(at) => {
                self.devices[number].wake = Some(at);
                let wait = at.saturating_sub(self.now);
                self.plan(wait, Event::Tick { device: number, life, wake: at });
            }
            Action::Done(id, done) => {
                if let Done::Failed(fault) = &done {
                    assert!(!matches!(fault, Fault::Store(_)), "seed {}: device {number}: {fault}", self.seed);
                }
                self.devices[number].done.insert(id.0, done);
            }
            Action::Show(tidings_client::view::Event::Warning(warning)) => {
                self.trace(|| format!("device {number} warns: {warning}"));
                self.ledger.warnings.insert(warning);
            }
            Action::Show(_) | Action::ReadFile { .. } | Action::WriteFile { .. } => {}
        }
    }

    /// The client is gone; a little later it is started from what it has kept.
    pub fn crash(&mut self, number: usize) {
        if self.devices[number].off || self.devices[number].fate == Fate::Lost {
            return;
        }
        self.crashes += 1;
        self.trace(|| format!("device {number} crashes"));
        self.switch_off(number);
        let life = self.devices[number].life;
        let wait = if self.draw(8) == 0 { self.long_draw(300_000) } else { self.long_draw(5_000) };
        self.plan(1 + wait, Event::Start { device: number, life });
    }

    /// A device is off from now on.
    pub fn switch_off(&mut self, number: usize) {
        let lines = std::mem::take(&mut self.devices[number].lines);
        for (node, (line, ..)) in lines {
            if let Some(place) = self.places.get_mut(&node) {
                place.node.disconnect(line);
            }
        }
        let device = &mut self.devices[number];
        device.life += 1;
        device.off = true;
        device.wake = None;
    }

    fn start(&mut self, number: usize, life: u32) {
        let device = &mut self.devices[number];
        if device.life != life || device.fate == Fate::Lost {
            return;
        }
        device.off = false;
        device.client = open(&device.records, self.now);
        self.give(number, Input::Started);
    }

    /// All messages that a device shows in a conversation.
    pub fn messages(
        &self,
        device: usize,
        group: &tidings_client::view::GroupId,
    ) -> Vec<tidings_client::view::MessageView> {
        let device = &self.devices[device];
        device.client.messages(&device.records, group, None, 100_000).unwrap_or_else(|fault| panic!("{fault}"))
    }
}

fn open(records: &MemoryRecords, now: u64) -> Client {
    Client::open(records, now).unwrap_or_else(|fault| panic!("{fault}"))
}
