//! Hubs that were restored from a backup which is older than a conversation.

use super::NODES;
use crate::model_node::ModelNode;
use crate::world::World;
use tidings_client::command::{Command, Done};
use tidings_client::view::{GroupId, Standing};

/// Time in which whoever is there has given it back and all have found that.
const SOON: u64 = 3 * 60_000;

fn group_of(world: &mut World, owner: usize, others: &[usize]) -> GroupId {
    let members = others.iter().map(|other| world.identity(*other)).collect();
    let made = world.good(owner, Command::CreateGroup { name: "Birds".to_owned(), members });
    let Done::Conversation(group) = made else { panic!("no group") };
    world.settle();
    group
}

/// Ada's group with Bob, whose node is hers, and Carol, whose is not; and that node as it was before.
fn three(seed: u64) -> (World, [usize; 3], ModelNode, GroupId) {
    let mut world = World::new(seed, &NODES);
    let people @ [ada, bob, carol] =
        [("Ada", 0), ("Bob", 0), ("Carol", 1)].map(|(name, node)| world.person(name, NODES[node]));
    world.meet(ada, bob);
    world.meet(ada, carol);
    let backup = world.nodes[NODES[0]].clone();
    let group = group_of(&mut world, ada, &[bob, carol]);
    (world, people, backup, group)
}

fn ready(world: &World, device: usize, group: &GroupId) -> bool {
    world.devices[device].client.conversation(group).unwrap().standing == Standing::Ready
}

#[test]
fn a_conversation_that_its_hub_has_lost_goes_on() {
    let mut world = World::new(60, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    // Who is invited makes the conversation, at their node.
    let backup = world.nodes[NODES[1]].clone();
    let group = world.meet(ada, bob);
    for (who, text) in [(ada, "one"), (bob, "two")] {
        world.say(who, group, text);
        world.settle();
    }
    world.set_offline(ada, true);
    world.say(bob, group, "while she is away");
    world.settle();
    world.replace_node(ModelNode::restored(&backup));
    world.run(SOON);
    world.say(bob, group, "and on");
    world.settle();
    world.set_offline(ada, false);
    world.run(SOON);
    world.settle();
    world.say(ada, group, "here again");
    world.settle();
    for who in [ada, bob] {
        assert_eq!(world.texts(who, &group), ["one", "two", "while she is away", "and on", "here again"], "{who}");
    }
    let hub = &world.nodes[NODES[1]].groups.values().next().unwrap();
    assert_eq!((hub.end(), hub.turn), (hub.entries.last().unwrap().number, 0), "everything stands where it stood");
}

#[test]
fn a_conversation_is_made_though_the_node_does_not_know_the_device_at_first() {
    let mut world = World::new(80, &NODES);
    let ada = world.person("Ada", NODES[0]);
    let backup = world.nodes[NODES[0]].clone();
    let second = world.link(ada, "Ada's second");
    world.set_offline(second, true);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(ada, true);
    let made = world.order(second, Command::CreateGroup { name: "Birds".to_owned(), members: Vec::new() });
    world.set_offline(second, false);
    world.settle();
    world.set_offline(ada, false);
    world.run(SOON);
    let groups: Vec<_> = world.devices[second].client.conversations();
    assert_eq!(groups.len(), 1, "{made:?}");
    assert!(ready(&world, second, &groups[0].id) && ready(&world, ada, &groups[0].id));
}

#[test]
fn a_plain_member_gives_back_what_the_hub_lost_while_the_owner_is_away() {
    let (mut world, [ada, bob, carol], backup, group) = three(61);
    let second = world.link(carol, "Carol's second");
    let name = Some("Owls".to_owned());
    world.good(ada, Command::SetGroup { group, name, picture: None, expire: None });
    world.settle();
    world.set_offline(ada, true);
    world.set_offline(second, true);
    world.say(carol, group, "before");
    world.settle();
    world.replace_node(ModelNode::restored(&backup));
    world.run(SOON);
    assert!(ready(&world, bob, &group) && ready(&world, carol, &group));
    world.say(bob, group, "after");
    world.settle();
    world.set_offline(ada, false);
    world.set_offline(second, false);
    world.run(SOON);
    world.settle();
    world.say(ada, group, "well done");
    world.settle();
    for who in [ada, bob, carol, second] {
        assert_eq!(world.texts(who, &group), ["before", "after", "well done"], "{who}");
        assert_eq!(world.devices[who].client.conversation(&group).unwrap().title, "Owls");
    }
}

#[test]
fn who_can_give_it_back_may_come_late() {
    let mut world = World::new(62, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let backup = world.nodes[NODES[1]].clone();
    let group = world.meet(ada, bob);
    world.say(ada, group, "one");
    world.settle();
    world.set_offline(bob, true);
    world.replace_node(ModelNode::restored(&backup));
    world.run(10 * 3_600_000);
    assert!(!ready(&world, ada, &group));
    world.set_offline(bob, false);
    world.run(2 * 3_600_000);
    world.settle();
    world.say(bob, group, "two");
    world.say(ada, group, "three");
    world.settle();
    for who in [ada, bob] {
        assert!(ready(&world, who, &group));
        let mut texts = world.texts(who, &group);
        texts.sort();
        assert_eq!(texts, ["one", "three", "two"]);
    }
}

#[test]
fn who_was_removed_gives_nothing_back() {
    let (mut world, [ada, bob, carol], backup, group) = three(63);
    world.say(ada, group, "one");
    world.settle();
    world.set_offline(bob, true);
    let member = world.identity(bob);
    world.good(ada, Command::RemoveMember { group, member });
    world.settle();
    // The hub forgets it, and only who does not know of the removal is there: the others come back to what they know.
    world.set_offline(ada, true);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(bob, false);
    world.run(SOON);
    world.set_offline(ada, false);
    world.run(20 * SOON);
    world.say(carol, group, "without Bob");
    world.run(SOON);
    assert_eq!(world.texts(ada, &group), ["one", "without Bob"]);
    assert_eq!(world.texts(bob, &group), ["one"]);
    assert!(!ready(&world, bob, &group));
}

#[test]
fn who_is_in_a_room_that_its_hub_has_lost_waits_for_its_owner() {
    let mut world = World::new(64, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let backup = world.nodes[NODES[0]].clone();
    let room = Command::CreateRoom { name: "Square".to_owned(), passphrase: None };
    let Done::Conversation(group) = world.good(ada, room) else { panic!("no room") };
    world.settle();
    let Done::Link(link) = world.good(ada, Command::RoomLink { group }) else { panic!("no link") };
    world.good(bob, Command::Accept { link, passphrase: None });
    world.settle();
    world.set_offline(ada, true);
    world.replace_node(ModelNode::restored(&backup));
    world.run(SOON);
    world.set_offline(ada, false);
    world.run(2 * 3_600_000);
    world.settle();
    world.say(bob, group, "still here");
    world.settle();
    assert_eq!(world.texts(ada, &group), ["still here"]);
}
