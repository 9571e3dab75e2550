//! Rooms: appends of several drafts at a time, and pages.

use crate::{SPAN, id, measure, memory, mix, now, person};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tidings_backends::{Options, SqliteStore};
use tidings_core::ports::{Housekeeping, Posting, Rooms, Streams};
use tidings_core::{
    Bound, Budget, Caller, Draft, HistoryQuery, Label, Order, Policies, StreamKind, StreamName, Timestamp,
};

/// Rooms that are written to at the same time.
const ROOMS: u64 = 16;

/// Bytes of a message.
const BODY: usize = 750;

/// Messages of the room that is paged through.
const PAGED: u64 = 10_000;

/// Messages of a page.
const PAGE: u64 = 100;

fn room(number: u64) -> StreamName {
    StreamName::named(StreamKind::Room, &number.to_be_bytes()).unwrap()
}

/// Messages with the numbers from `first` on.
fn posting(to: u64, first: u64, count: u64, novel: bool, policies: &Arc<Policies>) -> Posting {
    let draft = |number: u64| Draft {
        stream: room(to),
        id: id(number),
        label: Label::new(""),
        body: Some(vec![b'x'; BODY].into()),
        notify: false,
        time: Some(now().after(Duration::from_millis(number / 4))),
    };
    Posting {
        caller: Caller::Key(person(first % 100)),
        drafts: (first..first + count).map(draft).collect(),
        novel: vec![novel; usize::try_from(count).unwrap()],
        blob: None,
        policies: Arc::clone(policies),
        now: now(),
    }
}

async fn append(store: &Arc<SqliteStore>, first: &AtomicU64, writers: u64, batch: u64, novel: bool) {
    let mut policies = Policies::default();
    policies.room.stream = Budget { count: u64::MAX, bytes: u64::MAX };
    let policies = Arc::new(policies);
    let base = first.load(Ordering::Relaxed);
    let known = if novel { "new" } else { "looked up" };
    let what = format!("append {batch:>2} x {BODY} bytes, {known}, {writers:>2} writers");
    let writing = Arc::clone(store);
    let calls = measure(&what, writers, move |number| {
        let (store, policies) = (Arc::clone(&writing), Arc::clone(&policies));
        async move {
            let posting = posting(number % ROOMS, base + number * batch, batch, novel, &policies);
            store.append(posting).await.unwrap().iter().all(Result::is_ok)
        }
    })
    .await;
    first.fetch_add(calls * batch, Ordering::Relaxed);
    println!("{:>54.0} messages/s", (calls * batch) as f64 / SPAN.as_secs_f64());
}

async fn pages(store: &Arc<SqliteStore>, readers: u64, order: Order) {
    let reading = Arc::clone(store);
    let what = format!("page of {PAGE} of {PAGED}, {order:?}, {readers} readers");
    measure(&what, readers, move |number| {
        let store = Arc::clone(&reading);
        async move {
            let skip = mix(number) % (PAGED / PAGE) * PAGE;
            let limit = usize::try_from(PAGE).unwrap();
            let query = HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order, skip, limit };
            store.history(room(ROOMS), query, Timestamp::EPOCH).await.unwrap().len() == limit
        }
    })
    .await;
}

pub(crate) async fn figures() {
    let folder = tempfile::tempdir_in(Path::new(".")).unwrap();
    let path = folder.path().join("tidings.db");
    let store = SqliteStore::open(&path, &Options { verify_at_open_max: 0, ..Options::default() }).unwrap();
    let first = AtomicU64::new(0);
    for (batch, writers) in [(1, 1), (1, 5), (1, 64), (8, 1), (8, 5), (8, 64), (32, 1), (32, 5), (32, 64)] {
        append(&store, &first, writers, batch, true).await;
    }
    append(&store, &first, 64, 32, false).await;
    println!("{} messages, {} MiB; {}", first.load(Ordering::Relaxed), size(&path), memory());
    let policies = Arc::new(Policies::default());
    for number in (0..PAGED).step_by(100) {
        let number = u64::MAX / 2 + number;
        store.append(posting(ROOMS, number, 100, true, &policies)).await.unwrap();
    }
    for (readers, order) in [(1, Order::Ascending), (64, Order::Ascending), (64, Order::Descending)] {
        pages(&store, readers, order).await;
    }
    let counting = Arc::clone(&store);
    measure("count of all of it, 64 readers", 64, move |_| {
        let store = Arc::clone(&counting);
        async move {
            store.count(room(ROOMS), Bound::Oldest, Bound::Newest(0), Timestamp::EPOCH).await.unwrap() == PAGED
        }
    })
    .await;
    println!("{}", memory());
    let messages = store.statistics(now()).await.unwrap().room_messages;
    assert_eq!(messages, first.load(Ordering::Relaxed) + PAGED);
    store.close().await.unwrap();
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len() >> 20
}
