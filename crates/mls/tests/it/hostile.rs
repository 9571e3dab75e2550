//! Bytes from strangers.

use crate::device::{Device, adding, group_of, talk};
use ed25519_dalek::{Signer as _, SigningKey};
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

/// RFC 9420, 5.1.2. All lengths here are below 16,384.
fn sign(key: &SigningKey, label: &str, content: &[u8]) -> [u8; 64] {
    let length = |bytes: usize| match bytes {
        0..64 => vec![bytes as u8],
        _ => vec![0x40 | (bytes >> 8) as u8, bytes as u8],
    };
    let label = format!("MLS 1.0 {label}");
    let signed = [&length(label.len()), label.as_bytes(), &length(content.len()), content].concat();
    key.sign(&signed).to_bytes()
}

/// A key package of the device `bob` with other public keys, signed as it must be.
fn package_with(init: Option<[u8; 32]>, leaf: Option<[u8; 32]>) -> Vec<u8> {
    let mut bob = Device::new("bob");
    let mut seed = [0; 32];
    seed[..3].copy_from_slice(b"bob");
    let key = SigningKey::from_bytes(&seed);
    let mut bytes = bob.package(false).package;
    // Version and kind of the message, version and suite, and the length of the key before it.
    let (init_at, leaf_at) = (9, 9 + 32 + 1);
    init.into_iter().for_each(|init| bytes[init_at..init_at + 32].copy_from_slice(&init));
    leaf.into_iter().for_each(|leaf| bytes[leaf_at..leaf_at + 32].copy_from_slice(&leaf));
    let mut end = leaf_at + 32 + 33 + 2;
    // The credential and five lists of capabilities; then the lifetime, and no extension.
    (0..6).for_each(|_| end += 1 + usize::from(bytes[end]));
    end += 17 + 1;
    let signature = sign(&key, "LeafNodeTBS", &bytes[leaf_at - 1..end]);
    bytes[end + 2..end + 66].copy_from_slice(&signature);
    let last = bytes.len() - 66;
    let signature = sign(&key, "KeyPackageTBS", &bytes[4..last]);
    bytes[last + 2..].copy_from_slice(&signature);
    bytes
}

#[test]
fn keys_that_nothing_can_be_sealed_to_are_refused() {
    let (good, nowhere) = (Some([9; 32]), Some([0; 32]));
    assert!(inspect_package(&package_with(good, None)).is_ok());
    assert!(inspect_package(&package_with(None, Some([8; 32]))).is_ok());
    let refused = Err(Error::Invalid("a public key has a small order"));
    assert_eq!(inspect_package(&package_with(nowhere, None)), refused);
    assert_eq!(inspect_package(&package_with(None, nowhere)), refused);
}
