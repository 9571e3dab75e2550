//! Another access key of one's own, which must not be lost on the way (docs/protocol/conversations.md, Another access key).

use super::plain::group;
use super::world::{Task, World};
use tidings_client::conversation::step::{Appended, HubRequest, Step};
use tidings_client::conversation::{Conversation, Wish};
use tidings_client::records::{RecordKey, Records as _, Table};
use tidings_client::view::{GroupId, Standing};
use tidings_wire::api::{NewEntry, Role};
use tidings_wire::bytes::Fixed;
use tidings_wire::cbor;

const HOUR: u64 = 3_600_000;

fn key(world: &World, device: usize, group: &GroupId) -> [u8; 32] {
    let device = &world.devices[device];
    device.conversations[group].access_key(&device.me).verifying_key().to_bytes()
}

/// The commit that a device has asked the hub to take, and that is still on its way.
fn on_its_way(world: &World, device: usize) -> Option<NewEntry> {
    world.devices[device].tasks.iter().find_map(|task| match task {
        Task::Ask(_, HubRequest::Append(new)) if new.info.is_some() => Some(new.clone()),
        _ => None,
    })
}

/// Alice, who has so many devices, and Bob in a group that Bob has made; all of hers but one are removed, one after the other. Gives that one,
/// Bob, the group, and her first access key and her last.
fn rekeyed(world: &mut World, devices: usize) -> (usize, usize, GroupId, [Fixed<32>; 2]) {
    let (alice, bob) = (world.person("Alice", devices), world.person("Bob", 1)[0]);
    let talks = group(world, bob, &[alice[0]]);
    world.run(20_000);
    let first = Fixed(key(world, alice[0], &talks));
    for device in &alice[1..] {
        world.remove_device(*device);
        world.run(60_000);
    }
    let last = Fixed(key(world, alice[0], &talks));
    (alice[0], bob, talks, [first, last])
}

/// A hub that was restored, or given back what it had lost, may know another key of the same member.
fn hub_knows_instead(world: &mut World, group: &GroupId, known: Fixed<32>, unknown: Fixed<32>) {
    let there = world.hub.groups.get_mut(&group.0).unwrap();
    let role = there.members.remove(&unknown).unwrap();
    there.members.insert(known, role);
}

/// Another device of a person comes in by what the profile had, in the place of one that is lost, and is heard.
fn comes_back_by(world: &mut World, lost: usize, other: usize, group: &GroupId, entry: &[u8]) {
    world.devices[lost].removed = true;
    let person = world.identity(lost);
    let new = world.add_device(&person);
    world.make(new, |scene| Conversation::rejoin(scene, *group, entry));
    world.run(3 * HOUR);
    world.say(new, group, "here again");
    world.run(20_000);
    world.agree(&[other, new], group, &["here again".to_owned()]);
}

#[test]
fn a_new_key_is_not_lost_with_the_answer_to_its_commit() {
    let mut world = World::new(71);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, bob, &[alice[0]]);
    world.run(20_000);
    world.set_offline(bob, true);
    let old = key(&world, alice[0], &talks);
    world.remove_device(alice[1]);
    world.run(50);
    // The commit with the new key is made, and reaches the hub; the device ends before it hears of that.
    world.trouble.loss = 100;
    world.run(10_000);
    world.trouble.loss = 0;
    let kept = world.devices[alice[0]].records.get(&RecordKey::new(Table::Conversation, talks.0, *b"commit")).unwrap();
    let commit: NewEntry = cbor::decode(&kept.expect("it takes the removed device out"), usize::MAX).unwrap();
    assert!(!commit.add.is_empty());
    let now = world.now;
    world.hub.append(&talks.0, &Fixed(old), &commit, now);
    world.call(alice[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.crash(alice[0]);
    assert_eq!(key(&world, alice[0], &talks), old);
    // It looks at the hub before it asks for its commit again.
    let looked = world.hub.look(&talks.0, &Fixed(old));
    world.call(alice[0], &talks, |conversation, scene| conversation.hub_state(scene, looked));
    assert_ne!(key(&world, alice[0], &talks), old, "the hub may have taken it");
    world.set_offline(alice[0], false);
    world.set_offline(bob, false);
    world.run(HOUR);
    let view = &world.devices[alice[0]].conversations[&talks];
    assert_eq!(view.standing(&world.book), Standing::Out);
    let left = world.identity(alice[0]);
    assert!(!world.devices[bob].conversations[&talks].has_member(&left), "the others hear that she goes");
}

#[test]
fn a_new_key_goes_into_the_profile_again_after_another_device_has_written_over_it() {
    let mut world = World::new(72);
    let (alice, bob) = (world.person("Alice", 3), world.person("Bob", 1)[0]);
    let talks = group(&mut world, bob, &[alice[0]]);
    world.run(20_000);
    let before = world.devices[alice[0]].conversations[&talks].profile_entry();
    world.remove_device(alice[2]);
    world.run(20_000);
    let after = world.devices[alice[0]].conversations[&talks].profile_entry();
    let told = |world: &mut World, device: usize, entry: &[u8]| {
        world.call(device, &talks, |conversation, scene| {
            conversation.apply_profile(scene, entry);
            scene.steps.iter().any(|step| matches!(step, Step::Profile))
        })
    };
    assert!(told(&mut world, alice[0], &before), "the other device has not heard of the new key");
    assert!(!told(&mut world, alice[0], &after) && !told(&mut world, alice[1], &after), "there is nothing to tell");
}

#[test]
fn who_comes_in_while_the_hub_is_restored_finds_its_commit_among_what_it_took_for_read() {
    let mut world = World::new(73);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = world.pair(alice, bob);
    world.run(20_000);
    let backup = world.hub.clone();
    for text in ["one", "two", "three"] {
        world.say(bob, &talks, text);
        world.run(10_000);
    }
    let entry = world.devices[alice].conversations[&talks].profile_entry();
    let alices = world.identity(alice);
    let second = world.add_device(&alices);
    world.set_offline(second, true);
    world.make(second, |scene| Conversation::rejoin(scene, talks, &entry));
    let own = Fixed(key(&world, second, &talks));
    let looked = world.hub.look(&talks.0, &own);
    world.call(second, &talks, |conversation, scene| conversation.hub_state(scene, looked));
    let commit = on_its_way(&world, second).expect("it comes in");
    world.devices[second].tasks.clear();
    for device in [alice, bob] {
        world.set_offline(device, true);
    }
    world.restore_hub(backup);
    let now = world.now;
    world.hub.append(&talks.0, &own, &commit, now);
    world.set_offline(second, false);
    world.run(HOUR);
    for device in [alice, bob] {
        world.set_offline(device, false);
    }
    world.run(HOUR);
    world.say(second, &talks, "here");
    world.run(20_000);
    let epoch = world.epoch(alice, &talks);
    assert!(epoch.is_some() && world.epoch(second, &talks) == epoch && world.epoch(bob, &talks) == epoch);
    assert!(world.texts(bob, &talks).contains(&"here".to_owned()));
}

#[test]
fn who_has_come_in_and_is_not_accepted_before_it_has_read_that_looks_for_another_way() {
    let mut world = World::new(76);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = world.pair(alice[0], bob);
    world.run(20_000);
    let entry = world.devices[alice[0]].conversations[&talks].profile_entry();
    let alices = world.identity(alice[0]);
    let second = world.add_device(&alices);
    world.set_offline(second, true);
    world.make(second, |scene| Conversation::rejoin(scene, talks, &entry));
    let own = Fixed(key(&world, second, &talks));
    let looked = world.hub.look(&talks.0, &own);
    world.call(second, &talks, |conversation, scene| conversation.hub_state(scene, looked));
    let commit = on_its_way(&world, second).expect("it comes in");
    let now = world.now;
    let placed = world.hub.append(&talks.0, &own, &commit, now);
    world.call(second, &talks, |conversation, scene| conversation.appended(scene, commit.id.0, placed));
    // Before it reads on, the key is another one, of which it does not hear.
    world.remove_device(alice[1]);
    world.run(20_000);
    world.devices[second].tasks.clear();
    world.set_offline(second, false);
    world.run(3 * HOUR);
    world.say(second, &talks, "here");
    world.run(20_000);
    world.agree(&[alice[0], bob, second], &talks, &["here".to_owned()]);
}

#[test]
fn whom_the_hub_lists_with_a_lower_role_asks_the_others_and_does_not_ask_the_hub_again_and_again() {
    let mut world = World::new(77);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 2));
    let talks = group(&mut world, alice, &[bob[0]]);
    let bobs = world.identity(bob[0]);
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, Wish::Role(bobs, 1))).unwrap();
    world.run(20_000);
    let old = Fixed(key(&world, bob[0], &talks));
    // As after a restore.
    world.hub.groups.get_mut(&talks.0).unwrap().members.insert(old, Role::Member);
    world.set_offline(alice, true);
    world.remove_device(bob[1]);
    world.run(HOUR);
    let tried = world.hub.forbidden;
    assert!((1..10).contains(&tried), "{tried}");
    world.set_offline(alice, false);
    world.run(3 * HOUR);
    let new = Fixed(key(&world, bob[0], &talks));
    let members = &world.hub.groups[&talks.0].members;
    assert!(new != old && !members.contains_key(&old) && members.get(&new) == Some(&Role::Moderator));
    world.say(bob[0], &talks, "now it fits");
    world.run(20_000);
    world.agree(&[alice, bob[0]], &talks, &["now it fits".to_owned()]);
}

#[test]
fn the_only_owner_whose_key_is_lost_with_the_profile_is_told_it_by_a_plain_member() {
    let mut world = World::new(78);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice[0], &[bob]);
    world.run(20_000);
    let entry = world.devices[alice[0]].conversations[&talks].profile_entry();
    world.remove_device(alice[1]);
    world.run(20_000);
    world.set_offline(alice[0], true);
    comes_back_by(&mut world, alice[0], bob, &talks, &entry);
}

#[test]
fn each_key_that_a_device_has_had_is_tried() {
    let mut world = World::new(74);
    let (alice, bob, talks, [first, last]) = rekeyed(&mut world, 3);
    // The hub knows the first one only, as if the commits with the others had been void for those who go on.
    world.set_offline(bob, true);
    world.set_offline(alice, true);
    hub_knows_instead(&mut world, &talks, first, last);
    let before = world.hub.groups[&talks.0].entries.len();
    world.say(alice, &talks, "is this the key?");
    world.set_offline(alice, false);
    world.run(60_000);
    assert!(world.hub.groups[&talks.0].entries.len() > before);
}

#[test]
fn the_roster_gets_the_key_that_the_hub_knows() {
    let mut world = World::new(76);
    let (alice, bob, talks, [first, last]) = rekeyed(&mut world, 2);
    // As after a hub was restored: it knows the first key only, and the roster names the last one.
    world.set_offline(bob, true);
    world.set_offline(alice, true);
    hub_knows_instead(&mut world, &talks, first, last);
    world.set_offline(bob, false);
    world.say(alice, &talks, "is this the key?");
    world.set_offline(alice, false);
    world.run(HOUR);
    let now = Fixed(key(&world, alice, &talks));
    assert!(now != first && now != last, "a removed device may know those");
    let listed: Vec<_> = world.hub.groups[&talks.0].members.keys().copied().collect();
    assert!(listed.len() == 2 && listed.contains(&now), "{listed:?}");
    // Who comes in by the profile is known to the hub, and nobody needs to let them in.
    world.set_offline(bob, true);
    let entry = world.devices[alice].conversations[&talks].profile_entry();
    let alices = world.identity(alice);
    let third = world.add_device(&alices);
    world.make(third, |scene| Conversation::rejoin(scene, talks, &entry));
    world.run(20_000);
    assert_eq!(world.devices[third].conversations[&talks].standing(&world.book), Standing::Ready);
}

#[test]
fn who_comes_in_by_the_profile_tries_the_keys_before_the_last_one_too() {
    let mut world = World::new(79);
    let (alice, bob, talks, [first, last]) = rekeyed(&mut world, 2);
    let entry = world.devices[alice].conversations[&talks].profile_entry();
    // Her last device is lost, and then the hub is restored.
    world.set_offline(alice, true);
    world.devices[alice].removed = true;
    hub_knows_instead(&mut world, &talks, first, last);
    let alices = world.identity(alice);
    let new = world.add_device(&alices);
    // Nobody who could let her in is there.
    world.set_offline(bob, true);
    world.make(new, |scene| Conversation::rejoin(scene, talks, &entry));
    world.run(60_000);
    assert_eq!(world.devices[new].conversations[&talks].standing(&world.book), Standing::Ready);
    world.set_offline(bob, false);
    world.say(new, &talks, "here again");
    world.run(20_000);
    world.agree(&[bob, new], &talks, &["here again".to_owned()]);
}

#[test]
fn the_profile_is_told_each_time_that_the_hub_knows_another_key() {
    let mut world = World::new(77);
    let (alice, bob, talks, [first, last]) = rekeyed(&mut world, 2);
    for device in [alice, bob] {
        world.set_offline(device, true);
    }
    // A restored hub knows the first one, and the last one again when it was given back what it had lost.
    for (known, unknown) in [(first, last), (last, first)] {
        hub_knows_instead(&mut world, &talks, known, unknown);
        let mut told = false;
        for _ in 0..2 {
            let asked = Fixed(key(&world, alice, &talks));
            let looked = world.hub.look(&talks.0, &asked);
            told |= world.call(alice, &talks, |conversation, scene| {
                conversation.hub_state(scene, looked);
                scene.steps.iter().any(|step| matches!(step, Step::Profile))
            });
        }
        assert_eq!(Fixed(key(&world, alice, &talks)), known);
        assert!(told);
    }
}

#[test]
fn a_commit_that_a_restored_hub_refused_as_too_early_is_asked_for_again() {
    let mut world = World::new(75);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice, &[bob]);
    world.run(20_000);
    world.set_offline(alice, true);
    let name = Wish::Set { name: Some("Birds".to_owned()), picture: None, expire: None };
    world.call(alice, &talks, |conversation, scene| conversation.wish(scene, name)).unwrap();
    let commit = on_its_way(&world, alice).expect("it is called otherwise");
    world.devices[alice].tasks.clear();
    // As if it had come while the hub counted lower turns; now it does not any more.
    world.call(alice, &talks, |conversation, scene| conversation.appended(scene, commit.id.0, Appended::Turn));
    world.devices[alice].tasks.clear();
    world.set_offline(alice, false);
    world.run(HOUR);
    assert_eq!(world.hub.groups[&talks.0].turn, commit.turn);
}

#[test]
fn who_leaves_with_an_old_key_leaves_as_soon_as_the_profile_brings_the_new_one() {
    let mut world = World::new(77);
    let (alice, bob) = (world.person("Alice", 3), world.person("Bob", 1)[0]);
    let talks = group(&mut world, bob, &[alice[0]]);
    world.run(20_000);
    world.set_offline(alice[1], true);
    world.remove_device(alice[2]);
    world.run(20_000);
    world.set_offline(alice[0], true);
    let entry = world.devices[alice[0]].conversations[&talks].profile_entry();
    // She leaves on a device that does not know of the new key yet.
    world.devices[alice[1]].tasks.retain(|task| !matches!(task, Task::Profile(..)));
    world.call(alice[1], &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    world.set_offline(alice[1], false);
    world.run(60_000);
    let standing = |world: &World, device: usize| world.devices[device].conversations[&talks].standing(&world.book);
    assert_eq!(standing(&world, alice[1]), Standing::Out);
    world.call(alice[1], &talks, |conversation, scene| conversation.apply_profile(scene, &entry));
    let alices = world.identity(alice[0]);
    assert!(world.devices[bob].conversations[&talks].has_member(&alices), "nobody has heard of it yet");
    world.run(HOUR);
    assert!(!world.devices[bob].conversations[&talks].has_member(&alices), "the others hear that she goes");
    assert_eq!(standing(&world, alice[1]), Standing::Out);
}

#[test]
fn who_has_left_on_one_device_leaves_on_the_others_but_not_when_added_again() {
    let mut world = World::new(78);
    let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 1)[0]);
    let talks = group(&mut world, bob, &[alice[0]]);
    world.run(20_000);
    // Nobody but the profile hears that she goes.
    world.set_offline(alice[0], true);
    world.call(alice[0], &talks, |conversation, scene| conversation.wish(scene, Wish::Leave)).unwrap();
    let entry = world.devices[alice[0]].conversations[&talks].profile_entry();
    world.call(alice[1], &talks, |conversation, scene| conversation.apply_profile(scene, &entry));
    world.run(60_000);
    let alices = world.identity(alice[0]);
    assert!(!world.devices[bob].conversations[&talks].has_member(&alices));
    world.call(bob, &talks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![alices]))).unwrap();
    world.run(60_000);
    let standing = |world: &World| world.devices[alice[1]].conversations[&talks].standing(&world.book);
    assert_eq!(standing(&world), Standing::Ready);
    world.call(alice[1], &talks, |conversation, scene| conversation.apply_profile(scene, &entry));
    world.run(HOUR);
    assert_eq!(standing(&world), Standing::Ready, "what the profile says is about the time before");
    assert!(world.devices[bob].conversations[&talks].has_member(&alices));
}

#[test]
fn who_uses_another_key_than_the_rosters_gets_a_new_one_all_the_same() {
    let mut world = World::new(79);
    let (alice, bob) = (world.person("Alice", 3), world.person("Bob", 1)[0]);
    let talks = group(&mut world, bob, &[alice[0]]);
    world.run(20_000);
    let first = Fixed(key(&world, alice[0], &talks));
    world.remove_device(alice[1]);
    world.run(20_000);
    let last = Fixed(key(&world, alice[0], &talks));
    // The hub refuses the last key, and the device ends before it has found out which one is accepted.
    world.set_offline(alice[0], true);
    hub_knows_instead(&mut world, &talks, first, last);
    let refused = world.hub.look(&talks.0, &last);
    world.call(alice[0], &talks, |conversation, scene| conversation.hub_state(scene, refused));
    world.crash(alice[0]);
    assert_eq!(Fixed(key(&world, alice[0], &talks)), first);
    world.set_offline(alice[0], false);
    world.run(20_000);
    world.remove_device(alice[2]);
    world.run(60_000);
    let new = Fixed(key(&world, alice[0], &talks));
    assert!(new != first && new != last, "the removed device may know those");
    let members = &world.hub.groups[&talks.0].members;
    assert!(members.len() == 2 && members.contains_key(&new), "{members:?}");
    assert_eq!(world.hub.forbidden, 0);
    world.say(alice[0], &talks, "with a new key");
    world.run(20_000);
    world.agree(&[alice[0], bob], &talks, &["with a new key".to_owned()]);
}

#[test]
fn who_knocks_at_a_hub_that_knows_an_earlier_key_is_told_that_one_too() {
    let mut world = World::new(80);
    let (alice, bob) = (world.person("Alice", 3), world.person("Bob", 1)[0]);
    let talks = group(&mut world, alice[0], &[bob]);
    world.run(20_000);
    let entry = world.devices[alice[0]].conversations[&talks].profile_entry();
    let mut keys = Vec::new();
    for device in &alice[1..] {
        world.remove_device(*device);
        world.run(20_000);
        keys.push(Fixed(key(&world, alice[0], &talks)));
    }
    world.set_offline(alice[0], true);
    hub_knows_instead(&mut world, &talks, keys[0], keys[1]);
    comes_back_by(&mut world, alice[0], bob, &talks, &entry);
}
