//! Bytes from strangers.

use crate::device::{Device, adding, group_of, talk};
use proptest::prelude::*;
use tidings_mls::{Error, Group, Plan, Signer, inspect_info, inspect_package, make_package, welcome_for};

fn all_refuse(device: &mut Device, bytes: &[u8]) {
    let package = device.package(false);
    assert!(device.group().receive(bytes).is_err());
    assert!(inspect_info(bytes).is_err() && inspect_package(bytes).is_err());
    assert!(Group::join(bytes, &package.reference, &package.record).is_err());
    assert!(Group::join_external(bytes, &device.signer, &mut device.random).is_err());
    let _ = welcome_for(bytes);
    assert_eq!(device.keep(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0u8..8) {
        let [mut alice, _bob] = group_of(["alice", "bob"]);
        all_refuse(&mut alice, &bytes);
        all_refuse(&mut alice, &[&[0, 1, 0, kind], bytes.as_slice()].concat());
    }

    #[test]
    fn changed_bytes_are_refused(places in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 1..4), cut in any::<prop::sample::Index>()) {
        let [mut alice, mut bob] = group_of(["alice", "bob"]);
        let mut carol = Device::new("carol");
        let package = carol.package(false);
        let committed = alice.commit(&adding(&[&package]));
        let welcome = committed.welcome.unwrap();
        let changed = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            for (place, mask) in &places {
                let length = bytes.len();
                bytes[place.index(length)] ^= mask;
            }
            bytes
        };
        for bytes in [&package.package, &committed.commit, &welcome, &committed.info] {
            let bad = changed(bytes);
            if bad != *bytes {
                assert!(bob.group().receive(&bad).is_err());
                assert!(inspect_package(&bad).is_err());
                assert!(inspect_info(&bad).is_err());
                // The secrets of other recipients in a welcome are nothing that one can check.
                let _ = Group::join(&bad, &package.reference, &package.record);
            }
            assert!(bob.group().receive(&bytes[..cut.index(bytes.len())]).is_err());
        }
        assert_eq!(bob.keep(), 0);
        bob.apply(&committed.commit);
    }
}

#[test]
fn messages_of_the_wrong_kind_are_refused() {
    let [mut alice, mut bob] = group_of(["alice", "bob"]);
    let info = alice.group().info(&Device::new("alice").signer).unwrap();
    assert_eq!(bob.group().receive(&info).err(), Some(Error::Malformed));
    assert_eq!(inspect_package(&info).err(), Some(Error::Malformed));
    assert_eq!(welcome_for(&info).err(), Some(Error::Malformed));
    let text = alice.seal("text");
    assert_eq!(inspect_info(&text).err(), Some(Error::Malformed));
    assert_eq!(inspect_info(&vec![0; 9 << 20]).err(), Some(Error::TooLarge));
    assert_eq!(bob.group().receive(&vec![0; 2 << 20]).err(), Some(Error::TooLarge));
    talk(&mut [alice, bob]);
}

#[test]
fn a_package_under_another_signature_is_refused() {
    let mut bob = Device::new("bob");
    let made =
        make_package(&Signer::new(&[9; 32], b"certificate of bob".to_vec()), false, &[7; 48], &mut bob.random).unwrap();
    let seen = inspect_package(&made.package).unwrap();
    // MLS accepts it: whether the certificate is for this key is for the rules of the roster.
    assert_ne!(seen.key, bob.signer.public());
}

#[test]
fn a_message_for_another_group_is_refused() {
    let [mut alice, _bob] = group_of(["alice", "bob"]);
    let mut other = Device::new("other");
    let mut group = Group::create(&[7; 16], &other.signer, b"roster".to_vec(), &mut other.random).unwrap();
    let message = group.seal(b"hello", &other.signer, &mut other.random).unwrap();
    assert_eq!(alice.group().receive(&message).err(), Some(Error::OtherGroup));
    let committed = group.commit(&other.signer, &Plan::default(), &mut other.random).unwrap();
    assert_eq!(alice.group().receive(&committed.commit).err(), Some(Error::OtherGroup));
}
