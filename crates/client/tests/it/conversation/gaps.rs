//! Messages that nobody can send again.

use super::world::World;
use tidings_client::view::Shown;

const HOUR: u64 = 3_600_000;

/// How many messages are said to be missing, as each gap on a device has it.
fn gaps(world: &World, device: usize, group: &tidings_client::view::GroupId) -> Vec<u64> {
    let count = |shown| if let Shown::Gap(count) = shown { Some(count) } else { None };
    world.page(device, group).into_iter().filter_map(|view| count(view.shown)).collect()
}

#[test]
fn what_cannot_be_had_is_shown_as_a_gap() {
    let mut world = World::new(14);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(alice, bob);
    world.run(10_000);
    world.say(alice, &group, "one");
    world.run(10_000);
    world.set_offline(bob, true);
    world.run(1_000);
    let before = world.hub.groups[&group.0].entries.len();
    for text in ["two", "three", "four"] {
        world.say(alice, &group, text);
        world.run(10_000);
    }
    // The hub has lost the first two of them, and Alice's only device can't be asked any more.
    for entry in &mut world.hub.groups.get_mut(&group.0).unwrap().entries[before..before + 2] {
        entry.body.0 = vec![1; 40];
    }
    world.set_offline(alice, true);
    world.set_offline(bob, false);
    world.run(HOUR);
    assert_eq!(world.texts(bob, &group), ["four", "one"]);
    assert!(gaps(&world, bob, &group).is_empty(), "they may still come");
    world.run(24 * HOUR);
    assert_eq!(gaps(&world, bob, &group), [2]);
    // It is said once, and nobody asks any more.
    world.run(48 * HOUR);
    assert_eq!(
        (gaps(&world, bob, &group), world.texts(bob, &group)),
        (vec![2], vec!["four".to_owned(), "one".to_owned()])
    );
}
