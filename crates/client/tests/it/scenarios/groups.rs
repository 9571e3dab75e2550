//! Groups and rooms.

use super::NODES;
use crate::model_node::ModelNode;
use crate::world::World;
use std::collections::BTreeMap;
use tidings_client::command::{Command, Done, Secret};
use tidings_client::view::{ConversationKind, GroupId, MessageView, Shown, Standing};
use tidings_wire::bytes::Fixed;

fn group_of(world: &mut World, name: &str, owner: usize, others: &[usize]) -> GroupId {
    let members = others.iter().map(|other| world.identity(*other)).collect();
    let Done::Conversation(group) = world.good(owner, Command::CreateGroup { name: name.to_owned(), members }) else {
        panic!("no group")
    };
    world.settle();
    group
}

#[test]
fn three_people_of_three_nodes_talk_and_one_is_removed() {
    let mut world = World::new(20, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(ada, carol);
    let group = group_of(&mut world, "Birds", ada, &[bob, carol]);
    for (who, text) in [(ada, "one"), (bob, "two"), (carol, "three")] {
        world.say(who, group, text);
        world.settle();
    }
    for who in people {
        assert_eq!(world.texts(who, &group), ["one", "two", "three"]);
        let view = world.devices[who].client.conversation(&group).unwrap();
        assert_eq!((view.title.as_str(), view.members.len()), ("Birds", 3));
        // Also those who are no contacts of each other know their names.
        let others: Vec<_> =
            view.members.iter().filter(|member| !member.me).map(|member| member.name.as_str()).collect();
        let expected: Vec<_> =
            ["Ada", "Bob", "Carol"].into_iter().filter(|name| world.devices[who].name != *name).collect();
        assert_eq!(others, expected);
    }
    let member = world.identity(carol);
    world.good(ada, Command::RemoveMember { group, member });
    world.settle();
    world.say(bob, group, "Carol must not read this");
    world.settle();
    assert_eq!(world.texts(ada, &group).last().map(String::as_str), Some("Carol must not read this"));
    assert_eq!(world.texts(carol, &group).len(), 3);
    assert_eq!(world.devices[carol].client.conversation(&group).unwrap().standing, Standing::Out);
}

#[test]
fn what_is_written_while_people_are_being_added_reaches_them() {
    let mut world = World::new(28, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(ada, carol);
    let members = vec![world.identity(bob)];
    let made = world.good(ada, Command::CreateGroup { name: "Birds".to_owned(), members });
    let Done::Conversation(group) = made else { panic!("{made:?}") };
    world.say(ada, group, "for both");
    world.settle();
    let members = vec![world.identity(carol)];
    world.good(ada, Command::AddMembers { group, members });
    world.say(ada, group, "for all");
    world.settle();
    assert_eq!(world.texts(bob, &group), ["for both", "for all"]);
    assert_eq!(world.texts(carol, &group), ["for all"]);
}

#[test]
fn what_was_written_before_somebody_was_added_is_not_for_them() {
    let mut world = World::new(30, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(ada, carol);
    let group = group_of(&mut world, "Birds", ada, &[bob]);
    world.set_offline(ada, true);
    world.say(ada, group, "not for Carol");
    let members = vec![world.identity(carol)];
    world.good(ada, Command::AddMembers { group, members });
    world.say(ada, group, "for all");
    world.set_offline(ada, false);
    world.settle();
    assert_eq!(world.texts(bob, &group), ["not for Carol", "for all"]);
    assert_eq!(world.texts(carol, &group), ["for all"]);
}

#[test]
fn what_blocked_people_say_ends_no_page_early() {
    let mut world = World::new(31, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1])];
    let [ada, bob] = people;
    world.meet(ada, bob);
    let group = group_of(&mut world, "Birds", ada, &[bob]);
    let mut mine = Vec::new();
    for round in 0..6 {
        world.say(ada, group, &format!("mine {round}"));
        mine.push(format!("mine {round}"));
        world.settle();
        for _ in 0..7 {
            world.say(bob, group, "hidden");
        }
        world.settle();
    }
    let contact = world.identity(bob);
    world.good(ada, Command::SetBlocked { contact, blocked: true });
    let device = &world.devices[ada];
    let text = |view: &MessageView| if let Shown::Text(text) = &view.shown { Some(text.clone()) } else { None };
    let (mut down, mut before) = (Vec::new(), None);
    loop {
        let page = device.client.messages(&device.records, &group, before.as_deref(), 2).unwrap();
        let Some(first) = page.first() else { break };
        before = Some(first.order.clone());
        down.splice(0..0, page.iter().filter_map(text));
        if page.len() < 2 {
            break;
        }
    }
    assert_eq!(down, mine);
}

#[test]
fn whoever_adds_somebody_and_leaves_says_their_last_words() {
    let mut world = World::new(31, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(ada, carol);
    let members = vec![world.identity(bob)];
    let made = world.good(ada, Command::CreateGroup { name: "Birds".to_owned(), members });
    let Done::Conversation(group) = made else { panic!("{made:?}") };
    world.say(ada, group, "hello");
    world.settle();
    world.nodes.remove(NODES[2]);
    let members = vec![world.identity(carol)];
    world.good(ada, Command::AddMembers { group, members });
    world.say(ada, group, "Carol takes over");
    world.say(ada, group, "bye");
    world.good(ada, Command::Leave { group });
    world.run(60_000);
    assert_eq!(world.texts(bob, &group), ["hello", "Carol takes over", "bye"]);
}

#[test]
fn who_can_not_be_added_holds_nobody_up_for_long() {
    let mut world = World::new(29, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(ada, carol);
    world.settle();
    world.nodes.remove(NODES[2]);
    let members = vec![world.identity(bob), world.identity(carol)];
    let made = world.good(ada, Command::CreateGroup { name: "Birds".to_owned(), members });
    let Done::Conversation(group) = made else { panic!("{made:?}") };
    world.say(ada, group, "without Carol");
    world.run(15_000);
    assert_eq!(world.texts(bob, &group), ["without Carol"]);
}

#[test]
fn who_has_no_key_package_yet_comes_in_as_soon_as_there_is_one() {
    let mut world = World::new(49, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.meet(ada, bob);
    world.settle();
    let bobs = world.identity(bob);
    let swap = |world: &mut World, packages| {
        let account = world.nodes.get_mut(NODES[1]).unwrap().accounts.get_mut(&Fixed(bobs.0)).unwrap();
        std::mem::replace(&mut account.packages, packages)
    };
    let packages = swap(&mut world, BTreeMap::new());
    let made = world.good(ada, Command::CreateGroup { name: "Birds".to_owned(), members: vec![bobs] });
    let Done::Conversation(group) = made else { panic!("{made:?}") };
    world.run(5_000);
    assert_eq!(world.devices[ada].client.conversation(&group).unwrap().members.len(), 1);
    swap(&mut world, packages);
    world.until(|world| world.devices[bob].client.conversation(&group).is_some(), "Bob comes in");
}

#[test]
fn a_group_changes_its_name_and_roles_and_somebody_leaves() {
    let mut world = World::new(21, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(bob, carol);
    let group = group_of(&mut world, "Birds", ada, &[bob]);
    let member = world.identity(bob);
    world.good(ada, Command::SetRole { group, member, role: 1 });
    world.settle();
    let members = vec![world.identity(carol)];
    world.good(bob, Command::AddMembers { group, members });
    world.good(ada, Command::SetGroup { group, name: Some("Owls".to_owned()), picture: None, expire: None });
    world.settle();
    let view = world.devices[carol].client.conversation(&group).unwrap();
    assert_eq!((view.title.as_str(), view.members.len()), ("Owls", 3));
    world.good(carol, Command::Leave { group });
    world.settle();
    world.run(5_000);
    world.settle();
    assert_eq!(world.devices[ada].client.conversation(&group).unwrap().members.len(), 2);
    assert_eq!(world.devices[carol].client.conversation(&group).unwrap().standing, Standing::Out);
    for who in [ada, bob] {
        let notice = world.messages(who, &group).into_iter().rev().find_map(|message| match message.shown {
            Shown::Notice(notice) => Some(notice.to_string()),
            _ => None,
        });
        assert_eq!(notice.as_deref(), Some("Carol left"));
    }
}

#[test]
fn a_room_with_a_passphrase_is_joined_under_a_fresh_identity() {
    let mut world = World::new(22, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let passphrase = Some(Secret("open sesame".to_owned()));
    let Done::Conversation(group) =
        world.good(ada, Command::CreateRoom { name: "Den".to_owned(), passphrase: passphrase.clone() })
    else {
        panic!("no room")
    };
    world.settle();
    let Done::Link(link) = world.good(ada, Command::RoomLink { group }) else { panic!("no link") };
    world.good(bob, Command::Accept { link, passphrase });
    world.settle();
    world.say(bob, group, "Who is there?");
    world.settle();
    assert_eq!(world.texts(ada, &group), ["Who is there?"]);
    let sender = world.messages(ada, &group)[0].sender;
    assert_ne!(sender, world.identity(bob));
    let view = world.devices[bob].client.conversation(&group).unwrap();
    assert_eq!(view.kind, ConversationKind::Room);
}

#[test]
fn whoever_has_the_link_before_the_hub_has_the_room_comes_in_a_little_later() {
    let mut world = World::new(27, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.set_offline(ada, true);
    let Done::Conversation(group) = world.good(ada, Command::CreateRoom { name: "Den".to_owned(), passphrase: None })
    else {
        panic!("no room")
    };
    let Done::Link(link) = world.good(ada, Command::RoomLink { group }) else { panic!("no link") };
    world.order(bob, Command::Accept { link, passphrase: None });
    world.run(2_000);
    assert_eq!(world.devices[bob].client.conversation(&group).unwrap().standing, Standing::Joining);
    world.set_offline(ada, false);
    world.until(
        |world| world.devices[bob].client.conversation(&group).unwrap().standing == Standing::Ready,
        "Bob is in the room",
    );
}

#[test]
fn in_a_large_group_who_speaks_is_known_by_name() {
    let mut world = World::new(29, &NODES);
    let ada = world.person("Ada", NODES[0]);
    let meet = |n: usize| {
        let who = world.person(&format!("P{n}"), NODES[n % 3]);
        world.meet(ada, who);
        who
    };
    let others: Vec<_> = (0..21).map(meet).collect();
    let (late, early) = others.split_last().unwrap();
    let group = group_of(&mut world, "Many", ada, early);
    let members = vec![world.identity(*late)];
    world.good(ada, Command::AddMembers { group, members });
    world.settle();
    world.run(5_000);
    let speaker = world.identity(early[3]);
    let name = |world: &World| {
        let view = world.devices[*late].client.conversation(&group).unwrap();
        view.members.into_iter().find(|member| member.identity == speaker).unwrap().name
    };
    assert_ne!(name(&world), "P3", "nobody greets each who comes");
    world.say(early[3], group, "hello");
    world.settle();
    assert_eq!(name(&world), "P3");
}

#[test]
fn a_room_goes_on_when_the_only_one_in_its_roster_has_left() {
    let mut world = World::new(27, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    let made = world.good(ada, Command::CreateRoom { name: "Bus stop".to_owned(), passphrase: None });
    let Done::Conversation(room) = made else { panic!("no room") };
    let Done::Link(link) = world.good(ada, Command::RoomLink { group: room }) else { panic!("no link") };
    for who in [bob, carol] {
        world.good(who, Command::Accept { link: link.clone(), passphrase: None });
        world.settle();
    }
    world.good(ada, Command::Leave { group: room });
    world.run(60_000);
    assert_eq!(world.devices[ada].client.conversation(&room).unwrap().standing, Standing::Out);
    world.say(bob, room, "she has left");
    world.say(carol, room, "so she has");
    world.settle();
    for who in [bob, carol] {
        assert_eq!(world.texts(who, &room).len(), 2, "{who}");
    }
    assert!(world.texts(ada, &room).is_empty());
}

#[test]
fn a_welcome_that_a_restored_node_lost_comes_again() {
    let mut world = World::new(28, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.meet(bob, ada);
    world.set_offline(bob, true);
    let backup = world.nodes[NODES[1]].clone();
    let members = vec![world.identity(bob)];
    let made = world.good(ada, Command::CreateGroup { name: "Birds".to_owned(), members });
    let Done::Conversation(group) = made else { panic!("no group") };
    world.run(60_000);
    world.say(ada, group, "are you there?");
    // However often it is started meanwhile, it keeps to its hours.
    for _ in 0..3 {
        world.run(10_000);
        world.restart(ada);
    }
    world.run(10_000);
    world.replace_node(ModelNode::restored(&backup));
    world.set_offline(bob, false);
    world.run(60_000);
    assert!(world.devices[bob].client.conversation(&group).is_none());
    world.run(3_600_000);
    world.settle();
    assert_eq!(world.texts(bob, &group), ["are you there?"]);
    // What comes once more changes nothing.
    world.run(25 * 3_600_000);
    world.say(bob, group, "yes");
    world.settle();
    for who in [ada, bob] {
        assert_eq!(world.texts(who, &group), ["are you there?", "yes"]);
    }
}

#[test]
fn what_nobody_sees_makes_no_conversation_a_recent_one() {
    let mut world = World::new(26, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.say(ada, group, "one");
    world.settle();
    let last = |world: &World| [ada, bob].map(|who| world.devices[who].client.conversation(&group).unwrap().last_at);
    // The hub is where who accepted is.
    let asked = |world: &World| world.nodes[NODES[1]].counts.get("POST groups").copied();
    let (before, posted) = (last(&world), asked(&world));
    // Leaves are updated every seven days.
    world.run(8 * 24 * 3_600_000);
    assert_eq!(last(&world), before);
    assert!(asked(&world) > posted, "there were commits");
}

#[test]
fn who_forgot_a_conversation_and_is_in_it_again_is_heard_and_hears_nothing_twice() {
    let mut world = World::new(25, &NODES);
    let people = [world.person("Ada", NODES[0]), world.person("Bob", NODES[1]), world.person("Carol", NODES[2])];
    let [ada, bob, carol] = people;
    world.meet(ada, bob);
    world.meet(ada, carol);
    let group = group_of(&mut world, "Birds", ada, &[bob, carol]);
    for (who, text) in [(ada, "one"), (bob, "two"), (carol, "three"), (carol, "four")] {
        world.say(who, group, text);
        world.settle();
    }
    let member = world.identity(carol);
    world.good(ada, Command::RemoveMember { group, member });
    world.settle();
    world.good(carol, Command::Forget { group });
    world.settle();
    world.good(ada, Command::AddMembers { group, members: vec![member] });
    world.settle();
    world.say(carol, group, "again");
    world.settle();
    world.say(carol, group, "and again");
    world.run(60_000);
    assert_eq!(world.texts(ada, &group), ["one", "two", "three", "four", "again", "and again"]);
    assert_eq!(world.texts(bob, &group), ["one", "two", "three", "four", "again", "and again"]);
    assert_eq!(world.texts(carol, &group), ["again", "and again"]);
}
