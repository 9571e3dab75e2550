use super::disk::Disk;
use super::*;
use proptest::prelude::*;
use rand::SeedableRng as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidings_client::records::MemoryRecords;
use zeroize::Zeroizing;

const TABLES: [Table; 4] = [Table::Own, Table::Message, Table::Mls, Table::Part];

fn key(number: u8) -> Master {
    Zeroizing::new([number; 32])
}

fn open(disk: &Disk) -> Result<Store, StoreFault> {
    Store::open(disk.clone(), &key(1), StdRng::seed_from_u64(1), false)
}

/// The same file, given to the next worker.
fn again(disk: &Disk) -> Disk {
    Disk::holding(disk.bytes())
}

fn put(table: Table, owner: &[u8], order: &[u8], value: &[u8]) -> Change {
    Change { key: RecordKey::new(table, owner, order), value: Some(value.to_vec()) }
}

fn remove(table: Table, owner: &[u8], order: &[u8]) -> Change {
    Change { key: RecordKey::new(table, owner, order), value: None }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// Everything that is kept.
fn dump(records: &dyn Records) -> Vec<(RecordKey, Vec<u8>)> {
    TABLES.iter().flat_map(|table| records.all(*table, usize::MAX).unwrap()).collect()
}

fn some_change(random: &mut StdRng) -> Change {
    let table = TABLES[random.random_range(0..TABLES.len())];
    let (owner, order) = ([random.random_range(0..3u8)], random.random_range(0..60u64).to_be_bytes());
    let value = random.random_bool(0.75).then(|| vec![random.random(); random.random_range(0..3000)]);
    Change { key: RecordKey::new(table, owner, order), value }
}

fn some_batch(random: &mut StdRng) -> Vec<Change> {
    (0..random.random_range(1..12)).map(|_| some_change(random)).collect()
}

#[test]
fn what_is_kept_is_there_after_the_end_and_nothing_of_it_can_be_read_in_the_file() {
    let disk = Disk::default();
    let mut store = open(&disk).unwrap();
    let text = put(Table::Message, b"the owner of it", &[1], b"a very secret text");
    let other = put(Table::Mls, b"the owner of it", b"the name of a record", b"another secret text");
    store.apply(&[text, other]).unwrap();
    store.close();
    assert!(disk.is_closed());
    assert_eq!(store.apply(&[]), Err(StoreFault::Closed));
    for secret in ["a very secret text", "another secret text", "the owner of it", "the name of a record"] {
        assert!(!contains(&disk.bytes(), secret.as_bytes()), "{secret}");
    }
    let store = open(&again(&disk)).unwrap();
    let key = RecordKey::new(Table::Message, b"the owner of it", [1]);
    assert_eq!(store.get(&key).unwrap().unwrap(), b"a very secret text");
    assert_eq!(store.all(Table::Mls, 9).unwrap()[0].0.order, b"the name of a record");
}

#[test]
fn another_key_is_told_apart_and_harms_nothing() {
    let disk = Disk::default();
    open(&disk).unwrap().apply(&[put(Table::Own, b"", &[1], b"kept")]).unwrap();
    let found = again(&disk);
    let other = Store::open(found.clone(), &key(2), StdRng::seed_from_u64(1), false);
    assert_eq!(other.err(), Some(StoreFault::WrongKey));
    assert!(found.is_closed());
    assert_eq!(dump(&open(&again(&found)).unwrap()).len(), 1);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let bytes = b"SQLite format 3\0 and so on".repeat(400);
    let disk = Disk::holding(bytes.clone());
    assert_eq!(open(&disk).err(), Some(StoreFault::Damaged));
    assert_eq!(disk.bytes(), bytes);
    assert_eq!(open(&Disk::holding(vec![1])).err(), Some(StoreFault::Damaged));
}

/// One life after the other of a worker that is killed somewhere, at its opening, too.
fn live(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut disk, mut model) = (Disk::default(), MemoryRecords::default());
    for _ in 0..6 {
        disk.set_fuse(random.random_range(0..160));
        let mut last = Vec::new();
        if let Ok(mut store) = open(&disk) {
            loop {
                last = some_batch(&mut random);
                if store.apply(&last).is_err() {
                    break;
                }
                model.apply(std::mem::take(&mut last));
            }
        }
        disk = disk.after_kill(&mut random);
        let store = open(&disk).unwrap_or_else(|fault| panic!("seed {seed}: {fault:?}"));
        // What was under way is there wholly or not at all.
        let mut after = model.clone();
        after.apply(last);
        let found = dump(&store);
        assert!(found == dump(&model) || found == dump(&after), "seed {seed}: neither before nor after");
        if found != dump(&model) {
            model = after;
        }
        disk = again(&disk);
    }
}

#[test]
fn whoever_is_killed_finds_all_that_was_acknowledged_and_nothing_by_halves() {
    for seed in 0..60 {
        live(seed);
    }
}

#[test]
fn without_room_it_is_said_and_nothing_is_lost_or_added() {
    let (disk, mut random) = (Disk::default(), StdRng::seed_from_u64(7));
    let (mut store, mut model) = (open(&disk).unwrap(), MemoryRecords::default());
    disk.set_room(Some(500_000));
    let fault = loop {
        let more: Vec<u8> = (0..9000).map(|_| random.random()).collect();
        let batch = vec![put(Table::Message, b"o", &random.random::<[u8; 8]>(), &more)];
        match store.apply(&batch) {
            Ok(()) => model.apply(batch),
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault, StoreFault::Full);
    assert_eq!(store.apply(&[put(Table::Own, b"", &[], b"x")]), Err(StoreFault::Full));
    assert!(!dump(&model).is_empty());
    let mut store = open(&again(&disk)).unwrap();
    assert!(dump(&store) == dump(&model));
    store.apply(&[put(Table::Own, b"", &[], b"there is room again")]).unwrap();
}

#[test]
fn a_damaged_record_costs_what_it_held_and_can_be_dropped() {
    let disk = Disk::default();
    let mut store = open(&disk).unwrap();
    let numbers: Vec<_> = (0..50u8).collect();
    let changes: Vec<_> = numbers.iter().map(|one| put(Table::Message, b"o", &[*one], &[*one; 300])).collect();
    store.apply(&changes).unwrap();
    let row = row_key(&store.keys.spot(Table::Message, b"o", &[30]));
    let sealed = store.sealed(&row).unwrap().unwrap();
    store.close();
    let mut bytes = disk.bytes();
    for at in 0..bytes.len() - sealed.len() {
        if bytes[at..].starts_with(&sealed) {
            bytes[at + 100] ^= 1;
        }
    }
    let disk = Disk::holding(bytes);
    let mut store = open(&disk).unwrap();
    assert!(store.get(&RecordKey::new(Table::Message, b"o", [30])).is_err());
    let up = store.scan(Table::Message, b"o", Some(&[28]), Direction::Up, 2).unwrap();
    assert_eq!(up.iter().map(|(order, _)| order[0]).collect::<Vec<_>>(), [29, 31]);
    assert_eq!((store.all(Table::Message, 99).unwrap().len(), store.left_out()), (49, 1));
    assert_eq!(store.fault(), None);
    store.drop_left_out().unwrap();
    assert_eq!(store.left_out(), 0);
    assert_eq!(store.get(&RecordKey::new(Table::Message, b"o", [30])), Ok(None));
    assert_eq!(dump(&open(&again(&disk)).unwrap()).len(), 49);
}

/// What a worker finds in a file: nothing wrong, or a fault. A panic is a trap in WebAssembly.
fn look(bytes: &[u8], check: bool, model: &[(RecordKey, Vec<u8>)]) -> Result<usize, Option<StoreFault>> {
    let look = || {
        let store = Store::open(Disk::holding(bytes.to_vec()), &key(1), StdRng::seed_from_u64(1), check)?;
        let mut found = Vec::new();
        for table in TABLES {
            found.extend(store.all(table, usize::MAX).map_err(|_| StoreFault::Damaged)?);
        }
        Ok::<_, StoreFault>(found)
    };
    let found = catch_unwind(AssertUnwindSafe(look)).map_err(|_| None)?.map_err(Some)?;
    assert!(found.iter().all(|record| model.contains(record)), "a record that nobody wrote");
    Ok(found.len())
}

#[test]
fn damage_anywhere_shows_nothing_wrong_and_the_check_names_it() {
    let mut random = StdRng::seed_from_u64(3);
    let disk = Disk::default();
    let mut store = open(&disk).unwrap();
    for _ in 0..30 {
        store.apply(&some_batch(&mut random)).unwrap();
    }
    let model = dump(&store);
    store.close();
    let bytes = disk.bytes();
    let mut whole = 0;
    for _ in 0..150 {
        let mut damaged = bytes.clone();
        let at = random.random_range(0..damaged.len());
        damaged[at] ^= 1 << random.random_range(0..8);
        match look(&damaged, false, &model) {
            Ok(found) => whole += usize::from(found + 1 >= model.len()),
            Err(Some(fault)) => assert_ne!(fault, StoreFault::WrongKey),
            Err(None) => assert!(look(&damaged, true, &model).is_err_and(|fault| fault.is_some()), "at {at}"),
        }
    }
    assert!(whole > 120, "only {whole} of 150 cost one record at most");
}

proptest! {
    #[test]
    fn it_gives_what_records_in_memory_give(seed: u64) {
        let (mut random, mut model) = (StdRng::seed_from_u64(seed), MemoryRecords::default());
        let mut store = open(&Disk::default()).unwrap();
        for _ in 0..8 {
            let batch = some_batch(&mut random);
            store.apply(&batch).unwrap();
            model.apply(batch);
        }
        for _ in 0..60 {
            let change = some_change(&mut random).key;
            let from = random.random_bool(0.7).then_some(change.order.as_slice());
            let direction = if random.random() { Direction::Up } else { Direction::Down };
            let limit = random.random_range(0..9);
            let scan = |records: &dyn Records| records.scan(change.table, &change.owner, from, direction, limit);
            prop_assert_eq!(scan(&store), scan(&model));
            prop_assert_eq!(store.get(&change), model.get(&change));
        }
        prop_assert!(dump(&store) == dump(&model));
    }
}

#[test]
fn what_was_deleted_is_not_given_any_more() {
    let disk = Disk::default();
    let mut store = open(&disk).unwrap();
    store.apply(&[put(Table::Own, b"", &[1], b"a"), put(Table::Own, b"", &[2], b"b")]).unwrap();
    store.apply(&[remove(Table::Own, b"", &[1])]).unwrap();
    drop(store);
    assert!(dump(&open(&again(&disk)).unwrap()) == [(RecordKey::new(Table::Own, b"", [2]), b"b".to_vec())]);
}
