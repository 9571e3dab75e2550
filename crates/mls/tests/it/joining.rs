//! Welcomes, external commits, key packages.

use crate::device::{Device, GROUP, adding, group_of, removing, talk};
use tidings_mls::{Error, Group, inspect_info, inspect_package, welcome_for};

#[test]
fn a_welcome_brings_in_whom_it_names() {
    let mut alice = Device::create("alice", b"roster");
    let (mut bob, mut carol, mut mallory) = (Device::new("bob"), Device::new("carol"), Device::new("mallory"));
    let (of_bob, of_carol, of_mallory) = (bob.package(false), carol.package(true), mallory.package(false));
    let committed = alice.commit_and_merge(&adding(&[&of_bob, &of_carol]));
    let welcome = committed.welcome.unwrap();
    assert_eq!(welcome_for(&welcome).unwrap(), [of_bob.reference.clone(), of_carol.reference.clone()]);
    bob.join(&welcome, &of_bob);
    assert_eq!(bob.group().inviter(), Some(0));
    assert_eq!(bob.group().id(), GROUP);
    assert_eq!(bob.group().extension().unwrap(), b"roster");
    carol.join(&welcome, &of_carol);
    let refused = Group::join(&welcome, &of_mallory.reference, &of_mallory.record);
    assert_eq!(refused.err(), Some(Error::NotFound));
    let refused = Group::join(&welcome, &of_bob.reference, &of_mallory.record);
    assert!(refused.is_err());
    talk(&mut [alice, bob, carol]);
}

#[test]
fn a_key_package_says_whose_it_is_and_what_for() {
    let mut bob = Device::new("bob");
    for last_resort in [false, true] {
        let made = bob.package(last_resort);
        let seen = inspect_package(&made.package).unwrap();
        assert_eq!(seen.credential, b"certificate of bob");
        assert_eq!(seen.key, bob.signer.public());
        assert_eq!((seen.last_resort, seen.reference), (last_resort, made.reference));
    }
    assert_ne!(bob.package(false).reference, bob.package(false).reference);
}

#[test]
fn a_device_that_fell_out_comes_back_by_itself() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let missed = alice.commit_and_merge(&Default::default());
    carol.apply(&missed.commit);
    let info = inspect_info(&missed.info).unwrap();
    assert_eq!(info.group, GROUP);
    assert_eq!(info.leaves, alice.group().leaves().unwrap());
    assert_eq!((info.epoch, info.signer.index), (alice.group().epoch(), 0));
    assert_eq!(info.confirmation, alice.group().confirmation().unwrap());
    assert_ne!(info.confirmation, bob.group().confirmation().unwrap());

    let (group, committed) = Group::join_external(&missed.info, &bob.signer, &mut bob.random).unwrap();
    bob.enter(group);
    let staged = alice.stage(&committed.commit);
    let judgement = staged.judgement();
    assert!(judgement.external && judgement.added.is_empty());
    assert_eq!(judgement.removed.len(), 1);
    assert_eq!(judgement.removed[0].leaf.key, bob.signer.public());
    assert_eq!(judgement.removed[0].proposed_by, None);
    assert_eq!(judgement.committer.key, bob.signer.public());
    assert_eq!(judgement.after.len(), 3);
    alice.group().apply(*staged).unwrap();
    carol.apply(&committed.commit);
    assert_eq!(bob.group().extension().unwrap(), b"roster 0");
    let mut all = [alice, bob, carol];
    talk(&mut all);
    let rejoin = inspect_info(&committed.info).unwrap();
    assert_eq!(rejoin.confirmation, all[0].group().confirmation().unwrap());
}

#[test]
fn a_stranger_may_come_in_by_external_commit_as_far_as_mls_goes() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let info = alice.group().info(&Device::new("alice").signer).unwrap();
    let mut guest = Device::new("guest");
    let (group, committed) = Group::join_external(&info, &guest.signer, &mut guest.random).unwrap();
    guest.enter(group);
    alice.apply(&committed.commit);
    bob.apply(&committed.commit);
    talk(&mut [alice, bob, guest]);
}

#[test]
fn of_two_external_commits_to_one_epoch_the_loser_begins_anew() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let info = alice.group().info(&Device::new("alice").signer).unwrap();
    let (of_bob, first) = Group::join_external(&info, &bob.signer, &mut bob.random).unwrap();
    let (_, lost) = Group::join_external(&info, &carol.signer, &mut carol.random).unwrap();
    bob.enter(of_bob);
    alice.apply(&first.commit);
    assert!(matches!(alice.group().receive(&lost.commit), Err(Error::Epoch { .. })));
    let (of_carol, second) = Group::join_external(&first.info, &carol.signer, &mut carol.random).unwrap();
    carol.enter(of_carol);
    alice.apply(&second.commit);
    bob.apply(&second.commit);
    talk(&mut [alice, bob, carol]);
}

#[test]
fn a_last_resort_serves_again_after_a_removal() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let mut carol = Device::new("carol");
    let package = carol.package(true);
    for _ in 0..2 {
        let committed = alice.commit_and_merge(&adding(&[&package]));
        bob.apply(&committed.commit);
        carol.join(&committed.welcome.unwrap(), &package);
        let removed = alice.commit_and_merge(&removing(2));
        bob.apply(&removed.commit);
        carol.apply(&removed.commit);
        assert!(!carol.group().active());
    }
}

#[test]
fn nobody_is_added_twice() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let package = bob.package(false);
    let before = alice.records.clone();
    let group = alice.group();
    let epoch = group.epoch();
    let signer = Device::new("alice").signer;
    let refused = group.commit(&signer, &adding(&[&package]), &mut Device::new("x").random);
    assert!(matches!(refused, Err(Error::Plan(_))), "{:?}", refused.err());
    assert!(!group.pending() && group.epoch() == epoch);
    assert_eq!(alice.keep(), 0);
    assert_eq!(alice.records, before);
    talk(&mut [alice, bob]);
}
