//! What goes wrong, by seed.

use super::queue::Event;
use super::world::Sim;
use crate::model_node::ModelNode;

/// Milliseconds after which a driver gives a request up; the node may still do it.
pub const TIME_OUT: u64 = 60_000;

/// How often things go wrong, in a thousand, and how far.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// Requests that never arrive, and answers that never come back.
    pub loss: u32,
    /// Requests and texts that take long.
    pub late: u32,
    /// How long, at most (milliseconds).
    pub late_max: u64,
    /// Calls of a client after which it crashes at some point of its actions.
    pub crash: u32,
    /// Troubles that are cut connections, absent devices, absent nodes, restored nodes: weights.
    pub cut: u32,
    pub absent: u32,
    pub down: u32,
    pub restore: u32,
    pub kill: u32,
    /// Milliseconds between two troubles, on average.
    pub trouble_every: u64,
}

impl Faults {
    /// What a seed is about: some go all at once, some have one kind only.
    pub fn of(sim: &mut Sim) -> Self {
        let some = |sim: &mut Sim, most: u32| if sim.draw(2) == 0 { 0 } else { 1 + sim.draw(most) };
        let loss = some(sim, 150);
        let late = some(sim, 300);
        let late_max = [2_000, 20_000, 90_000, 240_000][sim.draw(4) as usize];
        let crash = some(sim, 30);
        let cut = some(sim, 4);
        let absent = some(sim, 4);
        let down = some(sim, 3);
        let restore = some(sim, 3);
        let kill = some(sim, 3);
        let trouble_every = [3_000, 10_000, 30_000][sim.draw(3) as usize];
        Self { loss, late, late_max, crash, cut, absent, down, restore, kill, trouble_every }
    }
}

impl Sim {
    /// How long something takes on its way.
    pub fn delay(&mut self) -> u64 {
        let faults = self.faults;
        if self.draw(1000) < faults.late {
            return 1 + self.long_draw(faults.late_max);
        }
        1 + u64::from(self.draw(200))
    }

    /// Whether something is lost.
    pub fn lost(&mut self) -> bool {
        let loss = self.faults.loss;
        self.draw(1000) < loss
    }

    /// One thing goes wrong, and the next one is planned.
    pub fn trouble(&mut self) {
        let faults = self.faults;
        let kinds = [faults.cut, faults.absent, faults.down, faults.restore, faults.kill];
        let all: u32 = kinds.iter().sum();
        if all == 0 {
            return;
        }
        let mut drawn = self.draw(all);
        let kind = kinds.iter().position(|weight| {
            let here = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            here
        });
        match kind {
            Some(0) => {
                let (device, node) = (self.any_device(), self.any_node());
                self.hang_up(device, &node);
            }
            Some(1) => {
                let device = self.any_device();
                let long = 1_000 + self.long_draw(180_000);
                self.devices[device].offline_until = self.now + long;
                let nodes: Vec<_> = self.devices[device].lines.keys().cloned().collect();
                nodes.iter().for_each(|node| self.hang_up(device, node));
                self.trace(|| format!("device {device} is offline for {long} ms"));
            }
            Some(2) => {
                let node = self.any_node();
                let long = 1_000 + self.long_draw(180_000);
                self.stop_node(&node, long);
                self.trace(|| format!("{node} is down for {long} ms"));
            }
            Some(3) => self.backup_trouble(),
            _ => {
                let device = self.any_device();
                self.crash(device);
            }
        }
        let wait = 1 + self.long_draw(2 * faults.trouble_every);
        self.plan(wait, Event::Trouble);
    }

    /// Some nodes have a backup from before any conversation was begun.
    pub fn early_backups(&mut self) {
        for node in self.places.keys().cloned().collect::<Vec<_>>() {
            if self.draw(3) == 0
                && let Some(place) = self.places.get_mut(&node)
            {
                place.backup = Some(place.node.clone());
            }
        }
    }

    /// A backup is made, or a node is restored from the last one that there is.
    fn backup_trouble(&mut self) {
        let node = self.any_node();
        let Some(place) = self.places.get_mut(&node) else { return };
        match place.backup.take() {
            None => {
                place.backup = Some(place.node.clone());
                self.trace(|| format!("{node} makes a backup"));
            }
            Some(backup) => {
                let mut restored = ModelNode::restored(&backup);
                restored.incarnation = place.node.incarnation + 1;
                self.stop_node(&node, 1_000);
                if let Some(place) = self.places.get_mut(&node) {
                    place.node = restored;
                    place.restored += 1;
                }
                self.restores += 1;
                self.trace(|| format!("{node} is restored"));
            }
        }
    }

    /// From now on nothing goes wrong; everybody comes back.
    pub fn heal(&mut self) {
        self.faults = Faults::default();
        for place in self.places.values_mut() {
            place.down_until = 0;
        }
        for device in &mut self.devices {
            device.offline_until = 0;
        }
    }
}
