//! Others who mean ill: members, people who were removed, and whoever has a lost device.

use super::plain::group;
use super::world::{HUB, World};
use serde::Deserialize;
use tidings_client::command::Fault;
use tidings_client::content::{Content, Edit, To};
use tidings_client::conversation::step::ParcelBody;
use tidings_client::conversation::{Conversation, Wish};
use tidings_client::records::Table;
use tidings_client::roster::Roster;
use tidings_client::view::{ConversationKind, GroupId};
use tidings_mls::{Group, Plan, Signer};

/// What of a conversation stands in the profile.
#[derive(Deserialize)]
struct Entry {
    roster: Roster,
}

pub(super) fn roster(world: &World, device: usize, group: &GroupId) -> Roster {
    let entry = world.devices[device].conversations[group].profile_entry();
    tidings_wire::cbor::decode::<Entry>(&entry, 1_000_000).unwrap().roster
}

/// Another MLS group with the same id, made by `maker`, and the welcome to it for all devices of `victim`'s person.
pub(super) fn another_group(
    world: &mut World,
    maker: usize,
    victim: usize,
    group: &GroupId,
    roster: &Roster,
) -> ParcelBody {
    let who = world.identity(victim);
    let add = world.packages(&who).into_iter().map(|(_, package)| package).collect();
    let me = &world.devices[maker].me;
    let signer = Signer::new(&me.device.to_bytes(), me.certificate.clone());
    let mut made = Group::create(&group.0, &signer, roster.encode().unwrap(), &mut world.random).unwrap();
    let plan = Plan { add, ..Plan::default() };
    let welcome = made.commit(&signer, &plan, &mut world.random).unwrap().welcome.unwrap();
    let at_hub = &world.hub.groups[&group.0];
    let (turn, number) = (at_hub.turn + 1, at_hub.entries.len() as u64 + 1);
    ParcelBody::Welcome { welcome, group: group.0, hub: HUB.to_owned(), turn, number, devices: Vec::new() }
}

#[test]
fn nobody_is_lured_into_another_group_of_the_same_id() {
    for removed in [true, false] {
        let mut world = World::new(90);
        let (alice, bob, mallory) =
            (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
        let walks = group(&mut world, alice, &[bob, mallory]);
        let roster = roster(&world, mallory, &walks);
        let mallorys = world.identity(mallory);
        if removed {
            let who = world.identity(mallory);
            world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Remove(who))).unwrap();
            world.run(20_000);
        }
        let welcome = another_group(&mut world, mallory, bob, &walks, &roster);
        let taken = world.call(bob, &walks, |conversation, scene| conversation.welcomed(scene, &mallorys, &welcome));
        assert_eq!(matches!(taken, Err(Fault::Distrust(_))), removed, "{:?}", taken.err());
        world.say(alice, &walks, "still us");
        world.run(30_000);
        world.say(bob, &walks, "yes");
        world.run(30_000);
        world.agree(&[alice, bob], &walks, &["still us".to_owned(), "yes".to_owned()]);
    }
}

#[test]
fn a_removed_device_reads_nothing_that_is_said_after_it_was_removed() {
    let mut world = World::new(91);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let pair = world.pair(alice[0], bob);
    world.run(20_000);
    world.say(alice[0], &pair, "while it was mine");
    world.run(20_000);
    world.remove_device(alice[1]);
    // Whoever has it goes on reading, and the hub lets them.
    (world.devices[alice[1]].removed, world.devices[alice[1]].offline) = (false, false);
    world.say(alice[0], &pair, "it was stolen");
    world.run(60_000);
    let said = ["it was stolen".to_owned(), "while it was mine".to_owned()];
    world.agree(&[alice[0], bob], &pair, &said);
    assert_eq!(world.texts(alice[1], &pair), said[1..]);
}

#[test]
fn what_was_deleted_or_has_expired_is_in_no_copy_for_others() {
    let mut world = World::new(92);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let pair = world.pair(alice, bob);
    world.run(20_000);
    let written = |world: &World| world.records(alice, Table::Written);
    let before = written(&world);
    let id = world.say(alice, &pair, "first").unwrap();
    world.run(20_000);
    let edit = Content::Edit(Edit { to: id, text: "second".to_owned() });
    world.call(alice, &pair, |conversation, scene| conversation.send(scene, edit, None)).unwrap();
    world.run(20_000);
    assert_eq!(written(&world), before + 2);
    let delete = Content::Delete(To { to: id });
    world.call(alice, &pair, |conversation, scene| conversation.send(scene, delete, None)).unwrap();
    world.run(20_000);
    assert_eq!(written(&world), before + 1, "the deletion alone");
    world.set_offline(alice, true);
    let text = Content::Text(tidings_client::content::Text { text: "soon gone".to_owned(), reply: None });
    world.call(alice, &pair, |conversation, scene| conversation.send(scene, text, Some(5))).unwrap();
    world.run(20_000);
    world.set_offline(alice, false);
    world.run(60_000);
    assert_eq!(written(&world), before + 1, "it expired before the hub had it");
}

#[test]
fn a_device_whose_store_was_put_back_is_heard_again() {
    let mut world = World::new(93);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let pair = world.pair(alice, bob);
    world.run(20_000);
    world.say(alice, &pair, "before the copy");
    world.run(20_000);
    let copy = world.devices[alice].records.clone();
    for text in ["one", "two"] {
        world.say(alice, &pair, text);
        world.run(20_000);
    }
    world.devices[alice].records = copy;
    world.crash(alice);
    world.run(60_000);
    world.say(alice, &pair, "three");
    world.run(60_000);
    let all = ["before the copy", "one", "three", "two"].map(str::to_owned);
    assert_eq!(world.texts(bob, &pair), all);
    assert_eq!(world.epoch(alice, &pair), world.epoch(bob, &pair));
    world.say(bob, &pair, "four");
    world.run(20_000);
    assert!(world.texts(alice, &pair).contains(&"four".to_owned()));
}

#[test]
fn whoever_comes_hears_of_devices_that_were_removed() {
    let mut world = World::new(87);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 2), world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob[0]]);
    world.remove_device(bob[1]);
    world.run(20_000);
    world.book.told.clear();
    let carols = world.identity(carol);
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![carols]))).unwrap();
    world.run(20_000);
    let bobs = world.book.signed[&world.identity(bob[0])].clone();
    let told: Vec<_> = world.book.told.iter().filter(|(device, _)| *device == carol).map(|(_, list)| list).collect();
    assert_eq!(told, [&bobs], "of nobody else: the others have removed none");
}

#[test]
fn who_takes_out_a_removed_device_of_somebody_else_says_why_first() {
    let mut world = World::new(53);
    let (alice, bob, carol) = (world.person("Alice", 2), world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, bob, &[alice[0], carol]);
    world.run(20_000);
    world.set_offline(alice[0], true);
    world.book.told.clear();
    world.remove_device(alice[1]);
    let alices = world.identity(alice[0]);
    let list = world.book.signed[&alices].clone();
    world.run(60_000);
    for device in [bob, carol] {
        assert!(world.book.told.contains(&(device, list.clone())), "device {device}");
    }
    world.set_offline(alice[0], false);
    world.run(60_000);
    world.say(carol, &talks, "among us");
    world.run(20_000);
    world.agree(&[alice[0], bob, carol], &talks, &["among us".to_owned()]);
}

#[test]
fn who_came_by_an_old_link_goes_with_it() {
    let mut world = World::new(86);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let room = world.make(alice, |scene| Conversation::create(scene, HUB, ConversationKind::Room, "Cave", None));
    world.run(5_000);
    let come = |world: &mut World, device: usize| {
        let link = world.devices[alice].conversations[&room].room_link().unwrap();
        world.make(device, |scene| Conversation::join_room(scene, &link, None));
        world.run(20_000);
    };
    let people = |world: &World| {
        let place = &world.devices[alice];
        let view = place.conversations[&room].view(&place.me, &world.book, world.now);
        view.members.into_iter().filter(|member| !member.me).map(|member| member.identity).collect::<Vec<_>>()
    };
    come(&mut world, bob);
    assert_eq!(people(&world).len(), 1);
    world.call(alice, &room, |conversation, scene| conversation.wish(scene, Wish::NewSeal)).unwrap();
    world.run(20_000);
    assert!(people(&world).is_empty());
    world.say(alice, &room, "without Bob");
    world.run(60_000);
    assert!(world.texts(bob, &room).is_empty());
    come(&mut world, carol);
    let [who] = people(&world)[..] else { panic!("Carol has the new link") };
    world.say(carol, &room, "spam");
    world.run(20_000);
    world.call(alice, &room, |conversation, scene| conversation.wish(scene, Wish::Remove(who))).unwrap();
    world.run(20_000);
    assert!(people(&world).is_empty());
}
