//! Devices, groups, exchanges, blobs and knocks on SQLite: filled, copied, restored, damaged, and broken off.

use crate::people::at;
use crate::sqlite::fresh;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use tidings_backends::sqlite::snapshot::{Snapshot, reincarnate};
use tidings_backends::{Options, SqliteStore};
use tidings_core::device::{DeviceList, PostingKey, Registration};
use tidings_core::group::{
    Appended, Commit, EntryPosting, GroupId, Member, NewEntry, NewGroup, Role, group_stream, view,
};
use tidings_core::parcel::{Kept, NewParcel, ParcelPosting};
use tidings_core::ports::{Groups, Housekeeping, Parcels, People, Streams};
use tidings_core::retention::{Cutoffs, Retention};
use tidings_core::swap::{Swap, SwapState};
use tidings_core::upload::NewUpload;
use tidings_core::{BlobName, Ed25519Key, Policies, Seq, Store, Timestamp, TokenHash};

/// Some key.
pub(crate) fn key(number: u32) -> Ed25519Key {
    let mut bytes = [9; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    Ed25519Key::from_bytes(bytes).unwrap()
}

fn group(number: u32) -> GroupId {
    u128::from(number).to_be_bytes()
}

async fn register(store: &dyn Store, identity: u32, devices: &[u32]) {
    let devices = devices.iter().map(|number| key(*number)).collect();
    let devices = DeviceList { list: vec![1; 40], counter: 1, devices, anew: Vec::new() };
    let registration = Registration { identity: key(identity), devices, token: None, open: true };
    store.register(registration, at(0)).await.unwrap().unwrap();
}

fn message(number: u32, id: u32, turn: u64) -> NewEntry {
    let (id, body) = (u128::from(id).to_be_bytes(), format!("message {id}").into_bytes());
    NewEntry { group: group(number), caller: key(number + 1), id, turn, body, commit: None, notify: true }
}

fn commit(number: u32, id: u32, turn: u64) -> NewEntry {
    let add = vec![Member { key: key(9_000_000 + id), role: Role::Member }];
    let commit = Commit { info: vec![2; 300 + id as usize % 7], add, remove: Vec::new() };
    NewEntry { commit: Some(commit), ..message(number, id, turn) }
}

fn posting(entry: NewEntry, now: Timestamp) -> EntryPosting {
    EntryPosting { entry, policy: Policies::default().group, presences: Arc::default(), now }
}

fn parcel(owner: u32, caller: u32, id: u32, now: Timestamp) -> ParcelPosting {
    let (id, body) = (u128::from(id).to_be_bytes(), vec![3; 500]);
    let parcel = NewParcel { owner: key(owner), caller: key(caller), id, body, notify: true };
    ParcelPosting { parcel, policy: Policies::default().inbox, presences: Arc::default(), now }
}

fn upload(owner: u32, number: u8) -> NewUpload {
    NewUpload {
        owner: key(owner),
        file: BlobName::from_random([number; 16]),
        size: 1000,
        delete_hash: [4; 32],
        created_at: at(0),
        expires_at: at(86_400_000),
        account_bytes_max: 1 << 20,
    }
}

/// An account of the number with a bit of everything.
pub(crate) async fn live(store: &dyn Store, number: u32) {
    let base = number * 1000;
    register(store, base, &[base + 10, base + 11]).await;
    let keys =
        vec![PostingKey { key: key(base + 5), dropped: false }, PostingKey { key: key(base + 6), dropped: true }];
    assert!(store.set_posting_keys(key(base), keys).await.unwrap());
    let packages = (0..5).map(|number| vec![number; 200]).collect();
    store.add_packages(key(base + 10), packages, Some(vec![9; 200]), at(0)).await.unwrap().unwrap();
    store.take_packages(key(base), key(base + 5), true).await.unwrap().unwrap();
    store.set_profile(key(base), 0, vec![5; 3000], at(1)).await.unwrap().unwrap().unwrap();
    store.set_push(key(base + 10), Some("push".to_owned())).await.unwrap().unwrap();
    store.add_wake_token(key(base + 10), TokenHash::of(&base.to_string())).await.unwrap().unwrap();
    for id in 0..10 {
        store.post_parcel(parcel(base, base + 5, base + id, at(2))).await.unwrap().unwrap();
    }
    let name = u128::from(base).to_be_bytes();
    let (state, offer, answer, reply) = (SwapState::Open, Some(vec![6; 100]), None, None);
    let swap = Swap { id: name, state, offer, answer, reply, expires_at: at(90_000) };
    store.create_swap(key(base), swap, at(2)).await.unwrap().unwrap();
    let policy = Policies::default().inbox;
    store.answer_swap(name, vec![7; 100], policy, Arc::default(), at(3)).await.unwrap().unwrap().unwrap();
    let members =
        vec![Member { key: key(base + 1), role: Role::Owner }, Member { key: key(base + 2), role: Role::Member }];
    let new = NewGroup { account: key(base), group: group(base), members, info: vec![1; 100], turn: 0, end: 0 };
    store.create_group(new, Policies::default().group, at(3)).await.unwrap().unwrap();
    store.set_wake(group(base), key(base + 2), [1; 8], Some("wake".to_owned())).await.unwrap().unwrap();
    for id in 0..10 {
        let entry =
            if id % 3 == 0 { commit(base, base + id, u64::from(id / 3) + 1) } else { message(base, base + id, 1) };
        let appended = store.append_entry(posting(entry, at(4))).await.unwrap().unwrap();
        assert!(matches!(appended, Appended::Kept(Kept::New { .. })));
    }
    for part in 0..2 {
        let new = upload(base, number as u8 * 2 + part);
        let file = new.file;
        store.create_upload(new).await.unwrap().unwrap();
        assert!(store.note_received(file, 500 * (1 + u64::from(part))).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_verified_and_any_changed_row_is_named() {
    let (store, folder) = fresh();
    for number in 1..=3 {
        live(&*store, number).await;
    }
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    store.close().await.unwrap();
    let path = folder.path().join("tidings.db");
    let damages = [
        "UPDATE contacts SET dropped = 1 - dropped",
        "UPDATE device_lists SET list = x'00'",
        "UPDATE devices SET taken = 7 WHERE id = 1",
        "UPDATE packages SET package = x'01' WHERE state = 0",
        "UPDATE packages SET state = 0 WHERE state = 2",
        "UPDATE profiles SET counter = 9",
        "UPDATE swaps SET answer = NULL",
        "UPDATE groups SET turn = turn + 1",
        "UPDATE infos SET turn = turn - 1",
        "UPDATE members SET role = 0 WHERE role = 2",
        "DELETE FROM members WHERE role = 0",
        "DELETE FROM groups",
        "UPDATE wakes SET url = 'elsewhere'",
        "UPDATE wake_tokens SET device = 2",
        "UPDATE knocks SET state = 0",
        "DELETE FROM knocks WHERE kind = 1",
        "UPDATE uploads SET received = 1000",
        "DELETE FROM uploads WHERE received = 500",
        "UPDATE holdings SET bytes = bytes + 1 WHERE kind = 1",
        "DELETE FROM holdings WHERE kind = 2",
        "UPDATE envelopes SET kin = kin + 1 WHERE kind = 6 AND kin IS NOT NULL",
        "UPDATE counters SET n = n + 1 WHERE name = 'entries'",
    ];
    for sql in damages {
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        let conn = Connection::open(&copy).unwrap();
        assert!(conn.execute(sql, []).unwrap() > 0, "{sql}");
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        conn.close().unwrap();
        let found = Snapshot::open(&copy).unwrap().verify().unwrap();
        assert!(!found.is_empty(), "{sql} was not noticed");
        std::fs::remove_file(&copy).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_node_has_no_key_packages_but_all_else() {
    let (store, folder) = fresh();
    live(&*store, 1).await;
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy, |_, _| {}).await.unwrap();
    store.close().await.unwrap();
    let snapshot = Snapshot::open(&copy).unwrap();
    assert_eq!(snapshot.verify().unwrap(), Vec::<String>::new());
    let mut files = Vec::new();
    snapshot
        .each_file(|name, size| {
            files.push((name, size));
            Ok::<_, tidings_core::StoreError>(())
        })
        .unwrap();
    assert_eq!((files.len(), snapshot.files().unwrap()), (1, (1, 1000)), "the complete one");
    drop(snapshot);
    reincarnate(&copy, 5).unwrap();
    let store = SqliteStore::open(&copy, &Options::default()).unwrap();
    let waiting = store.packages_waiting(key(1010)).await.unwrap().unwrap();
    assert_eq!((waiting.waiting, waiting.last_resort, waiting.incarnation), (0, false, 5));
    let taken = store.take_packages(key(1000), key(1005), true).await.unwrap().unwrap();
    assert!(taken.packages.is_empty() && !taken.list.is_empty());
    let waiting = store.add_packages(key(1010), vec![vec![0; 200]], None, at(9)).await.unwrap().unwrap();
    assert_eq!(waiting.waiting, 1, "what was known before the restore is new");
    assert_eq!(store.profile(key(1000)).await.unwrap().unwrap().0, 1);
    assert_eq!(store.group(group(1000)).await.unwrap().unwrap().end, 10);
    let cutoffs = Cutoffs::at(at(10), &Policies::default(), &Retention::default());
    store.sweep(cutoffs, 100).await.unwrap();
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
    store.close().await.unwrap();
}

/// Copies the database with its log as a crash would leave them.
fn crash(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        if Path::new(&name(from)).exists() {
            std::fs::copy(name(from), name(to)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hub_acknowledged_survives_a_crash_wherever_it_comes() {
    let seed = crate::people::seed();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (store, folder) = fresh();
    live(&*store, 1).await;
    let path = folder.path().join("tidings.db");
    for round in 0..12u32 {
        let (mut wanted, mut turn) = (Vec::new(), store.group(group(1000)).await.unwrap().unwrap().turn);
        for step in 0..rng.random_range(1..12) {
            let id = 100_000 + round * 100 + step;
            let entry = if rng.random() { commit(1000, id, turn + 1) } else { message(1000, id, turn) };
            turn += u64::from(entry.commit.is_some());
            store.append_entry(posting(entry, at(5))).await.unwrap().unwrap();
            wanted.push(u128::from(id).to_be_bytes());
            store.post_parcel(parcel(1000, 1005, id, at(5))).await.unwrap().unwrap();
        }
        let copy = folder.path().join(format!("crashed{round}.db"));
        crash(&path, &copy);
        let log = format!("{}-wal", copy.display());
        if rng.random() {
            // What was being written when the crash came.
            let mut torn = std::fs::read(&log).unwrap();
            let mut rest = vec![0; rng.random_range(1..9000)];
            rng.fill_bytes(&mut rest);
            torn.extend(rest);
            std::fs::write(&log, torn).unwrap();
        }
        let again = SqliteStore::open(&copy, &Options::default()).unwrap();
        assert_eq!(again.verify().await.unwrap(), Vec::<String>::new());
        let page = again.read(group_stream(&group(1000)), Seq::START, 10_000, usize::MAX).await.unwrap();
        let there: Vec<_> = page.envelopes.iter().map(|envelope| view(envelope).unwrap().id).collect();
        assert!(wanted.iter().all(|id| there.contains(id)));
        assert_eq!(again.group(group(1000)).await.unwrap().unwrap().turn, turn);
        // Whoever got no answer says it again.
        let repeated = message(1000, 100_000 + round * 100, turn);
        let outcome = again.append_entry(posting(repeated, at(9))).await.unwrap();
        assert!(!matches!(outcome, Ok(Appended::Kept(Kept::New { .. }))), "nothing is there twice");
        again.close().await.unwrap();
    }
    store.close().await.unwrap();
}
