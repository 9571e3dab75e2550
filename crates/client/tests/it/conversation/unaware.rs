//! Members who do not know that they are in a conversation are told by somebody who is; and what others say of that is weighed.

use super::hostile::roster;
use super::plain::group;
use super::world::{Task, World};
use tidings_client::command::Fault;
use tidings_client::conversation::step::ParcelBody;
use tidings_client::conversation::{Conversation, Membership, Wish};
use tidings_client::roster::{Pen, Roster};
use tidings_client::view::{GroupId, Standing};
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::signed::Signed;

const HOUR: u64 = 3_600_000;

fn standing(world: &World, device: usize, group: &GroupId) -> Option<Standing> {
    world.devices[device].conversations.get(group).map(|conversation| conversation.standing(&world.book))
}

/// Adds the person of a device, who is not there; what is posted to them meanwhile is lost.
fn add_in_vain(world: &mut World, by: usize, who: usize, group: &GroupId) {
    world.set_offline(who, true);
    let added = Wish::Add(vec![world.identity(who)]);
    world.call(by, group, |conversation, scene| conversation.wish(scene, added)).unwrap();
    world.run(20_000);
    world.devices[who].tasks.clear();
}

fn told(world: &World, device: usize) -> usize {
    let told = |task: &&Task| matches!(task, Task::Parcel(_, ParcelBody::Member { .. }));
    world.devices[device].tasks.iter().filter(told).count()
}

#[test]
fn who_was_added_by_a_device_that_is_lost_hears_of_it_from_another() {
    let mut world = World::new(71);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice[0], &[]);
    add_in_vain(&mut world, alice[0], bob, &talks);
    world.set_offline(alice[0], true);
    world.set_offline(bob, false);
    world.run(3 * HOUR);
    assert_eq!(standing(&world, bob, &talks), None, "the welcome may be on its way");
    world.run(6 * HOUR);
    assert_eq!(standing(&world, bob, &talks), Some(Standing::Ready));
    world.say(bob, &talks, "so I am in");
    world.run(20_000);
    world.agree(&[alice[1], bob], &talks, &["so I am in".to_owned()]);
}

#[test]
fn who_was_added_again_by_a_device_that_is_lost_comes_in_again() {
    let mut world = World::new(72);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice[0], &[bob]);
    let bobs = world.identity(bob);
    world.call(alice[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Remove(bobs))).unwrap();
    world.run(20_000);
    assert_eq!(standing(&world, bob, &talks), Some(Standing::Out));
    add_in_vain(&mut world, alice[0], bob, &talks);
    world.set_offline(alice[0], true);
    world.set_offline(bob, false);
    world.run(9 * HOUR);
    assert_eq!(standing(&world, bob, &talks), Some(Standing::Ready));
    world.say(alice[1], &talks, "here you are");
    world.run(20_000);
    assert_eq!(world.texts(bob, &talks), ["here you are"]);
}

#[test]
fn who_has_lost_all_is_told_on_the_next_device() {
    let mut world = World::new(73);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    // The owner, with all that she had of it; the profile is that of a node which was restored.
    let alices = world.identity(alice);
    let new = world.add_device(&alices);
    world.remove_device(alice);
    world.run(9 * HOUR);
    assert_eq!(standing(&world, new, &talks), Some(Standing::Ready));
    world.say(new, &talks, "here again");
    world.run(20_000);
    world.agree(&[bob, carol, new], &talks, &["here again".to_owned()]);
}

#[test]
fn who_has_lost_all_is_told_on_a_device_that_was_there_before() {
    let mut world = World::new(83);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    // Her other device gets no leaf, and hears nothing of the conversation by the profile.
    world.packageless = Some(world.identity(alice[0]));
    world.set_offline(alice[1], true);
    let talks = group(&mut world, alice[0], &[bob]);
    world.run(60_000);
    world.devices[alice[1]].tasks.clear();
    world.set_offline(alice[0], true);
    world.devices[alice[0]].removed = true;
    world.set_offline(alice[1], false);
    world.run(9 * HOUR);
    assert_eq!(standing(&world, alice[1], &talks), Some(Standing::Ready));
}

#[test]
fn a_new_device_tells_those_of_whom_it_does_not_know_whether_they_were_heard() {
    let mut world = World::new(74);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice, &[]);
    add_in_vain(&mut world, alice, bob, &talks);
    // The profile knows of Bob, and only the device that is lost had the welcome.
    let (entry, alices) = (world.devices[alice].conversations[&talks].profile_entry(), world.identity(alice));
    world.set_offline(alice, true);
    let new = world.add_device(&alices);
    world.make(new, |scene| Conversation::rejoin(scene, talks, &entry));
    world.set_offline(bob, false);
    world.run(9 * HOUR);
    assert_eq!(standing(&world, bob, &talks), Some(Standing::Ready));
}

#[test]
fn who_has_said_something_is_told_nothing() {
    let mut world = World::new(75);
    let (alice, bob, carol) = (world.person("Alice", 2), world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice[0], &[bob, carol]);
    world.say(bob, &talks, "thank you");
    world.run(20_000);
    world.set_offline(bob, true);
    world.set_offline(carol, true);
    world.run(10 * HOUR);
    assert_eq!((told(&world, bob), told(&world, carol)), (0, 0), "carol's device has said that it has the message");
}

#[test]
fn what_somebody_says_of_a_conversation_must_be_right() {
    let mut world = World::new(76);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let (carol, mallory) = (world.person("Carol", 1)[0], world.person("Mallory", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    let (right, bobs) = (roster(&world, alice, &talks), world.identity(bob));
    let new = world.add_device(&bobs);
    let mut told = |from: usize, roster: &Roster| {
        let from = world.identity(from);
        let membership = Membership { group: talks, roster, devices: &[] };
        let told = world.scene(new, |scene| Conversation::told_of(scene, &from, &membership).map(|_| ()));
        world.devices[new].steps.clear();
        told
    };
    assert!(matches!(told(mallory, &right), Err(Fault::Distrust(_))), "by somebody who is not in it");
    let mut without = right.clone();
    without.members.retain(|member| member.id != bobs);
    assert!(matches!(told(alice, &without), Err(Fault::Distrust(_))), "without the one who is told");
    let mut raised = right.clone();
    raised.members.iter_mut().for_each(|member| member.role = 0);
    assert!(matches!(told(bob, &raised), Err(Fault::Distrust(_))), "by oneself, and changed");
    assert!(matches!(told(carol, &raised), Err(Fault::Distrust(_))), "not as it was signed");
    assert!(told(carol, &right).is_ok());
}

/// What one member makes of a list: all that is there, with themselves as its owner and the others as members, signed by them.
fn usurped(world: &World, by: usize, group: &GroupId, before: &Roster) -> Roster {
    let me = &world.devices[by].me;
    let certificate = Signed::<DeviceCertificate>::verify(&me.certificate).unwrap();
    let pen = Pen { device: &me.device, certificate, group: group.0 };
    let mut roster = before.clone();
    roster.members.iter_mut().for_each(|member| member.role = if member.id == me.identity { 0 } else { 2 });
    roster.v += 50;
    roster.attest(before, Some(&pen)).unwrap();
    roster
}

#[test]
fn a_member_who_says_that_they_are_the_owner_is_not_believed() {
    let mut world = World::new(80);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    let (alices, carols) = (world.identity(alice), world.identity(carol));
    let forged = usurped(&world, carol, &talks, &roster(&world, alice, &talks));
    let new = world.add_device(&alices);
    world.remove_device(alice);
    let membership = Membership { group: talks, roster: &forged, devices: &[] };
    let told = world.scene(new, |scene| Conversation::told_of(scene, &carols, &membership).map(|_| ()));
    assert!(matches!(told, Err(Fault::Distrust(_))));
}

#[test]
fn the_word_of_a_former_owner_changes_nobody() {
    let mut world = World::new(81);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    let (alices, carols) = (world.identity(alice), world.identity(carol));
    let role = |world: &mut World, role: u8| {
        world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Role(carols, role))).unwrap();
        world.run(20_000);
    };
    role(&mut world, 0);
    let once = roster(&world, alice, &talks);
    role(&mut world, 2);
    let forged = usurped(&world, carol, &talks, &once);
    let new = world.add_device(&alices);
    world.remove_device(alice);
    world.run(20_000);
    let membership = Membership { group: talks, roster: &forged, devices: &[] };
    world.make(new, |scene| Conversation::told_of(scene, &carols, &membership));
    world.run(10 * HOUR);
    for device in [bob, carol] {
        assert_eq!(standing(&world, device, &talks), Some(Standing::Ready));
        assert_eq!(roster(&world, device, &talks).role(&carols), Some(2));
        assert_eq!(roster(&world, device, &talks).role(&alices), Some(0));
    }
}

#[test]
fn who_was_away_looks_first_what_has_come() {
    let mut world = World::new(82);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice[0], &[]);
    let bobs = world.identity(bob);
    world.set_offline(bob, true);
    world.call(alice[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![bobs]))).unwrap();
    world.run(20_000);
    world.set_offline(alice[1], true);
    world.set_offline(bob, false);
    world.run(20_000);
    world.say(bob, &talks, "thank you, and good bye");
    world.run(20_000);
    world.call(alice[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Remove(bobs))).unwrap();
    world.run(20_000);
    world.set_offline(bob, true);
    world.run(10 * HOUR);
    world.crash(alice[1]);
    world.set_offline(alice[1], false);
    world.run(HOUR);
    assert_eq!(told(&world, bob), 0);
}

#[test]
fn an_old_list_brings_nobody_in_again_who_was_removed() {
    let mut world = World::new(77);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice, &[bob, carol]);
    let (bobs, carols) = (world.identity(bob), world.identity(carol));
    let old = roster(&world, carol, &talks);
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Remove(bobs))).unwrap();
    world.run(20_000);
    assert_eq!(standing(&world, bob, &talks), Some(Standing::Out));
    let membership = Membership { group: talks, roster: &old, devices: &[] };
    world.call(bob, &talks, |conversation, scene| conversation.told_again(scene, &carols, &membership)).unwrap();
    world.run(20_000);
    assert_eq!(standing(&world, bob, &talks), Some(Standing::Out));
    assert_eq!(standing(&world, alice, &talks), Some(Standing::Ready));
}

#[test]
fn the_last_owner_whose_key_the_hub_does_not_know_can_still_leave() {
    let mut world = World::new(78);
    let (alice, bob, carol) = (world.person("Alice", 3), world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let talks = group(&mut world, alice[0], &[bob, carol]);
    world.run(20_000);
    // Another device of hers gives her a new key, and is lost, with what the profile said of it.
    world.set_offline(alice[1], true);
    world.remove_device(alice[2]);
    world.run(60_000);
    world.set_offline(alice[0], true);
    world.devices[alice[0]].removed = true;
    world.devices[alice[1]].tasks.clear();
    world.call(alice[1], &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.set_offline(alice[1], false);
    world.run(2 * HOUR);
    let alices = world.identity(alice[1]);
    for device in [bob, carol] {
        assert!(roster(&world, device, &talks).member(&alices).is_none(), "{device}");
        assert_eq!(standing(&world, device, &talks), Some(Standing::Ready));
    }
    assert!(roster(&world, bob, &talks).members.iter().any(|member| member.role == 0), "there is an heir");
    assert_eq!(standing(&world, alice[1], &talks), Some(Standing::Out));
}
