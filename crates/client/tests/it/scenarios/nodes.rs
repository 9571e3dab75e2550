//! Nodes that lose something, or lie.

use super::NODES;
use crate::model_node::ModelNode;
use crate::world::World;
use tidings_client::command::Command;

#[test]
fn a_node_that_shows_an_old_profile_is_noticed() {
    let mut world = World::new(50, &NODES);
    let ada = world.person("Ada", NODES[0]);
    let old = world.nodes[NODES[0]].accounts.values().next().unwrap().profile.clone();
    for name in ["Ada 2", "Ada 3", "Ada 4"] {
        let name = Some(name.to_owned());
        world.good(
            ada,
            Command::SetProfile { name, picture: None, statement: None, read_receipts: None, history: None },
        );
        world.good(ada, Command::BackUp);
        world.settle();
    }
    let highest = world.devices[ada].client.me().unwrap().backup.unwrap().0;
    world.nodes.get_mut(NODES[0]).unwrap().accounts.values_mut().for_each(|account| account.profile = old.clone());
    world.hang_up(ada, NODES[0]);
    world.run(10_000);
    world.settle();
    let me = world.devices[ada].client.me().unwrap();
    assert_eq!(me.name, "Ada 4");
    assert!(me.warnings.iter().any(|warning| warning.contains("old copy")), "{:?}", me.warnings);
    assert!(me.backup.unwrap().0 >= highest);
    let stored = world.nodes[NODES[0]].accounts.values().next().unwrap().profile.as_ref().unwrap().0;
    assert!(stored >= highest, "{stored} < {highest}");
}

#[test]
fn a_restored_node_loses_no_message() {
    let mut world = World::new(51, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.say(ada, group, "before the backup");
    world.settle();
    let backup = world.nodes[NODES[1]].clone();
    world.say(bob, group, "after the backup");
    world.say(ada, group, "this, too");
    world.settle();
    world.replace_node(ModelNode::restored(&backup));
    world.run(60_000);
    world.settle();
    world.say(ada, group, "and on");
    world.settle();
    let all = ["before the backup", "after the backup", "this, too", "and on"];
    for who in [ada, bob] {
        assert_eq!(world.texts(who, &group), all, "{who}");
    }
    let packages = &world.nodes[NODES[1]].accounts.values().next().unwrap().packages;
    assert!(packages.values().all(|kept| kept.waiting.len() >= 10));
    // The restored node has what it needs to let new people in.
    let carol = world.person("Carol", NODES[2]);
    let with_carol = world.meet(bob, carol);
    world.say(carol, with_carol, "hello");
    world.settle();
    assert_eq!(world.texts(bob, &with_carol), ["hello"]);
}

#[test]
fn what_a_restored_node_lost_is_put_back_without_waiting() {
    let mut world = World::new(56, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.settle();
    let hub = world.devices[ada].client.conversation(&group).unwrap().hub;
    let backup = world.nodes[&hub].clone();
    let (here, there) = if hub == NODES[0] { (ada, bob) } else { (bob, ada) };
    let texts: Vec<String> = (0..30).map(|number| format!("number {number}")).collect();
    for (number, text) in texts.iter().enumerate() {
        world.say([here, there][number % 2], group, text);
        world.settle();
    }
    // Nobody else puts anything back.
    world.set_offline(there, true);
    world.replace_node(ModelNode::restored(&backup));
    world.run(8_000);
    let client = &world.devices[here].client;
    assert!(client.caught_up() && !client.busy());
    world.set_offline(there, false);
    world.run(8_000);
    assert!(world.devices[there].client.caught_up());
    world.say(there, group, "and on");
    world.settle();
    let all: Vec<&str> = texts.iter().map(String::as_str).chain(["and on"]).collect();
    for who in [ada, bob] {
        assert_eq!(world.texts(who, &group), all, "{who}");
    }
}

#[test]
fn a_node_that_is_busy_or_away_only_delays() {
    let mut world = World::new(52, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.nodes.get_mut(NODES[1]).unwrap().busy = true;
    world.say(ada, group, "in a moment");
    world.run(60_000);
    assert!(world.devices[ada].client.busy());
    world.nodes.get_mut(NODES[1]).unwrap().busy = false;
    world.settle();
    assert_eq!(world.texts(bob, &group), ["in a moment"]);
}

#[test]
fn texts_that_a_node_should_not_say_change_nothing() {
    let mut world = World::new(53, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.say(ada, group, "one");
    world.settle();
    for text in [
        "",
        "{}",
        "nonsense",
        r#"{"parcels":{"parcels":[{"number":99,"id":"AAAAAAAAAAAAAAAAAAAAAA","at":0,"label":"parcel","body":"AAAA"}]}}"#,
        r#"{"parcels":{"parcels":[{"number":100,"id":"AAAAAAAAAAAAAAAAAAAAAQ","at":0,"label":"answer","body":"AAAA"}]}}"#,
        r#"{"changed":"devices"}"#,
        r#"{"newer":{"thing":1}}"#,
    ] {
        world.whisper(ada, NODES[0], text);
        world.settle();
    }
    let entry = format!(
        r#"{{"entries":{{"group":"{group}","entries":[{{"number":7,"id":"AAAAAAAAAAAAAAAAAAAAAA","kind":"commit","turn":9,"at":0,"body":"AAAA"}}]}}}}"#
    );
    world.whisper(ada, NODES[0], &entry);
    world.settle();
    world.say(bob, group, "two");
    world.settle();
    assert_eq!(world.texts(ada, &group), ["one", "two"]);
}

#[test]
fn a_device_that_a_restored_node_does_not_know_gets_its_place_back() {
    let mut world = World::new(54, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    let backup = world.nodes[NODES[0]].clone();
    let second = world.link(ada, "Ada's second");
    world.set_offline(ada, true);
    world.replace_node(ModelNode::restored(&backup));
    // Alone, the second device gives the node the list that it has lost, and is let in again.
    world.run(60_000);
    world.settle();
    assert!(world.devices[second].client.caught_up());
    world.set_offline(ada, false);
    world.settle();
    let account = world.nodes[NODES[0]].accounts.values().next().unwrap();
    assert_eq!(account.packages.len(), 2);
    assert!(account.packages.values().all(|kept| kept.waiting.len() >= 10 && kept.last_resort.is_some()));
    assert!(!account.contacts.is_empty());
    world.say(second, group, "still here");
    world.settle();
    assert_eq!(world.texts(bob, &group), ["still here"]);
}

#[test]
fn what_waits_is_read_before_a_client_says_so_unless_the_hub_is_away() {
    let mut world = World::new(55, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    world.settle();
    let hub = world.devices[ada].client.conversation(&group).unwrap().hub;
    let (here, there) = if hub == NODES[0] { (bob, ada) } else { (ada, bob) };
    world.set_offline(here, true);
    world.run(10_000);
    world.say(there, group, "while you were away");
    world.settle();
    world.set_offline(here, false);
    assert!(!world.devices[here].client.caught_up());
    world.until(|world| world.devices[here].client.caught_up(), "all is read");
    assert_eq!(world.texts(here, &group), ["while you were away"]);
    assert!(world.devices[here].client.unreachable().is_empty());
    let away = world.nodes.remove(&hub).unwrap();
    world.hang_up_gone(&hub);
    world.run(60_000);
    assert!(world.devices[here].client.caught_up(), "one's own node has nothing more");
    assert_eq!(world.devices[here].client.unreachable(), [hub]);
    world.replace_node(away);
    world.until(|world| world.devices[here].client.unreachable().is_empty(), "the hub is found again");
}
