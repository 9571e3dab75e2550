//! One seed from its beginning to its end.

use super::faults::Faults;
use super::queue::Event;
use super::world::Sim;

/// Nodes of three owners.
const NODES: [&str; 3] = ["https://one.example", "https://two.example", "https://three.example"];

/// How large a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Three people, five devices.
    Small,
    /// Twelve people, twenty devices.
    Large,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub devices: usize,
    pub said: usize,
    pub events: u64,
    pub crashes: u64,
    pub restores: u64,
    pub requests: u64,
    /// Virtual minutes until everything was well again.
    pub healed_after: u64,
}

/// Plays one seed. Panics, and says which seed it was, where something is not as it should be.
pub fn play(seed: u64, size: Size, tracing: bool) -> Summary {
    let mut sim = Sim::new(seed, &NODES, tracing);
    sim.large = size == Size::Large;
    match size {
        Size::Small => small(&mut sim),
        Size::Large => large(&mut sim),
    }
    sim.run(60_000);
    sim.trace(|| "-- it begins".to_owned());
    sim.faults = Faults::of(&mut sim);
    sim.acts_left = if size == Size::Small { 60 } else { 200 };
    sim.plan_act(1_000);
    sim.plan(1_000, Event::Trouble);
    sim.until(3_600_000, |sim| sim.acts_left == 0);
    sim.run(30_000);
    sim.trace(|| "-- it heals".to_owned());
    sim.heal();
    let healed_after = sim.check();
    Summary {
        devices: sim.devices.len(),
        said: sim.ledger.said.len(),
        events: sim.events,
        crashes: sim.crashes,
        restores: sim.restores,
        requests: sim.devices.iter().map(|device| device.requests).sum(),
        healed_after,
    }
}

fn small(sim: &mut Sim) {
    for (number, name) in ["Ada", "Bob", "Carol"].into_iter().enumerate() {
        sim.person(name, NODES[number]);
    }
    sim.meet(0, 1);
    sim.meet(2, 0);
    sim.group("Three", 0, &[1, 2]);
    sim.another(0);
    sim.another(1);
}

fn large(sim: &mut Sim) {
    for number in 0..12 {
        sim.person(&format!("P{number}"), NODES[number % 3]);
    }
    sim.early_backups();
    for (owner, others) in [(0, &[1, 2, 3, 4, 5][..]), (4, &[5, 6, 7, 8]), (8, &[9, 10, 11, 0])] {
        for other in others {
            sim.meet(owner, *other);
        }
        sim.group(&format!("Group of {owner}"), owner, others);
    }
    sim.room("Room", 2, &[6, 10]);
    (0..8).for_each(|person| sim.another(person));
}
