use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

const ME: Identity = Identity([1; 32]);
const KEY: [u8; 32] = [2; 32];

fn name(n: u8) -> Name {
    Name::Contact(Identity([n; 32]))
}

#[test]
fn the_last_to_speak_counts() {
    let mut document = Document::default();
    assert!(document.set(&name(1), Some(vec![1]), 100, [1; 8]));
    assert!(!document.set(&name(1), Some(vec![1]), 200, [2; 8]), "nothing new");
    assert!(document.set(&name(1), Some(vec![2]), 50, [2; 8]), "though its clock is behind");
    assert_eq!(document.get(&name(1)), Some([2].as_slice()));
    assert!(!document.set(&name(2), None, 50, [2; 8]), "there is nothing to delete");
    assert!(document.set(&name(1), None, 60, [2; 8]));
    assert_eq!((document.get(&name(1)), document.all().count()), (None, 0));
    assert_eq!(document.records.get(&name(1).text()).map(|record| record.time), Some(102));
}

#[test]
fn deletions_are_forgotten_in_time() {
    let mut document = Document::default();
    document.set(&name(1), Some(vec![1]), 1, [1; 8]);
    document.set(&name(2), Some(vec![1]), 1, [1; 8]);
    document.set(&name(1), None, 10, [1; 8]);
    document.prune(TOMBSTONE_LASTS + 9);
    assert_eq!(document.records.len(), 2);
    document.prune(TOMBSTONE_LASTS + 10);
    assert_eq!(document.records.len(), 1, "what was not deleted stays");
}

#[test]
fn a_document_is_for_its_owner_and_counter() {
    let mut random = StdRng::seed_from_u64(10);
    let mut document = Document { counter: 7, device: [3; 8], ..Document::default() };
    document.set(&Name::Me, Some(vec![9; 300]), 5, [3; 8]);
    let sealed = document.seal(&KEY, &ME, &mut random).unwrap();
    assert!(Document::open(&KEY, &ME, 7, &sealed) == Ok(document));
    assert_eq!(Document::open(&KEY, &ME, 8, &sealed).err(), Some(ProfileError::Counter { inner: 7, outer: 8 }));
    assert_eq!(Document::open(&[0; 32], &ME, 7, &sealed).err(), Some(ProfileError::Unreadable));
    assert_eq!(Document::open(&KEY, &Identity([9; 32]), 7, &sealed).err(), Some(ProfileError::Unreadable));
}

#[test]
fn documents_have_a_limit_and_keep_what_is_newer() {
    let mut random = StdRng::seed_from_u64(11);
    let mut document = Document::default();
    document.set(&Name::Me, Some(vec![0; PROFILE_BYTES_MAX]), 1, [0; 8]);
    assert_eq!(document.seal(&KEY, &ME, &mut random).err(), Some(ProfileError::Form(CborError::TooLarge)));
    let record = || Record { time: 1, device: [0; 8], value: Some(vec![]) };
    let newer = Document { records: [("later/x".to_owned(), record())].into(), ..Document::default() };
    let mut merged = Document::default();
    merged.merge(&newer);
    assert!(merged == newer && merged.all().count() == 0);
    let long = Document { records: [("x".repeat(KEY_BYTES_MAX + 1), record())].into(), ..Document::default() };
    assert_eq!(Document::read(&cbor::encode(&long)).err(), Some(ProfileError::Key));
}

/// A document as plain values.
type Plain = (u64, BTreeMap<String, (u64, u8, Option<Vec<u8>>)>);

/// Few names, times, devices and values, so that they often meet.
fn documents() -> impl Strategy<Value = Plain> {
    let record = (0u64..4, 0u8..3, proptest::option::of(proptest::collection::vec(0u8..3, 0..2)));
    (0u64..4, proptest::collection::btree_map("[abcd]", record, 0..5))
}

fn document((counter, records): Plain) -> Document {
    let record = |(time, device, value)| Record { time, device: [device; 8], value };
    let records = records.into_iter().map(|(key, plain)| (key, record(plain))).collect();
    Document { counter, device: [0; 8], records }
}

fn merged(one: &Document, other: &Document) -> Document {
    let mut both = one.clone();
    let changed = both.merge(other);
    assert_eq!(changed, both != *one);
    both
}

proptest! {
    #[test]
    fn merging_knows_no_order(a in documents(), b in documents(), c in documents()) {
        let (a, b, c) = (document(a), document(b), document(c));
        prop_assert!(merged(&a, &b) == merged(&b, &a), "commutative");
        prop_assert!(merged(&merged(&a, &b), &c) == merged(&a, &merged(&b, &c)), "associative");
        prop_assert!(merged(&a, &a) == a, "idempotent");
        prop_assert!(merged(&merged(&a, &b), &b) == merged(&a, &b), "and again");
    }

    /// Devices write, lose touch and meet in any order: once all have met, all have the same, and each name's last writer won.
    #[test]
    fn devices_agree_once_they_have_met(steps in proptest::collection::vec((0usize..3, 0usize..3, 0u8..3, any::<u8>(), 0u64..50), 1..60)) {
        let mut devices = vec![Document::default(); 3];
        for (now, (device, other, key, value, skew)) in steps.into_iter().enumerate() {
            let met = devices[other].clone();
            devices[device].merge(&met);
            let value = (value > 50).then(|| vec![value]);
            devices[device].set(&name(key), value.clone(), now as u64 + skew, [device as u8; 8]);
            prop_assert_eq!(devices[device].get(&name(key)), value.as_deref());
        }
        let all = devices.iter().fold(Document::default(), |all, device| merged(&all, device));
        for device in &mut devices {
            device.merge(&all);
            prop_assert!(device.same_records(&all));
        }
    }

    #[test]
    fn documents_lead_back(plain in documents()) {
        let document = document(plain);
        prop_assert!(Document::read(&cbor::encode(&document)) == Ok(document));
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = Document::read(&bytes);
        let _ = read_archive(&bytes);
    }
}

#[test]
fn what_was_only_heard_undoes_nothing_that_a_person_does_meanwhile() {
    let name = name(7);
    let mut first = Document::default();
    first.set(&name, Some(b"contact".to_vec()), 100, [1; 8]);
    let mut second = first.clone();
    first.set(&name, Some(b"contact, blocked".to_vec()), 200, [1; 8]);
    assert!(second.amend(&name, b"contact, new card".to_vec(), 300, [2; 8]));
    second.merge(&first);
    assert_eq!(second.get(&name), Some(b"contact, blocked".as_slice()));
    assert!(second.amend(&name, b"contact, blocked, new card".to_vec(), 300, [2; 8]));
    first.merge(&second);
    assert!(first.same_records(&second));
    assert_eq!(first.get(&name), Some(b"contact, blocked, new card".as_slice()));
}
