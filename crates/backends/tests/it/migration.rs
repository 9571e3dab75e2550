//! A database of an older version is brought up to date when it is opened.

use crate::people::*;
use crate::sqlite::fresh;
use rusqlite::Connection;
use std::path::Path;
use tidings_backends::sqlite::snapshot::{Snapshot, reincarnate};
use tidings_backends::{Options, SqliteStore};
use tidings_core::ports::{Accounts, Deliveries, Housekeeping, Rooms, Streams};
use tidings_core::{Bound, Caller, Draft, HistoryQuery, Order, Seq, StreamName};

/// The tables of version 1.
const FIRST: &str = include_str!("../../src/sqlite/migrations/0001_store.sql");

/// What version 2 adds.
const SECOND: &str = include_str!("../../src/sqlite/migrations/0002_rooms.sql");

/// Copies a database into one of version 1, as that version would have made it.
fn downgrade(new: &Path, old: &Path) {
    let conn = Connection::open(old).unwrap();
    conn.execute_batch(FIRST).unwrap();
    conn.execute("ATTACH ?1 AS new", [new.to_str().unwrap()]).unwrap();
    copy(&conn, &["streams", "blobs", "accounts", "exchanges", "senders", "node_values"]);
    conn.execute_batch(
        "INSERT INTO counters SELECT * FROM new.counters WHERE name <> 'rooms';
         INSERT INTO envelopes SELECT place, id, kind, at, bytes, blob, kin, sum, sender, label, body FROM new.envelopes;
         -- Rooms were counted like inboxes.
         UPDATE envelopes SET kin = place WHERE kind = 2;
         INSERT INTO senders SELECT sender, count(*), sum(bytes) FROM envelopes WHERE kind = 2 GROUP BY sender
         ON CONFLICT (key) DO UPDATE SET count = count + excluded.count, bytes = bytes + excluded.bytes;
         PRAGMA application_id = 0x54646e67;
         PRAGMA user_version = 1;",
    )
    .unwrap();
    conn.execute_batch("DETACH new").unwrap();
    conn.close().unwrap();
}

/// Copies tables that have not changed since, and the allow-lists.
fn copy(conn: &Connection, tables: &[&str]) {
    for table in tables {
        conn.execute_batch(&format!("INSERT INTO {table} SELECT * FROM new.{table}")).unwrap();
    }
    conn.execute_batch("INSERT INTO contacts SELECT account, key, sum FROM new.contacts").unwrap();
}

/// Copies a database into one of version 2.
fn downgrade_to_2(new: &Path, old: &Path) {
    let conn = Connection::open(old).unwrap();
    conn.execute_batch(FIRST).unwrap();
    conn.execute_batch(SECOND).unwrap();
    conn.execute("ATTACH ?1 AS new", [new.to_str().unwrap()]).unwrap();
    copy(
        &conn,
        &[
            "streams",
            "envelopes",
            "blobs",
            "accounts",
            "backups",
            "exchanges",
            "deliveries",
            "senders",
            "counters",
            "node_values",
        ],
    );
    conn.execute_batch("PRAGMA application_id = 0x54646e67; PRAGMA user_version = 2; DETACH new").unwrap();
    conn.close().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filled_database_of_version_2_is_taken_over() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob(), carol()]).await;
    store.set_subscription(bob(), Some("push".to_owned())).await.unwrap();
    store.set_backup(bob(), "sealed".to_owned(), at(3)).await.unwrap();
    invite(&*store, Some(alice()), "open", at(1)).await.unwrap();
    for number in 0..50 {
        let letter = Draft { notify: true, ..draft(&bob(), number, "sealed") };
        post(&*store, &alice(), letter, at(1)).await.unwrap();
        post(&*store, &carol(), said(&room("tea"), 100 + number, Some(at(1))), at(2)).await.unwrap();
    }
    store.close().await.unwrap();
    let old = folder.path().join("old.db");
    downgrade_to_2(&folder.path().join("tidings.db"), &old);
    let snapshot = Snapshot::open(&old).unwrap();
    assert_eq!(snapshot.verify().unwrap(), Vec::<String>::new());
    assert_eq!((snapshot.totals().unwrap(), snapshot.files().unwrap()), ((3, 50), (0, 0)));
    drop(snapshot);

    let store = SqliteStore::open(&old, &Options::default()).unwrap();
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    let inbox = StreamName::inbox(&bob());
    assert_eq!(store.read(inbox, Seq::START, 100, usize::MAX).await.unwrap().envelopes.len(), 50);
    assert!(store.lists(bob(), alice()).await.unwrap() && !store.lists(bob(), person(9)).await.unwrap());
    assert_eq!(store.backup(bob()).await.unwrap().unwrap().0, "sealed");
    assert_eq!(store.lease_deliveries(at(9), at(99), 9).await.unwrap().len(), 1);
    assert_eq!(store.statistics(at(1)).await.unwrap().room_messages, 50);
    crate::conversations::live(&*store, 1).await;
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_version_1_is_taken_over() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob(), carol()]).await;
    let tea = room("tea");
    for number in 0..20 {
        post(&*store, &alice(), draft(&bob(), number, "sealed"), at(1)).await.unwrap();
        let message = Draft { stream: tea.clone(), ..draft(&bob(), 100 + number, "said") };
        let sender = if number % 2 == 0 { alice() } else { carol() };
        post(&*store, &sender, message, at(number as i64 / 2)).await.unwrap();
    }
    store.close().await.unwrap();
    let old = folder.path().join("old.db");
    downgrade(&folder.path().join("tidings.db"), &old);

    let store = SqliteStore::open(&old, &Options::default()).unwrap();
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    let inbox = StreamName::inbox(&bob());
    assert_eq!(store.read(inbox.clone(), Seq::START, 100, usize::MAX).await.unwrap().envelopes.len(), 20);
    let query =
        HistoryQuery { from: Bound::At(at(3)), to: Bound::Newest(0), order: Order::Descending, skip: 0, limit: 100 };
    let said = store.history(tea.clone(), query, at(0)).await.unwrap();
    assert_eq!(said.iter().map(|message| message.seq.number()).collect::<Vec<_>>(), (7..=20).rev().collect::<Vec<_>>());
    let sent = |key| store.facts(Caller::Key(key), vec![inbox.clone()]);
    assert_eq!(sent(alice()).await.unwrap()[0].sent.count, 20);
    assert_eq!(sent(carol()).await.unwrap()[0].sent.count, 0);
    assert_eq!(store.statistics(at(1)).await.unwrap().room_messages, 20);
    let message = Draft { stream: tea, time: Some(at(1)), ..draft(&bob(), 900, "late") };
    assert_eq!(post(&*store, &bob(), message, at(50)).await.unwrap().seq.number(), 21);
    store.close().await.unwrap();
    let store = SqliteStore::open(&old, &Options::default()).unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_version_1_is_checked_and_restored() {
    let (store, folder) = fresh();
    friends(&*store, &[alice(), bob()]).await;
    for number in 0..20 {
        post(&*store, &alice(), draft(&bob(), number, "sealed"), at(1)).await.unwrap();
    }
    store.close().await.unwrap();
    let old = folder.path().join("old.db");
    downgrade(&folder.path().join("tidings.db"), &old);
    let before = std::fs::read(&old).unwrap();
    let snapshot = Snapshot::open(&old).unwrap();
    assert_eq!(snapshot.verify().unwrap(), Vec::<String>::new());
    assert_eq!(snapshot.totals().unwrap(), (2, 20));
    assert!(before == std::fs::read(&old).unwrap(), "a backup is only read");
    assert_eq!(reincarnate(&old, 7).unwrap(), 7);
    let store = SqliteStore::open(&old, &Options::default()).unwrap();
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    store.close().await.unwrap();
    let conn = Connection::open(&old).unwrap();
    conn.execute_batch("UPDATE envelopes SET body = x'00' WHERE place & 7 = 1").unwrap();
    conn.close().unwrap();
    assert!(!Snapshot::open(&old).unwrap().verify().unwrap().is_empty());
}
