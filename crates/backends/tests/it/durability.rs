//! What was acknowledged stays, what was refused or deleted leaves nothing.

use crate::dump::dump;
use crate::people::*;
use crate::sqlite::fresh;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidings_backends::sqlite::import::{ImportedAccount, Importer};
use tidings_backends::{Options, SqliteStore};
use tidings_core::ports::{Accounts, Housekeeping, Rooms, Streams};
use tidings_core::{
    AccountNumber, BlobContent, BlobName, Bound, Exchange, ExchangeState, Label, Seq, StoreError, StreamName, TokenHash,
};

/// Waits for a condition, ten seconds at most.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

fn open(path: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(path, &Options::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_keeps_all_that_was_acknowledged() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    let mut ids = Vec::new();
    for round in 0..5 {
        for number in 0..20 {
            let number = round * 20 + number;
            post(&*store, &alice(), draft(&bob(), number, "kept"), at(1)).await.unwrap();
            ids.push(id(number));
            post(&*store, &alice(), said(&room("tea"), 1000 + number, Some(at(0))), at(1)).await.unwrap();
        }
        // What a crash leaves: the files as they are while the store is open.
        let crash = tempfile::tempdir().unwrap();
        for name in ["tidings.db", "tidings.db-wal"] {
            std::fs::copy(folder.path().join(name), crash.path().join(name)).unwrap();
        }
        let reopened = open(&crash.path().join("tidings.db"));
        let page = reopened.read(StreamName::inbox(&bob()), Seq::START, 1000, usize::MAX).await.unwrap();
        assert_eq!(page.envelopes.iter().map(|envelope| envelope.id).collect::<Vec<_>>(), ids);
        let messages = reopened.count(room("tea"), Bound::Oldest, Bound::Newest(0), at(0)).await.unwrap();
        assert_eq!(messages, ids.len() as u64);
        assert!(reopened.verify().await.unwrap().is_empty());
    }
    drop(store);
    let reopened = open(&folder.path().join("tidings.db"));
    assert_eq!(reopened.waiting(StreamName::inbox(&bob()), alice(), Label::new("MEDIA")).await.unwrap(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_leave_no_trace() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    invite(&*store, Some(alice()), "used", at(0)).await.unwrap();
    accept(&*store, "used", None, at(0)).await.unwrap();
    post(&*store, &alice(), draft(&bob(), 1, ""), at(0)).await.unwrap();
    let path = folder.path().join("tidings.db");
    let before = dump(&path);
    let blob = Some(BlobContent::Inline(vec![1; 9]));
    let drafts = vec![draft(&bob(), 1, "duplicate"), draft(&carol(), 2, "no such inbox")];
    let answers = store.append(posting(&alice(), drafts, blob, at(1))).await.unwrap();
    assert!(answers.iter().all(Result::is_err));
    assert!(post(&*store, &carol(), draft(&bob(), 3, "a stranger"), at(1)).await.is_err());
    assert!(accept(&*store, "used", Some(carol()), at(1)).await.is_err());
    assert!(accept(&*store, "unknown", Some(carol()), at(1)).await.is_err());
    assert!(invite(&*store, Some(carol()), "new", at(1)).await.is_err());
    assert!(!store.set_contacts(carol(), vec![alice()]).await.unwrap());
    assert!(!store.set_subscription(carol(), Some("x".into())).await.unwrap());
    assert!(!store.delete_account(carol()).await.unwrap());
    assert!(store.take(StreamName::inbox(&alice()), id(1)).await.unwrap().is_none());
    assert_eq!(before, dump(&path));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_is_gone_from_all_files() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    let holds = |secret: &str| {
        let mut files = std::fs::read_dir(folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()));
        files.any(|bytes| bytes.unwrap().windows(secret.len()).any(|window| window == secret.as_bytes()))
    };
    let blob = Some(BlobContent::Inline("attached-secret".repeat(500).into_bytes()));
    let drafts = vec![draft(&bob(), 1, &"short-secret".repeat(3)), draft(&bob(), 2, &"long-secret".repeat(2000))];
    store.append(posting(&alice(), drafts, blob, at(1))).await.unwrap();
    store.set_backup(alice(), "backup-secret".repeat(1000), at(1)).await.unwrap();
    let secrets = ["short-secret", "long-secret", "attached-secret", "backup-secret"];
    assert!(secrets.iter().all(|secret| holds(secret)));
    store.take(StreamName::inbox(&bob()), id(1)).await.unwrap().unwrap();
    store.take(StreamName::inbox(&bob()), id(2)).await.unwrap().unwrap();
    store.delete_account(alice()).await.unwrap();
    for secret in secrets {
        eventually(secret, || !holds(secret)).await;
    }
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
    store.close().await.unwrap();
    let log = std::fs::metadata(folder.path().join("tidings.db-wal")).unwrap();
    assert_eq!(log.len(), 0, "it keeps its blocks, but no content");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidings.db");
    let options = Options { pages_max: Some(220), ..Options::default() };
    let store = SqliteStore::open(&path, &options).unwrap();
    friends(&*store, &[alice(), bob()]).await;
    let send = |number| {
        let blob = Some(BlobContent::Inline(vec![5; 20_000]));
        store.append(posting(&alice(), vec![draft(&bob(), number, "x")], blob, at(1)))
    };
    let mut stored = Vec::new();
    let full = loop {
        let number = stored.len() as u128;
        match send(number).await {
            Ok(answers) => stored.push(answers.into_iter().next().unwrap().unwrap().id),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, StoreError::Full), "{full}");
    let before = dump(&path);
    assert!(matches!(send(1000).await, Err(StoreError::Full)));
    assert_eq!(before, dump(&path));
    // Several at once, of which only the small one fits.
    let (large, small) = tokio::join!(send(1001), store.touch(bob(), at(5), None));
    assert!(matches!(large, Err(StoreError::Full)));
    assert!(small.is_ok() || matches!(small, Err(StoreError::Full)));
    assert!(store.verify().await.unwrap().is_empty());
    for stored in stored {
        store.take(StreamName::inbox(&bob()), stored).await.unwrap().unwrap();
    }
    for number in 2000..2020 {
        send(number).await.unwrap().pop().unwrap().unwrap();
    }
    assert!(store.verify().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_one_moment_while_others_write() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    for number in 0..200 {
        post(&*store, &alice(), draft(&bob(), number, &"x".repeat(3000)), at(1)).await.unwrap();
    }
    let copy = folder.path().join("copy.db");
    let seen = Arc::new(Mutex::new((0, 0)));
    let noted = Arc::clone(&seen);
    let backup = store.backup_to(&copy, move |done, all| *noted.lock().unwrap() = (done, all));
    let writing = async {
        for number in 200..300 {
            post(&*store, &alice(), draft(&bob(), number, "meanwhile"), at(1)).await.unwrap();
        }
    };
    let (backed_up, ()) = tokio::join!(backup, writing);
    backed_up.unwrap();
    let (done, all) = *seen.lock().unwrap();
    assert!(done == all && all > 100, "{done} of {all}");
    assert!(store.backup_to(&copy, |_, _| ()).await.is_err(), "never over another file");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let opened = open(&copy);
    let waiting = opened.waiting(StreamName::inbox(&bob()), alice(), Label::new("MEDIA")).await.unwrap();
    assert!((200..=300).contains(&waiting));
    assert!(opened.verify().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_keeps_numbers_names_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidings.db");
    let mut importer = Importer::open(&path, 3).unwrap();
    let account = |number, key, creator: Option<i64>| ImportedAccount {
        number,
        key,
        creator: creator.map(AccountNumber::from_number),
        ..ImportedAccount::default()
    };
    let seen_at = Some(at(5));
    let contacts = vec![bob()];
    importer.insert_account(ImportedAccount { seen_at, contacts, ..account(3, Some(alice()), None) }).unwrap();
    importer.insert_account(account(7, None, Some(3))).unwrap();
    importer.insert_account(account(9, Some(bob()), Some(7))).unwrap();
    assert!(importer.insert_account(account(9, Some(carol()), None)).is_err(), "the number is taken");
    assert!(importer.insert_account(account(10, Some(bob()), None)).is_err(), "the key is taken");
    assert!(importer.insert_backup(&alice(), "backup", at(1)).unwrap());
    assert!(!importer.insert_backup(&carol(), "backup", at(1)).unwrap());
    let exchange = Exchange {
        state: ExchangeState::Initiated,
        maker: Some(AccountNumber::from_number(3)),
        text: None,
        created_at: at(0),
        expires_at: at(9),
    };
    importer.insert_exchange(TokenHash::of("token"), exchange).unwrap();
    let name = BlobName::from_random([1; 16]);
    let file = || Some(BlobContent::File { name, size: 100 });
    for (number, to) in [(1, alice()), (2, bob()), (3, alice())] {
        let seq = importer.insert_envelope(draft(&to, number, "x"), Some(carol()), at(2), file()).unwrap();
        assert_eq!(seq.map(Seq::number), Some(if number == 3 { 2 } else { 1 }));
    }
    assert!(importer.insert_envelope(draft(&alice(), 1, "x"), None, at(2), file()).is_err(), "the id is taken");
    assert_eq!(importer.insert_envelope(draft(&carol(), 4, "x"), None, at(2), None).unwrap(), None);
    importer.insert_received(at(0).day(), 5).unwrap();
    importer.insert_received(at(0).day(), 6).unwrap();
    importer.insert_value("key", vec![1]).unwrap();
    assert!(importer.insert_value("key", vec![2]).is_err());
    importer.finish().unwrap();
    assert!(Importer::open(&path, 3).is_err(), "not empty");

    let store = open(&path);
    assert!(store.verify().await.unwrap().is_empty());
    let statistics = store.statistics(at(10)).await.unwrap();
    assert_eq!((statistics.accounts, statistics.seen_last_7_days), (2, 1));
    assert_eq!((statistics.media_waiting, statistics.received_last_7_days), (3, 11));
    let numbers: Vec<_> = store.invited(None).await.unwrap().iter().map(|row| row.number.number()).collect();
    assert_eq!(numbers, [3, 7, 9]);
    assert!(store.lists(alice(), bob()).await.unwrap());
    join(&*store, &carol(), None, at(11)).await;
    assert_eq!(store.account(carol()).await.unwrap().unwrap().number.number(), 10);
    for (number, to) in [(1, alice()), (2, bob())] {
        assert_eq!(store.take(StreamName::inbox(&to), id(number)).await.unwrap().unwrap().freed, None);
    }
    assert_eq!(store.take(StreamName::inbox(&alice()), id(3)).await.unwrap().unwrap().freed, Some(name));
    assert!(store.verify().await.unwrap().is_empty());
}
