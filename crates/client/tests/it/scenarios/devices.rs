//! Several devices of one person.

use super::NODES;
use crate::world::World;
use tidings_client::command::{Command, Done, Fault, KeepHistory};
use tidings_client::view::Standing;

#[test]
fn a_second_device_is_linked_and_takes_part() {
    let mut world = World::new(30, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.say(bob, group, "before");
    world.settle();
    let second = world.link(ada, "tablet");
    world.run(30_000);
    world.settle();
    assert_eq!(world.devices[second].client.devices().len(), 2);
    assert_eq!(world.contact(second, bob).conversation, Some(group));
    world.say(bob, group, "to both");
    world.settle();
    world.say(second, group, "from the second");
    world.settle();
    for who in [ada, second] {
        let texts = world.texts(who, &group);
        assert_eq!(texts[texts.len() - 2..], ["to both", "from the second"], "{who}");
    }
    assert_eq!(world.texts(bob, &group), ["before", "to both", "from the second"]);
    // A contact made on one device is there on the other, too.
    let carol = world.person("Carol", NODES[2]);
    let with_carol = world.meet(second, carol);
    world.run(30_000);
    world.settle();
    world.say(carol, with_carol, "hello to all of you");
    world.settle();
    for who in [ada, second] {
        assert_eq!(world.texts(who, &with_carol), ["hello to all of you"], "{who}");
    }
}

#[test]
fn a_device_that_is_removed_reads_nothing_any_more() {
    let mut world = World::new(31, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let second = world.link(ada, "lost phone");
    world.run(30_000);
    world.settle();
    let serial = world.devices[second].client.devices().into_iter().find(|device| device.this).unwrap().serial;
    world.set_offline(second, true);
    world.good(ada, Command::RemoveDevice { serial });
    world.settle();
    world.run(30_000);
    world.say(bob, group, "the phone must not read this");
    world.settle();
    assert_eq!(world.texts(ada, &group), ["the phone must not read this"]);
    assert_eq!(
        world.devices[bob]
            .client
            .conversation(&group)
            .unwrap()
            .members
            .iter()
            .map(|member| member.devices)
            .sum::<usize>(),
        2
    );
    world.set_offline(second, false);
    let asked = |world: &World| world.nodes.values().flat_map(|node| node.counts.values()).sum::<u64>();
    let before = asked(&world);
    world.run(600_000);
    assert!(asked(&world) < before + 50, "{} requests of a device that was removed", asked(&world) - before);
    let told = world.devices[second].client.me().unwrap().warnings;
    assert!(told.iter().any(|warning| warning.contains("was removed")), "{told:?}");
    assert_eq!(
        world.devices[second].client.conversation(&group).map(|_| world.texts(second, &group)).unwrap_or_default(),
        Vec::<String>::new()
    );
    assert_eq!(world.devices[ada].client.devices().len(), 1);
}

#[test]
fn a_person_comes_back_with_nothing_but_the_phrase() {
    let mut world = World::new(32, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let bob = world.person("Bob", NODES[1]);
    let group = world.meet(ada, bob);
    world.good(
        ada,
        Command::SetProfile {
            name: None,
            picture: None,
            statement: None,
            read_receipts: None,
            history: Some(KeepHistory::All),
        },
    );
    world.say(ada, group, "remember this");
    world.say(bob, group, "I will");
    world.settle();
    world.good(ada, Command::BackUp);
    world.set_offline(ada, true);
    let new = world.device("new");
    world.good(new, Command::Restore { node: NODES[0].to_owned(), phrase, device: "new".to_owned() });
    world.run(10_000);
    world.settle();
    assert_eq!(world.devices[new].client.me().unwrap().name, "Ada");
    assert_eq!(world.devices[new].client.conversation(&group).unwrap().standing, Standing::Ready);
    assert_eq!(world.texts(new, &group), ["remember this", "I will"]);
    world.say(new, group, "I am back");
    world.settle();
    world.say(bob, group, "welcome");
    world.settle();
    for who in [new, bob] {
        assert_eq!(world.texts(who, &group), ["remember this", "I will", "I am back", "welcome"]);
    }
    let first = world.devices[new].client.devices()[0].serial;
    world.good(new, Command::RemoveDevice { serial: first });
    world.settle();
}

#[test]
fn a_wrong_phrase_restores_nothing() {
    let mut world = World::new(33, &NODES);
    let new = world.device("new");
    let phrase = world.phrase();
    let done = world.command(new, Command::Restore { node: NODES[0].to_owned(), phrase, device: "new".to_owned() });
    assert!(matches!(done, Done::Failed(Fault::Cannot(_))), "{done:?}");
    assert!(!world.devices[new].client.has_account());
}

#[test]
fn what_was_read_elsewhere_before_it_came_disappears_here_too() {
    let mut world = World::new(39, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.settle();
    let hub = world.devices[ada].client.conversation(&group).unwrap().hub;
    let (reader, writer) = if hub == NODES[0] { (bob, ada) } else { (ada, bob) };
    let second = world.link(reader, "tablet");
    world.run(30_000);
    world.settle();
    world.set_offline(second, true);
    world.good(writer, Command::SendText { group, text: "burn this".to_owned(), reply: None, expire: Some(60) });
    world.settle();
    world.good(reader, Command::MarkRead { group, message: None });
    world.good(reader, Command::BackUp);
    world.settle();
    // The second device hears by the profile that it was read, before it reaches the hub.
    let away = world.nodes.remove(&hub).unwrap();
    world.hang_up_gone(&hub);
    world.set_offline(second, false);
    world.run(10_000);
    world.replace_node(away);
    world.until(|world| !world.texts(second, &group).is_empty(), "it comes");
    world.run(70_000);
    assert!(world.texts(second, &group).is_empty());
}
