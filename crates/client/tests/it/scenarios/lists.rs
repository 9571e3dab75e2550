//! Two lists of one person's devices that contradict each other, since the home node had forgotten the first of them.

use super::NODES;
use crate::model_node::ModelNode;
use crate::world::World;
use tidings_client::view::{GroupId, Standing};

/// Whether each of these devices knows all of them as one's own, and writes and reads in a conversation with somebody else.
fn all_take_part(world: &mut World, devices: &[usize], other: usize, group: GroupId) {
    world.run(30 * 60_000);
    for device in devices {
        assert_eq!(world.devices[*device].client.devices().len(), devices.len(), "{}", world.devices[*device].name);
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

#[test]
fn devices_that_came_on_both_sides_of_a_restored_node_all_stay() {
    let mut world = World::new(91, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let second = world.link(ada, "second");
    let backup = world.nodes[NODES[0]].clone();
    world.set_offline(second, true);
    let third = world.link(ada, "third");
    world.run(60_000);
    world.settle();
    world.set_offline(ada, true);
    world.set_offline(third, true);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(second, false);
    let fourth = world.link(second, "fourth");
    world.set_offline(ada, false);
    world.set_offline(third, false);
    all_take_part(&mut world, &[ada, second, third, fourth], bob, group);
    let told = |device: &usize| world.devices[*device].client.me().unwrap().warnings;
    let told: Vec<_> = [ada, second, third, fourth].iter().flat_map(told).collect();
    assert!(told.iter().any(|warning| warning.contains("look at your devices")), "{told:?}");
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
