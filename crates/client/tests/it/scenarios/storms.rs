//! Lost requests, broken connections, devices that are away, crashes: in the end everybody has everything, once.

use super::NODES;
use crate::world::World;
use tidings_client::command::{Command, Done};
use tidings_client::view::GroupId;

struct Storm {
    world: World,
    group: GroupId,
    devices: Vec<usize>,
    said: Vec<String>,
    luck: u64,
}

impl Storm {
    /// Three people at three nodes, one of them with two devices, in a group.
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, &NODES);
        let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
        let [ada, bob, carol] = people;
        world.meet(ada, bob);
        world.meet(ada, carol);
        let second = world.link(bob, "Bob's second");
        world.run(30_000);
        world.settle();
        let members = vec![world.identity(bob), world.identity(carol)];
        let create = Command::CreateGroup { name: "Storm".to_owned(), members };
        let Done::Conversation(group) = world.good(ada, create) else { panic!("no group") };
        world.settle();
        world.run(30_000);
        world.settle();
        let devices = vec![ada, bob, carol, second];
        Self { world, group, devices, said: Vec::new(), luck: seed | 1 }
    }

    fn draw(&mut self, below: usize) -> usize {
        self.luck ^= self.luck << 13;
        self.luck ^= self.luck >> 7;
        self.luck ^= self.luck << 17;
        (self.luck >> 11) as usize % below
    }

    fn step(&mut self) {
        let chosen = self.draw(self.devices.len());
        let device = self.devices[chosen];
        match self.draw(8) {
            0 => {
                let offline = !self.world.devices[device].offline;
                self.world.set_offline(device, offline);
            }
            1 => self.world.restart(device),
            2 => {
                let node = NODES[self.draw(3)];
                self.world.hang_up(device, node);
            }
            3 => {
                let wait = self.draw(20_000) as u64;
                self.world.run(wait);
            }
            _ => {
                let text = format!("{} from {device}", self.said.len());
                self.world.say(device, self.group, &text);
                self.said.push(text);
                let wait = self.draw(300) as u64;
                self.world.run(wait);
            }
        }
    }

    fn heal(&mut self, seed: u64) {
        self.world.loss = 0;
        for device in self.devices.clone() {
            self.world.set_offline(device, false);
        }
        self.world.run(600_000);
        self.world.settle();
        self.said.sort();
        for device in self.devices.clone() {
            let mut texts = self.world.texts(device, &self.group);
            texts.sort();
            assert_eq!(texts, self.said, "seed {seed}, {}", self.world.devices[device].name);
        }
    }
}

#[test]
fn after_a_storm_everybody_has_everything_once() {
    for seed in 100..104 {
        let mut storm = Storm::new(seed);
        storm.world.loss = 6;
        for _ in 0..30 {
            storm.step();
        }
        storm.heal(seed);
    }
}
