//! A client with contacts, a conversation and news waiting for it, at nodes that answer and say whatever they like: the true answers of
//! model nodes, changed as the input says. The client may not panic, must be found again after a restart, must do its work in bounded
//! steps, and may believe no node about what is signed or sealed.

use crate::hostile::{Bytes, twisted};
use crate::model_node::ModelNode;
use crate::world::World;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;
use tidings_client::client::Client;
use tidings_client::command::{Command, Secret};
use tidings_client::io::{Action, CommandId, HttpRequest, Input, RequestId, Surroundings};
use tidings_client::records::MemoryRecords;
use tidings_client::view::{GroupId, Identity, Shown};

const NODES: [&str; 2] = ["https://alpha.example", "https://beta.example"];
/// Things that are done for one input.
const STEPS_MAX: usize = 400;
/// Of one client in one call.
const ACTIONS_MAX: usize = 2_000;
/// All that anybody has said in this world. A node can't make up more.
const SAID: [&str; 4] = ["first", "second", "while away", "and more"];

/// How things stood when Ada went offline.
struct Scene {
    records: MemoryRecords,
    nodes: BTreeMap<String, ModelNode>,
    now: u64,
    group: GroupId,
    known: BTreeSet<Identity>,
    link: Secret,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let mut world = World::new(1, &NODES);
        let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
        let group = world.meet(ada, bob);
        world.say(ada, group, SAID[0]);
        world.say(bob, group, SAID[1]);
        let link = world.invite(ada);
        world.settle();
        world.set_offline(ada, true);
        world.say(bob, group, SAID[2]);
        world.say(bob, group, SAID[3]);
        let carol = world.person("Carol", NODES[1]);
        world.good(carol, Command::Accept { link, passphrase: None });
        let link = world.invite(carol);
        world.run(10_000);
        let known = [ada, bob, carol].map(|device| world.identity(device)).into();
        let mut nodes = world.nodes.clone();
        nodes.values_mut().for_each(|node| node.connections.clear());
        Scene { records: world.devices[ada].records.clone(), nodes, now: world.now, group, known, link }
    })
}

enum Task {
    Request(RequestId, HttpRequest),
    Say(String, String),
    Input(Input),
}

struct Hand {
    client: Client,
    records: MemoryRecords,
    random: StdRng,
    nodes: BTreeMap<String, ModelNode>,
    lines: BTreeMap<String, u64>,
    tasks: VecDeque<Task>,
    now: u64,
    wake: Option<u64>,
    commands: u64,
}

pub(super) fn run(data: &[u8]) {
    let scene = scene();
    let mut bytes = Bytes(data.iter());
    let mut hand = Hand {
        client: Client::open(&scene.records, scene.now).expect("the records are whole"),
        records: scene.records.clone(),
        random: StdRng::from_seed([2; 32]),
        nodes: scene.nodes.clone(),
        lines: BTreeMap::new(),
        tasks: VecDeque::from([Task::Input(Input::Started)]),
        now: scene.now,
        wake: None,
        commands: 0,
    };
    for _ in 0..STEPS_MAX {
        if bytes.is_at_end() {
            break;
        }
        if !hand.step(&mut bytes) && !hand.idle(&mut bytes) {
            break;
        }
    }
    believes_nothing(&hand.client, &hand.records);
    let again = Client::open(&hand.records, hand.now).expect("what was kept can be read again");
    believes_nothing(&again, &hand.records);
}

/// People, devices and messages are those that there are.
fn believes_nothing(client: &Client, records: &MemoryRecords) {
    let scene = scene();
    assert!(client.me().is_some_and(|me| scene.known.contains(&me.identity)));
    assert!(client.contacts().iter().all(|contact| scene.known.contains(&contact.identity)));
    for conversation in client.conversations() {
        let messages = client.messages(records, &conversation.id, None, 1_000).expect("messages can be read");
        for message in messages.iter().filter(|message| !message.mine) {
            assert!(scene.known.contains(&message.sender));
            if let Shown::Text(text) = &message.shown {
                assert!(SAID.contains(&text.as_str()), "a message that nobody wrote");
            }
        }
    }
}

impl Hand {
    /// Does the next thing that is to be done, if there is one.
    fn step(&mut self, bytes: &mut Bytes<'_>) -> bool {
        let Some(task) = self.tasks.pop_front() else { return false };
        match task {
            Task::Input(input) => self.give(input),
            Task::Request(id, request) => self.answer(id, &request, bytes),
            Task::Say(node, text) => {
                if let (Some(line), Some(there)) = (self.lines.get(&node), self.nodes.get_mut(&node)) {
                    let said = there.hear(*line, &text, self.now);
                    self.tell(&node, said, bytes);
                    self.poll(&node, bytes);
                }
            }
        }
        true
    }

    /// Nothing is to be done: time goes on, or the person wants something.
    fn idle(&mut self, bytes: &mut Bytes<'_>) -> bool {
        if let Some(command) = command(bytes.next()) {
            self.commands += 1;
            self.tasks.push_back(Task::Input(Input::Command(CommandId(self.commands), command)));
            return true;
        }
        let Some(at) = self.wake.take() else { return false };
        self.now = self.now.max(at);
        self.tasks.push_back(Task::Input(Input::Tick));
        true
    }

    fn give(&mut self, input: Input) {
        let mut surroundings = Surroundings { now: self.now, random: &mut self.random, records: &self.records };
        let actions = self.client.handle(input, &mut surroundings);
        assert!(actions.len() <= ACTIONS_MAX);
        for action in actions {
            match action {
                Action::Save(changes) => self.records.apply(changes),
                Action::Request(id, request) => self.tasks.push_back(Task::Request(id, request)),
                Action::Connect { node } => self.connect(node),
                Action::Say { node, text } => self.tasks.push_back(Task::Say(node, text)),
                Action::Disconnect { node } => self.hang_up(&node),
                Action::WakeAt(at) => self.wake = Some(at),
                Action::ReadFile { file, offset, .. } => {
                    self.tasks.push_back(Task::Input(Input::FileRead { file, offset, bytes: None }));
                }
                Action::WriteFile { file, .. } => {
                    self.tasks.push_back(Task::Input(Input::FileWritten { file, worked: true }));
                }
                Action::Done(..) | Action::Show(_) => {}
            }
        }
    }

    fn answer(&mut self, id: RequestId, request: &HttpRequest, bytes: &mut Bytes<'_>) {
        // What a node was made to name as another one.
        let Some(node) = self.nodes.get_mut(&request.node) else {
            return self.tasks.push_back(Task::Input(Input::NoAnswer(id)));
        };
        let answer = node.answer(request, self.now);
        let node = request.node.clone();
        let input = twisted(answer, bytes).map_or(Input::NoAnswer(id), |answer| Input::Answer(id, answer));
        self.tasks.push_back(Task::Input(input));
        self.poll(&node, bytes);
    }

    fn connect(&mut self, node: String) {
        let Some(there) = self.nodes.get_mut(&node) else {
            return self.tasks.push_back(Task::Input(Input::Disconnected { node }));
        };
        let (line, hello) = there.connect();
        self.lines.insert(node.clone(), line);
        self.tasks.push_back(Task::Input(Input::Connected { node: node.clone() }));
        self.tasks.push_back(Task::Input(Input::Heard { node, text: hello }));
    }

    fn hang_up(&mut self, node: &str) {
        if let Some(line) = self.lines.remove(node) {
            self.nodes.get_mut(node).into_iter().for_each(|node| node.disconnect(line));
            self.tasks.push_back(Task::Input(Input::Disconnected { node: node.to_owned() }));
        }
    }

    fn poll(&mut self, node: &str, bytes: &mut Bytes<'_>) {
        let said = self.nodes.get_mut(node).map(ModelNode::poll).unwrap_or_default();
        self.tell(node, said, bytes);
    }

    fn tell(&mut self, node: &str, said: Vec<(u64, String)>, bytes: &mut Bytes<'_>) {
        for (_, text) in said {
            let Some(text) = crate::hostile::said(text, bytes) else {
                self.hang_up(node);
                continue;
            };
            self.tasks.push_back(Task::Input(Input::Heard { node: node.to_owned(), text }));
        }
    }
}

/// Something a person may want; mostly nothing.
fn command(choice: u8) -> Option<Command> {
    let Scene { group, known, link, .. } = scene();
    let group = *group;
    let members = || known.iter().copied().collect::<Vec<_>>();
    Some(match choice % 32 {
        1 => Command::SendText { group, text: "x".to_owned(), reply: None, expire: Some(5) },
        2 => Command::Invite { lasts: 3600, note: String::new(), token: None, account: choice >= 128 },
        3 => Command::Accept { link: link.clone(), passphrase: None },
        4 => Command::CreateGroup { name: "x".to_owned(), members: members() },
        5 => Command::AddMembers { group, members: members() },
        6 => Command::OfferLink,
        7 => Command::BackUp,
        8 => Command::Leave { group },
        9 => Command::CreateRoom { name: "x".to_owned(), passphrase: None },
        10 => Command::MarkRead { group, message: None },
        11 => Command::RemoveContact { contact: *known.iter().next_back()? },
        12 => Command::TestPush,
        13 => Command::JoinChannel { channel: "x".to_owned() },
        14 => Command::SetProfile {
            name: Some("x".to_owned()),
            picture: None,
            statement: None,
            read_receipts: None,
            history: None,
        },
        15 => Command::Introduce { first: *known.iter().next()?, second: *known.iter().next_back()? },
        _ => return None,
    })
}
