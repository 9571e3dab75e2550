//! What several devices of one person, and short lives of one, must not lose.

use super::NODES;
use crate::world::World;
use std::collections::BTreeMap;
use tidings_client::command::{Command, Done, Fault, KeepHistory, Secret};
use tidings_client::io::CommandId;
use tidings_client::records::{Change, Direction, RecordKey, Records as _, Table};
use tidings_client::view::{GroupId, Shown, Stage, Standing};
use tidings_wire::bytes::Fixed;

fn keep_all(world: &mut World, who: usize) {
    let history = Some(KeepHistory::All);
    let keep = Command::SetProfile { name: None, picture: None, statement: None, read_receipts: None, history };
    world.good(who, keep);
}

#[test]
fn the_history_of_two_devices_is_one() {
    let mut world = World::new(80, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let bob = world.person("Bob", NODES[1]);
    let group = world.meet(ada, bob);
    for text in ["one", "two", "three"] {
        world.say(bob, group, text);
        world.settle();
    }
    // Nothing is archived when the second device comes: it does not have these.
    let second = world.link(ada, "tablet");
    world.run(30_000);
    world.set_offline(ada, true);
    world.say(bob, group, "four");
    world.settle();
    keep_all(&mut world, second);
    world.good(second, Command::BackUp);
    world.set_offline(ada, false);
    world.settle();
    for device in [ada, second, ada] {
        keep_all(&mut world, device);
        world.good(device, Command::BackUp);
        world.settle();
    }
    let all = ["one", "two", "three", "four"];
    assert_eq!(world.texts(second, &group), all, "taken up by the other device");
    // What is deleted does not come back from either.
    let gone = world.messages(bob, &group)[1].id;
    world.good(bob, Command::Delete { group, message: gone });
    world.settle();
    world.run(3_600_000);
    world.set_offline(ada, true);
    world.set_offline(second, true);
    let third = world.restore("third", NODES[0], &phrase);
    assert_eq!(world.texts(third, &group), ["one", "three", "four"]);
    let view = world.devices[third].client.conversation(&group).unwrap();
    assert_eq!(view.unread, 0);
    assert!(world.messages(third, &group).iter().all(|message| message.read), "history counts as read");
    assert_eq!(world.devices[third].client.me().unwrap().warnings, Vec::<String>::new());
}

#[test]
fn two_devices_do_not_replace_each_others_archives_without_end() {
    let mut world = World::new(81, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    keep_all(&mut world, ada);
    let second = world.link(ada, "tablet");
    world.run(30_000);
    world.say(bob, group, "one");
    world.settle();
    world.run(3_600_000);
    let blobs = |world: &World| world.nodes[NODES[0]].counts.get("POST blobs").copied().unwrap_or(0);
    let before = (blobs(&world), world.devices[ada].client.me().unwrap().backup.map(|(counter, _)| counter));
    world.run(6 * 3_600_000);
    let after = (blobs(&world), world.devices[ada].client.me().unwrap().backup.map(|(counter, _)| counter));
    assert_eq!(before, after);
    assert_eq!(world.texts(second, &group), world.texts(ada, &group));
}

/// Devices of Ada and Bob, their conversation, Ada's phrase, and the blobs that hold what she said. Her device is away.
fn archived(seed: u64) -> (World, [usize; 2], GroupId, Secret, Vec<String>) {
    let mut world = World::new(seed, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let bob = world.person("Bob", NODES[1]);
    let group = world.meet(ada, bob);
    keep_all(&mut world, ada);
    world.say(ada, group, "mine");
    world.settle();
    world.good(ada, Command::BackUp);
    world.settle();
    world.set_offline(ada, true);
    let spoilt = world.nodes.get_mut(NODES[0]).unwrap().flip_blobs(&[]);
    assert!(!spoilt.is_empty(), "something was archived");
    (world, [ada, bob], group, phrase, spoilt)
}

#[test]
fn what_came_damaged_once_is_fetched_again_and_not_replaced_meanwhile() {
    let (mut world, [_, bob], group, phrase, spoilt) = archived(83);
    let second = world.restore("second", NODES[0], &phrase);
    world.say(bob, group, "news");
    world.run(30 * 60_000);
    assert_eq!(world.texts(second, &group), ["news"]);
    let told = |world: &World| world.devices[second].client.me().unwrap().warnings;
    assert!(told(&world).iter().any(|warning| warning.contains("came damaged")), "{:?}", told(&world));
    assert_eq!(world.nodes.get_mut(NODES[0]).unwrap().flip_blobs(&spoilt), spoilt, "nothing was destroyed");
    world.restart(second);
    world.run(3 * 3_600_000);
    assert_eq!(world.texts(second, &group), ["mine", "news"]);
    assert_eq!(told(&world), Vec::<String>::new());
}

#[test]
fn what_always_comes_damaged_holds_up_the_archives_for_a_day_and_is_never_destroyed() {
    let (mut world, [_, bob], group, phrase, spoilt) = archived(84);
    let second = world.restore("second", NODES[0], &phrase);
    world.say(bob, group, "news");
    let blobs = |world: &World| world.nodes[NODES[0]].counts.get("POST blobs").copied().unwrap_or(0);
    let before = blobs(&world);
    world.run(20 * 3_600_000);
    assert_eq!(blobs(&world), before);
    world.run(10 * 3_600_000);
    assert_eq!(blobs(&world), before + 1, "another one stands in its place");
    assert_eq!(world.nodes.get_mut(NODES[0]).unwrap().flip_blobs(&spoilt), spoilt, "and it is still there");
    world.restart(second);
    (0..8).for_each(|_| world.run(24 * 3_600_000));
    assert_eq!(world.texts(second, &group), ["mine", "news"]);
    assert_eq!(
        world.nodes.get_mut(NODES[0]).unwrap().flip_blobs(&spoilt),
        Vec::<String>::new(),
        "now it is not needed"
    );
}

#[test]
fn archives_that_will_never_be_the_same_are_left_alone_after_a_while() {
    let mut world = World::new(85, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let group = world.meet(ada, bob);
    keep_all(&mut world, ada);
    let second = world.link(ada, "tablet");
    world.say(bob, group, "one");
    world.settle();
    world.run(3_600_000);
    // An edit that the other device can never get.
    let kept = world.devices[second].records.scan(Table::Message, &group.0, None, Direction::Up, 9).unwrap();
    let is_one = |(_, value): &&(Vec<u8>, Vec<u8>)| value.windows(3).any(|bytes| bytes == b"one");
    let (order, value) = kept.iter().find(is_one).unwrap().clone();
    let mut map: BTreeMap<String, ciborium::Value> = ciborium::from_reader(&value[..]).unwrap();
    map.insert("edited".to_owned(), "another".into());
    let mut value = Vec::new();
    ciborium::into_writer(&map, &mut value).unwrap();
    let key = RecordKey::new(Table::Message, group.0, order);
    world.devices[second].records.apply(vec![Change { key, value: Some(value) }]);
    let blobs = |world: &World| world.nodes[NODES[0]].counts.get("POST blobs").copied().unwrap_or(0);
    let before = blobs(&world);
    world.good(second, Command::BackUp);
    world.run(12 * 3_600_000);
    let after = blobs(&world);
    assert!((before + 2..before + 10).contains(&after), "{before}, then {after}");
    // What is new is archived all the same.
    world.say(bob, group, "two");
    world.run(3_600_000);
    assert!(blobs(&world) > after);
}

#[test]
fn what_was_read_on_one_device_is_read_on_the_next() {
    let mut world = World::new(82, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let bob = world.person("Bob", NODES[1]);
    let group = world.meet(ada, bob);
    for text in ["one", "two"] {
        world.say(bob, group, text);
    }
    world.settle();
    world.good(ada, Command::MarkRead { group, message: None });
    world.run(30_000);
    world.set_offline(ada, true);
    let second = world.restore("second", NODES[0], &phrase);
    // The first words of a device make the newcomer ask for those before.
    world.say(bob, group, "three");
    world.settle();
    world.run(120_000);
    let unread: Vec<_> = world.messages(second, &group).into_iter().filter(|message| !message.read).collect();
    assert_eq!((unread.len(), world.devices[second].client.conversation(&group).unwrap().unread), (1, 1));
    // And the newcomer does not take from the profile what was read.
    world.set_offline(ada, false);
    world.settle();
    assert_eq!(world.devices[ada].client.conversation(&group).unwrap().unread, 1);
}

#[test]
fn whoever_is_introduced_finds_the_other_in_short_lives() {
    for (seed, first_to_follow) in [(83, 0), (84, 1)] {
        let mut world = World::new(seed, &NODES);
        let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
        let (carol, phrase) = world.person_with_phrase("Carol", NODES[2]);
        world.meet(ada, bob);
        world.meet(ada, carol);
        let (first, second) = (world.identity(bob), world.identity(carol));
        world.good(ada, Command::Introduce { first, second });
        world.settle();
        for who in [bob, carol] {
            world.set_offline(who, true);
        }
        let mut order = [bob, carol];
        order.rotate_left(first_to_follow);
        for who in order {
            let open = world.devices[who].client.introductions();
            let introduction = open.first().filter(|view| !view.followed).unwrap().introduction;
            world.briefly(who, Some(Command::AnswerIntroduction { introduction, accept: true }));
            world.run(60_000);
        }
        for _ in 0..2 {
            for who in order {
                world.briefly(who, None);
            }
        }
        let group = world.contact(bob, carol).conversation.unwrap();
        assert_eq!(world.contact(carol, bob).conversation, Some(group), "seed {seed}");
        for who in order {
            assert!(world.devices[who].client.introductions().is_empty());
        }
        // Nor does a device offer it that comes later.
        let again = world.restore("Carol's second", NODES[2], &phrase);
        assert!(world.devices[again].client.introductions().is_empty());
    }
}

#[test]
fn a_locked_room_says_so_and_opens_with_the_right_passphrase_only() {
    let mut world = World::new(85, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    let secret = |text: &str| Some(Secret(text.to_owned()));
    let room = Command::CreateRoom { name: "Den".to_owned(), passphrase: secret("open sesame") };
    let Done::Conversation(group) = world.good(ada, room) else { panic!("no room") };
    world.settle();
    let Done::Link(link) = world.good(ada, Command::RoomLink { group }) else { panic!("no link") };
    let accept = |passphrase: Option<Secret>| Command::Accept { link: link.clone(), passphrase };
    let unlock = |text: &str| Command::Unlock { group, passphrase: Secret(text.to_owned()) };
    let standing = |world: &World| world.devices[bob].client.conversation(&group).unwrap().standing;
    for command in [accept(None), accept(None), unlock("close sesame"), accept(secret("no"))] {
        let done = world.command(bob, command);
        assert!(matches!(done, Done::Failed(Fault::Passphrase)), "{done:?}");
        assert_eq!(standing(&world), Standing::Locked);
    }
    let done = world.good(bob, accept(secret("open sesame")));
    assert!(matches!(done, Done::Conversation(found) if found == group) && standing(&world) == Standing::Ready);
    let done = world.command(bob, unlock("close sesame"));
    assert!(matches!(done, Done::Failed(Fault::Cannot(_))), "{done:?}");
    world.settle();
    world.say(bob, group, "I am in");
    world.settle();
    assert_eq!(world.texts(ada, &group), ["I am in"]);
}

#[test]
fn an_account_that_has_ended_being_made_can_be_added_to_groups() {
    let mut world = World::new(50, &NODES);
    let (ada, phrase) = (world.device("Ada"), world.phrase());
    let (node, name, device) = (NODES[0].to_owned(), "Ada".to_owned(), "phone".to_owned());
    order_and_end(&mut world, ada, Command::CreateAccount { node, token: None, phrase, name, device });
    let account = &world.nodes[NODES[0]].accounts[&Fixed(world.identity(ada).0)];
    assert!(account.packages.values().any(|of_one| of_one.last_resort.is_some()));
}

fn order_and_end(world: &mut World, device: usize, command: Command) -> u64 {
    let id = world.order(device, command);
    world.until(
        |world| world.devices[device].done.contains_key(&id) && world.devices[device].client.ended(CommandId(id)),
        "a command has ended with all that it led to",
    );
    id
}

#[test]
fn a_command_waits_for_its_own_effects_only() {
    let mut world = World::new(86, &NODES);
    let people: Vec<_> =
        ["Ada", "Bob", "Carol"].iter().zip(NODES).map(|(name, node)| world.person(name, node)).collect();
    let (ada, bob, carol) = (people[0], people[1], people[2]);
    let (with_bob, with_carol) = (world.meet(ada, bob), world.meet(ada, carol));
    assert_eq!(world.devices[ada].client.me().unwrap().stage, Stage::Ready);
    // Bob's device is away, and does not take Ada out: nobody waits for that.
    world.set_offline(bob, true);
    let contact = world.identity(bob);
    order_and_end(&mut world, ada, Command::RemoveContact { contact });
    world.run(5_000);
    assert!(!world.devices[ada].client.busy());
    assert!(world.devices[ada].client.conversation(&with_bob).is_some());
    // A hub that is away holds up what goes there, and nothing else.
    let away = world.nodes.remove(NODES[2]).unwrap();
    let text = |group: GroupId| Command::SendText { group, text: "Hello".to_owned(), reply: None, expire: None };
    let id = world.order(ada, text(with_carol));
    let before = world.now;
    let name = Some("Ada L.".to_owned());
    let rename = Command::SetProfile { name, picture: None, statement: None, read_receipts: None, history: None };
    world.devices[ada].client.hurry();
    order_and_end(&mut world, ada, rename);
    assert!(world.now < before + 10_000);
    let hub = world.devices[ada].client.conversation(&with_carol).unwrap().hub;
    assert_eq!(world.devices[ada].client.ended(CommandId(id)), hub != NODES[2]);
    world.nodes.insert(NODES[2].to_owned(), away);
    world.until(|world| world.devices[ada].client.ended(CommandId(id)), "it is said in the end");
}

#[test]
fn whoever_is_removed_is_told() {
    let mut world = World::new(87, &NODES);
    let (ada, bob) = (world.person("Ada", NODES[0]), world.person("Bob", NODES[1]));
    world.meet(ada, bob);
    let members = vec![world.identity(bob)];
    let Done::Conversation(group) = world.good(ada, Command::CreateGroup { name: "Three".to_owned(), members }) else {
        panic!("no group")
    };
    world.run(20_000);
    world.settle();
    let member = world.identity(bob);
    world.good(ada, Command::RemoveMember { group, member });
    world.run(120_000);
    let notices = world.messages(bob, &group).into_iter().filter_map(|view| match view.shown {
        Shown::Notice(notice) => Some(notice.to_string()),
        _ => None,
    });
    let told = notices.collect::<Vec<_>>();
    assert!(told.iter().any(|text| text.contains("removed you")), "{told:?}");
    assert_eq!(world.devices[bob].client.conversation(&group).unwrap().standing, Standing::Out);
}

#[test]
fn whoever_takes_a_verified_name_must_be_looked_at_first_in_groups_too() {
    let mut world = World::new(88, &NODES);
    let people: Vec<_> = ["Ada", "Bob", "Eve"].iter().zip(NODES).map(|(name, node)| world.person(name, node)).collect();
    let (ada, bob, eve) = (people[0], people[1], people[2]);
    world.meet(ada, bob);
    world.meet(eve, bob);
    let (contact, members) = (world.identity(ada), vec![world.identity(eve)]);
    world.good(bob, Command::SetVerified { contact, verified: true });
    let made = world.good(bob, Command::CreateGroup { name: "Us".to_owned(), members: members.clone() });
    let Done::Conversation(group) = made else { panic!("no group") };
    world.run(20_000);
    // With a Greek letter.
    let name = Some("Αda".to_owned());
    world.good(eve, Command::SetProfile { name, picture: None, statement: None, read_receipts: None, history: None });
    world.settle();
    assert!(world.contact(bob, eve).key_changed);
    let text = Command::SendText { group, text: "Hello".to_owned(), reply: None, expire: None };
    let again = Command::CreateGroup { name: "Us two".to_owned(), members };
    for command in [text.clone(), again.clone()] {
        assert!(matches!(world.command(bob, command), Done::Failed(Fault::KeyChanged(_))));
    }
    assert!(matches!(world.devices[bob].client.conversation(&group).unwrap().standing, Standing::KeyChanged(_)));
    let contact = world.identity(eve);
    world.good(bob, Command::SetVerified { contact, verified: false });
    world.good(bob, text);
    world.good(bob, again);
}

#[test]
fn a_device_that_waits_to_be_linked_gets_no_second_account() {
    let mut world = World::new(89, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let new = world.device("new");
    let Done::Code(code, _) = world.good(ada, Command::OfferLink) else { panic!("no code") };
    let linking = world.order(new, Command::Link { code, device: "new".to_owned() });
    world.until(|world| !world.devices[ada].client.device_requests().is_empty(), "a device asks");
    let restore = Command::Restore { node: NODES[0].to_owned(), phrase, device: "new".to_owned() };
    assert!(matches!(world.command(new, restore), Done::Failed(Fault::Cannot(_))));
    let (request, ..) = world.devices[ada].client.device_requests().remove(0);
    world.good(ada, Command::AnswerLink { request, accept: true });
    world.until(|world| world.devices[new].done.contains_key(&linking), "the device is linked");
    world.settle();
    assert_eq!(world.devices[ada].client.devices().len(), 2);
    assert_eq!(world.devices[new].client.devices().len(), 2);
}

#[test]
fn a_conversation_that_cannot_be_come_into_can_be_given_up() {
    let mut world = World::new(86, &NODES);
    let (ada, phrase) = world.person_with_phrase("Ada", NODES[0]);
    let bob = world.person("Bob", NODES[1]);
    let group = world.meet(ada, bob);
    world.run(30_000);
    assert!(matches!(world.command(ada, Command::Forget { group }), Done::Failed(Fault::Cannot(_))));
    world.set_offline(ada, true);
    // Its hub is gone for good.
    world.nodes.remove(NODES[1]);
    world.hang_up_gone(NODES[1]);
    let second = world.device("second");
    let restore = Command::Restore { node: NODES[0].to_owned(), phrase, device: "second".to_owned() };
    world.good(second, restore);
    world.run(60_000);
    let standing = |world: &World| world.devices[second].client.conversation(&group).map(|view| view.standing);
    assert_eq!(standing(&world), Some(Standing::Joining));
    world.good(second, Command::Forget { group });
    world.run(60_000);
    assert_eq!(standing(&world), None);
}
