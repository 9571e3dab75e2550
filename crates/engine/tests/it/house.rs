//! An engine on SQLite in a temporary folder, with a clock that stands until it is moved, and people with accounts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_core::ports::Housekeeping;
use tidings_core::{BoxKey, Bus, Caller, Draft, Envelope, Hint, Key, Label, Refusal, Seq, StreamName, Timestamp};
use tidings_engine::blobs::FinishedBlob;
use tidings_engine::{Blobs, Clock, Engine, Entropy, Error, Membership, Post, Settings, Subscriber};

/// How long a test waits for anything.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub struct House {
    pub engine: Engine,
    store: Arc<SqliteStore>,
    bus: Arc<dyn Bus>,
    hand: Arc<AtomicI64>,
    folder: TempDir,
}

impl House {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        Self::with_bus(settings, Arc::new(LocalBus::new()))
    }

    pub fn with_bus(settings: Settings, bus: Arc<dyn Bus>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        let start = Timestamp::parse_iso("2024-06-15T12:00:00.000Z").unwrap();
        let (clock, hand) = Clock::manual(start);
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let settings = Settings { disk_reserve: 0, ..settings };
        let kept = Arc::clone(&store);
        let engine = Engine::new(kept, Arc::clone(&bus), blobs, settings, clock, Entropy::seeded(5));
        Self { engine, store, bus, hand, folder }
    }

    /// Another engine on the same store, as if in another process.
    pub fn another_process(&self, bus: Arc<dyn Bus>) -> Engine {
        let blobs = Blobs::open(&self.blobs_folder()).unwrap();
        let (clock, _) = Clock::manual(self.now());
        let settings = Settings { disk_reserve: 0, ..Settings::default() };
        Engine::new(Arc::clone(&self.store) as _, bus, blobs, settings, clock, Entropy::seeded(6))
    }

    /// An engine on the same store that takes its disk to be full.
    pub fn on_a_full_disk(&self) -> Engine {
        let blobs = Blobs::open(&self.blobs_folder()).unwrap();
        let (clock, _) = Clock::manual(self.now());
        let settings = Settings { disk_reserve: u64::MAX / 2, ..Settings::default() };
        Engine::new(Arc::clone(&self.store) as _, Arc::clone(&self.bus), blobs, settings, clock, Entropy::seeded(7))
    }

    /// Says on the bus what another process would say.
    pub fn tell(&self, hint: Hint) {
        self.bus.wake(hint);
    }

    /// Passes hints on from now on.
    pub async fn listen(&self) {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.run_hints().await });
        // The listener must be there before the first hint.
        tokio::task::yield_now().await;
    }

    /// A session that reads one stored stream from its beginning.
    pub fn follow(&self, stream: &StreamName) -> Subscriber {
        let mut reader = self.engine.subscriber();
        assert!(reader.resume(stream.clone(), Seq::START));
        reader
    }

    /// A session that has joined one stream.
    pub async fn join(&self, stream: &StreamName) -> Subscriber {
        let mut reader = self.engine.subscriber();
        assert!(reader.join(stream.clone()).await.unwrap());
        reader
    }

    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Moves the clock on and has the workers look.
    pub fn pass(&self, span: Duration) {
        self.hand.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
        self.bus.wake(Hint::Deliveries);
    }

    pub async fn register(&self, key: Key) {
        let (token, _) = self.engine.create_exchange(None, None, self.now()).await.unwrap();
        let accepted = self.engine.accept_exchange(token.hash(), Some(key), None, self.now()).await.unwrap();
        assert!(accepted.created_account);
    }

    /// Alice with an account, whose only contact is bob.
    pub async fn alice(&self) -> StreamName {
        self.register(alice()).await;
        self.engine.set_contacts(alice(), vec![bob()], self.now()).await.unwrap();
        StreamName::inbox(&alice())
    }

    pub async fn post(&self, to: &StreamName, text: &str) -> Result<Envelope, Refusal> {
        self.post_with(to, text, None).await.unwrap().pop().unwrap()
    }

    pub async fn post_with(
        &self,
        to: &StreamName,
        text: &str,
        blob: Option<FinishedBlob>,
    ) -> Result<Vec<Result<Envelope, Refusal>>, Error> {
        let drafts = vec![self.draft(to, text)];
        self.engine.accept(Post { caller: Caller::Key(bob()), drafts, joined: None, blob }, self.now()).await
    }

    /// Speaks on a live channel as a session that has joined it, or claims to.
    pub async fn say(&self, joined: Membership, to: &StreamName, text: &str) -> Result<Envelope, Refusal> {
        let (drafts, joined) = (vec![self.draft(to, text)], Some(joined));
        let post = Post { caller: Caller::Key(bob()), drafts, joined, blob: None };
        self.engine.accept(post, self.now()).await.unwrap().pop().unwrap()
    }

    /// Brings something in as a link to another server does.
    pub async fn bring(&self, link: Caller, draft: Draft) -> Result<Envelope, Refusal> {
        let post = Post { caller: link, drafts: vec![draft], joined: None, blob: None };
        self.engine.accept(post, self.now()).await.unwrap().pop().unwrap()
    }

    pub fn draft(&self, to: &StreamName, text: &str) -> Draft {
        Draft {
            stream: to.clone(),
            id: self.engine.entropy().envelope_id(),
            label: Label::new("MEDIA"),
            body: Some(text.as_bytes().into()),
            notify: true,
            time: None,
        }
    }

    pub async fn blob(&self, size: usize) -> FinishedBlob {
        let mut writer = self.engine.receive_blob(0, 1 << 30, self.now()).unwrap();
        writer.push(&vec![1; size].into()).await.unwrap();
        writer.finish().await.unwrap()
    }

    /// From now on the store fails at whatever is asked of it.
    pub async fn lose_store(&self) {
        self.store.close().await.unwrap();
    }

    /// Nothing that is stored is damaged or miscounted.
    pub async fn intact(&self) {
        assert_eq!(self.store.verify().await.unwrap(), Vec::<String>::new());
    }

    pub fn blobs_folder(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    pub fn files(&self) -> usize {
        count(&self.blobs_folder())
    }

    /// Lengths of the database file and its log.
    pub fn written(&self) -> Vec<u64> {
        let length = |name| fs::metadata(self.folder.path().join(name)).map_or(0, |found| found.len());
        ["tidings.db", "tidings.db-wal"].map(length).to_vec()
    }
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

pub fn person(number: u8) -> Key {
    Key::Box(BoxKey::from_bytes([number; 32]).unwrap())
}

pub fn alice() -> Key {
    person(11)
}

pub fn bob() -> Key {
    person(12)
}

/// The texts of the next batch, and how many were missed before it.
pub async fn next(reader: &mut Subscriber) -> (u64, Vec<String>) {
    let news = tokio::time::timeout(DEADLINE, reader.next()).await.expect("the reader sleeps").unwrap();
    let text =
        |item: &Arc<tidings_engine::Item>| String::from_utf8(item.envelope.body.clone().unwrap().into()).unwrap();
    (news.batch.missed, news.batch.items.iter().map(text).collect())
}

/// Looks again and again until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, looking).await.is_ok(), "it did not come to this: {what}");
}
