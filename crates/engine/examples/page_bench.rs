//! Measures paging through a room: `cargo run --release -p tidings-engine --example page_bench [messages]`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and prints")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_core::{
    Bound, BoxKey, Caller, Draft, EnvelopeId, HistoryQuery, Label, Order, StreamKind, StreamName, Timestamp,
};
use tidings_engine::{Blobs, Clock, Engine, Entropy, Post, Settings};

/// Bytes of a message.
const BODY: usize = 750;

/// Messages of a page.
const PAGE: u64 = 100;

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(2);

fn start() -> Timestamp {
    Timestamp::from_millis(1_718_452_800_000)
}

fn room() -> StreamName {
    StreamName::named(StreamKind::Room, b"tea").unwrap()
}

async fn fill(engine: &Engine, messages: u64) {
    let draft = |number: u64| Draft {
        stream: room(),
        id: EnvelopeId::from_bytes(u128::from(number).to_be_bytes()),
        label: Label::new(""),
        body: Some(vec![b'x'; BODY].into()),
        notify: false,
        time: Some(start().after(Duration::from_millis(number))),
    };
    let caller = Caller::Key(BoxKey::from_bytes([7; 32]).unwrap().into());
    for first in (0..messages).step_by(100) {
        let drafts = (first..messages.min(first + 100)).map(draft).collect();
        let answers = engine.accept(Post { caller, drafts, joined: None, blob: None }, start()).await.unwrap();
        assert!(answers.iter().all(Result::is_ok));
    }
}

/// Pages through all of the room again and again from `readers` tasks.
async fn measure(what: &str, engine: &Engine, messages: u64, readers: u64, order: Order) {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..readers)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let (mut pages, mut skip) = (0u64, 0);
                while begun.elapsed() < SPAN {
                    let limit = usize::try_from(PAGE).unwrap();
                    let query = HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order, skip, limit };
                    assert_eq!(engine.history(&room(), &query).await.unwrap().len(), limit);
                    skip = (skip + PAGE) % messages;
                    pages += 1;
                }
                pages
            })
        })
        .collect();
    let mut pages = 0;
    for task in tasks {
        pages += task.await.unwrap();
    }
    println!("{what:<28} {:>9.0} pages/s", pages as f64 / begun.elapsed().as_secs_f64());
}

#[tokio::main]
async fn main() {
    let messages = std::env::args().nth(1).map_or(10_000, |text| text.parse::<u64>().unwrap()).max(PAGE) / PAGE * PAGE;
    let folder = tempfile::tempdir_in(Path::new(".")).unwrap();
    let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
    let (clock, _) = Clock::manual(start());
    let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
    let bus = Arc::new(LocalBus::new());
    let engine = Engine::new(Arc::clone(&store) as _, bus, blobs, Settings::default(), clock, Entropy::seeded(1));
    fill(&engine, messages).await;
    let begun = Instant::now();
    let query =
        HistoryQuery { from: Bound::Oldest, to: Bound::Newest(0), order: Order::Ascending, skip: 0, limit: 100 };
    engine.history(&room(), &query).await.unwrap();
    println!("first page of {messages} messages of {BODY} bytes after {:.1?}", begun.elapsed());
    for readers in [1, 2, 64] {
        measure(&format!("ascending, {readers} readers"), &engine, messages, readers, Order::Ascending).await;
    }
    measure("descending, 64 readers", &engine, messages, 64, Order::Descending).await;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().replace('\t', " "));
    store.close().await.unwrap();
}
