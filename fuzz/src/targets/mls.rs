//! What a stranger, a hub or a member can send to a device's MLS: messages, commits, proposals, welcomes, group infos, key packages.
//!
//! The first byte picks a valid message, or none; the rest are changes to it, four bytes each, or the message itself. What is
//! refused must have changed nothing.

use rand::SeedableRng;
use rand::rngs::StdRng;
use std::sync::OnceLock;
use tidings_mls::{
    Group, MadePackage, Plan, Received, Signer, inspect_info, inspect_package, make_package, welcome_for,
};

const GROUP: [u8; 16] = [7; 16];
const MOST_CHANGES: usize = 64;

type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// A device in a group, and what may come to it.
struct Scene {
    records: Records,
    package: MadePackage,
    messages: Vec<Vec<u8>>,
}

pub(super) fn run(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let scene = scene();
    let bytes = match scene.messages.get(usize::from(choice)) {
        Some(message) => changed(message.clone(), rest),
        None => rest.to_vec(),
    };
    let mut group = Group::load(&GROUP, scene.records.clone()).expect("the records are whole");
    let (epoch, tag) = (group.epoch(), group.tag());
    match group.receive(&bytes) {
        Ok(Received::Commit(staged)) => {
            assert!(group.take_changes().is_empty(), "a commit that is only looked at changes nothing");
            group.apply(*staged).expect("what could be staged can be applied");
        }
        Ok(Received::Proposal(proposed)) => group.keep(proposed).expect("what came can be kept"),
        Ok(Received::Message { .. } | Received::Own) => assert_eq!((group.epoch(), group.tag()), (epoch, tag)),
        Err(_) => assert!(group.take_changes().is_empty(), "what is refused changes nothing"),
    }
    let _ = welcome_for(&bytes);
    if let Ok(mut joined) = Group::join(&bytes, &scene.package.reference, &scene.package.record) {
        Group::load(&GROUP, kept(&mut joined)).expect("what was joined can be loaded");
    }
    if let Ok(info) = inspect_info(&bytes) {
        assert!(info.leaves.contains(&info.signer));
        let guest = Signer::new(&[9; 32], b"guest".to_vec());
        let _ = Group::join_external(&bytes, &guest, &mut StdRng::from_seed([9; 32]));
    }
    let _ = inspect_package(&bytes);
}

/// Sets, flips, inserts or cuts where the changes say so.
fn changed(mut bytes: Vec<u8>, changes: &[u8]) -> Vec<u8> {
    for change in changes.chunks_exact(4).take(MOST_CHANGES) {
        let &[kind, high, low, value] = change else { continue };
        let place = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        match (kind % 4, bytes.get_mut(place)) {
            (0, Some(byte)) => *byte = value,
            (1, Some(byte)) => *byte ^= value,
            (2, _) => bytes.insert(place, value),
            (3, Some(_)) => drop(bytes.drain(place..(place + usize::from(value)).min(bytes.len()))),
            _ => {}
        }
    }
    bytes
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| make_scene().expect("the scene can be made"))
}

fn make_scene() -> tidings_mls::Result<Scene> {
    let mut random = StdRng::from_seed([1; 32]);
    let [alice, bob, carol] = [1, 2, 3].map(|name| Signer::new(&[name; 32], vec![name; 190]));
    let mut inside = Group::create(&GROUP, &alice, b"roster".to_vec(), &mut random)?;
    let of_bob = make_package(&bob, false, &[2; 48], &mut random)?;
    let committed =
        inside.commit(&alice, &Plan { add: vec![of_bob.package.clone()], ..Plan::default() }, &mut random)?;
    inside.merge_pending()?;
    let mut reader = Group::join(committed.welcome.as_ref().expect("a welcome"), &of_bob.reference, &of_bob.record)?;
    let records = kept(&mut reader);
    let text = inside.seal(b"hello", &alice, &mut random)?;
    let info = inside.info(&alice)?;
    let (_, back) = Group::join_external(&info, &carol, &mut random)?;
    let package = make_package(&carol, true, &[3; 48], &mut random)?;
    let adding = Plan { add: vec![package.package.clone()], extension: Some(b"roster 2".to_vec()), ..Plan::default() };
    let commit = inside.commit(&alice, &adding, &mut random)?;
    inside.drop_pending()?;
    let proposal = inside.propose_remove(0, &alice, &mut random)?;
    let welcome = commit.welcome.expect("a welcome");
    let messages =
        vec![text, commit.commit, welcome, commit.info, package.package.clone(), proposal, back.commit, info];
    Ok(Scene { records, package, messages })
}

fn kept(group: &mut Group) -> Records {
    group.take_changes().into_iter().filter_map(|change| Some((change.key, change.value?))).collect()
}
