//! Lists of members that a hub shows with others who mean ill, or that come of two branches (docs/protocol/conversations.md, Signed rosters).

use super::hostile::{another_group, roster};
use super::plain::group;
use super::world::World;
use tidings_client::command::Fault;
use tidings_client::conversation::Wish;
use tidings_client::records::{Change, Records as _, Table};
use tidings_client::roster::statement::STATEMENTS_MAX;
use tidings_client::roster::{Pen, Roster};
use tidings_client::view::{GroupId, Identity, Standing};
use tidings_wire::signed::Signed;

fn standing(world: &World, device: usize, group: &GroupId) -> Standing {
    world.devices[device].conversations[group].standing(&world.book)
}

fn wish(world: &mut World, device: usize, group: &GroupId, wish: Wish) {
    world.call(device, group, |conversation, scene| conversation.wish(scene, wish)).unwrap();
}

fn named(name: &str) -> Wish {
    Wish::Set { name: Some(name.to_owned()), picture: None, expire: None }
}

fn role(world: &World, device: usize, group: &GroupId, who: &Identity) -> Option<u8> {
    let place = &world.devices[device];
    let view = place.conversations[group].view(&place.me, &world.book, world.now);
    view.members.into_iter().find(|member| member.identity == *who).map(|member| member.role)
}

/// A roster with `maker` as its owner, and signed by them.
fn crowned(world: &World, maker: usize, group: &GroupId, signed: bool) -> Roster {
    let before = roster(world, maker, group);
    let me = &world.devices[maker].me;
    let mut after = before.clone();
    after.v += 100;
    for member in &mut after.members {
        member.role = if member.id == me.identity { 0 } else { 2 };
    }
    if signed {
        let certificate = Signed::verify(&me.certificate).map_err(|_| "verifies").unwrap();
        let pen = Pen { device: &me.device, certificate, group: group.0 };
        after.attest(&before, Some(&pen)).unwrap();
    }
    after
}

#[test]
fn a_hub_and_a_plain_member_bring_nobody_to_a_list_of_their_own() {
    for signed in [false, true] {
        let mut world = World::new(94);
        let (alice, bob, mallory) =
            (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
        let walks = group(&mut world, alice, &[bob, mallory]);
        let right = world.hub.clone();
        let key =
            world.devices[bob].conversations[&walks].access_key(&world.devices[bob].me).verifying_key().to_bytes();
        // The hub makes Bob fall out, so that he takes a welcome wherever it leads.
        let gone = world.hub.groups.get_mut(&walks.0).unwrap().members.remove(&tidings_wire::Fixed(key));
        assert!(gone.is_some());
        world.set_offline(mallory, true);
        world.set_offline(alice, true);
        world.set_offline(bob, true);
        world.set_offline(bob, false);
        world.run(30_000);
        assert_eq!(standing(&world, bob, &walks), Standing::Out);
        let list = crowned(&world, mallory, &walks, signed);
        let welcome = another_group(&mut world, mallory, bob, &walks, &list);
        let mallorys = world.identity(mallory);
        let taken = world.call(bob, &walks, |conversation, scene| conversation.welcomed(scene, &mallorys, &welcome));
        assert!(matches!(taken, Err(Fault::Distrust(_))), "{:?}", taken.err());
        world.hub.groups = right.groups;
        world.set_offline(alice, false);
        world.set_offline(mallory, false);
        world.run(200_000);
        world.say(alice, &walks, "still us");
        world.run(60_000);
        world.agree(&[alice, bob], &walks, &["still us".to_owned()]);
        assert_eq!(role(&world, bob, &walks, &mallorys), Some(2));
    }
}

#[test]
fn a_role_that_was_taken_does_not_come_back_with_an_old_list() {
    taken_role(95, false);
    taken_role(89, true);
}

/// `later`: others went on before the hub forgot, so that the list that it shows is the older one.
fn taken_role(seed: u64, later: bool) {
    let mut world = World::new(seed);
    let (alice, bob, mallory) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
    let walks = group(&mut world, alice, &[bob, mallory]);
    let mallorys = world.identity(mallory);
    wish(&mut world, alice, &walks, Wish::Role(mallorys, 0));
    world.run(20_000);
    world.set_offline(mallory, true);
    let backup = world.hub.clone();
    wish(&mut world, alice, &walks, Wish::Role(mallorys, 2));
    world.run(20_000);
    if later {
        wish(&mut world, alice, &walks, named("our walks"));
        world.run(20_000);
    }
    assert_eq!(role(&world, bob, &walks, &mallorys), Some(2));
    // The hub forgets that, and before others can put it back, Mallory goes on from there.
    world.set_offline(alice, true);
    world.set_offline(bob, true);
    world.restore_hub(backup);
    world.set_offline(mallory, false);
    for _ in 0..if later { 3 } else { 1 } {
        // The first changes the name, the others take turns only.
        wish(&mut world, mallory, &walks, named("Mallory's walks"));
        world.run(20_000);
    }
    if later {
        // Else he would stay, and she would come to him.
        lose_keys(&mut world, bob, &walks);
    }
    world.set_offline(bob, false);
    world.run(if later { 700_000 } else { 60_000 });
    if later {
        assert_eq!(standing(&world, bob, &walks), Standing::Behind, "Bob sees that a role has come back");
    } else {
        assert_eq!(role(&world, bob, &walks, &mallorys), Some(2), "Mallory comes to Bob");
    }
    world.say(bob, &walks, "once it is right again");
    world.run(240_000);
    assert_eq!(world.texts(mallory, &walks).is_empty(), later);
    world.set_offline(alice, false);
    world.run(200_000);
    for device in [alice, bob, mallory] {
        assert_eq!(role(&world, device, &walks, &mallorys), Some(2), "device {device}");
        assert_eq!(standing(&world, device, &walks), Standing::Ready, "device {device}");
    }
    world.agree(&[alice, bob, mallory], &walks, &["once it is right again".to_owned()]);
}

/// Makes a device that is offline lose its keys, so that it comes in by an external commit once it is online.
pub(super) fn lose_keys(world: &mut World, device: usize, group: &GroupId) {
    let kept = world.devices[device].records.all(Table::Mls, usize::MAX).unwrap();
    let gone = kept.into_iter().map(|(key, _)| key).filter(|key| key.owner.starts_with(&group.0));
    let gone = gone.map(|key| Change { key, value: None }).collect();
    world.devices[device].records.apply(gone);
    world.crash(device);
}

/// Makes a device forget what it has kept of the stream.
fn lose_entries(world: &mut World, device: usize) {
    let kept = world.devices[device].records.all(Table::Entry, usize::MAX).unwrap();
    world.devices[device].records.apply(kept.into_iter().map(|(key, _)| Change { key, value: None }).collect());
}

#[test]
fn a_role_that_was_given_again_is_no_old_one() {
    let mut world = World::new(101);
    let (alice, bob, dave) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Dave", 1)[0]);
    let walks = group(&mut world, alice, &[bob, dave]);
    let daves = world.identity(dave);
    for (new, bob_sees) in [(0, true), (2, true), (0, false)] {
        world.set_offline(bob, !bob_sees);
        wish(&mut world, alice, &walks, Wish::Role(daves, new));
        world.run(20_000);
    }
    lose_keys(&mut world, bob, &walks);
    world.set_offline(bob, false);
    world.run(60_000);
    assert_eq!(role(&world, bob, &walks, &daves), Some(0));
    assert_eq!(standing(&world, bob, &walks), Standing::Ready);
    world.say(bob, &walks, "all is well");
    world.run(20_000);
    world.agree(&[alice, bob, dave], &walks, &["all is well".to_owned()]);
}

#[test]
fn who_was_removed_and_is_added_after_many_changes_talks_again() {
    let mut world = World::new(102);
    let (alice, bob, dave) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Dave", 1)[0]);
    let walks = group(&mut world, alice, &[bob, dave]);
    let (bobs, daves) = (world.identity(bob), world.identity(dave));
    wish(&mut world, alice, &walks, Wish::Remove(bobs));
    world.run(20_000);
    assert_eq!(standing(&world, bob, &walks), Standing::Out);
    for number in 0..=STATEMENTS_MAX {
        wish(&mut world, alice, &walks, Wish::Role(daves, if number % 2 == 0 { 1 } else { 2 }));
        world.run(20_000);
    }
    wish(&mut world, alice, &walks, Wish::Add(vec![bobs]));
    world.run(60_000);
    assert_eq!(standing(&world, bob, &walks), Standing::Ready);
    world.say(bob, &walks, "here again");
    world.run(20_000);
    world.agree(&[alice, bob, dave], &walks, &["here again".to_owned()]);
}

#[test]
fn two_lists_of_one_version_become_one() {
    for seed in 96..100 {
        let mut world = World::new(seed);
        let (alice, bob) = (world.person("Alice", 2), world.person("Bob", 2));
        let walks = group(&mut world, alice[0], &[bob[0]]);
        world.fork(vec![alice[1], bob[1]]);
        wish(&mut world, alice[0], &walks, named("here"));
        wish(&mut world, alice[1], &walks, named("there"));
        world.run(20_000);
        let one = roster(&world, bob[0], &walks);
        let other = roster(&world, bob[1], &walks);
        assert!(one.v == other.v && one.name != other.name);
        // The hub goes on with the lower one.
        let keep_other = one.rank() > other.rank();
        let higher = if keep_other { one } else { other };
        world.unite(keep_other);
        let turns = world.hub.groups[&walks.0].turn;
        let mut said = Vec::new();
        for (number, device) in [alice[0], alice[1], bob[0], bob[1]].into_iter().enumerate() {
            said.push(number.to_string());
            world.say(device, &walks, &number.to_string());
            world.run(30_000);
        }
        world.run(200_000);
        world.agree(&[alice[0], alice[1], bob[0], bob[1]], &walks, &said);
        assert_eq!(roster(&world, bob[0], &walks).name, higher.name, "seed {seed}: the higher one holds");
        let spent = world.hub.groups[&walks.0].turn - turns;
        assert!(spent < 16, "seed {seed}: {spent} commits to come together");
    }
}

#[test]
fn who_was_removed_on_one_branch_is_out_of_the_other_too() {
    let mut world = World::new(88);
    let (alice, bob, mallory) = (world.person("Alice", 2), world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
    let walks = group(&mut world, alice[0], &[bob, mallory]);
    let mallorys = world.identity(mallory);
    world.fork(vec![alice[1], mallory]);
    wish(&mut world, alice[0], &walks, Wish::Remove(mallorys));
    for name in ["one", "two", "three"] {
        wish(&mut world, alice[1], &walks, named(name));
        world.run(20_000);
    }
    world.unite(true);
    for device in [alice[0], bob, alice[1]] {
        world.say(device, &walks, "not for Mallory");
        world.run(30_000);
    }
    world.run(200_000);
    for device in [alice[0], alice[1], bob] {
        assert_eq!(role(&world, device, &walks, &mallorys), None, "device {device}");
        assert_eq!(standing(&world, device, &walks), Standing::Ready, "device {device}");
    }
    assert_eq!(world.epoch(alice[0], &walks), world.epoch(bob, &walks));
    assert_eq!(world.epoch(alice[1], &walks), world.epoch(bob, &walks));
}

#[test]
fn who_was_added_again_on_one_branch_is_believed_on_the_other() {
    for keep_other in [false, true] {
        let mut world = World::new(114);
        let (alice, bob, carol) = (world.person("Alice", 2), world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
        let walks = group(&mut world, alice[0], &[bob, carol]);
        let bobs = world.identity(bob);
        wish(&mut world, alice[0], &walks, Wish::Remove(bobs));
        world.run(20_000);
        assert_eq!(standing(&world, bob, &walks), Standing::Out);
        world.fork(vec![alice[1], bob]);
        wish(&mut world, alice[1], &walks, Wish::Add(vec![bobs]));
        world.run(20_000);
        world.say(carol, &walks, "he is not here");
        world.run(20_000);
        // The last commit there is his.
        world.set_offline(bob, true);
        lose_keys(&mut world, bob, &walks);
        world.set_offline(bob, false);
        world.run(20_000);
        assert_eq!(standing(&world, bob, &walks), Standing::Ready);
        assert_eq!(role(&world, carol, &walks, &bobs), None);
        world.unite(keep_other);
        let all = [bob, carol, alice[0], alice[1]];
        for device in all {
            world.say(device, &walks, &format!("by {device}"));
            world.run(30_000);
        }
        world.run(1_200_000);
        for device in all {
            assert_eq!(standing(&world, device, &walks), Standing::Ready, "device {device}");
            assert_eq!(role(&world, device, &walks, &bobs), Some(2), "device {device}");
            assert_eq!(world.epoch(device, &walks), world.epoch(bob, &walks), "device {device}");
        }
    }
}

#[test]
fn a_removed_device_is_not_known_to_the_hub_any_more() {
    for (seed, others_first) in [(84, false), (85, true)] {
        let mut world = World::new(seed);
        let (alice, bob) = (world.person("Alice", 3), world.person("Bob", 1)[0]);
        let walks = group(&mut world, bob, &[alice[0]]);
        let key = |world: &World, device: usize| {
            let place = &world.devices[device];
            tidings_wire::Fixed(place.conversations[&walks].access_key(&place.me).verifying_key().to_bytes())
        };
        let old = key(&world, alice[0]);
        let own = [alice[0], alice[1]];
        own.iter().filter(|_| others_first).for_each(|device| world.set_offline(*device, true));
        world.remove_device(alice[2]);
        world.run(20_000);
        own.iter().for_each(|device| world.set_offline(*device, false));
        world.run(60_000);
        let known = |world: &World, key| world.hub.groups[&walks.0].members.contains_key(&key);
        assert_eq!(key(&world, alice[2]), old, "what the removed device knows");
        assert!(!known(&world, old), "seed {seed}");
        for device in own {
            assert!(known(&world, key(&world, device)), "seed {seed}: device {device}");
        }
        let mut said = Vec::new();
        for device in [bob, alice[0], alice[1]] {
            said.push(format!("by {device}"));
            world.say(device, &walks, &format!("by {device}"));
            world.run(60_000);
        }
        world.agree(&[bob, alice[0], alice[1]], &walks, &said);
        let listed = roster(&world, bob, &walks);
        let member = listed.member(&world.identity(alice[0])).unwrap();
        assert_eq!(tidings_wire::Fixed(member.access), key(&world, alice[0]));
    }
}

#[test]
fn who_is_an_owner_again_by_an_old_list_and_alone_steps_down() {
    let mut world = World::new(103);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let walks = group(&mut world, alice, &[bob, carol]);
    let [alices, bobs] = [alice, bob].map(|device| world.identity(device));
    world.run(20_000);
    let backup = world.hub.clone();
    // Alice gives the group to Bob, leaves, and is let in again as a plain member.
    wish(&mut world, alice, &walks, Wish::Role(bobs, 0));
    world.run(20_000);
    wish(&mut world, alice, &walks, Wish::Leave);
    world.run(20_000);
    wish(&mut world, bob, &walks, Wish::Add(vec![alices]));
    world.run(20_000);
    assert_eq!(role(&world, carol, &walks, &alices), Some(2));
    // The hub forgets all of that, and nobody has kept enough to give it back.
    let all = [alice, bob, carol];
    for device in all {
        world.set_offline(device, true);
        lose_keys(&mut world, device, &walks);
        lose_entries(&mut world, device);
    }
    world.restore_hub(backup);
    for device in all {
        world.set_offline(device, false);
    }
    world.run(3_600_000);
    for device in all {
        assert_eq!(standing(&world, device, &walks), Standing::Ready, "device {device}");
        assert_eq!(role(&world, device, &walks, &alices), Some(2), "device {device}");
        assert_eq!(role(&world, device, &walks, &bobs), Some(0), "device {device}");
    }
}

#[test]
fn who_comes_back_again_and_again_waits_longer_and_longer() {
    let mut world = World::new(113);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.run(20_000);
    let mut longest = 0;
    for time in 0..10 {
        world.set_offline(bob, true);
        lose_keys(&mut world, bob, &walks);
        world.say(alice, &walks, "are you here?");
        world.run(500);
        let (turn, from) = (world.hub.groups[&walks.0].turn, world.now);
        world.set_offline(bob, false);
        while world.hub.groups[&walks.0].turn == turn && world.now < from + 600_000 {
            world.run(500);
        }
        let waited = world.now - from;
        assert!(time >= 4 || waited < 2_000, "the first come at once: {waited} ms at {time}");
        longest = longest.max(waited);
    }
    assert!((20_000..60_000).contains(&longest), "{longest} ms");
    // Who has been in for long enough is counted anew.
    world.run(3_600_000);
    world.set_offline(bob, true);
    lose_keys(&mut world, bob, &walks);
    world.say(alice, &walks, "and now?");
    world.run(500);
    let turn = world.hub.groups[&walks.0].turn;
    world.set_offline(bob, false);
    world.run(2_000);
    assert!(world.hub.groups[&walks.0].turn > turn);
}
