//! The ordinary things, and single troubles.

use super::world::World;
use tidings_client::command::{Fault, Reason};
use tidings_client::content::{Content, Edit, React, Text, To};
use tidings_client::conversation::step::Step;
use tidings_client::conversation::{Conversation, Wish};
use tidings_client::view::{ConversationKind, Delivery, Shown, Standing};

const HOUR: u64 = 3_600_000;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn two_people_talk() {
    let mut world = World::new(1);
    let (alice, bob) = (world.person("Alice", 1), world.person("Bob", 1));
    let group = world.pair(alice[0], bob[0]);
    world.run(5_000);
    let first = world.say(alice[0], &group, "hello").unwrap();
    world.say(bob[0], &group, "hi");
    world.run(30_000);
    world.agree(&[alice[0], bob[0]], &group, &texts(&["hello", "hi"]));
    let delivery = |world: &World| world.page(alice[0], &group).iter().find(|view| view.id == first).unwrap().delivery;
    assert_eq!(delivery(&world), Some(Delivery::Delivered(1)));
    world.call(bob[0], &group, |conversation, scene| conversation.mark_read(scene, None)).unwrap();
    world.run(30_000);
    assert_eq!(delivery(&world), Some(Delivery::Seen(1)));
}

#[test]
fn what_was_read_here_goes_into_the_profile_again_after_another_device_has_written_over_it() {
    let mut world = World::new(21);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 2));
    let talks = world.pair(alice, bob[0]);
    world.run(5_000);
    let before = world.devices[bob[0]].conversations[&talks].read_marks();
    world.say(alice, &talks, "read this");
    world.run(5_000);
    world.call(bob[0], &talks, |conversation, scene| conversation.mark_read(scene, None)).unwrap();
    let both = world.devices[bob[0]].conversations[&talks].read_marks();
    let told = |world: &mut World, marks: &[u8]| {
        world.call(bob[0], &talks, |conversation, scene| {
            conversation.apply_read_marks(scene, marks);
            // What the other device knows of the rest may be newer than what is known here.
            assert!(!scene.steps.iter().any(|step| matches!(step, Step::Profile)), "what was read alone is told");
            scene.steps.iter().any(|step| matches!(step, Step::ReadMarks))
        })
    };
    assert!(told(&mut world, &before), "the other device has not heard of what was read");
    assert!(!told(&mut world, &both), "there is nothing to tell");
}

#[test]
fn all_devices_of_both_come_in() {
    let mut world = World::new(2);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 2));
    let group = world.pair(alice[0], bob[0]);
    world.run(10_000);
    world.say(alice[1], &group, "from my other device");
    world.say(bob[1], &group, "from mine, too");
    world.run(30_000);
    let all = [alice[0], alice[1], bob[0], bob[1]];
    world.agree(&all, &group, &texts(&["from my other device", "from mine, too"]));
    let mine =
        world.page(alice[0], &group).into_iter().filter(|view| view.mine && matches!(view.shown, Shown::Text(_)));
    assert_eq!(mine.count(), 1);
}

/// A group with Alice as owner, and these people in it.
pub(crate) fn group(world: &mut World, owner: usize, others: &[usize]) -> tidings_client::view::GroupId {
    let group = world
        .make(owner, |scene| Conversation::create(scene, super::world::HUB, ConversationKind::Group, "Walks", None));
    let who = others.iter().map(|device| world.identity(*device)).collect();
    world.call(owner, &group, |conversation, scene| conversation.wish(scene, Wish::Add(who))).unwrap();
    world.run(20_000);
    group
}

#[test]
fn members_come_go_and_read_only_what_is_theirs() {
    let mut world = World::new(3);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 2), world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob[0]]);
    world.say(alice, &walks, "before Carol");
    world.run(20_000);
    let carols = world.identity(carol);
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![carols]))).unwrap();
    world.run(20_000);
    world.say(bob[1], &walks, "with Carol");
    world.run(20_000);
    world.agree(&[alice, bob[0], bob[1]], &walks, &texts(&["before Carol", "with Carol"]));
    assert_eq!(world.texts(carol, &walks), texts(&["with Carol"]));
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Remove(carols))).unwrap();
    world.run(20_000);
    world.say(alice, &walks, "without Carol");
    world.run(20 * HOUR);
    world.agree(&[alice, bob[0], bob[1]], &walks, &texts(&["before Carol", "with Carol", "without Carol"]));
    assert_eq!(world.texts(carol, &walks), texts(&["with Carol"]));
    let standing = world.devices[carol].conversations[&walks].standing(&world.book);
    assert_eq!(standing, Standing::Out);
    assert!(world.say(carol, &walks, "let me in").is_none());
}

#[test]
fn a_plain_member_takes_out_who_leaves() {
    let mut world = World::new(4);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 2));
    let walks = group(&mut world, alice, &[bob, carol[0]]);
    world.set_offline(alice, true);
    world.call(carol[0], &walks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(60_000);
    assert!(!world.devices[bob].conversations[&walks].has_member(&world.identity(carol[0])));
    world.set_offline(alice, false);
    world.run(20_000);
    world.say(alice, &walks, "two of us");
    world.run(20_000);
    world.agree(&[alice, bob], &walks, &texts(&["two of us"]));
    for device in carol {
        assert_eq!(world.devices[device].conversations[&walks].standing(&world.book), Standing::Out);
        assert!(world.texts(device, &walks).is_empty());
    }
}

#[test]
fn the_last_owner_leaves_an_heir() {
    let mut world = World::new(5);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob, carol]);
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(60_000);
    let members = |world: &World, device: usize| {
        let device = &world.devices[device];
        device.conversations[&walks].view(&device.me, &world.book, world.now).members
    };
    assert_eq!(members(&world, carol).iter().map(|member| member.role).collect::<Vec<_>>(), [0, 2]);
    world.agree(&[bob, carol], &walks, &[]);
}

#[test]
fn a_lost_device_is_taken_out() {
    let mut world = World::new(6);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let group = world.pair(alice[0], bob);
    world.run(10_000);
    world.say(bob, &group, "hello");
    world.run(10_000);
    world.remove_device(alice[1]);
    world.run(20_000);
    world.say(bob, &group, "only for one of you");
    world.run(20_000);
    world.devices[alice[1]].offline = false;
    world.run(20_000);
    world.agree(&[alice[0], bob], &group, &texts(&["hello", "only for one of you"]));
    assert_eq!(world.texts(alice[1], &group), texts(&["hello"]));
}

#[test]
fn a_new_device_comes_in_from_the_profile() {
    let mut world = World::new(7);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(alice, bob);
    world.run(10_000);
    world.say(bob, &group, "before");
    world.run(10_000);
    let who = world.identity(alice);
    let entry = world.devices[alice].conversations[&group].profile_entry();
    let second = world.add_device(&who);
    let again = world.make(second, |scene| Conversation::rejoin(scene, group, &entry));
    assert_eq!(again, group);
    world.run(20_000);
    world.say(bob, &group, "after");
    world.say(second, &group, "me again");
    world.run(20_000);
    world.agree(&[alice, bob], &group, &texts(&["before", "after", "me again"]));
    // What was said shortly before is asked for, too.
    assert_eq!(world.texts(second, &group), texts(&["after", "before", "me again"]));
    assert_eq!(world.epoch(second, &group), world.epoch(bob, &group));
}

#[test]
fn strangers_meet_in_a_room() {
    let mut world = World::new(8);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let pass = tidings_client::command::Secret("open sesame".to_owned());
    let room = world.make(alice, |scene| {
        Conversation::create(scene, super::world::HUB, ConversationKind::Room, "Cave", Some(&pass))
    });
    world.run(5_000);
    let link = world.devices[alice].conversations[&room].room_link().unwrap();
    for device in [bob, carol] {
        world.make(device, |scene| Conversation::join_room(scene, &link, Some(&pass)));
    }
    world.run(30_000);
    world.say(bob, &room, "who is here?");
    world.say(alice, &room, "me");
    world.run(30_000);
    world.agree(&[alice, bob, carol], &room, &texts(&["who is here?", "me"]));
    let senders: Vec<_> = world.page(carol, &room).iter().map(|view| view.sender).collect();
    assert!(
        !senders.contains(&world.identity(bob)) && !senders.contains(&world.identity(alice)),
        "nobody is known there"
    );
}

#[test]
fn words_are_changed_deleted_and_answered() {
    let mut world = World::new(9);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(alice, bob);
    world.run(10_000);
    let (first, second) = (world.say(alice, &group, "helo").unwrap(), world.say(alice, &group, "oops").unwrap());
    world.run(10_000);
    let mut act = |device: usize, content: Content| {
        world.call(device, &group, |conversation, scene| conversation.send(scene, content, None)).map(|_| ())
    };
    act(alice, Content::Edit(Edit { to: first, text: "hello".to_owned() })).unwrap();
    act(alice, Content::Delete(To { to: second })).unwrap();
    act(bob, Content::React(React { to: first, emoji: "👋".to_owned() })).unwrap();
    assert_eq!(act(bob, Content::Edit(Edit { to: first, text: "mine".to_owned() })), Err(Fault::Role));
    assert_eq!(act(bob, Content::Delete(To { to: first })), Err(Fault::Role));
    world.run(10_000);
    world.agree(&[alice, bob], &group, &texts(&["hello"]));
    for device in [alice, bob] {
        let page = world.page(device, &group);
        let view = |id| page.iter().find(|view| view.id == id).unwrap();
        assert!(view(first).edited && view(first).reactions.len() == 1);
        assert_eq!(view(second).shown, Shown::Deleted);
    }
}

#[test]
fn what_disappears_is_gone_from_the_store() {
    let mut world = World::new(10);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(alice, bob);
    world.run(10_000);
    let content = Content::Text(tidings_client::content::Text { text: "soon gone".to_owned(), reply: None });
    world.call(alice, &group, |conversation, scene| conversation.send(scene, content, Some(60))).unwrap();
    world.run(30_000);
    world.agree(&[alice, bob], &group, &texts(&["soon gone"]));
    world.run(60_000);
    assert!(world.texts(alice, &group).is_empty(), "60 s after it was written");
    assert_eq!(world.texts(bob, &group).len(), 1, "not read yet");
    world.call(bob, &group, |conversation, scene| conversation.mark_read(scene, None)).unwrap();
    world.run(61_000);
    use tidings_client::records::Table;
    for device in [alice, bob] {
        for table in [Table::Message, Table::MessageIndex, Table::Written, Table::Expiry] {
            assert_eq!(world.records(device, table), 0, "{table:?}");
        }
    }
}

#[test]
fn a_message_that_was_lost_is_asked_for() {
    let mut world = World::new(11);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(alice, bob);
    world.run(10_000);
    world.say(alice, &group, "one");
    world.run(10_000);
    // The hub spoils one entry on its way to Bob.
    world.set_offline(bob, true);
    world.say(alice, &group, "two");
    world.run(10_000);
    let entries = &mut world.hub.groups.get_mut(&group.0).unwrap().entries;
    let spoiled = entries.len() - 1;
    let good = std::mem::take(&mut entries[spoiled].body);
    entries[spoiled].body.0 = vec![1; 40];
    world.set_offline(bob, false);
    world.run(1_000);
    world.hub.groups.get_mut(&group.0).unwrap().entries[spoiled].body = good;
    world.say(alice, &group, "three");
    world.run(60_000);
    world.agree(&[alice, bob], &group, &texts(&["one", "two", "three"]));
}

#[test]
fn a_restored_hub_gets_back_what_it_lost() {
    let mut world = World::new(12);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.say(alice, &walks, "one");
    world.run(10_000);
    let backup = world.hub.clone();
    world.say(bob, &walks, "two");
    let carols = world.identity(carol);
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![carols]))).unwrap();
    world.run(10_000);
    world.say(carol, &walks, "three");
    world.run(10_000);
    let end = world.hub.groups[&walks.0].entries.len();
    world.restore_hub(backup);
    assert!(world.hub.groups[&walks.0].entries.len() < end);
    world.run(120_000);
    world.say(bob, &walks, "four");
    world.run(60_000);
    world.agree(&[alice, bob], &walks, &texts(&["one", "two", "three", "four"]));
    assert_eq!(world.texts(carol, &walks), texts(&["four", "three"]));
}

#[test]
fn a_changed_key_blocks_writing() {
    let mut world = World::new(13);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let group = world.pair(alice, bob);
    world.run(10_000);
    let bobs = world.identity(bob);
    world.book.key_changed.insert(bobs);
    assert!(world.say(alice, &group, "is it you?").is_none());
    assert_eq!(world.devices[alice].conversations[&group].standing(&world.book), Standing::KeyChanged(bobs));
    world.book.key_changed.clear();
    world.book.blocked.insert(bobs);
    world.say(bob, &group, "not shown");
    world.run(10_000);
    assert!(world.texts(alice, &group).is_empty());
}

#[test]
fn of_what_two_devices_of_one_person_do_at_once_all_keep_the_same() {
    let mut world = World::new(31);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1));
    let group = world.pair(alice[0], bob[0]);
    world.run(10_000);
    let to = world.say(alice[0], &group, "draft").unwrap();
    world.run(20_000);
    for (device, text) in [(alice[0], "one"), (alice[1], "two")] {
        let edit = Content::Edit(Edit { to, text: text.to_owned() });
        let react = Content::React(React { to, emoji: text.to_owned() });
        for content in [edit, react] {
            world.call(device, &group, |conversation, scene| conversation.send(scene, content, None)).unwrap();
        }
    }
    world.run(30_000);
    let shown = |device: usize| {
        let view = world.page(device, &group).into_iter().find(|view| view.id == to).unwrap();
        format!("{:?} {:?}", view.shown, view.reactions)
    };
    assert_eq!(shown(alice[0]), shown(alice[1]));
    assert_eq!(shown(alice[0]), shown(bob[0]));
}

#[test]
fn nothing_is_written_to_nobody() {
    let mut world = World::new(47);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = world.pair(alice, bob);
    world.run(20_000);
    assert!(world.say(alice, &talks, "still here?").is_some());
    world.run(20_000);
    world.call(bob, &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.run(60_000);
    let content = Content::Text(Text { text: "hello?".to_owned(), reply: None });
    let sent = world.call(alice, &talks, |conversation, scene| conversation.send(scene, content, None));
    assert!(matches!(sent, Err(Fault::Cannot(Reason::OtherLeft))));
}

#[test]
fn an_answer_does_not_quote_whom_one_has_blocked() {
    let mut world = World::new(48);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob, carol]);
    let spam = world.say(bob, &walks, "spam").unwrap();
    world.run(20_000);
    let answer = Content::Text(Text { text: "stop it".to_owned(), reply: Some(spam) });
    world.call(carol, &walks, |conversation, scene| conversation.send(scene, answer, None)).unwrap();
    world.run(20_000);
    let quoted = |world: &World| world.page(alice, &walks).into_iter().find_map(|view| view.reply.map(|reply| reply.1));
    assert_eq!(quoted(&world).as_deref(), Some("spam"));
    let bobs = world.identity(bob);
    world.book.blocked.insert(bobs);
    assert_eq!(quoted(&world).as_deref(), Some(""));
}
