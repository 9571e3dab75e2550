//! Application messages: order, repetition, epochs.

use crate::device::{group_of, talk};
use tidings_mls::settings::{MAX_PAST_EPOCHS, OUT_OF_ORDER};
use tidings_mls::{Error, Plan, Received};

#[test]
fn messages_may_overtake_one_another_and_come_once() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let sent: Vec<_> = (0..5).map(|at| alice.seal(&at.to_string())).collect();
    for at in [4, 0, 2, 1, 3] {
        assert_eq!(bob.open(&sent[at]), at.to_string());
        assert_eq!(bob.group().receive(&sent[at]).err(), Some(Error::Repeated));
    }
    let many: Vec<_> = (0..=OUT_OF_ORDER as usize).map(|at| alice.seal(&at.to_string())).collect();
    assert_eq!(bob.open(many.last().unwrap()), OUT_OF_ORDER.to_string());
    assert_eq!(bob.group().receive(&many[0]).err(), Some(Error::Repeated));
}

#[test]
fn messages_of_the_last_epochs_can_be_read() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let epoch = alice.group().epoch();
    let (old, too_old) = (alice.seal("late"), alice.seal("too late"));
    for _ in 0..MAX_PAST_EPOCHS {
        let committed = alice.commit_and_merge(&Plan::default());
        bob.apply(&committed.commit);
    }
    bob.restart();
    match bob.group().receive(&old).unwrap() {
        Received::Message { epoch: of, leaf, credential, bytes } => {
            assert_eq!((of, leaf, bytes.as_slice()), (epoch, 0, &b"late"[..]));
            assert_eq!(credential, b"certificate of alice");
        }
        _ => panic!("not a message"),
    }
    let committed = alice.commit_and_merge(&Plan::default());
    bob.apply(&committed.commit);
    let at = bob.group().epoch();
    assert_eq!(bob.group().receive(&too_old).err(), Some(Error::Epoch { of: epoch, at }));
    talk(&mut [alice, bob]);
}

#[test]
fn what_is_ahead_can_be_read_once_one_has_caught_up() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let committed = alice.commit_and_merge(&Plan::default());
    let ahead = alice.seal("ahead");
    let (of, at) = (alice.group().epoch(), bob.group().epoch());
    assert_eq!(bob.group().receive(&ahead).err(), Some(Error::Epoch { of, at }));
    bob.apply(&committed.commit);
    assert_eq!(bob.open(&ahead), "ahead");
}

#[test]
fn a_broken_message_leaves_all_as_it_was() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let good = alice.seal("good");
    let before = bob.records.clone();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(bob.group().receive(&bad).is_err(), "bit in byte {at}");
        assert_eq!(bob.keep(), 0);
    }
    assert_eq!(bob.records, before);
    assert_eq!(bob.open(&good), "good");
}
