//! Random days with everything that can go wrong. A failure prints its seed.

use super::hub::Hub;
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

/// Three people with one or two devices each, in a group that the first device owns.
fn walkers(world: &mut World) -> (Vec<Vec<usize>>, GroupId) {
    let mut people = Vec::new();
    for name in ["Alice", "Bob", "Carol"] {
        let devices = 1 + world.pick(2);
        people.push(world.person(name, devices));
    }
    let walks = group(world, people[0][0], &[people[1][0], people[2][0]]);
    world.run(30_000);
    for device in people.concat() {
        assert!(world.epoch(device, &walks).is_some(), "seed {}: device {device} did not come in", world.seed);
    }
    (people, walks)
}

/// One thing that happens on a bad day.
fn mishap(world: &mut World, devices: &[usize], walks: &GroupId, backup: &mut Option<Hub>) {
    let device = devices[world.pick(devices.len())];
    let named = |name: String| Wish::Set { name: Some(name), picture: None, expire: None };
    match world.pick(8) {
        0 => world.set_offline(device, true),
        1 => {
            let wish = named(format!("Walks {}", world.now));
            let _ = world.call(devices[0], walks, |conversation, scene| conversation.wish(scene, wish));
        }
        2 => *backup = Some(world.hub.clone()),
        3 | 4 => {
            if let Some(backup) = backup.take() {
                world.restore_hub(backup);
            }
        }
        5 | 6 => devices.iter().for_each(|device| world.set_offline(*device, false)),
        _ => world.crash(device),
    }
}

/// The troubles are over: everybody has everything once, and all are in step.
fn calm(world: &mut World, devices: &[usize], walks: &GroupId, said: &[String]) {
    world.trouble = Trouble::default();
    devices.iter().for_each(|device| world.set_offline(*device, false));
    world.run(30 * HOUR);
    world.agree(devices, walks, said);
}

fn day(seed: u64) {
    let mut world = World::new(seed);
    let (people, walks) = walkers(&mut world);
    let devices: Vec<usize> = people.concat();
    world.trouble = Trouble { loss: 10, crash: 3 };
    let (mut said, mut backup) = (Vec::new(), None);
    for _ in 0..8 {
        talk(&mut world, &devices, &walks, 3, &mut said);
        mishap(&mut world, &devices, &walks, &mut backup);
    }
    calm(&mut world, &devices, &walks, &said);
}

/// Dave comes and goes; what is said while he is out he never reads.
fn visitors(seed: u64) {
    let mut world = World::new(seed);
    let (people, walks) = walkers(&mut world);
    let devices: Vec<usize> = people.concat();
    let dave = world.person("Dave", 1)[0];
    let daves = world.identity(dave);
    let (mut said, mut secret) = (Vec::new(), Vec::new());
    for round in 0..3 {
        world.trouble = Trouble { loss: 10, crash: 3 };
        let wish = Wish::Add(vec![daves]);
        world.call(devices[0], &walks, |conversation, scene| conversation.wish(scene, wish)).unwrap();
        world.run(120_000);
        assert!(world.epoch(dave, &walks).is_some(), "seed {seed}: round {round}: Dave did not come in");
        let all = [devices.clone(), vec![dave]].concat();
        talk(&mut world, &all, &walks, 4, &mut said);
        world.run(60_000);
        world.call(devices[0], &walks, |conversation, scene| conversation.wish(scene, Wish::Remove(daves))).unwrap();
        world.run(120_000);
        for device in &devices {
            let there = world.devices[*device].conversations[&walks].has_member(&daves);
            assert!(!there, "seed {seed}: round {round}: Dave is still a member for device {device}");
        }
        let before = said.len();
        talk(&mut world, &devices, &walks, 3, &mut said);
        secret.extend(said[before..].to_vec());
        // What has not left a device when somebody is added is for them, too.
        world.run(60_000);
    }
    calm(&mut world, &devices, &walks, &said);
    let read = world.texts(dave, &walks);
    let told: Vec<_> = read.iter().filter(|text| secret.contains(text)).collect();
    assert!(told.is_empty(), "seed {seed}: Dave reads what was said without him: {told:?}");
    let distinct: std::collections::BTreeSet<_> = read.iter().collect();
    assert_eq!(distinct.len(), read.len(), "seed {seed}: Dave has something twice");
}

/// A hub that shows two streams for a while, then one of them.
fn fork(seed: u64) {
    let mut world = World::new(seed);
    let (people, walks) = walkers(&mut world);
    let devices: Vec<usize> = people.concat();
    let mut said = Vec::new();
    talk(&mut world, &devices, &walks, 3, &mut said);
    world.run(10_000);
    let deceived = people[1 + world.pick(2)].clone();
    world.fork(deceived);
    for round in 0..2 {
        talk(&mut world, &devices, &walks, 3, &mut said);
        let wish = Wish::Set { name: Some(format!("Walks {round}")), picture: None, expire: None };
        world.call(devices[0], &walks, |conversation, scene| conversation.wish(scene, wish)).unwrap();
        world.run(5_000);
    }
    let keep_other = world.pick(2) == 0;
    world.unite(keep_other);
    world.run(60_000);
    // What the hub took from somebody and showed to nobody is noticed when they speak again.
    for device in &devices {
        talk(&mut world, &[*device], &walks, 1, &mut said);
    }
    calm(&mut world, &devices, &walks, &said);
}

/// Seeds of the everyday run; `TIDINGS_SEEDS=from..to` at compile time gives others.
fn seeds() -> std::ops::Range<u64> {
    let asked = option_env!("TIDINGS_SEEDS").and_then(|range| range.split_once(".."));
    asked.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?)).unwrap_or(100..106)
}

fn each(run: fn(u64)) {
    for seed in seeds() {
        println!("seed {seed}");
        run(seed);
    }
}

#[test]
fn after_a_bad_day_all_have_everything_once() {
    each(day);
}

#[test]
fn visitors_read_nothing_after_they_went() {
    each(visitors);
}

#[test]
fn a_hub_that_shows_two_streams_divides_nobody_for_long() {
    each(fork);
}
