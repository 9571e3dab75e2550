//! Random days with everything that can go wrong. A failure prints its seed.

use super::plain::group;
use super::world::{Trouble, World};
use tidings_client::conversation::Wish;
use tidings_client::view::GroupId;

const HOUR: u64 = 3_600_000;

/// What was said by a device while it was a member.
fn talk(world: &mut World, devices: &[usize], group: &GroupId, count: usize, said: &mut Vec<String>) {
    for _ in 0..count {
        let device = devices[world.pick(devices.len())];
        let text = format!("{} by {device}", said.len());
        if world.say(device, group, &text).is_some() {
            said.push(text);
        }
        let wait = world.pick(3_000) as u64;
        world.run(wait);
    }
}

fn day(seed: u64) {
    let mut world = World::new(seed);
    let people: Vec<Vec<usize>> = ["Alice", "Bob", "Carol"]
        .iter()
        .map(|name| {
            let devices = 1 + world.pick(2);
            world.person(name, devices)
        })
        .collect();
    let owner = people[0][0];
    let walks = group(&mut world, owner, &[people[1][0], people[2][0]]);
    world.run(30_000);
    let devices: Vec<usize> = people.concat();
    for device in &devices {
        assert!(world.epoch(*device, &walks).is_some(), "seed {seed}: device {device} did not come in");
    }
    world.trouble = Trouble { loss: 10, crash: 3 };
    let mut said = Vec::new();
    let mut backup = None;
    for round in 0..6 {
        talk(&mut world, &devices, &walks, 4, &mut said);
        let device = devices[world.pick(devices.len())];
        match world.pick(6) {
            0 => world.set_offline(device, true),
            1 => {
                let wish = Wish::Set { name: Some(format!("Walks {round}")), picture: None, expire: None };
                let _ = world.call(owner, &walks, |conversation, scene| conversation.wish(scene, wish));
            }
            2 => backup = Some(world.hub.clone()),
            3 => {
                if let Some(backup) = backup.take() {
                    world.restore_hub(backup);
                }
            }
            4 => devices.iter().for_each(|device| world.set_offline(*device, false)),
            _ => world.crash(device),
        }
    }
    world.trouble = Trouble::default();
    devices.iter().for_each(|device| world.set_offline(*device, false));
    world.run(6 * HOUR);
    world.agree(&devices, &walks, &said);
}

/// Seeds of the everyday run; `TIDINGS_SEEDS=from..to` gives others.
fn seeds() -> std::ops::Range<u64> {
    let asked = option_env!("TIDINGS_SEEDS").and_then(|range| range.split_once(".."));
    asked.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?)).unwrap_or(100..110)
}

#[test]
fn after_a_bad_day_all_have_everything_once() {
    for seed in seeds() {
        println!("seed {seed}");
        day(seed);
    }
}
