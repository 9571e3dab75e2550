use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tidings_client::records::MemoryRecords;

fn place() -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path().join("profile"));
    (folder, place)
}

fn put(table: Table, owner: &[u8], order: &[u8], value: &[u8]) -> Change {
    Change { key: RecordKey::new(table, owner, order), value: Some(value.to_vec()) }
}

/// All bytes of the folder's files.
fn on_disk(place: &Place) -> Vec<u8> {
    let files = fs::read_dir(place.folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.flat_map(|path| fs::read(path).unwrap()).collect()
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_is_kept_is_there_after_the_end_and_nothing_of_it_can_be_read_on_the_disk() {
    let (_folder, place) = place();
    let mut store = Store::open(&place, None, true).unwrap();
    store
        .apply(&[
            put(Table::Message, b"the owner of it", &[1], b"a very secret text"),
            put(Table::Mls, b"the owner of it", b"the name of a record", b"another secret text"),
        ])
        .unwrap();
    store.commit().unwrap();
    drop(store);
    for secret in ["a very secret text", "another secret text", "the owner of it", "the name of a record"] {
        assert!(!contains(&on_disk(&place), secret.as_bytes()), "{secret}");
    }
    let store = Store::open(&place, None, false).unwrap();
    let key = RecordKey::new(Table::Message, b"the owner of it", [1]);
    assert_eq!(store.get(&key).unwrap().unwrap(), b"a very secret text");
    assert_eq!(store.all(Table::Mls, 9).unwrap()[0].0.order, b"the name of a record");
}

#[test]
fn what_was_deleted_or_overwritten_is_gone_from_the_files() {
    let (_folder, place) = place();
    let mut store = Store::open(&place, None, true).unwrap();
    let mut sealed = Vec::new();
    for value in [b"first".as_slice(), b"second"] {
        store.apply(&[put(Table::Own, b"o", &[1], value)]).unwrap();
        store.commit().unwrap();
        let row = store.rows("SELECT owner, place, sealed FROM records", &[]).unwrap().remove(0);
        assert!(contains(&on_disk(&place), &row[2]));
        sealed.push(row[2].clone());
    }
    store.wipe().unwrap();
    assert!(!contains(&on_disk(&place), &sealed[0]) && contains(&on_disk(&place), &sealed[1]));
    store.apply(&[Change { key: RecordKey::new(Table::Own, b"o", [1]), value: None }]).unwrap();
    store.commit().unwrap();
    store.wipe().unwrap();
    assert!(!contains(&on_disk(&place), &sealed[1]));
}

#[test]
fn what_was_not_committed_never_was() {
    let (_folder, place) = place();
    let mut store = Store::open(&place, None, true).unwrap();
    store.apply(&[put(Table::Own, b"", &[1], b"kept")]).unwrap();
    store.commit().unwrap();
    store.apply(&[put(Table::Own, b"", &[1], b"lost"), put(Table::Own, b"", &[2], b"lost")]).unwrap();
    assert_eq!(store.all(Table::Own, 9).unwrap().len(), 2);
    drop(store);
    let found = Store::open(&place, None, false).unwrap().all(Table::Own, 9).unwrap();
    assert_eq!(found.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), [b"kept".to_vec()]);
}

#[test]
fn a_record_in_another_ones_place_is_refused() {
    let (_folder, place) = place();
    let mut store = Store::open(&place, None, true).unwrap();
    store.apply(&[put(Table::Contact, b"a", &[], b"alice"), put(Table::Contact, b"b", &[], b"bob")]).unwrap();
    store.commit().unwrap();
    store
        .database
        .execute("UPDATE records SET sealed = (SELECT sealed FROM records WHERE id = 1) WHERE id = 2", [])
        .unwrap();
    assert!(store.get(&RecordKey::new(Table::Contact, b"a", [])).is_ok());
    assert!(store.get(&RecordKey::new(Table::Contact, b"b", [])).is_err());
    assert_eq!(store.scan(Table::Contact, b"b", None, Direction::Up, 1).unwrap(), []);
    assert_eq!(store.all(Table::Contact, 9).unwrap().len(), 1);
}

#[test]
fn one_process_at_a_time_has_it() {
    let (_folder, place) = place();
    let store = Store::open(&place, None, true).unwrap();
    let held = Store::open(&place, None, false).err().unwrap();
    assert_eq!(held, StoreError::Held(std::process::id().to_string()));
    drop(store);
    assert!(Store::open(&place, None, false).is_ok());
}

#[test]
fn a_passphrase_locks_it_and_can_be_changed() {
    let (_folder, place) = place();
    assert!(matches!(Store::open(&place, None, false), Err(StoreError::Absent(_))));
    let mut store = Store::open(&place, Some("one"), true).unwrap();
    store.apply(&[put(Table::Own, b"", &[], b"x")]).unwrap();
    store.commit().unwrap();
    drop(store);
    assert!(Store::is_locked(&place).unwrap());
    assert_eq!(Store::open(&place, None, false).err(), Some(StoreError::NeedsPassphrase));
    assert_eq!(Store::open(&place, Some("two"), false).err(), Some(StoreError::WrongPassphrase));
    let store = Store::open(&place, Some("one"), false).unwrap();
    store.set_passphrase(Some("two")).unwrap();
    drop(store);
    let store = Store::open(&place, Some("two"), false).unwrap();
    assert_eq!(store.get(&RecordKey::new(Table::Own, b"", [])).unwrap().unwrap(), b"x");
    store.set_passphrase(None).unwrap();
    drop(store);
    assert!(!Store::is_locked(&place).unwrap());
    Store::open(&place, None, false).unwrap();
    for file in [place.key(), place.database(), place.lock()] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert_eq!(fs::metadata(place.folder()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_key_without_its_file_or_a_file_of_others_is_named_damaged() {
    let (_folder, place) = place();
    place.make().unwrap();
    fs::write(place.key(), "{}").unwrap();
    assert!(matches!(Store::open(&place, None, false), Err(StoreError::Damaged(_))));
    fs::remove_file(place.key()).unwrap();
    fs::write(place.database(), "this is no database at all, but some text of a person").unwrap();
    assert!(matches!(Store::open(&place, None, true), Err(StoreError::Damaged(_))));
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..3, 0..3)
}

/// Table, owner, order and value of changes.
type Written = (Table, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

fn changes() -> impl Strategy<Value = Vec<Written>> {
    let table = prop::sample::select(vec![Table::Own, Table::Mls, Table::Message]);
    prop::collection::vec((table, bytes(), bytes(), prop::option::of(bytes())), 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn it_answers_as_records_in_memory_do(rounds in prop::collection::vec(changes(), 1..4), from in bytes(), limit in 1usize..5) {
        let (_folder, place) = place();
        let mut store = Store::open(&place, None, true).unwrap();
        let mut memory = MemoryRecords::default();
        for written in rounds {
            let change = |(table, owner, order, value)| Change { key: RecordKey::new(table, owner, order), value };
            let changes: Vec<Change> = written.into_iter().map(|written: Written| change(written)).collect();
            store.apply(&changes).unwrap();
            memory.apply(changes);
            store.commit().unwrap();
        }
        for table in [Table::Own, Table::Mls, Table::Message] {
            prop_assert_eq!(store.all(table, 99).unwrap() == memory.all(table, 99).unwrap(), true);
            for owner in [b"".as_slice(), &[0], &[1, 2]] {
                for direction in [Direction::Up, Direction::Down] {
                    for from in [None, Some(from.as_slice())] {
                        prop_assert_eq!(
                            store.scan(table, owner, from, direction, limit).unwrap(),
                            memory.scan(table, owner, from, direction, limit).unwrap()
                        );
                    }
                }
                let key = RecordKey::new(table, owner, from.clone());
                prop_assert_eq!(store.get(&key).unwrap(), memory.get(&key).unwrap());
            }
        }
    }
}

#[test]
fn a_record_that_was_changed_on_the_disk_costs_only_itself() {
    let (_folder, place) = place();
    let mut store = Store::open(&place, None, true).unwrap();
    let records: Vec<_> = (0..6).map(|order| put(Table::Message, b"o", &[order], &[order; 40])).collect();
    store.apply(&records).unwrap();
    store.apply(&[put(Table::Conversation, b"a", b"", b"one"), put(Table::Conversation, b"b", b"", b"two")]).unwrap();
    store.commit().unwrap();
    let sql = "UPDATE records SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'00' AS BLOB) WHERE tab = ?1 AND (place = x'01' OR place = x'02')";
    store.database.execute(sql, [Table::Message as u8]).unwrap();
    let sql = "UPDATE records SET sealed = substr(sealed, 1, 30) WHERE tab = ?1 AND owner = ?2";
    store
        .database
        .execute(sql, params![Table::Conversation as u8, store.keys.owner(Table::Conversation, b"a")])
        .unwrap();
    let orders = |from: Option<&[u8]>, direction, limit| {
        let found = store.scan(Table::Message, b"o", from, direction, limit).unwrap();
        found.into_iter().map(|(order, _)| order[0]).collect::<Vec<_>>()
    };
    assert_eq!(orders(None, Direction::Up, 9), [0, 3, 4, 5]);
    assert_eq!(orders(None, Direction::Up, 3), [0, 3, 4], "a page is full as long as there is more");
    assert_eq!(orders(Some(&[4]), Direction::Down, 2), [3, 0]);
    assert_eq!(store.all(Table::Conversation, 9).unwrap().len(), 1);
    assert!(store.left_out() > 0);
    assert!(store.get(&RecordKey::new(Table::Message, *b"o", [1])).is_err(), "who needs it hears of it");
}

#[test]
fn what_is_damaged_goes_when_it_is_told_to_and_never_under_another_stores_key() {
    let (_folder, place) = place();
    let mut store = Store::open(&place, None, true).unwrap();
    let records: Vec<_> = (0..4).map(|order| put(Table::Message, b"o", &[order], &[order; 40])).collect();
    store.apply(&records).unwrap();
    store.commit().unwrap();
    let spoil = "UPDATE records SET sealed = substr(sealed, 1, 30) WHERE place IN (x'01', x'02')";
    store.database.execute(spoil, []).unwrap();
    let count = |store: &Store| -> i64 {
        store.database.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).unwrap()
    };
    for _ in 0..2 {
        assert_eq!(store.scan(Table::Message, b"o", None, Direction::Up, 9).unwrap().len(), 2);
        assert_eq!((store.left_out(), count(&store)), (2, 4), "each counts once, and nothing goes by itself");
    }
    // One is written anew before the rest goes.
    store.apply(&[put(Table::Message, b"o", &[1], b"anew")]).unwrap();
    store.drop_left_out().unwrap();
    store.commit().unwrap();
    assert_eq!((store.left_out(), count(&store)), (0, 3));
    assert_eq!(store.scan(Table::Message, b"o", None, Direction::Up, 9).unwrap().len(), 3);
    drop(store);
    // The key of another profile opens nothing here, and what is written with it doesn't change that.
    let other = Place::at(place.folder().with_file_name("other"));
    drop(Store::open(&other, None, true).unwrap());
    fs::copy(other.key(), place.key()).unwrap();
    let mut store = Store::open(&place, None, false).unwrap();
    store.apply(&[put(Table::Own, b"", b"layout", &[1])]).unwrap();
    store.commit().unwrap();
    assert_eq!(store.all(Table::Message, 9).unwrap().len(), 0);
    store.drop_left_out().unwrap();
    assert_eq!((store.left_out(), count(&store)), (3, 4));
}
