//! Damage is noticed and named when the store is opened.

use crate::dump::dump;
use crate::people::*;
use crate::sqlite::fresh;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tidings_backends::{Options, SqliteStore};
use tidings_core::ports::{Accounts, Housekeeping, Streams};
use tidings_core::{BlobContent, BlobName, StoreError, StreamName};

/// Places that are changed, one at a time.
const FLIPS: usize = 300;

/// A closed database with something of everything.
async fn filled() -> (TempDir, PathBuf) {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob(), carol()]).await;
    store.set_backup(alice(), "backup ".repeat(900), at(1)).await.unwrap();
    store.touch(bob(), at(2), Some("version".into())).await.unwrap();
    store.set_subscription(bob(), Some("subscription".into())).await.unwrap();
    store.value_or_insert("key", vec![3; 32]).await.unwrap();
    for number in 0..60 {
        let blob = match number % 3 {
            0 => None,
            1 => Some(BlobContent::Inline(vec![number as u8; 1500])),
            _ => Some(BlobContent::File { name: BlobName::from_random([number as u8; 16]), size: 9 }),
        };
        let notify = number % 2 == 0;
        let draft = tidings_core::Draft { notify, ..draft(&bob(), number, &"sealed ".repeat(30)) };
        store.append(posting(&alice(), vec![draft], blob, at(3))).await.unwrap().pop().unwrap().unwrap();
    }
    let messages = (100..130).map(|number| said(&room("tea"), number, (number % 3 > 0).then(|| at(number as i64))));
    store.append(posting(&alice(), messages.collect(), None, at(150))).await.unwrap();
    for number in 10..30 {
        store.take(StreamName::inbox(&bob()), id(number)).await.unwrap().unwrap();
    }
    invite(&*store, Some(alice()), "open", at(1)).await.unwrap();
    store.delete_account(carol()).await.unwrap();
    store.close().await.unwrap();
    let path = folder.path().join("tidings.db");
    (folder, path)
}

/// Opens a changed copy: what it says, or what is in it if it says nothing.
fn open_changed(content: &[u8]) -> Result<String, StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidings.db");
    std::fs::write(&path, content).unwrap();
    let store = SqliteStore::open(&path, &Options::default())?;
    drop(store);
    Ok(dump(&path))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bytes_are_noticed_or_harmless() {
    let (_folder, path) = filled().await;
    let (content, before) = (std::fs::read(&path).unwrap(), dump(&path));
    let seed: u64 = seed();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut harmless = 0;
    for round in 0..FLIPS {
        // The header first, then anywhere.
        let offset = if round < 100 { round } else { random.random_range(100..content.len()) };
        let mut changed = content.clone();
        changed[offset] ^= 1 << random.random_range(0..8);
        match open_changed(&changed) {
            Err(StoreError::Damaged(what)) => assert!(!what.is_empty()),
            // The version in the header, which can't be told from that of a newer program; or what SQLite can't read.
            Err(StoreError::Failed(what)) if offset < 100 => assert!(!what.is_empty()),
            Err(other) => panic!("seed {seed}, offset {offset}: {other}"),
            Ok(after) => {
                harmless += 1;
                assert!(before == after, "seed {seed}: byte {offset} changed what is read, and nobody noticed");
            }
        }
    }
    println!("{harmless} of {FLIPS} were harmless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_cut_off_is_noticed() {
    let (_folder, path) = filled().await;
    let content = std::fs::read(&path).unwrap();
    let pages = [1, 2, content.len() / 4096 / 2, content.len() / 4096 - 1].map(|pages| pages * 4096);
    for length in [0, 1, 15, 16, 99, 100, 512, 4095, 5000, content.len() - 1].into_iter().chain(pages) {
        match open_changed(&content[..length]) {
            Err(StoreError::Damaged(what)) => assert!(what.contains("tidings.db"), "{what}"),
            other => panic!("cut off at {length}: {other:?}"),
        }
    }
    let longer = [content.as_slice(), &[0; 4096]].concat();
    assert!(matches!(open_changed(&longer), Err(StoreError::Damaged(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_database_is_verified_afterwards() {
    let (_folder, path) = filled().await;
    let mut content = std::fs::read(&path).unwrap();
    let place = content.windows(12).position(|window| window == b"sealed seale").unwrap();
    content[place] = b'S';
    std::fs::write(&path, content).unwrap();
    let options = Options { verify_at_open_max: 0, ..Options::default() };
    let store = SqliteStore::open(&path, &options).unwrap();
    let findings = store.verify().await.unwrap();
    assert!(findings.len() == 1 && findings[0].starts_with("table envelopes, row "), "{findings:?}");
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_damaged_in_its_middle_is_noticed() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    for number in 0..20 {
        post(&*store, &alice(), draft(&bob(), number, "x"), at(1)).await.unwrap();
    }
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["tidings.db", "tidings.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.join(name)).unwrap();
    }
    store.close().await.unwrap();
    let log = std::fs::read(copy.join("tidings.db-wal")).unwrap();
    let open = |log: &[u8]| {
        for name in ["tidings.db-shm", "tidings.db-wal"] {
            let _ = std::fs::remove_file(copy.join(name));
        }
        let database = std::fs::read(copy.join("tidings.db")).unwrap();
        std::fs::write(copy.join("tidings.db-wal"), log).unwrap();
        let result = SqliteStore::open(&copy.join("tidings.db"), &Options::default()).map(drop);
        std::fs::write(copy.join("tidings.db"), database).unwrap();
        result
    };
    let mut changed = log.clone();
    changed[32 + 24 + 4096 + 300] ^= 4;
    let Err(StoreError::Damaged(what)) = open(&changed) else { panic!("not noticed") };
    assert!(what.contains("tidings.db-wal"), "{what}");
    open(&log[..log.len() - 100]).expect("the last transaction was being written: nobody was told that it is there");
    open(&log).unwrap();
}

#[tokio::test]
async fn a_newer_version_and_a_second_process_are_refused() {
    let (store, folder) = fresh();
    let path = folder.path().join("tidings.db");
    let refusal = |path: &Path| SqliteStore::open(path, &Options::default()).map(drop).unwrap_err().to_string();
    assert!(refusal(&path).contains("in use by another process"));
    store.close().await.unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 999).unwrap();
    conn.close().unwrap();
    assert!(refusal(&path).contains("version 999"));
    let missing = folder.path().join("missing/tidings.db");
    assert!(refusal(&missing).contains("No such file"));
}
