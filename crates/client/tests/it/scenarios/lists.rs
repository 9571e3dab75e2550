//! Two lists of one person's devices that contradict each other, since the home node had forgotten the first of them.

use super::NODES;
use crate::model_node::ModelNode;
use crate::world::World;
use std::collections::BTreeSet;
use tidings_client::command::{Command, Done, PushSubscription, Secret};
use tidings_client::view::{GroupId, Standing};

/// Whether each of these devices knows all of them as one's own, and writes and reads in a conversation with somebody else.
fn all_take_part(world: &mut World, devices: &[usize], other: usize, group: GroupId) {
    world.run(30 * 60_000);
    all_know_all(world, devices);
    for device in devices {
        let standing = world.devices[*device].client.conversation(&group).unwrap().standing;
        assert_eq!(standing, Standing::Ready, "{}", world.devices[*device].name);
        let text = format!("from {}", world.devices[*device].name);
        world.say(*device, group, &text);
        world.settle();
        for reader in devices.iter().chain([&other]) {
            let texts = world.texts(*reader, &group);
            assert_eq!(texts.last(), Some(&text), "{} reads {texts:?}", world.devices[*reader].name);
        }
    }
    let members = world.devices[other].client.conversation(&group).unwrap().members;
    assert_eq!(members.iter().map(|member| member.devices).sum::<usize>(), devices.len() + 1);
    // Somebody who adds all of them gets key packages that are good.
    let carol = world.person("Carol", NODES[2]);
    world.meet(devices[0], carol);
    world.settle();
}

fn all_know_all(world: &World, devices: &[usize]) {
    for device in devices {
        assert_eq!(world.devices[*device].client.devices().len(), devices.len(), "{}", world.devices[*device].name);
    }
}

fn warnings(world: &World, device: usize) -> Vec<String> {
    world.devices[device].client.me().unwrap().warnings
}

fn serial(world: &World, device: usize) -> u64 {
    world.devices[device].client.devices().into_iter().find(|device| device.this).unwrap().serial
}

#[test]
fn devices_that_came_on_both_sides_of_a_restored_node_all_stay() {
    let mut world = World::new(91, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let second = world.link(ada, "second");
    let backup = world.nodes[NODES[0]].clone();
    world.set_offline(second, true);
    let third = world.link(ada, "third");
    let push = PushSubscription {
        endpoint: "https://push.example/x".to_owned(),
        p256dh: "AAAA".to_owned(),
        auth: Secret("BBBB".to_owned()),
    };
    world.good(third, Command::SetPush(Some(push)));
    world.run(60_000);
    world.settle();
    let before = serial(&world, third);
    world.set_offline(ada, true);
    world.set_offline(third, true);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(second, false);
    let fourth = world.link(second, "fourth");
    world.set_offline(ada, false);
    world.set_offline(third, false);
    all_take_part(&mut world, &[ada, second, third, fourth], bob, group);
    let told: Vec<_> = [ada, second, third, fourth].into_iter().flat_map(|device| warnings(&world, device)).collect();
    assert!(told.iter().any(|warning| warning.contains("look at your devices")), "{told:?}");
    // Each names whom it did not know. (The fourth was linked with a list that was joined already.)
    for (device, came) in [(ada, fourth), (second, third), (third, fourth)] {
        let came = format!("device {}", serial(&world, came));
        let told = warnings(&world, device);
        assert!(told.iter().any(|warning| warning.starts_with(&came)), "{came} {told:?}");
    }
    // What the node threw away with the old serial is there again.
    assert_ne!(serial(&world, third), before);
    let home = &world.nodes[NODES[0]];
    assert!(home.accounts.values().any(|account| account.pushed.len() == 1));
    let groups = || world.nodes.values().flat_map(|node| node.groups.iter());
    let woken: BTreeSet<_> = groups()
        .filter(|(_, hub)| {
            let token = |url: &Option<String>| url.as_ref().and_then(|url| url.rsplit('/').next()).map(str::to_owned);
            hub.wakes.values().filter_map(token).any(|token| home.wakes.contains_key(&token))
        })
        .map(|(group, _)| *group)
        .collect();
    let of_third: BTreeSet<_> =
        world.devices[third].client.conversations().iter().map(|view| tidings_wire::Fixed(view.id.0)).collect();
    assert_eq!(woken, of_third);
}

#[test]
fn a_key_package_from_before_a_device_got_another_serial_is_passed_over() {
    let mut world = World::new(91, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.meet(ada, bob);
    let second = world.link(ada, "second");
    let backup = world.nodes[NODES[0]].clone();
    world.set_offline(second, true);
    let third = world.link(ada, "third");
    world.run(60_000);
    world.settle();
    let before = serial(&world, third);
    let account = |node: &ModelNode| node.accounts.keys().next().copied().unwrap();
    let identity = account(&world.nodes[NODES[0]]);
    let known = backup.accounts[&identity].packages.clone();
    let packages = &world.nodes[NODES[0]].accounts[&identity].packages;
    let (key, old) = packages.iter().find(|(key, _)| !known.contains_key(*key)).unwrap();
    let (key, old) = (*key, old.waiting[0].clone());
    world.set_offline(ada, true);
    world.set_offline(third, true);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(second, false);
    world.link(second, "fourth");
    world.set_offline(ada, false);
    world.set_offline(third, false);
    world.run(30 * 60_000);
    assert_ne!(serial(&world, third), before);
    // As if it had come late.
    let account = world.nodes.get_mut(NODES[0]).unwrap().accounts.get_mut(&identity).unwrap();
    account.packages.get_mut(&key).unwrap().waiting.push_front(old);
    let members = vec![world.identity(ada)];
    let made = world.good(bob, Command::CreateGroup { name: "Late".to_owned(), members });
    let Done::Conversation(group) = made else { panic!("{made:?}") };
    world.run(60_000);
    for device in [ada, second, third] {
        assert_eq!(world.devices[device].client.conversation(&group).unwrap().standing, Standing::Ready);
    }
}

/// Ada's first device has linked two others, and another one of hers one, on the other side of a restored node.
fn forked(seed: u64) -> (World, usize, [usize; 4], usize) {
    let mut world = World::new(seed, &NODES);
    let ada = world.person("Ada", NODES[0]);
    let second = world.link(ada, "second");
    let backup = world.nodes[NODES[0]].clone();
    world.set_offline(second, true);
    let others = ["third", "fifth"].map(|name| world.link(ada, name));
    world.run(60_000);
    world.settle();
    let here = [ada, others[0], others[1]];
    here.iter().for_each(|device| world.set_offline(*device, true));
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(second, false);
    let fourth = world.link(second, "fourth");
    world.settle();
    (world, second, [ada, others[0], others[1], second], fourth)
}

#[test]
fn a_joined_list_reaches_the_node_when_the_own_one_is_ahead() {
    let (mut world, _, devices, fourth) = forked(93);
    let puts = |world: &World| world.nodes[NODES[0]].counts.get("PUT devices").copied().unwrap_or(0);
    let before = puts(&world);
    devices.iter().for_each(|device| world.set_offline(*device, false));
    world.run(30 * 60_000);
    let all = [&devices[..], &[fourth]].concat();
    all_know_all(&world, &all);
    assert!(puts(&world) - before < 20, "{}", puts(&world) - before);
    for device in all {
        let told = warnings(&world, device);
        assert!(!told.iter().any(|warning| warning.contains("did not take")), "{told:?}");
    }
}

#[test]
fn a_device_that_was_removed_on_one_side_stays_removed_when_the_lists_are_joined() {
    let (mut world, second, devices, lost) = forked(94);
    // Ada's first device joins the lists, and goes away before anybody else hears of it; what it did is lost with the node.
    let backup = world.nodes[NODES[0]].clone();
    world.set_offline(second, true);
    world.set_offline(lost, true);
    world.set_offline(devices[0], false);
    world.run(60_000);
    assert_eq!(world.devices[devices[0]].client.devices().len(), 5, "it knows of the lost one");
    world.set_offline(devices[0], true);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(second, false);
    let serial = serial(&world, lost);
    world.good(second, Command::RemoveDevice { serial });
    world.settle();
    devices.iter().chain([&lost]).for_each(|device| world.set_offline(*device, false));
    world.run(30 * 60_000);
    all_know_all(&world, &devices);
    let told = warnings(&world, lost);
    assert!(told.iter().any(|warning| warning.contains("this device was removed")), "{told:?}");
    let told = warnings(&world, devices[0]);
    assert!(told.iter().any(|warning| warning.contains("was removed from your account by another")), "{told:?}");
}

#[test]
fn a_list_that_only_a_contact_still_knows_is_not_forgotten() {
    let mut world = World::new(92, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let bob = world.person("Bob", NODES[1]);
    let group = world.meet(ada, bob);
    let backup = world.nodes[NODES[0]].clone();
    let second = world.link(ada, "second");
    world.run(60_000);
    world.settle();
    // Both of these are gone.
    world.set_offline(ada, true);
    world.set_offline(second, true);
    world.replace_node(ModelNode::restored(&backup));
    let new = world.restore("new", NODES[0], &phrase);
    world.run(30 * 60_000);
    assert_eq!(world.devices[new].client.conversation(&group).unwrap().standing, Standing::Ready);
    world.say(new, group, "here again");
    world.settle();
    assert_eq!(world.texts(bob, &group), ["here again"]);
    world.set_offline(ada, false);
    world.set_offline(second, false);
    all_take_part(&mut world, &[ada, second, new], bob, group);
}
