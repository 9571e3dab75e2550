//! Measures the store alone: `cargo run --release -p tidings-backends --example store_bench [accounts] [waiting envelopes]`, and
//! with `rooms` as its only argument what it does for rooms.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and prints")]

mod rooms;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tidings_backends::sqlite::import::{ImportedAccount, Importer};
use tidings_backends::{Options, SqliteStore};
use tidings_core::exchange::{Acceptance, NewExchange};
use tidings_core::ports::{Accounts, Exchanges, Housekeeping, Posting, Streams};
use tidings_core::{
    BlobContent, BoxKey, Caller, Draft, EnvelopeId, Key, Label, Policies, Seq, StreamName, Timestamp, TokenHash,
};

/// Simultaneous callers.
const CALLERS: u64 = 64;

/// People who write to each other while it is measured.
const ACTIVE: u64 = 1024;

/// Calls of one caller for which there is room at once.
const TIMES: usize = 4096;

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(3);

fn person(number: u64) -> Key {
    let mut bytes = [7; 32];
    for (to, from) in bytes.iter_mut().zip(mix(number).to_le_bytes().into_iter().chain(number.to_le_bytes())) {
        *to = from;
    }
    Key::Box(BoxKey::from_bytes(bytes).unwrap())
}

/// Spreads numbers as random ones are.
fn mix(number: u64) -> u64 {
    let mut n = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn id(number: u64) -> EnvelopeId {
    EnvelopeId::from_bytes((u128::from(mix(number)) << 64 | u128::from(number)).to_be_bytes())
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_718_452_800_000)
}

fn posting(from: u64, to: u64, number: u64, blob: usize) -> Posting {
    let draft = Draft {
        stream: StreamName::inbox(&person(to)),
        id: id(number),
        label: Label::new("MEDIA"),
        body: Some(vec![b'x'; 200].into()),
        notify: false,
        time: None,
    };
    let blob = (blob > 0).then(|| BlobContent::Inline(vec![7; blob]));
    Posting {
        novel: Vec::new(),
        caller: Caller::Key(person(from)),
        drafts: vec![draft],
        blob,
        policies: Arc::new(Policies::default()),
        now: now(),
    }
}

/// Runs `one` from `callers` tasks until the span is over or it says that there is no more; each call gets a number of its own, from 0 on.
async fn measure<F>(what: &str, callers: u64, one: impl Fn(u64) -> F + Clone + Send + Sync + 'static) -> u64
where
    F: Future<Output = bool> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (next, one) = (Arc::clone(&next), one.clone());
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(TIMES);
                while start.elapsed() < SPAN {
                    let begun = Instant::now();
                    if !one(next.fetch_add(1, Ordering::Relaxed)).await {
                        break;
                    }
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let elapsed = start.elapsed();
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{what:<44} {:>8.0}/s   p50 {:>9.3?}  p99 {:>9.3?}",
        times.len() as f64 / elapsed.as_secs_f64(),
        at(50),
        at(99)
    );
    next.load(Ordering::Relaxed)
}

fn fill(path: &Path, accounts: u64, waiting: u64) {
    let begun = Instant::now();
    let mut importer = Importer::open(path, 100_000).unwrap();
    for number in 0..accounts {
        let contacts = (0..5).map(|n| person((number + n) % accounts)).collect();
        let (key, seen_at) = (Some(person(number)), Some(now()));
        let number = i64::try_from(number + 1).unwrap();
        importer.insert_account(ImportedAccount { number, key, seen_at, contacts, ..Default::default() }).unwrap();
    }
    for number in 0..waiting {
        // In the order of the inboxes, which is much faster.
        let to = number * accounts / waiting;
        let draft = posting(0, to, number, 0).drafts.remove(0);
        importer.insert_envelope(draft, Some(person((to + 1) % accounts)), now(), None).unwrap();
    }
    importer.finish().unwrap();
    println!("filled with {accounts} accounts, {waiting} waiting envelopes in {:.1?}", begun.elapsed());
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    format!("{} {}", line("VmRSS"), line("VmHWM")).replace('\t', " ")
}

async fn figures(store: &Arc<SqliteStore>, accounts: u64, first: u64) {
    let active = ACTIVE.min(accounts);
    let sparse = accounts / active;
    let to = move |number: u64| (mix(number) % active) * sparse;
    let append = |base: u64, blob: usize, spread: bool| {
        let store = Arc::clone(store);
        move |number: u64| {
            let store = Arc::clone(&store);
            let to = if spread { mix(number) % accounts } else { to(number) };
            async move {
                let answers = store.append(posting((to + 1) % accounts, to, base + number, blob)).await.unwrap();
                answers.into_iter().next().unwrap().is_ok()
            }
        }
    };
    let inline = first;
    let _ = measure("warming up", CALLERS, append(u64::MAX / 2, 1024, false)).await;
    let appended = measure("append 1 KiB inline, 64 callers", CALLERS, append(inline, 1024, false)).await;
    println!("{}", memory());
    let reading = Arc::clone(store);
    measure("blob 1 KiB, 64 callers", CALLERS, move |number| {
        let store = Arc::clone(&reading);
        async move {
            let number = mix(number) % appended;
            let blob = store.blob(StreamName::inbox(&person(to(number))), id(inline + number)).await.unwrap();
            matches!(blob, Some(Some(_)))
        }
    })
    .await;
    let taking = Arc::clone(store);
    measure("take 1 KiB, 64 callers", CALLERS, move |number| {
        let store = Arc::clone(&taking);
        async move {
            let stream = StreamName::inbox(&person(to(number)));
            number < appended && store.take(stream, id(inline + number)).await.unwrap().is_some()
        }
    })
    .await;
    let first = first + appended;
    let spread = measure("append 1 KiB inline to all accounts, 64", CALLERS, append(first, 1024, true)).await;
    let first = first + spread;
    let large = measure("append 100 KiB inline, 64 callers", CALLERS, append(first, 100 * 1024, false)).await;
    let first = first + large;
    measure("append 1 KiB inline, 1 caller", 1, append(first, 1024, false)).await;
    lists(store).await;
    println!("{}", memory());
}

async fn lists(store: &Arc<SqliteStore>) {
    let reader = person(1_000_000_000);
    let token = TokenHash::of("reader");
    let new = NewExchange { token, maker: None, text: None, created_at: now(), expires_at: now() };
    let _ = store.create_exchange(new).await;
    let acceptance = Acceptance { token, register: Some(reader), text: None, now: now() };
    let _ = store.accept_exchange(acceptance).await.unwrap();
    store.set_contacts(reader, vec![person(0)]).await.unwrap();
    for number in 0..100 {
        let _ = store.append(posting(0, 1_000_000_000, u64::MAX - number, 0)).await.unwrap();
    }
    let reading = Arc::clone(store);
    measure("read 100 envelopes of 200 bytes, 64 callers", CALLERS, move |_| {
        let store = Arc::clone(&reading);
        async move {
            let page = store.read(StreamName::inbox(&reader), Seq::START, 100, usize::MAX).await.unwrap();
            page.envelopes.len() == 100
        }
    })
    .await;
    let reading = Arc::clone(store);
    measure("waiting, 64 callers", CALLERS, move |_| {
        let store = Arc::clone(&reading);
        async move {
            let waiting = store.waiting(StreamName::inbox(&reader), person(0), Label::new("MEDIA")).await.unwrap();
            waiting == 100
        }
    })
    .await;
    let reading = Arc::clone(store);
    measure("statistics, 64 callers", CALLERS, move |_| {
        let store = Arc::clone(&reading);
        async move { store.statistics(now()).await.unwrap().accounts > 0 }
    })
    .await;
}

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some("rooms") {
        return rooms::figures().await;
    }
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let accounts = numbers.next().unwrap_or(2000).max(10);
    let waiting = numbers.next().unwrap_or(0);
    let folder = tempfile::tempdir_in(Path::new(".")).unwrap();
    let path = folder.path().join("tidings.db");
    fill(&path, accounts, waiting);
    let begun = Instant::now();
    let store = SqliteStore::open(&path, &Options { verify_at_open_max: 0, ..Options::default() }).unwrap();
    let elapsed = begun.elapsed();
    println!("opened {} MiB in {elapsed:.1?}; {}", std::fs::metadata(&path).unwrap().len() >> 20, memory());
    figures(&store, accounts, waiting).await;
    let begun = Instant::now();
    let findings = store.verify().await.unwrap();
    println!("verified {} MiB in {:.1?}: {findings:?}", std::fs::metadata(&path).unwrap().len() >> 20, begun.elapsed());
    store.close().await.unwrap();
}
