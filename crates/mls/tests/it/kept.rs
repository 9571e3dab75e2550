//! A group that is loaded again before each step does as one that stays in memory.

use crate::device::{Device, adding, group_of, including, removing, talk};
use tidings_mls::{Error, Group, Plan};

#[test]
fn a_restart_before_each_step_changes_nothing() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let mut dora = Device::new("dora");
    let package = dora.package(false);
    let again = |devices: [&mut Device; 3]| devices.into_iter().for_each(Device::restart);
    again([&mut alice, &mut bob, &mut carol]);
    let text = bob.seal("one");
    again([&mut alice, &mut bob, &mut carol]);
    assert_eq!(alice.open(&text), "one");
    let committed = bob.commit(&adding(&[&package]));
    again([&mut alice, &mut bob, &mut carol]);
    assert_eq!(carol.open(&text), "one");
    bob.group().merge_pending().unwrap();
    alice.apply(&committed.commit);
    again([&mut alice, &mut bob, &mut carol]);
    carol.apply(&committed.commit);
    dora.join(&committed.welcome.unwrap(), &package);
    again([&mut bob, &mut carol, &mut dora]);
    let proposal = carol.propose(2);
    again([&mut alice, &mut carol, &mut dora]);
    [&mut alice, &mut bob, &mut dora].into_iter().for_each(|device| device.keep_proposal(&proposal));
    again([&mut alice, &mut bob, &mut dora]);
    let committed = dora.commit(&including());
    again([&mut carol, &mut bob, &mut dora]);
    dora.group().merge_pending().unwrap();
    [&mut alice, &mut bob, &mut carol].into_iter().for_each(|device| device.apply(&committed.commit));
    again([&mut alice, &mut bob, &mut carol]);
    assert!(!carol.group().active());
    talk(&mut [alice, bob, dora]);
}

#[test]
fn records_that_are_not_all_there_are_refused() {
    let [mut alice, _bob] = group_of(["alice", "bob"]);
    alice.keep();
    let id = crate::device::GROUP;
    assert!(Group::load(&id, alice.records.clone()).is_ok());
    assert_eq!(Group::load(&id, []).err(), Some(Error::NotKept));
    assert_eq!(Group::load(b"some other group", alice.records.clone()).err(), Some(Error::NotKept));
    for (key, value) in &alice.records {
        let mut broken = alice.records.clone();
        broken.insert(key.clone(), value[..value.len() - 1].to_vec());
        // Some values are looked at only later; what must not happen is a panic.
        let _ = Group::load(&id, broken);
    }
}

#[test]
fn nothing_is_left_of_past_epochs_than_what_may_be_read() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let sizes: Vec<usize> = (0..12)
        .map(|_| {
            let committed = bob.commit_and_merge(&Plan::default());
            alice.apply(&committed.commit);
            carol.apply(&committed.commit);
            alice.records.values().map(Vec::len).sum()
        })
        .collect();
    let (early, late) = (sizes[6], sizes[11]);
    assert!(late < early + 200, "{sizes:?}");
    let gone = alice.commit_and_merge(&removing(2));
    carol.apply(&gone.commit);
    let changes = carol_erased(carol);
    assert!(changes > 0);
}

/// What a removed device erases is all that it has kept.
fn carol_erased(mut carol: Device) -> usize {
    carol.keep();
    let mut records = carol.records.clone();
    let group = Group::load(&crate::device::GROUP, records.clone()).unwrap();
    let changes = group.erase();
    for change in &changes {
        assert!(change.value.is_none() && records.remove(&change.key).is_some());
    }
    assert!(records.is_empty());
    changes.len()
}
