//! Messages that nobody can send again.

use super::plain::group;
use super::world::World;
use tidings_client::content::{Content, Edit};
use tidings_client::conversation::Wish;
use tidings_client::view::Shown;
use tidings_wire::api::EntryKind;

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

#[test]
fn what_stands_before_the_commit_that_it_was_sealed_after_is_asked_for() {
    let mut world = World::new(35);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob, carol]);
    world.say(alice, &walks, "one");
    world.run(20_000);
    world.set_offline(bob, true);
    let before = world.hub.groups[&walks.0].entries.len();
    let named = Wish::Set { name: Some("here".to_owned()), picture: None, expire: None };
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, named)).unwrap();
    world.run(20_000);
    world.say(alice, &walks, "two");
    world.run(20_000);
    // The hub was restored, and got the message back before the commit.
    let entries = &mut world.hub.groups.get_mut(&walks.0).unwrap().entries;
    let commit = entries.iter().skip(before).position(|entry| entry.kind == EntryKind::Commit).unwrap() + before;
    let message = entries.iter().skip(commit).position(|entry| entry.kind == EntryKind::Message).unwrap() + commit;
    entries.swap(commit, message);
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.number = place as u64 + 1;
    }
    world.set_offline(bob, false);
    world.run(120_000);
    world.agree(&[alice, bob, carol], &walks, &["one".to_owned(), "two".to_owned()]);
}

#[test]
fn who_gets_an_edit_late_orders_it_as_the_others_do() {
    let mut world = World::new(33);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 2));
    let group = world.pair(alice[0], bob[0]);
    world.run(10_000);
    let to = world.say(alice[0], &group, "draft").unwrap();
    world.run(20_000);
    let edit = |text: &str| Content::Edit(Edit { to, text: text.to_owned() });
    // The clock of the one who edits first is an hour ahead; one of Bob's devices gets that edit only hours later, by asking for it.
    world.set_offline(bob[1], true);
    let before = world.hub.groups[&group.0].entries.len();
    let written = world.call(alice[0], &group, |conversation, scene| {
        scene.now += HOUR;
        conversation.send(scene, edit("first"), None)
    });
    written.unwrap();
    world.run(10_000);
    for entry in &mut world.hub.groups.get_mut(&group.0).unwrap().entries[before..] {
        entry.body.0 = vec![1; 40];
    }
    world.run(300_000);
    world.call(alice[1], &group, |conversation, scene| conversation.send(scene, edit("second"), None)).unwrap();
    world.run(2 * HOUR);
    world.set_offline(bob[1], false);
    world.run(HOUR);
    for device in [alice[0], alice[1], bob[0], bob[1]] {
        assert_eq!(world.texts(device, &group), ["second"], "device {device}");
        assert!(gaps(&world, device, &group).is_empty());
    }
}

#[test]
fn what_is_not_for_a_newcomer_comes_to_who_was_there_before() {
    let mut world = World::new(34);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.say(alice, &walks, "one");
    world.run(20_000);
    world.set_offline(bob, true);
    let before = world.hub.groups[&walks.0].entries.len();
    world.say(alice, &walks, "two");
    world.run(10_000);
    let lost = world.hub.groups[&walks.0].entries.len();
    let carols = world.identity(carol);
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![carols]))).unwrap();
    world.run(20_000);
    // Carol asks for what was before the first message that she sees, and Alice answers that it is not for her.
    world.say(alice, &walks, "three");
    world.run(60_000);
    assert_eq!(world.texts(carol, &walks), ["three"]);
    for entry in &mut world.hub.groups.get_mut(&walks.0).unwrap().entries[before..lost] {
        entry.body.0 = vec![1; 40];
    }
    world.set_offline(bob, false);
    world.run(HOUR);
    assert_eq!(world.texts(bob, &walks), ["one", "three", "two"]);
    assert!(gaps(&world, bob, &walks).is_empty());
}

#[test]
fn who_is_added_gets_again_what_was_held_for_them() {
    let mut world = World::new(36);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.say(alice, &walks, "before her");
    world.run(20_000);
    world.set_offline(carol, true);
    let before = world.hub.groups[&walks.0].entries.len();
    let adding = vec![world.identity(carol)];
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(adding))).unwrap();
    for text in ["for her, too", "and this"] {
        world.say(alice, &walks, text);
    }
    world.run(20_000);
    // The hub has lost the first of them, which she was there for.
    let entries = &mut world.hub.groups.get_mut(&walks.0).unwrap().entries;
    let commit = entries.iter().skip(before).position(|entry| entry.kind == EntryKind::Commit).unwrap() + before;
    let message = entries.iter_mut().skip(commit).find(|entry| entry.kind == EntryKind::Message).unwrap();
    message.body.0 = vec![1; 40];
    world.set_offline(carol, false);
    world.run(HOUR);
    assert_eq!(world.texts(carol, &walks), ["and this", "for her, too"]);
}

#[test]
fn whoever_is_wanted_twice_misses_nothing_that_was_held_for_them() {
    let mut world = World::new(37);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.run(20_000);
    for text in ["for her, too", "and this"] {
        let adding = vec![world.identity(carol)];
        world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(adding))).unwrap();
        world.say(alice, &walks, text);
    }
    world.run(60_000);
    let mut read = world.texts(carol, &walks);
    // Written in one millisecond.
    read.sort();
    assert_eq!(read, ["and this", "for her, too"]);
}
