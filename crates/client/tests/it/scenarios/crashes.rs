//! Crashes at any point lose and double nothing.

use super::NODES;
use crate::world::World;
use tidings_client::command::{Command, PushSubscription, Secret};

/// Two people meet and talk, while one of them crashes at a save.
fn story(seed: u64, who: usize, at: usize, kept: bool) {
    let mut world = World::new(seed, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let saves = world.devices[who].saves;
    world.devices[who].crash_at = Some((saves + at, kept));
    let link = loop {
        // The one who crashes while inviting invites again, as a person would.
        let order = world.order(ada, Command::Invite { lasts: 3600, note: String::new(), token: None, account: false });
        let crashes = world.devices[ada].crashes;
        world.until(
            |world| world.devices[ada].done.contains_key(&order) || world.devices[ada].crashes > crashes,
            "it ends",
        );
        if let Some(tidings_client::command::Done::Link(link)) = world.devices[ada].done.get(&order) {
            break link.clone();
        }
    };
    world.order(bob, Command::Accept { link: link.clone(), passphrase: None });
    world.run(30_000);
    if world.devices[bob].client.contacts().is_empty() {
        world.order(bob, Command::Accept { link, passphrase: None });
    }
    world.settle();
    let group = world.devices[bob].client.contacts()[0].conversation.unwrap();
    let mut said = Vec::new();
    for (number, from) in [ada, bob, ada, bob].into_iter().enumerate() {
        let text = format!("{number}");
        let order = world.order(from, Command::SendText { group, text: text.clone(), reply: None, expire: None });
        let crashes = world.devices[from].crashes;
        world.until(
            |world| world.devices[from].done.contains_key(&order) || world.devices[from].crashes > crashes,
            "it ends",
        );
        // What was not kept was never said.
        if world.devices[from].done.contains_key(&order) || kept {
            said.push(text);
        }
        world.settle();
    }
    world.run(30_000);
    world.settle();
    for device in [ada, bob] {
        let mut texts = world.texts(device, &group);
        let mut expected = said.clone();
        // A crash before the save may have come before or after the person's words were kept.
        texts.retain(|text| said.contains(text));
        expected.sort();
        texts.sort();
        assert_eq!(texts, expected, "seed {seed}, device {who}, save {at}, kept {kept}");
    }
    assert_eq!(world.texts(ada, &group), world.texts(bob, &group));
}

#[test]
fn a_crash_at_any_save_loses_and_doubles_nothing() {
    for at in (1..28).step_by(3) {
        for kept in [false, true] {
            story(1000 + at as u64, at % 2, at, kept);
        }
    }
}

#[test]
fn hubs_learn_where_to_wake_a_device_even_if_it_crashes_meanwhile() {
    for seed in 1100..1106 {
        let mut world = World::new(seed, &NODES);
        let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
        let group = world.meet(ada, bob);
        world.settle();
        let hub = world.devices[ada].client.conversation(&group).unwrap().hub;
        let told = |world: &World| -> Vec<bool> {
            world.nodes[&hub].groups.values().flat_map(|hub| hub.wakes.values().map(Option::is_some)).collect()
        };
        let subscription = PushSubscription {
            endpoint: "https://push.example/1".to_owned(),
            p256dh: "AAAA".to_owned(),
            auth: Secret("AAAA".to_owned()),
        };
        for (push, expected) in [(Some(subscription), true), (None, false)] {
            world.good(ada, Command::SetPush(push));
            world.restart(ada);
            world.settle();
            assert_eq!(told(&world), [expected], "seed {seed}");
        }
    }
}
