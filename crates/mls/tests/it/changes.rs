//! Commits and proposals among members.

use crate::device::{Device, adding, group_of, including, removing, talk};
use tidings_mls::{Error, Include, Plan, Received};

#[test]
fn a_commit_says_what_it_does() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let mut dora = Device::new("dora");
    let package = dora.package(false);
    let plan = Plan { remove: vec![1], extension: Some(b"roster 1".to_vec()), ..adding(&[&package]) };
    let committed = alice.commit(&plan);
    let own = alice.group().pending_judgement().unwrap();
    let staged = carol.stage(&committed.commit);
    let judgement = staged.judgement().clone();
    assert_eq!(own, judgement);
    assert!(!judgement.external && !judgement.removes_this_device());
    assert_eq!(judgement.committer.index, 0);
    assert_eq!(judgement.removed.len(), 1);
    assert_eq!(judgement.removed[0].leaf.key, bob.signer.public());
    assert_eq!(judgement.added.len(), 1);
    assert_eq!((judgement.added[0].index, judgement.added[0].key), (1, dora.signer.public()));
    assert_eq!((judgement.extension_before, judgement.extension_after), (b"roster 0".to_vec(), b"roster 1".to_vec()));
    assert_eq!(judgement.tag, Some(committed.tag));
    carol.group().apply(*staged).unwrap();
    alice.group().merge_pending().unwrap();
    assert!(bob.stage(&committed.commit).judgement().removes_this_device());
    // A commit that was looked at and dropped can be looked at again.
    bob.apply(&committed.commit);
    dora.join(&committed.welcome.unwrap(), &package);
    talk(&mut [alice, dora, carol]);
}

#[test]
fn the_removed_read_nothing_after() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let removed = alice.commit_and_merge(&removing(1));
    carol.apply(&removed.commit);
    let after = carol.seal("without bob");
    assert!(matches!(bob.group().receive(&after), Err(Error::Epoch { .. })));
    bob.apply(&removed.commit);
    assert_eq!(bob.group().receive(&after).err(), Some(Error::NotMember));
    bob.restart();
    assert_eq!(bob.group().receive(&after).err(), Some(Error::NotMember));
    let Device { signer, mut random, .. } = Device::new("bob");
    assert_eq!(bob.group().seal(b"still here?", &signer, &mut random).err(), Some(Error::NotMember));
    assert_eq!(bob.group().commit(&signer, &Plan::default(), &mut random).err(), Some(Error::NotMember));
    assert_eq!(alice.open(&after), "without bob");
}

#[test]
fn the_loser_drops_its_commit_and_makes_it_anew() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let mut dora = Device::new("dora");
    let package = dora.package(false);
    let lost = alice.commit(&adding(&[&package]));
    alice.restart();
    assert!(alice.group().pending());
    let won = bob.commit_and_merge(&Plan::default());
    // Messages go on in the old epoch while a commit is pending.
    let meanwhile = alice.seal("meanwhile");
    assert_eq!(carol.open(&meanwhile), "meanwhile");
    alice.group().drop_pending().unwrap();
    assert!(!alice.group().pending());
    alice.apply(&won.commit);
    carol.apply(&won.commit);
    assert!(matches!(carol.group().receive(&lost.commit), Err(Error::Epoch { .. })));
    let again = alice.commit_and_merge(&adding(&[&package]));
    bob.apply(&again.commit);
    carol.apply(&again.commit);
    dora.join(&again.welcome.unwrap(), &package);
    talk(&mut [alice, bob, carol, dora]);
}

#[test]
fn applying_the_winner_drops_the_pending_commit() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let _lost = alice.commit(&Plan::default());
    let won = bob.commit_and_merge(&Plan::default());
    alice.apply(&won.commit);
    assert!(!alice.group().pending());
    talk(&mut [alice, bob]);
}

#[test]
fn a_void_commit_hinders_nothing() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    for _ in 0..3 {
        let void = bob.commit(&removing(0));
        drop(alice.stage(&void.commit));
        drop(carol.stage(&void.commit));
        bob.group().drop_pending().unwrap();
        let text = bob.seal("after a void commit");
        assert_eq!(alice.open(&text), "after a void commit");
        assert_eq!(carol.open(&text), "after a void commit");
    }
    let good = bob.commit_and_merge(&Plan::default());
    alice.apply(&good.commit);
    carol.apply(&good.commit);
    talk(&mut [alice, bob, carol]);
}

#[test]
fn one_leaves_by_a_proposal_that_another_commits() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let proposal = bob.propose(1);
    alice.keep_proposal(&proposal);
    carol.keep_proposal(&proposal);
    assert_eq!(alice.group().proposals(), carol.group().proposals());
    alice.restart();
    let pending = alice.group().proposals();
    assert_eq!((pending.len(), pending[0].by, pending[0].removes), (1, 1, 1));
    let Device { signer, mut random, .. } = Device::new("alice");
    assert_eq!(alice.group().seal(b"too early", &signer, &mut random).err(), Some(Error::ProposalsPending));
    let committed = alice.commit_and_merge(&including());
    let staged = carol.stage(&committed.commit);
    assert_eq!(staged.judgement().removed[0].proposed_by, Some(1));
    carol.group().apply(*staged).unwrap();
    bob.apply(&committed.commit);
    assert!(!bob.group().active());
    assert!(alice.group().proposals().is_empty());
    talk(&mut [alice, carol]);
}

#[test]
fn a_proposal_that_nobody_takes_up_is_over_with_the_epoch() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let proposal = bob.propose(0);
    carol.keep_proposal(&proposal);
    let Ok(Received::Proposal(dropped)) = alice.group().receive(&proposal) else { panic!() };
    drop(dropped);
    assert!(alice.group().proposals().is_empty());
    let committed = carol.commit_and_merge(&Plan { include: Include::None, ..Plan::default() });
    alice.apply(&committed.commit);
    bob.apply(&committed.commit);
    assert!(bob.group().proposals().is_empty() && carol.group().proposals().is_empty());
    talk(&mut [alice, bob, carol]);
}

#[test]
fn a_commit_of_a_proposal_that_was_dropped_is_invalid() {
    let [mut alice, mut bob, mut carol] = group_of(["alice", "bob", "carol"]);
    let proposal = bob.propose(0);
    carol.keep_proposal(&proposal);
    let Ok(Received::Proposal(dropped)) = alice.group().receive(&proposal) else { panic!() };
    drop(dropped);
    let committed = carol.commit(&including());
    assert!(matches!(alice.group().receive(&committed.commit), Err(Error::Invalid(_))));
}

#[test]
fn commits_need_their_own_signer_and_no_other_pending() {
    let [mut alice, _bob] = group_of(["alice", "bob"]);
    let Device { signer, mut random, .. } = Device::new("bob");
    assert!(matches!(alice.group().commit(&signer, &Plan::default(), &mut random), Err(Error::Plan(_))));
    let _pending = alice.commit(&Plan::default());
    let signer = Device::new("alice").signer;
    assert_eq!(alice.group().commit(&signer, &Plan::default(), &mut random).err(), Some(Error::CommitPending));
    assert_eq!(alice.group().propose_remove(1, &signer, &mut random).err(), Some(Error::CommitPending));
}
