//! Hubs that were restored from a backup and know less than the members: nobody stays out, or in, for ever, and nothing is missing.

use super::hostile::roster;
use super::hub::Hub;
use super::plain::group;
use super::rosters::lose_keys;
use super::world::{HUB, Task, World};
use tidings_client::conversation::step::{HubRequest, Step};
use tidings_client::conversation::{Conversation, Wish};
use tidings_client::records::{Change, Direction, RecordKey, Records as _, Table};
use tidings_client::view::{ConversationKind, GroupId, Standing};
use tidings_wire::api::Entries;
use tidings_wire::bytes::Fixed;

const HOUR: u64 = 3_600_000;

fn standing(world: &World, device: usize, group: &GroupId) -> Standing {
    world.devices[device].conversations[group].standing(&world.book)
}

#[test]
fn who_was_removed_before_the_hub_was_restored_is_out() {
    let mut world = World::new(31);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    let backup = world.hub.clone();
    let carols = world.identity(carol);
    world.set_offline(carol, true);
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Remove(carols))).unwrap();
    world.run(20_000);
    world.set_offline(alice, true);
    world.set_offline(bob, true);
    world.restore_hub(backup);
    // Carol's device takes the turn at which she was removed.
    world.set_offline(carol, false);
    let update = 8 * 24 * HOUR;
    world.run(update);
    world.set_offline(alice, false);
    world.set_offline(bob, false);
    world.run(2 * HOUR);
    assert_eq!(standing(&world, carol, &talks), Standing::Out);
    world.say(alice, &talks, "without her");
    world.run(20_000);
    world.agree(&[alice, bob], &talks, &["without her".to_owned()]);
    let turn = world.hub.groups[&talks.0].turn;
    world.run(24 * HOUR);
    assert!(world.hub.groups[&talks.0].turn <= turn + 2, "nobody fights about it");
}

#[test]
fn who_has_left_on_a_device_that_was_lost_is_out_in_the_end() {
    let mut world = World::new(62);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    world.run(20_000);
    let entry = world.devices[carol].conversations[&talks].profile_entry();
    // A plain member takes her out, who can't take her key off the hub's list, and nobody else hears that she has gone.
    world.set_offline(alice, true);
    world.call(carol, &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(50);
    world.set_offline(carol, true);
    world.run(60_000);
    let carols = world.identity(carol);
    assert!(!world.devices[bob].conversations[&talks].has_member(&carols));
    let second = world.add_device(&carols);
    world.make(second, |scene| Conversation::rejoin(scene, talks, &entry));
    world.run(HOUR);
    assert_eq!(standing(&world, second, &talks), Standing::Joining, "the hub may show an old list");
    world.run(2 * HOUR);
    assert_eq!(standing(&world, second, &talks), Standing::Out);
}

#[test]
fn who_has_left_on_a_device_that_was_lost_leaves_on_the_next_one() {
    let mut world = World::new(64);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    world.run(20_000);
    // Nobody but the profile hears that she goes.
    world.set_offline(carol, true);
    world.call(carol, &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    let entry = world.devices[carol].conversations[&talks].profile_entry();
    let carols = world.identity(carol);
    let second = world.add_device(&carols);
    world.make(second, |scene| Conversation::rejoin(scene, talks, &entry));
    world.run(HOUR);
    for device in [alice, bob] {
        assert!(!world.devices[device].conversations[&talks].has_member(&carols), "{device}");
    }
    assert_eq!(standing(&world, second, &talks), Standing::Out);
}

#[test]
fn the_last_owner_leaves_again_where_a_restored_hub_has_forgotten_it() {
    let mut world = World::new(63);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 2), world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob[0], carol]);
    let bobs = world.identity(bob[0]);
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Role(bobs, 1))).unwrap();
    world.run(60_000);
    let backup = world.hub.clone();
    world.set_offline(bob[1], true);
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(60_000);
    assert_eq!(standing(&world, alice, &talks), Standing::Out);
    for device in [alice, bob[0], carol] {
        world.set_offline(device, true);
    }
    world.restore_hub(backup);
    // Who did not see her go takes the turn at which she went.
    world.set_offline(bob[1], false);
    let name = Wish::Set { name: Some("Birds".to_owned()), picture: None, expire: None };
    world.call(bob[1], &talks, |conversation, scene| conversation.wish(scene, name)).unwrap();
    world.run(20_000);
    for device in [alice, bob[0], carol] {
        world.set_offline(device, false);
    }
    world.run(3 * HOUR);
    let alices = world.identity(alice);
    for device in [bob[0], bob[1], carol] {
        assert_eq!(standing(&world, device, &talks), Standing::Ready, "{device}");
        assert!(!world.devices[device].conversations[&talks].has_member(&alices));
    }
    assert_eq!(standing(&world, alice, &talks), Standing::Out);
    world.say(carol, &talks, "on we go");
    world.run(20_000);
    world.agree(&[bob[0], bob[1], carol], &talks, &["on we go".to_owned()]);
}

#[test]
fn who_has_left_on_a_branch_that_is_lost_is_taken_out_of_the_other() {
    let mut world = World::new(44);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob, carol]);
    world.run(20_000);
    let bobs = world.identity(bob);
    let me = &world.devices[bob].me;
    let key = Fixed(world.devices[bob].conversations[&walks].access_key(me).verifying_key().to_bytes());
    world.fork(vec![bob, carol]);
    for name in ["one", "two", "three"] {
        let named = Wish::Set { name: Some(name.to_owned()), picture: None, expire: None };
        world.call(alice, &walks, |conversation, scene| conversation.wish(scene, named)).unwrap();
        world.run(20_000);
    }
    world.call(bob, &walks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(20_000);
    assert_eq!(standing(&world, bob, &walks), Standing::Out);
    // The hub goes on with the other branch, and has his key on its list no more.
    world.unite(false);
    assert!(world.hub.groups.get_mut(&walks.0).unwrap().members.remove(&key).is_some());
    world.say(alice, &walks, "is he here?");
    world.run(5 * 60_000);
    assert!(roster(&world, alice, &walks).member(&bobs).is_some());
    world.run(10 * 60_000);
    for device in [alice, carol] {
        assert!(roster(&world, device, &walks).member(&bobs).is_none());
        assert_eq!(standing(&world, device, &walks), Standing::Ready);
    }
    assert_eq!(world.epoch(alice, &walks), world.epoch(carol, &walks));
    assert_eq!(standing(&world, bob, &walks), Standing::Out);
}

#[test]
fn whom_the_hub_has_forgotten_is_put_on_its_list_again() {
    forgotten_and_back(World::new(32), false);
}

#[test]
fn whom_the_hub_has_forgotten_comes_back_without_key_packages_too() {
    forgotten_and_back(World::new(40), true);
}

fn forgotten_and_back(mut world: World, packageless: bool) {
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1));
    let talks = world.pair(alice, bob[0]);
    world.run(10_000);
    world.packageless = Some(world.identity(bob[0])).filter(|_| packageless);
    let me = &world.devices[bob[0]].me;
    let key = world.devices[bob[0]].conversations[&talks].access_key(me).verifying_key().to_bytes();
    world.set_offline(bob[0], true);
    assert!(world.hub.groups.get_mut(&talks.0).unwrap().members.remove(&Fixed(key)).is_some());
    world.set_offline(bob[0], false);
    world.run(HOUR);
    world.say(bob[0], &talks, "here again");
    world.say(alice, &talks, "so you are");
    world.run(20_000);
    world.agree(&[alice, bob[0]], &talks, &["here again".to_owned(), "so you are".to_owned()]);
}

#[test]
fn who_knocks_with_a_lost_key_is_let_in_though_another_device_has_no_key_package() {
    let mut world = World::new(41);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 3));
    let talks = world.pair(alice, bob[0]);
    world.run(10_000);
    let entry = world.devices[bob[0]].conversations[&talks].profile_entry();
    // Another key, which the profile loses together with the only devices that know it: the node was restored.
    world.remove_device(bob[2]);
    world.run(20_000);
    for lost in [bob[0], bob[1]] {
        world.set_offline(lost, true);
        world.devices[lost].removed = true;
    }
    let bobs = world.identity(bob[0]);
    let new = world.add_device(&bobs);
    world.make(new, |scene| Conversation::rejoin(scene, talks, &entry));
    world.run(3 * HOUR);
    world.say(new, &talks, "here again");
    world.run(20_000);
    world.agree(&[alice, new], &talks, &["here again".to_owned()]);
}

#[test]
fn what_was_sealed_before_a_device_came_reaches_it() {
    for seed in 33..39 {
        let mut world = World::new(seed);
        let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
        let talks = world.pair(alice, bob);
        world.run(10_000);
        world.set_offline(bob, true);
        let entry = world.devices[alice].conversations[&talks].profile_entry();
        let alices = world.identity(alice);
        let second = world.add_device(&alices);
        world.make(second, |scene| Conversation::rejoin(scene, talks, &entry));
        world.run(10_000);
        // Bob's device seals it before it hears that somebody has come.
        world.say(bob, &talks, "to whom it may concern");
        world.set_offline(bob, false);
        world.run(10_000);
        world.agree(&[alice, bob, second], &talks, &["to whom it may concern".to_owned()]);
    }
}

#[test]
fn an_old_entry_that_is_damaged_keeps_no_others_from_going() {
    let mut world = World::new(61);
    let (ada, bob) = (world.person("Ada", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(ada, bob);
    world.run(5_000);
    world.say(bob, &group, "old");
    world.run(30_000);
    let entries = |world: &World| {
        let found = world.devices[ada].records.scan(Table::Entry, &group.0, None, Direction::Up, 99).unwrap();
        found.into_iter().map(|(order, _)| order).collect::<Vec<_>>()
    };
    let first = entries(&world).remove(0);
    world.devices[ada].torn = Some(RecordKey::new(Table::Entry, group.0, first.clone()));
    world.run(8 * 24 * 3_600_000);
    world.say(bob, &group, "new");
    world.run(30_000);
    world.devices[ada].torn = None;
    assert_eq!(world.texts(ada, &group), ["new", "old"]);
    // What is left is of the last days: an update of leaves, and the last words.
    assert!(!entries(&world).contains(&first) && entries(&world).len() < 8, "{:?}", entries(&world).len());
}

#[test]
fn a_damaged_entry_takes_no_room_from_those_after_it() {
    const KEPT: usize = 4 * 1024 * 1024;
    let mut world = World::new(62);
    let (ada, bob) = (world.person("Ada", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(ada, bob);
    world.run(5_000);
    let entries =
        |world: &World| world.devices[ada].records.scan(Table::Entry, &group.0, None, Direction::Up, 999).unwrap();
    let long = "x".repeat(60_000);
    world.say(bob, &group, &long);
    world.run(5_000);
    let (order, one) = entries(&world).into_iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    world.devices[ada].torn = Some(RecordKey::new(Table::Entry, group.0, order.clone()));
    for _ in 0..KEPT / one.len() + 10 {
        world.say(bob, &group, &long);
        world.run(5_000);
    }
    let left = entries(&world);
    let size: usize = left.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(left.iter().all(|(kept, _)| *kept != order) && size <= KEPT && size + one.len() > KEPT, "{size}");
}

#[test]
fn who_is_ahead_of_the_hub_comes_back_even_if_that_could_not_be_judged_at_first() {
    let mut world = World::new(40);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice, &[bob]);
    world.run(10_000);
    let backup = world.hub.clone();
    world.set_offline(bob, true);
    let name = Wish::Set { name: Some("Birds".to_owned()), picture: None, expire: None };
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, name)).unwrap();
    world.run(20_000);
    world.set_offline(alice, true);
    // She has nothing to give back.
    let records = &mut world.devices[alice].records;
    let kept = records.all(Table::Entry, usize::MAX).unwrap();
    records.apply(kept.into_iter().map(|(key, _)| Change { key, value: None }).collect());
    world.restore_hub(backup);
    world.set_offline(bob, false);
    world.run(10_000);
    // The hub's group info is one that nobody can judge, for a while.
    world.hub.groups.get_mut(&talks.0).unwrap().info_turn += 1;
    world.set_offline(alice, false);
    world.run(300_000);
    world.hub.groups.get_mut(&talks.0).unwrap().info_turn -= 1;
    world.run(HOUR);
    world.say(alice, &talks, "one");
    world.say(bob, &talks, "two");
    world.run(20_000);
    world.agree(&[alice, bob], &talks, &["one".to_owned(), "two".to_owned()]);
}

#[test]
fn who_has_left_on_another_device_does_not_fight_for_a_branch_of_its_own() {
    let mut world = World::new(41);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice[0], &[bob]);
    world.run(30_000);
    let backup = world.hub.clone();
    world.set_offline(alice[1], true);
    world.call(alice[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(60_000);
    assert_eq!(standing(&world, alice[0], &talks), Standing::Out);
    // The hub lets her second device in again, which has not seen that she went, and goes on alone.
    let members = backup.groups[&talks.0].members.clone();
    world.hub.groups.get_mut(&talks.0).unwrap().members.extend(members);
    world.set_offline(alice[1], false);
    world.run(2 * HOUR);
    assert_eq!(standing(&world, alice[1], &talks), Standing::Out);
    world.say(bob, &talks, "alone");
    world.run(20_000);
    assert_eq!(world.texts(bob, &talks), ["alone"]);
}

#[test]
fn an_answer_that_entries_have_overtaken_is_taken_for_no_loss() {
    let mut world = World::new(43);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice, &[bob]);
    world.run(30_000);
    let old = world.hub.clone();
    let end = |hub: &Hub| (hub.groups[&talks.0].entries.len() as u64, hub.groups[&talks.0].turn);
    let words: Vec<_> = (0..8).map(|number| format!("word {number}")).collect();
    for word in &words {
        world.say(alice, &talks, word);
    }
    world.run(30_000);
    // What the hub said of itself when it was followed comes late.
    let (late, turn) = end(&old);
    for _ in 0..3 {
        world.call(bob, &talks, |conversation, scene| conversation.followed(scene, 1, late, turn));
        assert_eq!(world.devices[bob].conversations[&talks].cursor(), end(&world.hub).0, "it reads nothing again");
    }
    assert!(!world.asks(bob, |request| !matches!(request, HubRequest::Look)), "it gives nothing back");
    assert!(world.asks(bob, |request| matches!(request, HubRequest::Look)), "it looks whether something is lost");
    // Now it is, though the hub says no other incarnation.
    world.hub = old;
    world.run(HOUR);
    assert!(end(&world.hub).0 > late, "it is given back");
    world.agree(&[alice, bob], &talks, &words);
}

#[test]
fn what_two_restores_took_one_after_the_other_is_given_back() {
    let mut world = World::new(44);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, carol, &[alice, bob]);
    world.run(30_000);
    let (first, old) = (world.hub.clone(), ["old 1", "old 2", "old 3"]);
    world.set_offline(carol, true);
    for word in old {
        world.say(bob, &talks, word);
    }
    world.run(30_000);
    world.set_offline(alice, true);
    world.set_offline(bob, true);
    // The hub forgets them, and gives their numbers to others.
    world.restore_hub(first.clone());
    world.set_offline(carol, false);
    let new = ["new 1", "new 2", "new 3", "new 4"];
    for word in new {
        world.say(carol, &talks, word);
    }
    world.run(10_000);
    world.set_offline(carol, true);
    // Before Alice gives anything back, it forgets those, too.
    world.set_offline(alice, false);
    world.run(500);
    world.set_offline(alice, true);
    world.restore_hub(first);
    world.set_offline(alice, false);
    world.run(60_000);
    world.set_offline(carol, false);
    world.run(60_000);
    let all: Vec<_> = old.into_iter().chain(new).map(str::to_owned).collect();
    world.agree(&[alice, carol], &talks, &all);
}

#[test]
fn a_group_info_of_a_turn_that_never_comes_is_replaced() {
    let mut world = World::new(45);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice, &[bob]);
    world.run(30_000);
    // Somebody has begun to put back commits, and is gone.
    world.hub.groups.get_mut(&talks.0).unwrap().info_turn += 1;
    world.call(bob, &talks, |conversation, scene| conversation.followed(scene, 1, 0, 0));
    world.run(HOUR);
    let there = &world.hub.groups[&talks.0];
    assert_eq!(there.info_turn, there.turn);
    world.say(alice, &talks, "all");
    world.run(20_000);
    world.agree(&[alice, bob], &talks, &["all".to_owned()]);
}

#[test]
fn entries_of_a_restored_hub_are_not_read_in_the_place_of_others() {
    let mut world = World::new(46);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob]);
    world.run(30_000);
    let backup = world.hub.clone();
    world.set_offline(alice, true);
    world.say(bob, &talks, "old");
    world.run(10_000);
    let read = world.devices[bob].conversations[&talks].cursor();
    world.set_offline(bob, true);
    world.restore_hub(backup);
    // Where Bob's message was, there is a commit now, and what follows can be read by who has read that.
    world.set_offline(alice, false);
    let carols = world.identity(carol);
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![carols]))).unwrap();
    world.run(10_000);
    world.say(alice, &talks, "new");
    world.run(10_000);
    // Bob reads on from where he was before a connection has told him that the hub was restored.
    let there = &world.hub.groups[&talks.0];
    let (end, turn, incarnation) = (there.entries.len() as u64, there.turn, world.hub.incarnation);
    let entries: Vec<_> = there.entries.iter().filter(|entry| entry.number > read).cloned().collect();
    assert!(!entries.is_empty());
    let found = Entries { entries, end, turn, incarnation };
    world.call(bob, &talks, |conversation, scene| conversation.fetched(scene, &found));
    assert!(world.devices[bob].conversations[&talks].cursor() < read);
    world.set_offline(bob, false);
    world.run(60_000);
    world.agree(&[alice, bob], &talks, &["new".to_owned(), "old".to_owned()]);
}

#[test]
fn who_leaves_on_a_device_that_is_removed_before_anybody_has_heard_leaves_on_the_others() {
    let mut world = World::new(47);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 2));
    let talks = group(&mut world, alice, &[bob[0]]);
    world.run(30_000);
    world.set_offline(alice, true);
    world.set_offline(bob[1], true);
    world.call(bob[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(5_000);
    world.set_offline(bob[0], true);
    // Nor was it written into the profile.
    world.devices[bob[1]].tasks.retain(|task| !matches!(task, Task::Profile(..)));
    world.set_offline(bob[1], false);
    world.remove_device(bob[0]);
    world.run(20_000);
    world.set_offline(alice, false);
    world.run(HOUR);
    let bobs = world.identity(bob[1]);
    assert!(!world.devices[alice].conversations[&talks].has_member(&bobs));
    assert_eq!(standing(&world, bob[1], &talks), Standing::Out);
}

#[test]
fn a_hub_that_says_with_each_answer_that_it_was_restored_is_not_asked_without_end() {
    let mut world = World::new(48);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice, &[bob]);
    world.run(30_000);
    world.set_offline(bob, true);
    let mut asked = 0;
    for incarnation in 10..110 {
        let found = Entries { entries: Vec::new(), end: 1, turn: 1, incarnation };
        asked += world.call(bob, &talks, |conversation, scene| {
            conversation.fetched(scene, &found);
            let fetches = |step: &&Step| matches!(step, Step::Hub(HubRequest::Fetch { .. }));
            scene.steps.iter().filter(fetches).count()
        });
        world.now += 100;
    }
    assert!((1..5).contains(&asked), "{asked} in ten seconds");
}

#[test]
fn who_comes_in_anew_while_the_hub_gets_back_what_it_lost_leaves_that_to_the_others() {
    let mut world = World::new(66);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.run(10_000);
    let backup = world.hub.clone();
    for expire in [60, 0] {
        let wish = Wish::Set { name: None, picture: None, expire: Some(expire) };
        world.call(alice, &walks, |conversation, scene| conversation.wish(scene, wish)).unwrap();
        world.run(10_000);
    }
    for device in [alice, bob] {
        world.set_offline(device, true);
    }
    world.restore_hub(backup);
    world.set_offline(bob, false);
    world.run(50);
    world.set_offline(bob, true);
    lose_keys(&mut world, bob, &walks);
    world.set_offline(bob, false);
    // But not for ever.
    world.run(HOUR);
    assert_eq!(standing(&world, bob, &walks), Standing::Ready);
    world.set_offline(alice, false);
    world.run(HOUR);
    world.say(bob, &walks, "in again");
    world.run(20_000);
    world.agree(&[alice, bob], &walks, &["in again".to_owned()]);
}

#[test]
fn all_leave_at_once_and_are_out() {
    for seed in 50..54 {
        let mut world = World::new(seed);
        let (alice, bob) = (world.person("Alice", 3), world.person("Bob", 3));
        let walks = group(&mut world, alice[0], &[bob[0]]);
        world.run(20_000);
        let all = [alice, bob].concat();
        for device in &all {
            world.call(*device, &walks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
        }
        world.run(5 * 60_000);
        for device in all {
            assert_eq!(standing(&world, device, &walks), Standing::Out, "seed {seed}: device {device}");
        }
        let end = world.hub.groups[&walks.0].entries.len();
        world.run(48 * HOUR);
        let more = world.hub.groups[&walks.0].entries.len() - end;
        assert!(more < 30, "seed {seed}: {more} entries of people who are gone");
    }
}

#[test]
fn who_leaves_and_is_gone_at_once_has_left_though_somebody_changes_something_else() {
    let mut world = World::new(45);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob, carol]);
    world.run(20_000);
    let bobs = world.identity(bob);
    world.set_offline(carol, true);
    world.call(bob, &walks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(0);
    world.set_offline(bob, true);
    let named = Wish::Set { name: Some("here".to_owned()), picture: None, expire: None };
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, named)).unwrap();
    world.run(0);
    assert_eq!(roster(&world, alice, &walks).name, "here", "before it would have been polite to take him out");
    world.set_offline(carol, false);
    world.run(60_000);
    for device in [alice, carol] {
        assert!(roster(&world, device, &walks).member(&bobs).is_none());
        assert_eq!(roster(&world, device, &walks).name, "here");
    }
}

#[test]
fn who_leaves_says_so_again_if_nobody_has_read_it() {
    let mut world = World::new(67);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.run(10_000);
    world.set_offline(alice, true);
    let before = world.hub.groups[&walks.0].entries.len();
    world.call(bob, &walks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(10_000);
    let entries = &mut world.hub.groups.get_mut(&walks.0).unwrap().entries;
    assert!(entries.len() > before);
    for entry in &mut entries[before..] {
        entry.body.0 = vec![1; 40];
    }
    world.set_offline(alice, false);
    world.run(9 * 60_000);
    let bobs = world.identity(bob);
    assert!(world.devices[alice].conversations[&walks].has_member(&bobs));
    world.run(5 * 60_000);
    assert!(!world.devices[alice].conversations[&walks].has_member(&bobs));
    assert_eq!(world.hub.groups[&walks.0].members.len(), 1);
}

#[test]
fn nobody_is_out_of_a_room_before_it_is_known_whether_its_hub_was_restored() {
    let mut world = World::new(79);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let room = world.make(alice, |scene| Conversation::create(scene, HUB, ConversationKind::Room, "Cave", None));
    world.run(5_000);
    let link = world.devices[alice].conversations[&room].room_link().unwrap();
    world.make(bob, |scene| Conversation::join_room(scene, &link, None));
    world.run(20_000);
    let lost = world.hub.groups.remove(&room.0).unwrap();
    world.hub.silent = true;
    world.say(bob, &room, "is this on?");
    world.run(5 * 60_000);
    assert_ne!(standing(&world, bob, &room), Standing::Ready);
    world.hub.silent = false;
    world.hub.groups.insert(room.0, lost);
    world.run(HOUR);
    assert_eq!(standing(&world, bob, &room), Standing::Ready);
    world.agree(&[alice, bob], &room, &["is this on?".to_owned()]);
}
